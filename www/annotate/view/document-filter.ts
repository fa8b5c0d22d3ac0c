// Which documents the list shows, and in which order. Pure: `documents.ts` has the signals.
import type { DocHead } from '../model/heads.js';
import type { Status } from '../model/types.js';

export const SORTS = ['order', 'name', 'uncertain', 'suggestions', 'length'] as const;
export type Sort = (typeof SORTS)[number];

export const SORT_NAMES: { readonly [S in Sort]: string } = {
  order: 'As imported', name: 'Name', uncertain: 'Most uncertain first', suggestions: 'Most suggestions first', length: 'Shortest first',
};

export interface DocumentFilter {
  /** Searched in names, notes of documents and texts. */
  readonly query: string;
  readonly status: Status | 'open' | 'all';
  /** Id of a label that the document has; `''`: any. */
  readonly label: string;
  readonly sort: Sort;
}

export const NO_FILTER: DocumentFilter = { query: '', status: 'all', label: '', sort: 'order' };

/** New documents and drafts are open: there is something to do. */
export function isOpen({ status }: Pick<DocHead, 'status'>): boolean {
  return status === 'new' || status === 'draft';
}

/** How many suggestions a document has, where models say more than the annotations do. */
export type Suggested = (id: string) => number | undefined;

export function suggestionsIn({ id, counts }: Pick<DocHead, 'id' | 'counts'>, suggested: Suggested): number {
  return suggested(id) ?? counts.spans.suggested;
}

/** `inText` has the documents whose texts have the query, as far as they were searched. `suggested` is asked only for the order by it. */
export function filterHeads<H extends DocHead>(
  heads: readonly H[], filter: DocumentFilter, inText: ReadonlySet<string> = new Set(), suggested: () => Suggested = () => () => undefined,
): H[] {
  const query = filter.query.trim().toLowerCase();
  const matches = (head: H): boolean =>
    (filter.status === 'all' || (filter.status === 'open' ? isOpen(head) : head.status === filter.status)) &&
    (!filter.label || head.counts.labels.some(({ id, accepted }) => id === filter.label && accepted > 0)) &&
    (!query || inText.has(head.id) || head.name.toLowerCase().includes(query) || (head.note?.toLowerCase().includes(query) ?? false));
  const found = heads.filter(matches);
  return found.sort(filter.sort === 'suggestions' ? bySuggestions(found, suggested()) : ORDERS[filter.sort]);
}

function bySuggestions(heads: readonly DocHead[], suggested: Suggested): (a: DocHead, b: DocHead) => number {
  const counts = new Map(heads.map((head) => [head.id, suggestionsIn(head, suggested)]));
  return (a, b) => counts.get(b.id)! - counts.get(a.id)! || byOrder(a, b);
}

const byOrder = (a: DocHead, b: DocHead): number => a.order - b.order;

const ORDERS: { readonly [S in Exclude<Sort, 'suggestions'>]: (a: DocHead, b: DocHead) => number } = {
  order: byOrder,
  name: (a, b) => NAMES.compare(a.name, b.name) || byOrder(a, b),
  uncertain: (a, b) => (b.uncertainty ?? -1) - (a.uncertainty ?? -1) || byOrder(a, b),
  length: (a, b) => a.chars - b.chars || byOrder(a, b),
};

const NAMES = new Intl.Collator('en', { numeric: true });

/** The document that comes after (`step` 1) or before (-1) another one. Of a document that is not in the list: the first or the last one. */
export function neighbor<H extends DocHead>(heads: readonly H[], current: string | undefined, step: 1 | -1): H | undefined {
  const index = heads.findIndex(({ id }) => id === current);
  if (index < 0) return step > 0 ? heads[0] : heads.at(-1);
  return heads[index + step];
}

/** The next open document after the current one; behind the last one it goes on with the first. */
export function nextOpen<H extends DocHead>(heads: readonly H[], current: string | undefined): H | undefined {
  const index = heads.findIndex(({ id }) => id === current);
  const rest = [...heads.slice(index + 1), ...heads.slice(0, Math.max(index, 0))];
  return rest.find((head) => isOpen(head) && head.id !== current);
}
