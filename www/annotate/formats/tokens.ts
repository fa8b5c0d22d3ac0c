// Cuts texts into tokens, for formats that have tokens.
import { segmentsOf } from '../model/boundaries.js';
import { isSpace } from '../model/characters.js';
import type { Piece } from '../model/types.js';

interface Token {
  readonly start: number;
  readonly end: number;
  /** Whether it is a run of white space. */
  readonly white: boolean;
}

/** A token with the space behind it, as spaCy counts: the one space after a word belongs to the word, other white space is a token. */
interface SpacedToken {
  readonly start: number;
  /** Without the space. */
  readonly end: number;
  /** Whether one space follows. */
  readonly space: boolean;
}

/**
 * Cuts a text into words, punctuation marks and runs of white space. A token ends wherever a piece starts or ends, so that each piece
 * consists of whole tokens. The tokens cover the text.
 */
export function tokenize(text: string, pieces: Iterable<Piece> = []): Token[] {
  const edges = new Uint8Array(text.length + 1);
  for (const piece of pieces) for (const offset of piece) edges[offset] = 1;
  const tokens: Token[] = [];
  let start = 0;
  let white = false;
  const cut = (end: number) => {
    if (end > start) tokens.push({ start, end, white });
    start = end;
  };
  for (const word of segmentsOf(text, 'word')) {
    for (let offset = word.start; offset < word.end; offset++) {
      const isWhite = isSpace(text.charCodeAt(offset));
      if (isWhite !== white || edges[offset] === 1 || (offset === word.start && !isWhite)) cut(offset);
      white = isWhite;
    }
  }
  cut(text.length);
  return tokens;
}

/** As `tokenize`, but the space behind a word belongs to its token, unless a piece starts or ends with the space. */
export function spacedTokens(text: string, pieces: readonly Piece[] = []): SpacedToken[] {
  const starts = new Set(pieces.map(([start]) => start));
  const ends = new Set(pieces.map(([, end]) => end));
  const spaced: SpacedToken[] = [];
  let afterWord = false;
  for (const { start, end, white } of tokenize(text, pieces)) {
    const takes = white && afterWord && text[start] === ' ' && !starts.has(start) && !ends.has(start + 1);
    if (takes) spaced.push({ ...spaced.pop()!, space: true });
    const from = takes ? start + 1 : start;
    if (from < end) spaced.push({ start: from, end, space: false });
    afterWord = !white;
  }
  return spaced;
}

/** Finds the tokens of pieces: those that start or end with a piece. */
export class TokenIndex {
  readonly #starts = new Map<number, number>();
  readonly #ends = new Map<number, number>();

  constructor(tokens: readonly { readonly start: number; readonly end: number }[]) {
    for (const [index, { start, end }] of tokens.entries()) {
      this.#starts.set(start, index);
      this.#ends.set(end, index);
    }
  }

  /** First and last token of a piece, both inclusive; `undefined` if an end of the piece is not the end of a token. */
  of([start, end]: Piece): readonly [first: number, last: number] | undefined {
    const first = this.#starts.get(start);
    const last = this.#ends.get(end);
    return first !== undefined && last !== undefined && first <= last ? [first, last] : undefined;
  }
}
