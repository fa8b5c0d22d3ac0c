// Ranges of a text: order, overlap, union, difference. The text itself is not needed.
import { countBefore } from './search.js';
import type { Piece } from './types.js';

export type Pieces = readonly Piece[];

/** Something that covers a part of a text: a span or a suggestion. */
export interface Covering {
  readonly pieces: Pieces;
}

/** Order by start, then by end. */
export function comparePiece(a: Piece, b: Piece): number {
  return a[0] - b[0] || a[1] - b[1];
}

/** Text order: by start, then by end, then by the next piece. */
export function comparePieces(a: Pieces, b: Pieces): number {
  for (let index = 0; index < a.length && index < b.length; index++) {
    const difference = comparePiece(a[index]!, b[index]!);
    if (difference) return difference;
  }
  return a.length - b.length;
}

/** The items in text order. Items with equal pieces keep their order. */
export function inTextOrder<T extends Covering>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => comparePieces(a.pieces, b.pieces));
}

export function equalPieces(a: Pieces, b: Pieces): boolean {
  return a.length === b.length && a.every(([start, end], index) => start === b[index]![0] && end === b[index]![1]);
}

/** A key for maps: equal for equal pieces only. */
export function piecesKey(pieces: Pieces): string {
  return pieces.map(([start, end]) => `${start}-${end}`).join(',');
}

/** A key for maps: equal for equal pieces with the same label only. */
export function spanKey(span: Covering & { readonly label: string }): string {
  return `${piecesKey(span.pieces)} ${span.label}`;
}

/** Whether they share a character. Both are in order. */
export function overlap(a: Pieces, b: Pieces): boolean {
  let left = 0;
  let right = 0;
  while (left < a.length && right < b.length) {
    if (a[left]![1] <= b[right]![0]) left++;
    else if (b[right]![1] <= a[left]![0]) right++;
    else return true;
  }
  return false;
}

/** The same characters as pieces in order, without empty pieces. Pieces that overlap or touch become one. */
export function normalPieces(pieces: Pieces): Piece[] {
  const sorted = pieces.filter(([start, end]) => start < end).sort(comparePiece);
  const merged: Piece[] = [];
  for (const [start, end] of sorted) {
    const last = merged.at(-1);
    if (last && start <= last[1]) merged[merged.length - 1] = [last[0], Math.max(last[1], end)];
    else merged.push([start, end]);
  }
  return merged;
}

/** Joins neighbors, if the gap between them is one to be filled. The pieces are in order. */
export function joinPieces(pieces: Pieces, isFilled: (gap: Piece) => boolean): Piece[] {
  const joined: Piece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (last && isFilled([last[1], piece[0]])) joined[joined.length - 1] = [last[0], piece[1]];
    else joined.push(piece);
  }
  return joined;
}

/** Whether pieces in order do not overlap. They may touch. */
export function areDisjoint(pieces: Pieces): boolean {
  return pieces.every(([start], index) => index === 0 || pieces[index - 1]![1] <= start);
}

/** All characters of `pieces` and of `more`. */
export function addPieces(pieces: Pieces, more: Pieces): Piece[] {
  return normalPieces([...pieces, ...more]);
}

/** The characters of `pieces` that are not in `hole`. A piece around the hole is split. */
export function removePiece(pieces: Pieces, hole: Piece): Piece[] {
  const parts = pieces.flatMap<Piece>(([start, end]) => [[start, Math.min(end, hole[0])], [Math.max(start, hole[1]), end]]);
  return hole[0] < hole[1] ? normalPieces(parts) : normalPieces(pieces);
}

/** Finds the items that overlap a range, in logarithmic time plus the number of items found (for items of similar lengths). */
export class OverlapIndex<T extends Covering> {
  readonly #entries: { readonly start: number; readonly end: number; readonly item: T }[] = [];
  /** For each entry: the greatest end of it and all before. */
  readonly #ends: number[] = [];

  constructor(items: Iterable<T>) {
    for (const item of items) for (const [start, end] of item.pieces) this.#entries.push({ start, end, item });
    this.#entries.sort((a, b) => a.start - b.start);
    let greatest = 0;
    for (const { end } of this.#entries) this.#ends.push((greatest = Math.max(greatest, end)));
  }

  /** The items that share a character with `pieces`, each once, in text order. */
  overlapping(pieces: Pieces): T[] {
    const found = new Set<T>();
    for (const [start, end] of pieces) {
      const hits: T[] = [];
      for (let index = this.#before(end) - 1; index >= 0 && this.#ends[index]! > start; index--) {
        if (this.#entries[index]!.end > start) hits.push(this.#entries[index]!.item);
      }
      for (const item of hits.reverse()) found.add(item);
    }
    return [...found];
  }

  /** Number of entries that start before `offset`. */
  #before(offset: number): number {
    return countBefore(this.#entries.length, (index) => this.#entries[index]!.start < offset);
  }
}

/** Characters that are taken: ranges that do not overlap. */
export class TakenRanges {
  readonly #ranges: Piece[] = [];

  /** Whether one of the characters of `pieces` is taken. */
  overlaps(pieces: Pieces): boolean {
    return pieces.some(([start, end]) => {
      const place = this.#place(start);
      return (this.#ranges[place - 1]?.[1] ?? 0) > start || (this.#ranges[place]?.[0] ?? Infinity) < end;
    });
  }

  /** Takes characters that are free. */
  take(pieces: Pieces): void {
    for (const piece of pieces) this.#ranges.splice(this.#place(piece[0]), 0, piece);
  }

  /** Number of ranges that start before `offset`. */
  #place(offset: number): number {
    return countBefore(this.#ranges.length, (index) => this.#ranges[index]![0] < offset);
  }
}
