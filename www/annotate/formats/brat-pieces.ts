// brat cuts spans at line ends. Here they are cut when they are written, and joined when they are read.
import { isSpaceRange } from '../model/characters.js';
import { joinPieces } from '../model/pieces.js';
import type { Piece } from '../model/types.js';

/** Characters that end a line of an annotation file for brat. So the text of a span cannot have them. */
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

/** Joins pieces with only white space and a line end between them. */
export function mergeLines(pieces: readonly Piece[], text: string): Piece[] {
  return joinPieces(pieces, ([start, end]) => end - start <= MAX_GAP && isSpaceRange(text, start, end) && LINE_END.test(text.slice(start, end)));
}

/** A text on one line. */
export function onOneLine(text: string): string {
  return text.replace(/\r\n/g, ' ').replace(new RegExp(LINE_END, 'g'), ' ');
}
