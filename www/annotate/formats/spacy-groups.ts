// spaCy has two places for spans: `doc.ents`, which cannot overlap, and groups of spans, which can.
import { addTo } from '../model/lists.js';
import type { Extra, Span } from '../model/types.js';
import { choice, chosen } from './choice.js';
import type { WriteOptions } from './format.js';
import { overlapping } from './overlap.js';

/** The name of the group that spaCy's span categorizer uses by default. */
const USUAL_GROUP = 'sc';

export const SPAN_GROUP = choice('group', 'Spans that overlap', {
  rest: `the outermost as entities, the others in the span group "${USUAL_GROUP}"`,
  all: `all spans in the span group "${USUAL_GROUP}" (for the span categorizer)`,
});

/** The name of a group, to be kept with its spans. It is not needed for the usual group. */
export function groupExtra(name: string): Extra {
  return name === USUAL_GROUP ? {} : { group: name };
}

interface SpacySpans {
  readonly ents: readonly Span[];
  /** The spans of each group, by its name. */
  readonly groups: ReadonlyMap<string, readonly Span[]>;
}

/** Splits spans into entities and groups. A span that was read from a group with a name is written to that group. */
export function splitSpans(spans: readonly Span[], options: WriteOptions): SpacySpans {
  const groups = new Map<string, Span[]>();
  const nameOf = ({ extra }: Span) => (typeof extra?.group === 'string' ? extra.group : undefined);
  const free = spans.filter((span) => nameOf(span) === undefined);
  const rest = overlapping(free, 'outermost');
  const isEnt = (span: Span) => chosen(SPAN_GROUP, options) !== 'all' && !rest.has(span) && nameOf(span) === undefined;
  for (const span of spans) if (!isEnt(span)) addTo(groups, nameOf(span) ?? USUAL_GROUP, span);
  return { ents: spans.filter(isEnt), groups };
}
