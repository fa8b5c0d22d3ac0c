// Which spans are left out by a format that cannot hold spans that overlap.
import type { Span } from '../model/types.js';

/**
 * Of a span within another, the outer or the inner is kept. Of two that cross, `outermost` keeps the one that begins first, and
 * `innermost` the one that ends first.
 */
export type Preference = 'outermost' | 'innermost';

/** The spans to leave out, each with a span that is kept and covers a part of it. Of spans of several pieces, the gaps count too. */
export function overlapping(spans: readonly Span[], prefer: Preference): Map<Span, Span> {
  const lost = new Map<Span, Span>();
  let last: Span | undefined;
  for (const span of spans.toSorted(prefer === 'outermost' ? outerFirst : innerFirst)) {
    if (last && startOf(span) < endOf(last)) lost.set(span, last);
    else last = span;
  }
  return lost;
}

function outerFirst(a: Span, b: Span): number {
  return startOf(a) - startOf(b) || endOf(b) - endOf(a);
}

function innerFirst(a: Span, b: Span): number {
  return endOf(a) - endOf(b) || startOf(b) - startOf(a);
}

export function startOf({ pieces }: Span): number {
  return pieces[0]![0];
}

export function endOf({ pieces }: Span): number {
  return pieces.at(-1)![1];
}
