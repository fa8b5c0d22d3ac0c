// What a person does in the dialog of label sets, as edits of the project.
import { apply, type DocumentChange, type LabelsChange } from '../../model/changes.js';
import type { StateCounts } from '../../model/heads.js';
import { FreeIds } from '../../model/ids.js';
import { addLabel, changeLabel, removeLabel, withoutLabel, type Fate, type LabelFields } from '../../model/label-edits.js';
import { findLabel, freeKey, labelId, labelsById, type LabelKind } from '../../model/labels.js';
import { isRefusal, refuse, type Refusal } from '../../model/refusal.js';
import type { Label, LabelSet, Notes } from '../../model/types.js';
import type { Edit } from '../../store/commit.js';
import type { HeadRecord } from '../../store/schema.js';
import type { UndoResult } from '../../store/undo.js';
import { countOf } from '../messages.js';

export const KINDS: readonly LabelKind[] = ['span', 'relation', 'type'];
export const KIND_NAMES: Readonly<Record<LabelKind, string>> = { span: 'Labels of spans', relation: 'Labels of relations', type: 'Types' };

/** How often a label is used, and in which documents. */
export interface LabelUse {
  readonly total: number;
  readonly states: StateCounts;
  readonly documents: readonly string[];
}

export const UNUSED: LabelUse = { total: 0, states: { suggested: 0, accepted: 0, rejected: 0 }, documents: [] };

/** The use of labels by their ids, from the heads of documents: no text is read. */
export function labelUses(heads: readonly HeadRecord[]): Map<string, LabelUse> {
  const uses = new Map<string, { total: number; states: { suggested: number; accepted: number; rejected: number }; documents: string[] }>();
  for (const head of heads) {
    for (const { id, suggested, accepted, rejected } of head.counts.labels) {
      const use = uses.get(id) ?? { total: 0, states: { suggested: 0, accepted: 0, rejected: 0 }, documents: [] };
      uses.set(id, use);
      use.total += suggested + accepted + rejected;
      use.states.suggested += suggested;
      use.states.accepted += accepted;
      use.states.rejected += rejected;
      use.documents.push(head.id);
    }
  }
  return uses;
}

/** `12 spans in 3 documents` */
export function describeUse({ total, documents }: LabelUse, kind: LabelKind): string {
  return `${countOf(total, kind === 'relation' ? 'relation' : 'span')} in ${countOf(documents.length, 'document')}`;
}

/** The fields of the form of a label, as a person filled them in. An empty field is none. */
export interface FormFields {
  readonly name: string;
  readonly color: number;
  readonly key: string;
  readonly guide: string;
  readonly parent: string;
  /** Ids of the labels that a relation may begin at; empty: all. */
  readonly from: readonly string[];
  readonly to: readonly string[];
}

export function formOf({ name, color, key = '', guide = '', parent = '', from = [], to = [] }: Label): FormFields {
  return { name, color, key, guide, parent, from, to };
}

/** The change of a label by its form. `commands` are keys that the page uses itself. */
export function changeByForm(
  labelSets: readonly LabelSet[], id: string, fields: FormFields, commands: ReadonlySet<string>,
): LabelsChange | Refusal {
  const key = fields.key.trim();
  const before = findLabel(labelSets, id)?.label.key;
  if (key.toLowerCase() !== before?.toLowerCase() && commands.has(key.toLowerCase())) {
    return refuse('taken', `The key ${key} is a command of this page. Choose another one.`, id);
  }
  const given: LabelFields = {
    name: fields.name, color: fields.color, key: key || undefined, guide: fields.guide.trim() ? fields.guide : undefined,
    parent: fields.parent || undefined, from: fields.from.length ? fields.from : undefined, to: fields.to.length ? fields.to : undefined,
  };
  return changeLabel(labelSets, id, given);
}

