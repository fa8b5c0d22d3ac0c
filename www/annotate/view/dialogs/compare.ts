// Two versions of a project: how far they agree, and a merge by decisions, as one edit of the project.
import type { Suggested } from '../../assistant/suggested.js';
import { agreement, namesOf, pairDocuments, type Agreement, type DocumentPair, type Pairing } from '../../model/agreement.js';
import { group, type DocumentChange, type LabelsChange } from '../../model/changes.js';
import { findLabel, labelsById, mergeLabelSets, type LabelKind } from '../../model/labels.js';
import { differences, mergeDocuments, type Decision, type Difference, type MergeNames, type RelationDifference } from '../../model/merge.js';
import { rangeOf, textOf } from '../../model/spans.js';
import type { Corpus, Label, LabelSet, Span } from '../../model/types.js';
import type { Edit } from '../../store/commit.js';

export type AnyDifference = Difference | RelationDifference;

/** Two versions of a document that differ. */
export interface ComparedDocument {
  readonly pair: DocumentPair;
  readonly differences: readonly AnyDifference[];
}

export interface Comparison {
  readonly pairing: Pairing;
  readonly agreement: Agreement;
  /** Documents that differ. */
  readonly documents: readonly ComparedDocument[];
  readonly names: MergeNames;
  readonly mine: Corpus;
  readonly theirs: Corpus;
  readonly scope: Scope;
}

/** `spans`: the other version says nothing of relations and of types, so they are no differences. */
export type Scope = 'all' | 'spans';

export function compareCorpora(mine: Corpus, theirs: Corpus, scope: Scope = 'all'): Comparison {
  const pairing = pairDocuments(mine.documents, theirs.documents);
  // Labels of theirs that are not in mine get the ids that they would have after the merge.
  const { ids } = mergeLabelSets(mine.labelSets, theirs.labelSets);
  const names: MergeNames = { mine: namesOf(mine), theirs: namesOf(theirs), toMine: (id) => ids.get(id) };
  const isCompared = ({ kind }: AnyDifference): boolean => scope === 'all' || (kind !== 'relation' && kind !== 'type');
  const compared = pairing.pairs.map((pair) => ({ pair, differences: differences(pair, names).filter(isCompared) }));
  const documents = compared.filter((document) => document.differences.length);
  return { pairing, agreement: agreement(pairing.pairs, names.mine, names.theirs), documents, names, mine, theirs, scope };
}

/** The documents that somebody has worked on, without annotations: what a model suggests in them alone is another version. */
export function withoutNotes(corpus: Corpus): Corpus {
  const worked = corpus.documents.filter(({ status, spans }) => status === 'done' || spans.some(({ state }) => state === 'accepted'));
  return { ...corpus, documents: worked.map((document) => ({ ...document, spans: [], relations: [], questions: [] })) };
}

/** What models suggest, as if somebody had accepted it, in the documents that they have read. */
export function versionOf({ corpus, unread }: Suggested): Corpus {
  const documents = corpus.documents.filter(({ id }) => !unread.has(id));
  const accepted = <T extends Span>(span: T): T => ({ ...span, state: 'accepted' });
  return { ...corpus, documents: documents.map((document) => ({ ...document, spans: document.spans.map(accepted), relations: [] })) };
}

/** For each document by my id: the decisions by ids of differences. */
export type Decisions = ReadonlyMap<string, ReadonlyMap<string, Decision>>;

export interface MergeEdit {
  /** Absent, if nothing changes. */
  readonly edit?: Edit;
  /** What could not be taken over, with the name of the document. */
  readonly losses: readonly string[];
}

/** The edit that does what was decided. Labels that it needs and the project does not have are added. */
export function mergeEdit({ documents, names, mine, theirs }: Comparison, decisions: Decisions): MergeEdit {
  const losses: string[] = [];
  const changes: { id: string; change: DocumentChange }[] = [];
  const used = new Set<string>();
  for (const { pair, differences: found } of documents) {
    const decided = decisions.get(pair.mine.id);
    if (!decided) continue;
    const merged = mergeDocuments(pair, found, decided, names);
    losses.push(...merged.losses.map((loss) => `${pair.mine.name}: ${loss}`));
    if (!merged.change) continue;
    changes.push({ id: pair.mine.id, change: merged.change });
    for (const id of labelsIn(merged.change)) used.add(id);
  }
  if (!changes.length) return { losses };
  const labels = missingLabels(mine.labelSets, theirs.labelSets, used);
  return { losses, edit: { documents: changes, ...(labels && { labels }) } };
}

function labelsIn(change: DocumentChange): string[] {
  if (change.type === 'group') return change.changes.flatMap(labelsIn);
  if ((change.type !== 'add' && change.type !== 'replace') || change.list === 'questions') return [];
  const type = change.list === 'spans' ? change.item.type : undefined;
  return [change.item.label, ...(type === undefined ? [] : [type])];
}

/** Adds those labels of theirs that are used and that mine does not have. Keys that are taken are left out; so are references to other labels. */
function missingLabels(mine: readonly LabelSet[], theirs: readonly LabelSet[], used: ReadonlySet<string>): LabelsChange | undefined {
  const known = labelsById(mine);
  const { labelSets } = mergeLabelSets(mine, theirs);
  const changes = labelSets.flatMap<LabelsChange>((set) => {
    const labels = set.labels.filter(({ id }) => used.has(id) && !known.has(id)).map((label) => alone(label, known, used));
    if (!labels.length) return [];
    if (!mine.some(({ id }) => id === set.id)) return [{ type: 'addLabelSet', set: { ...set, labels } }];
    return labels.map((label) => ({ type: 'addLabel', set: set.id, label }) as const);
  });
  return changes.length ? group(changes) : undefined;
}

