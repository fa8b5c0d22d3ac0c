// What models said of the documents of a project: from the cache, and live for documents that are shown.
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { Suggestions } from '../model/suggest.js';
import type { HeadRecord } from '../store/schema.js';
import type { SuggestionCache } from '../store/suggestions.js';
import { checkStored } from './answers.js';
import type { HeadUse } from './preferences.js';
import { saidBy, saidByAll, type ProjectSource } from './sources.js';
import type { Source } from './scan.js';

/** By the key of the source. Labels are those of the source. */
export type Raw = ReadonlyMap<string, Suggestions>;

interface Shown {
  /** Hash of the text that was last filled; an import can change the text. */
  sha256: string | undefined;
  readonly raw: Signal<Raw>;
  readonly said: ReadonlySignal<readonly Suggestions[]>;
}

/** How many documents are read from the cache at a time. */
const BATCH = 100;

export class Found {
  readonly #cache: Pick<SuggestionCache, 'get'>;
  readonly #sources: ReadonlySignal<readonly ProjectSource[]>;
  readonly #use: ReadonlySignal<HeadUse>;
  /** What relations are suggested by; it speaks last, when all spans are there. */
  readonly #relations: ReadonlySignal<ProjectSource | undefined>;
  readonly #shown = new Map<string, Shown>();

  constructor(
    cache: Pick<SuggestionCache, 'get'>, sources: ReadonlySignal<readonly ProjectSource[]>, use: ReadonlySignal<HeadUse>,
    relations: ReadonlySignal<ProjectSource | undefined> = signal(undefined),
  ) {
    this.#cache = cache;
    this.#relations = relations;
    this.#sources = sources;
    this.#use = use;
  }

  /** What all sources say of a document, in labels of the project. It changes as they say more. */
  of(id: string): ReadonlySignal<readonly Suggestions[]> {
    return this.#shownOf(id).said;
  }

  /** A source has looked at a document. */
  add({ id, sha256 }: Pick<HeadRecord, 'id' | 'sha256'>, { key }: Source, found: Suggestions): void {
    const shown = this.#shown.get(id);
    if (shown && (shown.sha256 ?? sha256) === sha256) shown.raw.value = new Map(shown.raw.peek()).set(key, found);
  }

  /** Fills what is shown of a document from the cache. What came meanwhile stays. */
  async fill(head: HeadRecord): Promise<void> {
    const shown = this.#shownOf(head.id);
    if ((shown.sha256 ?? head.sha256) !== head.sha256) shown.raw.value = new Map();
    shown.sha256 = head.sha256;
    for await (const [, stored] of this.read([head])) {
      if (shown.sha256 === head.sha256) shown.raw.value = new Map([...stored, ...shown.raw.peek()]);
    }
  }

  /** After a change of the sources: reads the documents again that were shown. */
  async fillShown(heads: readonly HeadRecord[]): Promise<void> {
    for (const head of heads) if (this.#shown.has(head.id)) await this.fill(head);
  }

  /** What the cache has of documents, a few at a time. */
  async *read(heads: readonly HeadRecord[]): AsyncGenerator<readonly [head: HeadRecord, raw: Raw]> {
    const relations = this.#relations.peek();
    const sources = [...this.#sources.peek(), ...(relations ? [relations] : [])];
    for (let start = 0; start < heads.length; start += BATCH) {
      const part = heads.slice(start, start + BATCH);
      const hashes = part.map(({ sha256 }) => sha256);
      const stored = await Promise.all(sources.map(({ source }) => this.#cache.get(hashes, source.key)));
      for (const [index, head] of part.entries()) {
        const raw = new Map<string, Suggestions>();
        for (const [place, { source }] of sources.entries()) {
          const found = checkStored(stored[place]?.[index], source.ref, head.chars);
          if (found) raw.set(source.key, found);
        }
        yield [head, raw];
      }
    }
  }

  /** Whether all models have read the document. */
  isWhole(raw: Raw): boolean {
    return this.#sources.peek().every(({ source }) => raw.has(source.key));
  }

  /** In labels of the project. */
  said(raw: Raw): Suggestions[] {
    return [...saidByAll(this.#sources.peek(), raw, this.#use.peek()), ...relationsIn(this.#relations.peek(), raw)];
  }

  #shownOf(id: string): Shown {
    let shown = this.#shown.get(id);
    if (!shown) {
      const raw = signal<Raw>(new Map());
      shown = { sha256: undefined, raw, said: computed(() => {
        return [...saidByAll(this.#sources.value, raw.value, this.#use.value), ...relationsIn(this.#relations.value, raw.value)];
      }) };
      this.#shown.set(id, shown);
    }
    return shown;
  }
}

/** The relations of a document. Its words are counted by those who look at all of them. */
function relationsIn(source: ProjectSource | undefined, raw: Raw): Suggestions[] {
  const { words: _, ...said } = (source && saidBy(source, raw)) ?? {};
  return 'model' in said ? [said] : [];
}
