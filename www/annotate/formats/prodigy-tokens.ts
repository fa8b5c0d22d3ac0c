// The tokens of a row of Prodigy: those of its file if each span consists of whole tokens, else new ones.
import type { Json, Piece, Span } from '../model/types.js';
import { isList, isObject } from './json-values.js';
import type { OffsetTable } from './offsets.js';
import { spacedTokens, TokenIndex } from './tokens.js';

export class ProdigyTokens {
  readonly list: readonly Json[];
  readonly #index: TokenIndex;

  /** `before` are the tokens of the file, if there are some. */
  constructor(text: string, spans: readonly Span[], table: OffsetTable, before?: Json) {
    const pieces = spans.map((span) => span.pieces[0]!);
    const kept = placesOf(before, text, table);
    const index = kept && new TokenIndex(kept);
    if (index && pieces.every((piece) => index.of(piece))) {
      this.list = before as readonly Json[];
      this.#index = index;
      return;
    }
    const tokens = spacedTokens(text, pieces);
    this.#index = new TokenIndex(tokens);
    this.list = tokens.map(({ start, end, space }, id) => ({
      text: text.slice(start, end),
      start: table.fromUtf16(start)!,
      end: table.fromUtf16(end)!,
      id,
      ws: space,
    }));
  }

  /** Whether the tokens of a file are those that we would make. Others are kept: another tokenizer made them. */
  static areOurs(tokens: Json, text: string, spans: readonly Span[], table: OffsetTable): boolean {
    return JSON.stringify(tokens) === JSON.stringify(new ProdigyTokens(text, spans, table).list);
  }

  /** First and last token of a piece, both inclusive. */
  of(piece: Piece): readonly [first: number, last: number] {
    return this.#index.of(piece)!;
  }
}

/** Where tokens of a file are in the text; `undefined` if one of them is not there. */
function placesOf(tokens: Json | undefined, text: string, table: OffsetTable): { start: number; end: number }[] | undefined {
  if (!isList(tokens)) return undefined;
  const places: { start: number; end: number }[] = [];
  for (const token of tokens) {
    if (!isObject(token) || typeof token.start !== 'number' || typeof token.end !== 'number') return undefined;
    const [start, end] = [table.toUtf16(token.start), table.toUtf16(token.end)];
    if (start === undefined || end === undefined || token.text !== text.slice(start, end)) return undefined;
    places.push({ start, end });
  }
  return places;
}
