// Values in messages for people: short, however long the value is.
import type { Piece } from './types.js';

const SHOWN_CHARACTERS = 40;

/** A text with at most so many code units, and an ellipsis if something is left out. No surrogate pair is cut. */
export function shorten(text: string, most = SHOWN_CHARACTERS): string {
  return text.length <= most ? text : `${text.slice(0, most).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** A value as JSON, shortened. Of lists only the length is shown. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  if (value === undefined) return 'nothing';
  const whole = typeof value === 'string' ? JSON.stringify(shorten(value)) : String(value);
  return shorten(whole, SHOWN_CHARACTERS + 3); // with quotes and ellipsis
}

/** Offsets of pieces: `0-3, 8-13`. */
export function showPieces(pieces: readonly Piece[]): string {
  return shorten(pieces.map(([start, end]) => `${start}-${end}`).join(', '));
}
