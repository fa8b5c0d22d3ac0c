// Pairs of spans that a model may be asked about: those of one sentence.
import { segmentsOf } from './boundaries.js';
import { inTextOrder, overlap } from './pieces.js';
import { rangeOf } from './spans.js';
import type { Span } from './types.js';

export interface SentencePairs {
  readonly start: number;
  readonly end: number;
  readonly pairs: readonly (readonly [head: Span, tail: Span])[];
}

/** A span makes pairs with so many spans behind it. Of all pairs, the number would grow with the square of the spans of a list. */
const NEIGHBORS = 4;
/** A longer part without an end is no sentence: it is a table or a list, and longer than what a model reads at once. */
const MOST_CHARS = 2_000;

/** The sentences of a text in order, found while they are asked for, with their pairs in both directions as far as `allows` lets them. */
export function* pairsOf(text: string, spans: readonly Span[], allows: (head: Span, tail: Span) => boolean): Generator<SentencePairs> {
  const ordered = inTextOrder(spans);
  let next = 0;
  for (const { start, end } of segmentsOf(withoutSingleBreaks(text), 'sentence')) {
    while (next < ordered.length && rangeOf(ordered[next]!)[0] < start) next++;
    const own: Span[] = [];
    for (; next < ordered.length && rangeOf(ordered[next]!)[0] < end; next++) if (rangeOf(ordered[next]!)[1] <= end) own.push(ordered[next]!);
    yield { start, end, pairs: end - start <= MOST_CHARS ? neighbors(own).filter(([head, tail]) => allows(head, tail)) : [] };
  }
}

function neighbors(spans: readonly Span[]): [Span, Span][] {
  return spans.flatMap((span, index) => {
    const others = spans.slice(index + 1, index + 1 + NEIGHBORS).filter(({ pieces }) => !overlap(pieces, span.pieces));
    return others.flatMap<[Span, Span]>((other) => [[span, other], [other, span]]);
  });
}

/** A single line break may be within a sentence, as in a letter: it becomes white space of the same length. */
function withoutSingleBreaks(text: string): string {
  return text.replace(/\s+/g, (space) => (space.match(/\r\n|\r|\n/g)?.length === 1 ? ' '.repeat(space.length) : space));
}
