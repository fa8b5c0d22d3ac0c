// brat has no span across a line end: it cuts the span there. A span that was cut is one piece again when it is read.
import type { Piece } from '../model/types.js';

/** Where brat ends a line of its annotation file, so that these characters cannot be in the text of a span. */
const LINE_END = /[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/;

/** Pieces further apart are not joined, so that reading stays linear in time. */
const MAX_GAP = 1000;

/** Cuts pieces at line ends. White space beside a line end is left out. */
export function cutAtLines(pieces: readonly Piece[], text: string): Piece[] {
  return pieces.flatMap((piece): Piece[] => {
    const covered = text.slice(...piece);
    if (!LINE_END.test(covered)) return [piece];
    const cut: Piece[] = [];
    let start = piece[0];
    for (const line of covered.split(LINE_END)) {
      const first = start + line.length - line.trimStart().length;
      const end = start + line.trimEnd().length;
      if (first < end) cut.push([first, end]);
      start += line.length + 1;
    }
    return cut;
  });
}

/** Joins pieces that only white space with a line end parts. */
export function mergeLines(pieces: readonly Piece[], text: string): Piece[] {
  const merged: Piece[] = [];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (last && isLineGap(text, last[1], piece[0])) merged[merged.length - 1] = [last[0], piece[1]];
    else merged.push(piece);
  }
  return merged;
}

function isLineGap(text: string, start: number, end: number): boolean {
  if (end - start > MAX_GAP) return false;
  const gap = text.slice(start, end);
  return LINE_END.test(gap) && /^[\s\x1c-\x1e\x85]*$/.test(gap);
}

/** A text on one line. */
export function onOneLine(text: string): string {
  return text.replace(/\r\n/g, ' ').replace(new RegExp(LINE_END, 'g'), ' ');
}
