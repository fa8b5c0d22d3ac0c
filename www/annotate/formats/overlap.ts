// Which spans are left out of a format that cannot hold overlapping spans.
import { rangeOf } from '../model/spans.js';
import type { Piece, Span } from '../model/types.js';

/**
 * Of a span within another, the outer or the inner is kept. Of two that cross, `outermost` keeps the one that begins first, and
 * `innermost` the one that ends first.
 */
export type Preference = 'outermost' | 'innermost';

/** The spans to leave out, each with a span that is kept and covers a part of it. Of spans of several pieces, the gaps count too. */
export function overlapping(spans: readonly Span[], prefer: Preference): Map<Span, Span> {
  const compare = prefer === 'outermost' ? outerFirst : innerFirst;
  const lost = new Map<Span, Span>();
  let last: Span | undefined;
  for (const span of spans.toSorted((a, b) => compare(rangeOf(a), rangeOf(b)))) {
    if (last && rangeOf(span)[0] < rangeOf(last)[1]) lost.set(span, last);
    else last = span;
  }
  return lost;
}

function outerFirst(a: Piece, b: Piece): number {
  return a[0] - b[0] || b[1] - a[1];
}

function innerFirst(a: Piece, b: Piece): number {
  return a[1] - b[1] || b[0] - a[0];
}