/** Adds a label of a kind, with a key if one is free. A kind without a label set gets one. */
export function addOfKind(labelSets: readonly LabelSet[], kind: LabelKind, name: string, setId?: string): LabelsChange | Refusal {
  const set = labelSets.find((candidate) => candidate.kind === kind && (setId === undefined || candidate.id === setId));
  const free = freeKey(labelSets, kind);
  const key = free === undefined ? {} : { key: free };
  if (set) return addLabel(labelSets, set.id, name, key);
  if (!name.trim()) return refuse('empty', 'A label needs a name.');
  const id = new FreeIds(labelSets.map((other) => other.id)).take(kind);
  const label: Label = { id: new FreeIds(labelsById(labelSets).keys()).take(labelId(kind, name.trim())), name: name.trim(), color: 0, ...key };
  return { type: 'addLabelSet', set: { id, kind, labels: [label], overlap: true } };
}

/** Adds labels of a kind, as one change. */
export function addAllOfKind(labelSets: readonly LabelSet[], kind: LabelKind, names: readonly string[]): LabelsChange | Refusal {
  const changes: LabelsChange[] = [];
  let sets = labelSets;
  for (const name of names) {
    const change = addOfKind(sets, kind, name);
    if (isRefusal(change)) return change;
    changes.push(change);
    sets = apply({ spans: [], relations: [], questions: [], status: 'new', labelSets: sets }, change).labelSets;
  }
  return { type: 'group', changes };
}

/** Labels that may be above a label: those of its kind that are not below it. */
export function parentChoices(labelSets: readonly LabelSet[], id: string): Label[] {
  const found = findLabel(labelSets, id);
  if (!found) return [];
  const all = labelSets.filter(({ kind }) => kind === found.set.kind).flatMap(({ labels }) => labels);
  const above = new Map(all.map((label) => [label.id, label.parent]));
  const isBelow = (start: string): boolean => {
    const seen = new Set<string>();
    for (let at: string | undefined = start; at !== undefined && !seen.has(at); at = above.get(at)) {
      if (at === id) return true;
      seen.add(at);
    }
    return false;
  };
  return all.filter((label) => !isBelow(label.id));
}

/** The part of a project that reads annotations. */
export interface NotesSource {
  document(id: string): Promise<{ readonly notes: Notes }>;
}

/** The edit that removes a label, and does with its spans or relations what `fate` says. It is undone as a whole. */
export async function removalEdit(
  source: NotesSource, labelSets: readonly LabelSet[], id: string, fate: Fate, documents: readonly string[],
): Promise<Edit | Refusal> {
  const labels = removeLabel(labelSets, id, fate);
  if (isRefusal(labels)) return labels;
  const kind = findLabel(labelSets, id)?.set.kind ?? 'span';
  const changed: { id: string; change: DocumentChange }[] = [];
  for (const document of documents) {
    const change = withoutLabel((await source.document(document)).notes, kind, id, fate);
    if (change) changed.push({ id: document, change });
  }
  return { labels, documents: changed };
}

/** What an undo or redo of labels did, for people. */
export function undoMessage(result: UndoResult, what: 'undone' | 'done again', names: ReadonlyMap<string, string>): string {
  if (result.kind === 'nothing') return `There is nothing to be ${what}.`;
  if (result.kind === 'done') {
    const where = result.documents.length ? `, with its changes in ${countOf(result.documents.length, 'document')}` : '';
    return `The change of labels is ${what}${where}.`;
  }
  const list = result.documents.slice(0, 3).map((id) => names.get(id) ?? id).join(', ') + (result.documents.length > 3 ? ' and others' : '');
  switch (result.why) {
    case 'changed-since':
      return `This cannot be ${what}: ${countOf(result.documents.length, 'document')} changed since (${list}). Undo those changes first.`;
    case 'forgotten':
      return `This cannot be ${what}: a part of it is too old and was forgotten.`;
    case 'labels':
      return `This cannot be ${what}: ${countOf(result.documents.length, 'document')} would have labels that do not exist (${list}).`;
  }
}
