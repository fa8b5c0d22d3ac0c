// Conversion of offsets between UTF-16 units, which the workspace counts, and the units of other tools.
import { longClusters } from '../model/boundaries.js';
import { countBefore } from '../model/search.js';
import type { Piece } from '../model/types.js';
import type { OffsetUnit } from './format.js';

/** Units that every text has. Tokens are counted by the formats that have tokens. */
export type TextUnit = Exclude<OffsetUnit, 'token'>;

/**
 * Converts offsets of one text. An offset that is outside the text, not a whole number, or inside a unit is refused: the result is
 * `undefined`. An offset between the two halves of a surrogate pair is refused in every unit.
 */
export interface OffsetTable {
  readonly unit: TextUnit;
  /** Length of the text in the unit. */
  readonly length: number;
  /** The offset in UTF-16 units of an offset in the unit. */
  toUtf16(offset: number): number | undefined;
  /** The offset in the unit of an offset in UTF-16 units. */
  fromUtf16(offset: number): number | undefined;
}

/** Makes the table of a text, in linear time. A conversion is then one binary search. */
export function offsetTable(text: string, unit: TextUnit): OffsetTable {
  return new Table(unit, text.length, irregularParts(text, unit));
}

/** Converts a piece of the unit to UTF-16 units; `undefined` if an end is refused, or if it is empty or backwards. */
export function pieceToUtf16(table: OffsetTable, start: number, end: number): Piece | undefined {
  return piece(table.toUtf16(start), table.toUtf16(end));
}

/** Converts a piece of UTF-16 units to the unit; `undefined` if an end is refused, or if it is empty or backwards. */
export function pieceFromUtf16(table: OffsetTable, [start, end]: Piece): Piece | undefined {
  return piece(table.fromUtf16(start), table.fromUtf16(end));
}

function piece(start: number | undefined, end: number | undefined): Piece | undefined {
  return start !== undefined && end !== undefined && start < end ? [start, end] : undefined;
}

/** The parts of a text whose length is not 1 in both units: in a text without them, all offsets are equal. */
interface Parts {
  /** In UTF-16 units. */
  readonly starts: readonly number[];
  /** In UTF-16 units. */
  readonly lengths: readonly number[];
  /** Length of each part in the other unit. */
  readonly counts: readonly number[];
}

const NO_PARTS: Parts = { starts: [], lengths: [], counts: [] };

class Table implements OffsetTable {
  readonly unit: TextUnit;
  readonly length: number;
  readonly #textLength: number;
  readonly #parts: Parts;
  /** Starts of the parts in the other unit. */
  readonly #unitStarts: readonly number[];

  constructor(unit: TextUnit, textLength: number, parts: Parts) {
    this.unit = unit;
    this.#textLength = textLength;
    this.#parts = parts;
    let moved = 0; // how much larger an offset in the unit is than in UTF-16 units
    this.#unitStarts = parts.starts.map((start, index) => {
      const unitStart = start + moved;
      moved += parts.counts[index]! - parts.lengths[index]!;
      return unitStart;
    });
    this.length = textLength + moved;
  }

  toUtf16(offset: number): number | undefined {
    if (!isOffset(offset, this.length)) return undefined;
    const { starts, lengths, counts } = this.#parts;
    return convert(offset, this.#unitStarts, counts, starts, lengths);
  }

  fromUtf16(offset: number): number | undefined {
    if (!isOffset(offset, this.#textLength)) return undefined;
    const { starts, lengths, counts } = this.#parts;
    return convert(offset, starts, lengths, this.#unitStarts, counts);
  }
}

function isOffset(offset: number, length: number): boolean {
  return Number.isInteger(offset) && offset >= 0 && offset <= length;
}

function convert(
  offset: number, from: readonly number[], fromLengths: readonly number[], to: readonly number[], toLengths: readonly number[],
): number | undefined {
  const i = countBefore(from.length, (index) => from[index]! <= offset) - 1;
  if (i < 0) return offset;
  const inside = offset - from[i]!;
  if (inside === 0) return to[i]!;
  if (inside < fromLengths[i]!) return undefined;
  return to[i]! + toLengths[i]! + inside - fromLengths[i]!;
}

/** What a text must have for its offsets to differ from those in UTF-16 units, or for some to be refused. Most texts have nothing of it. */
const IRREGULAR: { readonly [U in Exclude<TextUnit, 'grapheme'>]: RegExp } = {
  'utf-16': /[\ud800-\udbff]/, 'code-point': /[\ud800-\udbff]/, byte: /[^\0-\x7f]/,
};

function irregularParts(text: string, unit: TextUnit): Parts {
  if (unit === 'grapheme' ? isPlain(text) : !IRREGULAR[unit].test(text)) return NO_PARTS;
  const starts: number[] = [];
  const lengths: number[] = [];
  const counts: number[] = [];
  const add = (start: number, length: number, count: number) => {
    starts.push(start);
    lengths.push(length);
    counts.push(count);
  };
  if (unit === 'grapheme') for (const { start, end } of longClusters(text)) add(start, end - start, 1);
  else addCharacters(text, unit, add);
  return { starts, lengths, counts };
}

/** Surrogate pairs and, in bytes, all characters beyond ASCII. A lone surrogate has three bytes: encoders write U+FFFD for it. */
function addCharacters(text: string, unit: Exclude<TextUnit, 'grapheme'>, add: (start: number, length: number, count: number) => void): void {
  const pair = { 'utf-16': 2, 'code-point': 1, byte: 4 }[unit];
  for (let index = 0; index < text.length; index++) {
    const code = text.codePointAt(index)!;
    if (code > 0xffff) add(index++, 2, pair);
    else if (unit === 'byte' && code > 0x7f) add(index, 1, code < 0x800 ? 2 : 3);
  }
}

/** Whether all units of this text are the same: it is ASCII, and has no CRLF, which is one grapheme. */
export function isPlain(text: string): boolean {
  return !/[^\0-\x7f]/.test(text) && !text.includes('\r\n');
}

/** Whether a text has half of a surrogate pair without the other half. JSON can write it as an escape; no encoding of text can. */
export function hasLoneSurrogate(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}
