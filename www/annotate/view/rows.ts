/** More rows are never in the document. */
const MOST_ROWS = 60;
/** Rows before and behind those in view, so that a quick scroll does not show white. */
const AROUND = 5;

/** Which rows of a long list are drawn: those in view and a few around them. `end` is exclusive. */
export function rowsInView(count: number, rowHeight: number, top: number, height: number): { readonly first: number; readonly end: number } {
  const wanted = Math.min(Math.ceil(height / rowHeight) + 1 + 2 * AROUND, MOST_ROWS);
  const first = Math.max(0, Math.min(Math.floor(top / rowHeight) - AROUND, count - wanted));
  return { first, end: Math.min(count, first + wanted) };
}
