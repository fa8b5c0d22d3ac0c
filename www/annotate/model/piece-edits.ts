// What a person does with the pieces of a span: one more, a part less. Edges that stay are not touched, also if the rules would not allow them.
import type { Boundaries } from './boundaries.js';
import { addPieces, removePiece, type Pieces } from './pieces.js';
import { fitPieces, mergeOverSpace } from './spans.js';
import type { Piece } from './types.js';

/** The pieces with the characters of one more. Pieces with only white space between them become one: nothing is left out there. */
export function withPiece(bounds: Boundaries, pieces: Pieces, piece: Piece): Piece[] {
  return mergeOverSpace(bounds.text, addPieces(pieces, fitPieces(bounds, [piece])));
}

/** The pieces without a part of the text; a piece around it is split. White space is cut off at the new edges. The result may be empty. */
export function withoutPart(bounds: Boundaries, pieces: Pieces, part: Piece): Piece[] {
  const [hole] = fitPieces(bounds, [part]);
  if (!hole) return [...pieces];
  const isOld = ([start, end]: Piece): boolean => pieces.some((piece) => piece[0] === start && piece[1] === end);
  return removePiece(pieces, hole).flatMap((rest) => (isOld(rest) ? [rest] : fitPieces(bounds, [rest])));
}