function alone({ parent, from, to, ...label }: Label, known: ReadonlyMap<string, Label>, used: ReadonlySet<string>): Label {
  const isThere = (id: string): boolean => known.has(id) || used.has(id);
  const [heads, tails] = [from?.filter(isThere), to?.filter(isThere)];
  return {
    ...label, ...(parent !== undefined && isThere(parent) && { parent }), ...(heads?.length && { from: heads }), ...(tails?.length && { to: tails }),
  };
}

/** Whether my side of a document is still as it was compared. */
export function isSame({ pair: { mine } }: ComparedDocument, now: Pick<Corpus['documents'][number], 'spans' | 'relations'>): boolean {
  return JSON.stringify([mine.spans, mine.relations]) === JSON.stringify([now.spans, now.relations]);
}

/** One side of a difference, for people; `undefined`, if it has nothing there. */
export interface Side {
  readonly text: string;
  readonly label: string;
  readonly color: number;
}

export interface ShownDifference {
  /** What differs: "only in mine". */
  readonly what: string;
  readonly mine: Side | undefined;
  readonly theirs: Side | undefined;
  /** The text around both sides, in parts. */
  readonly context: readonly { readonly text: string; readonly isCovered: boolean }[];
}

const WHAT: Readonly<Record<Difference['kind'], string>> = {
  'only-mine': 'only in my version', 'only-theirs': 'only in their version', label: 'other label', edges: 'other edges', type: 'other type',
};
const AROUND = 60;

export function showDifference(pair: DocumentPair, difference: AnyDifference, comparison: Comparison): ShownDifference {
  const sides = difference.kind === 'relation' ? relationSides(pair, difference, comparison) : spanSides(pair, difference, comparison);
  return { what: whatOf(difference), mine: sides.mine, theirs: sides.theirs, context: contextOf(pair.mine.text, sides.spans) };
}

function whatOf(difference: AnyDifference): string {
  return difference.kind === 'relation' ? `relation only in ${difference.mine ? 'my' : 'their'} version` : WHAT[difference.kind];
}

interface Sides {
  readonly mine: Side | undefined;
  readonly theirs: Side | undefined;
  /** The spans of both. */
  readonly spans: readonly Span[];
}

function spanSides(pair: DocumentPair, difference: Difference, comparison: Comparison): Sides {
  const side = (which: 'mine' | 'theirs'): Side | undefined => {
    const span = difference[which];
    if (!span) return undefined;
    const type = span.type === undefined ? '' : `, type ${comparison.names[which](span.type)}`;
    const label = comparison.names[which](span.label) + type;
    return { text: textOf(span, pair[which].text), label, color: colorOf(comparison[which], 'span', span.label) };
  };
  return { mine: side('mine'), theirs: side('theirs'), spans: [difference.mine, difference.theirs].filter((span) => span !== undefined) };
}

function relationSides(pair: DocumentPair, difference: RelationDifference, comparison: Comparison): Sides {
  const spans: Span[] = [];
  const side = (which: 'mine' | 'theirs'): Side | undefined => {
    const relation = difference[which];
    if (!relation) return undefined;
    const { text, spans: all } = pair[which];
    const ends = [relation.head, relation.tail].map((id) => all.find((span) => span.id === id)).filter((span) => span !== undefined);
    spans.push(...ends);
    const shown = ends.map((span) => textOf(span, text)).join(' → ');
    return { text: shown, label: comparison.names[which](relation.label), color: colorOf(comparison[which], 'relation', relation.label) };
  };
  return { mine: side('mine'), theirs: side('theirs'), spans };
}

function colorOf({ labelSets }: Corpus, kind: LabelKind, id: string): number {
  const found = findLabel(labelSets, id);
  return found?.set.kind === kind ? found.label.color : 0;
}

/** The text around spans, cut at their edges. Text far from each span is left out. */
function contextOf(text: string, spans: readonly Span[]): { text: string; isCovered: boolean }[] {
  if (!spans.length) return [];
  const pieces = spans.flatMap((span) => span.pieces).toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
  const ranges = spans.map(rangeOf);
  const first = Math.max(0, Math.min(...ranges.map(([start]) => start)) - AROUND);
  const parts: { text: string; isCovered: boolean }[] = first > 0 ? [{ text: '…', isCovered: false }] : [];
  let at = first;
  for (const [start, end] of pieces) {
    if (end <= at) continue;
    if (start > at) parts.push({ text: gap(text.slice(at, start)), isCovered: false });
    parts.push({ text: text.slice(Math.max(start, at), end), isCovered: true });
    at = end;
  }
  const rest = text.slice(at, at + AROUND);
  if (rest) parts.push({ text: at + AROUND < text.length ? `${rest}…` : rest, isCovered: false });
  return parts;
}

function gap(text: string): string {
  return text.length <= 2 * AROUND ? text : `${text.slice(0, AROUND)} … ${text.slice(-AROUND)}`;
}
