// spaCy has two places for spans: `doc.ents`, which cannot overlap, and groups of spans, which can.
import type { Extra, Span } from '../model/types.js';
import type { FormatOption, WriteOptions } from './format.js';
import { overlapping } from './overlap.js';

/** The name of the group that spaCy's span categorizer takes if it is told nothing else. */
const USUAL_GROUP = 'sc';

export const SPAN_GROUP_OPTION: FormatOption = {
  name: 'group', label: 'Spans that overlap', default: 'rest',
  values: [
    { value: 'rest', label: `the outermost as entities, the others in the span group "${USUAL_GROUP}"` },
    { value: 'all', label: `all spans in the span group "${USUAL_GROUP}" (for the span categorizer)` },
  ],
};

/** What is kept of the name of a group: it is not needed for the usual one. */
export function groupExtra(name: string): Extra {
  return name === USUAL_GROUP ? {} : { group: name };
}

export interface SpacySpans {
  readonly ents: readonly Span[];
  /** The spans of each group, by its name. */
  readonly groups: ReadonlyMap<string, readonly Span[]>;
}

/** Tells which spans are entities, and which are in groups. A span that came from a group with a name goes there again. */
export function splitSpans(spans: readonly Span[], options: WriteOptions): SpacySpans {
  const groups = new Map<string, Span[]>();
  const put = (name: string, span: Span) => {
    const group = groups.get(name) ?? [];
    if (group.length === 0) groups.set(name, group);
    group.push(span);
  };
  const nameOf = ({ extra }: Span) => (typeof extra?.group === 'string' ? extra.group : undefined);
  const free = spans.filter((span) => nameOf(span) === undefined);
  const rest = overlapping(free, 'outermost');
  const isEnt = (span: Span) => options.group !== 'all' && !rest.has(span) && nameOf(span) === undefined;
  for (const span of spans) if (!isEnt(span)) put(nameOf(span) ?? USUAL_GROUP, span);
  return { ents: spans.filter(isEnt), groups };
}
