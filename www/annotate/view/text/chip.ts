// The text beside a mark.
import { shorten } from '../../model/show.js';
import type { PlacedPiece } from './layout.js';

const MOST_CHARACTERS = 24;

/** Key, name, and for suggestions the percent: `1 PER 87 %`. An ellipsis says that the mark goes on or began before. */
export function chipText({ mark, index, hidden }: PlacedPiece): string {
  const { key, name, state, score, pieces } = mark;
  const parts = [index > 0 && '…', key, shorten(name, MOST_CHARACTERS)];
  if (state === 'suggested' && score !== undefined) parts.push(`${Math.round(100 * score)} %`);
  if (index < pieces.length - 1) parts.push('…');
  if (hidden > 0) parts.push(`+${hidden}`);
  return parts.filter(Boolean).join(' ');
}
