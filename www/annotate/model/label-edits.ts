// What a person does with label sets, as changes. Removing a label asks what becomes of the spans that have it.
import { group, type DocumentChange, type LabelsChange } from './changes.js';
import { FreeIds } from './ids.js';
import { findLabel, freeColor, labelId, labelsById, parentCycles, type LabelKind } from './labels.js';
import { spanKey } from './pieces.js';
import { refuse, type Refusal } from './refusal.js';
import type { Label, LabelSet, Notes, Relation, Span } from './types.js';

/** What becomes of spans and relations whose label is removed: they are removed too, or get another label. */
export type Fate = { readonly then: 'remove' } | { readonly then: 'move'; readonly to: string };

/** The fields of a label that a person can set. `undefined` takes a field away. */
export type LabelFields = { readonly [F in keyof Omit<Label, 'id'>]?: Label[F] | undefined };

/** Adds a label at the end of its set. */
export function addLabel(labelSets: readonly LabelSet[], setId: string, name: string, fields: LabelFields = {}): LabelsChange | Refusal {
  const set = labelSets.find(({ id }) => id === setId);
  if (!set) return refuse('unknown', 'The label set does not exist.', setId);
  const id = new FreeIds(labelsById(labelSets).keys()).take(labelId(set.kind, name.trim()));
  const label = withFields({ id, name: '', color: freeColor(set) }, { ...fields, name: name.trim() });
  return refusalOfLabel(labelSets, set, label) ?? { type: 'addLabel', set: setId, label };
}

/** Changes fields of a label: its name, key, color, guide, parent, ends. The id stays, so no span changes. */
export function changeLabel(labelSets: readonly LabelSet[], id: string, fields: LabelFields): LabelsChange | Refusal {
  const found = findLabel(labelSets, id);
  if (!found) return refuse('unknown', 'The label does not exist.', id);
  const label = withFields(found.label, fields.name === undefined ? fields : { ...fields, name: fields.name.trim() });
  return refusalOfLabel(labelSets, found.set, label) ?? { type: 'replaceLabel', set: found.set.id, label };
}

export function renameLabel(labelSets: readonly LabelSet[], id: string, name: string): LabelsChange | Refusal {
  return changeLabel(labelSets, id, { name });
}

/** Moves a label in the order of its set, by so many places. At the end of the set it stops; `undefined` if it is there already. */
export function moveLabel(labelSets: readonly LabelSet[], id: string, places: number): LabelsChange | Refusal | undefined {
  const found = findLabel(labelSets, id);
  if (!found) return refuse('unknown', 'The label does not exist.', id);
  const { set, label } = found;
  const from = set.labels.indexOf(label);
  const index = Math.max(0, Math.min(set.labels.length - 1, from + places));
  if (index === from) return undefined;
  return group<LabelsChange>([{ type: 'removeLabel', set: set.id, id }, { type: 'addLabel', set: set.id, label, index }]);
}

/** Moves a label to the place of another one of its set: those between move by one. */
export function moveLabelTo(labelSets: readonly LabelSet[], id: string, other: string): LabelsChange | Refusal | undefined {
  const labels = findLabel(labelSets, id)?.set.labels ?? [];
  const placeOf = (wanted: string): number => labels.findIndex((label) => label.id === wanted);
  return placeOf(other) < 0 ? refuse('unknown', 'The other label does not exist.', other) : moveLabel(labelSets, id, placeOf(other) - placeOf(id));
}

/** Removes a label from its set. Each document needs `withoutLabel`, in the same group. */
export function removeLabel(labelSets: readonly LabelSet[], id: string, fate: Fate): LabelsChange | Refusal {
  const found = findLabel(labelSets, id);
  if (!found) return refuse('unknown', 'The label does not exist.', id);
  if (fate.then === 'move') {
    const target = findLabel(labelSets, fate.to);
    if (!target || fate.to === id) return refuse('unknown', 'The other label does not exist.', fate.to);
    if (target.set.kind !== found.set.kind) return refuse('not-allowed', 'The other label is not of the same kind.', fate.to);
  }
  const changes: LabelsChange[] = [];
  for (const set of labelSets) {
    for (const label of set.labels) {
      const freed = label.id === id ? label : withoutReference(label, found.label, fate);
      if (freed !== label) changes.push({ type: 'replaceLabel', set: set.id, label: freed });
    }
  }
  return group<LabelsChange>([...changes, { type: 'removeLabel', set: found.set.id, id }]);
}

/** How many spans and relations of a document have a label. */
export function labelUse(notes: Notes, kind: LabelKind, id: string): number {
  if (kind === 'relation') return count(notes.relations, ({ label }) => label === id);
  return count(notes.spans, (span) => (kind === 'span' ? span.label : span.type) === id);
}

/** What removing a label does to a document; `undefined` if the document does not have it. A type is taken from its spans, which stay. */
export function withoutLabel(notes: Notes, kind: LabelKind, id: string, fate: Fate): DocumentChange | undefined {
  const changes = kind === 'span' ? spanChanges(notes, id, fate) : kind === 'type' ? typeChanges(notes, id, fate) : relationChanges(notes, id, fate);
  return changes.length ? group(changes) : undefined;
}

