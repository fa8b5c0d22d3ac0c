// Files that have tokens but no text. Their text is made again: one space between tokens, one line end between sentences.
import type { AnnotatedDocument, Corpus, Extra, Piece } from '../model/types.js';
import { without } from './documents.js';
import { filled, given } from './fields.js';

/** The metadata of such a document, which people see. */
export const REBUILT: Extra = { text: 'rebuilt from tokens' };

export function isRebuilt({ meta }: Pick<AnnotatedDocument, 'meta'>): boolean {
  return meta?.['text'] === REBUILT['text'];
}

/** Metadata that these formats make themselves is no loss when they do not write it. */
export function withoutMark(corpus: Corpus): Corpus {
  return { ...corpus, documents: corpus.documents.map((document) => (isRebuilt(document) ? withoutMeta(document, 'text') : document)) };
}

/** A document without one field of its metadata. */
export function withoutMeta({ meta, ...document }: AnnotatedDocument, name: string): AnnotatedDocument {
  return { ...document, ...given('meta', meta && filled(without(meta, new Set([name])))) };
}

/** Puts tokens together. */
export class TextOfTokens {
  readonly #parts: string[] = [];
  readonly #pieces: Piece[] = [];
  #length = 0;
  #gap = '';

  /** Adds a token, and tells where it is. */
  add(token: string): Piece {
    const start = this.#length + this.#gap.length;
    this.#parts.push(this.#gap, token);
    this.#length = start + token.length;
    this.#gap = ' ';
    this.#pieces.push([start, this.#length]);
    return this.#pieces.at(-1)!;
  }

  endSentence(): void {
    if (this.#gap !== '') this.#gap = '\n';
  }

  get count(): number {
    return this.#pieces.length;
  }

  get text(): string {
    return this.#parts.join('');
  }

  /** From the first to the last token, both inclusive; `undefined` if one does not exist, or if nothing is between. */
  piece(first: number, last: number): Piece | undefined {
    const [start, end] = [this.#pieces[first]?.[0], this.#pieces[last]?.[1]];
    return start !== undefined && end !== undefined && start < end ? [start, end] : undefined;
  }
}

const BRACKETS: ReadonlyMap<string, string> = new Map([
  ['-LRB-', '('],
  ['-RRB-', ')'],
  ['-LSB-', '['],
  ['-RSB-', ']'],
  ['-LCB-', '{'],
  ['-RCB-', '}'],
]);

/** Old corpora write brackets as words. */
export function plainToken(token: string): string {
  return BRACKETS.get(token) ?? token;
}
