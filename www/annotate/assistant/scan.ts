// What one model says about one text, slice by slice. It can stop between two slices and go on later.
import { suggestionsOf, type FoundEntity, type Suggestions } from '../model/suggest.js';
import type { ModelRef } from '../model/types.js';
import type { HeadRecord } from '../store/schema.js';
import { untilAbort } from './abort.js';
import { checkEntities } from './answers.js';
import { slicesOf, type Slice } from './slices.js';

/** A head of the model or a taught head, as something that looks at texts. */
export interface Source {
  readonly ref: ModelRef;
  /** Its key in the cache. */
  readonly key: string;
  /** What it finds in a part of a text; the answer is not checked yet. */
  readonly find: (text: string, signal: AbortSignal) => Promise<unknown>;
  /**
   * In place of `find`, for a source that looks at what is known of the document. It comes behind the others: for the open document at once, for
   * the rest when all others have read them.
   */
  readonly begin?: (head: HeadRecord, text: string) => Promise<Scanning>;
}

/** Work on one text, step by step. */
export interface Scanning {
  readonly isDone: boolean;
  /** Where the next step begins. */
  readonly place: number;
  /** How many answers could not be used. */
  readonly dropped: number;
  step(signal: AbortSignal): Promise<void>;
  result(at: number): Suggestions;
}

export class Scan implements Scanning {
  readonly #text: string;
  readonly #source: Source;
  readonly #slices: Generator<Slice>;
  #next: IteratorResult<Slice>;
  readonly #found: FoundEntity[] = [];
  #words = 0;
  /** How many answers could not be used. */
  dropped = 0;

  constructor(text: string, source: Source, sliceWords?: number) {
    this.#text = text;
    this.#source = source;
    this.#slices = slicesOf(text, sliceWords);
    this.#next = this.#slices.next();
  }

  get isDone(): boolean {
    return this.#next.done === true;
  }

  /** Where the next slice begins. */
  get place(): number {
    return this.#next.done ? this.#text.length : this.#next.value.start;
  }

  /** Looks at the next slice. After an error it can be tried again. */
  async step(signal: AbortSignal): Promise<void> {
    if (this.#next.done) return;
    const { start, end, words } = this.#next.value;
    const part = this.#text.slice(start, end);
    if (words) {
      const { items, dropped } = checkEntities(await untilAbort(this.#source.find(part, signal), signal), part);
      for (const item of items) this.#found.push({ ...item, start: item.start + start, end: item.end + start });
      this.dropped += dropped;
    }
    this.#words += words;
    this.#next = this.#slices.next();
  }

  /** All that was found. Labels have the names that the model has for them, so that they do not depend on a project. */
  result(at: number): Suggestions {
    return { model: this.#source.ref, spans: suggestionsOf(this.#found, (label) => label), words: this.#words, at };
  }
}