function spanChanges({ spans, relations }: Notes, id: string, fate: Fate): DocumentChange[] {
  const own = spans.filter(({ label }) => label === id);
  if (fate.then === 'remove') return own.map((span) => ({ type: 'remove', list: 'spans', id: span.id }));
  const others = new Map(spans.filter(({ label }) => label === fate.to).map((span) => [spanKey(span), span]));
  const duplicates = new Map<string, Span>();
  const changes: DocumentChange[] = [];
  for (const span of own) {
    const { confirmed: _, ...rest } = span; // that it is right was said of the other label
    const moved: Span = { ...rest, label: fate.to };
    const same = others.get(spanKey(moved));
    if (same) duplicates.set(span.id, same);
    else changes.push({ type: 'replace', list: 'spans', item: moved });
    others.set(spanKey(moved), same ?? moved);
  }
  return [...changes, ...mergeDuplicates(relations, own, duplicates)];
}

/**
 * A moved span that exists under the new label already is removed, and its relations move to the equal span, which becomes accepted if one of
 * the two was.
 */
function mergeDuplicates(relations: readonly Relation[], own: readonly Span[], duplicates: ReadonlyMap<string, Span>): DocumentChange[] {
  if (!duplicates.size) return [];
  const changes: DocumentChange[] = [];
  for (const relation of relations) {
    const head = duplicates.get(relation.head)?.id ?? relation.head;
    const tail = duplicates.get(relation.tail)?.id ?? relation.tail;
    if (head !== relation.head || tail !== relation.tail) changes.push({ type: 'replace', list: 'relations', item: { ...relation, head, tail } });
  }
  for (const span of own) {
    const other = duplicates.get(span.id);
    if (!other) continue;
    const item: Span = { ...other, state: 'accepted' };
    if (span.state === 'accepted' && other.state !== 'accepted') changes.push({ type: 'replace', list: 'spans', item });
    changes.push({ type: 'remove', list: 'spans', id: span.id });
  }
  return changes;
}

function typeChanges({ spans }: Notes, id: string, fate: Fate): DocumentChange[] {
  return spans.filter(({ type }) => type === id).map((span) => {
    const { type: _, ...rest } = span;
    return { type: 'replace', list: 'spans', item: fate.then === 'move' ? { ...rest, type: fate.to } : rest };
  });
}

function relationChanges({ relations }: Notes, id: string, fate: Fate): DocumentChange[] {
  const key = ({ head, tail, label }: Relation): string => JSON.stringify([head, tail, label]);
  const others = new Set(relations.filter(({ label }) => label !== id).map(key));
  return relations.filter(({ label }) => label === id).map<DocumentChange>((relation) => {
    const moved = fate.then === 'move' ? { ...relation, label: fate.to } : undefined;
    if (!moved || others.has(key(moved))) return { type: 'remove', list: 'relations', id: relation.id };
    others.add(key(moved));
    return { type: 'replace', list: 'relations', item: moved };
  });
}

/** A label below the removed one moves up. A rule for ends that loses its only label is no rule any more. */
function withoutReference(label: Label, removed: Label, fate: Fate): Label {
  const ends = (ids: readonly string[] | undefined): string[] | undefined => {
    const rest = ids?.flatMap((id) => (id !== removed.id ? [id] : fate.then === 'move' ? [fate.to] : []));
    return rest?.length ? [...new Set(rest)] : undefined;
  };
  const fields: { -readonly [F in keyof LabelFields]: LabelFields[F] } = {};
  if (label.parent === removed.id) fields.parent = removed.parent === label.id ? undefined : removed.parent;
  if (label.from?.includes(removed.id)) fields.from = ends(label.from);
  if (label.to?.includes(removed.id)) fields.to = ends(label.to);
  return Object.keys(fields).length ? withFields(label, fields) : label;
}

function refusalOfLabel(labelSets: readonly LabelSet[], set: LabelSet, label: Label): Refusal | undefined {
  if (!label.name) return refuse('empty', 'A label needs a name.', label.id);
  const same = set.labels.find(({ id, name }) => id !== label.id && name === label.name);
  if (same) return refuse('duplicate', `The set has a label "${label.name}" already.`, same.id);
  const { key } = label;
  if (key !== undefined && [...key].length !== 1) return refuse('not-allowed', 'A key is one character.', label.id);
  const others = labelSets.filter(({ kind }) => kind === set.kind).flatMap(({ labels }) => labels).filter(({ id }) => id !== label.id);
  const owner = key === undefined ? undefined : others.find((other) => other.key?.toLowerCase() === key.toLowerCase());
  if (owner) return refuse('taken', `The key ${key} sets "${owner.name}".`, owner.id);
  return hasCycle(labelSets, label) ? refuse('cycle', 'A label cannot be below itself.', label.id) : undefined;
}

function hasCycle(labelSets: readonly LabelSet[], label: Label): boolean {
  const parents = new Map(labelSets.flatMap(({ labels }) => labels.map(({ id, parent }) => [id, parent] as const)));
  return parentCycles(parents.set(label.id, label.parent)).length > 0;
}

function withFields(label: Label, fields: LabelFields): Label {
  const all = Object.entries({ ...label, ...fields }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(all) as unknown as Label;
}

function count<T>(items: readonly T[], test: (item: T) => boolean): number {
  return items.reduce((sum, item) => sum + Number(test(item)), 0);
}

