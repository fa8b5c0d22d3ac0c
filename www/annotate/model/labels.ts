// Label sets: ids, colors, keys, and the labels of documents that were read.
import { FreeIds } from './ids.js';
import type { Label, LabelSet, Notes, Span } from './types.js';

export type LabelKind = LabelSet['kind'];

/** Number of colors of the palette. */
export const COLORS = 10;

/** Letters that are commands (ANNOTATE.md 5.5). No label gets them by itself. */
export const COMMAND_KEYS: ReadonlySet<string> = new Set('jknurtqgsfmh');

const KEYS = '123456789abcdefghijklmnopqrstuvwxyz';

/** The id of a label that comes from a file: `labelId('span', 'PER')` is `span:PER`. */
export function labelId(kind: LabelKind, name: string): string {
  return `${kind}:${name}`;
}

/** The name in an id that `labelId` made; another id is its own name. */
export function nameOfId(kind: LabelKind, id: string): string {
  return id.startsWith(`${kind}:`) && id.length > kind.length + 1 ? id.slice(kind.length + 1) : id;
}

/** A label set of these names, with colors and without keys. A name that occurs again is left out. */
export function newLabelSet(kind: LabelKind, names: Iterable<string>): LabelSet {
  const labels = [...new Set(names)].map<Label>((name, index) => ({ id: labelId(kind, name), name, color: index % COLORS }));
  return { id: kind, kind, labels, overlap: true };
}

/** The labels that documents use, in the order in which they occur first. A kind that does not occur has no set. */
export function labelSetsOf(documents: Iterable<Notes>): LabelSet[] {
  const names: Record<LabelKind, Set<string>> = { span: new Set(), type: new Set(), relation: new Set() };
  for (const { spans, relations } of documents) {
    for (const { label, type } of spans) {
      names.span.add(label);
      if (type !== undefined) names.type.add(type);
    }
    for (const { label } of relations) names.relation.add(label);
  }
  return (['span', 'type', 'relation'] as const).filter((kind) => names[kind].size).map((kind) => setOfIds(kind, [...names[kind]]));
}

function setOfIds(kind: LabelKind, ids: readonly string[]): LabelSet {
  const labels = ids.map<Label>((id, index) => ({ id, name: nameOfId(kind, id), color: index % COLORS }));
  return { id: kind, kind, labels, overlap: true };
}

/** All labels by id. */
export function labelsById(labelSets: readonly LabelSet[]): Map<string, Label> {
  return new Map(labelSets.flatMap(({ labels }) => labels.map((label) => [label.id, label] as const)));
}

export function findLabel(labelSets: readonly LabelSet[], id: string): { readonly set: LabelSet; readonly label: Label } | undefined {
  for (const set of labelSets) {
    const label = set.labels.find((candidate) => candidate.id === id);
    if (label) return { set, label };
  }
  return undefined;
}

/** Gives a key to each label without one, as long as there are keys: 1 to 9, then letters. A key is unique among the sets of a kind. */
export function withKeys(labelSets: readonly LabelSet[], reserved: ReadonlySet<string> = COMMAND_KEYS): LabelSet[] {
  const used = new Map<LabelKind, Set<string>>();
  for (const { kind, labels } of labelSets) {
    const keys = used.get(kind) ?? new Set();
    used.set(kind, keys);
    for (const { key } of labels) if (key !== undefined) keys.add(key.toLowerCase());
  }
  return labelSets.map((set) => {
    const keys = used.get(set.kind)!;
    const labels = set.labels.map((label) => {
      const key = label.key === undefined ? [...KEYS].find((candidate) => !keys.has(candidate) && !reserved.has(candidate)) : undefined;
      if (key === undefined) return label;
      keys.add(key);
      return { ...label, key };
    });
    return { ...set, labels };
  });
}

/** The key that a new label of this kind gets; nothing, if all are taken. */
export function freeKey(labelSets: readonly LabelSet[], kind: LabelKind): string | undefined {
  return withKeys([...labelSets, newLabelSet(kind, [''])]).at(-1)?.labels[0]?.key;
}

/** The color that the fewest labels of the set have; the first of those. */
export function freeColor({ labels }: LabelSet): number {
  const counts = new Array<number>(COLORS).fill(0);
  for (const { color } of labels) if (color in counts) counts[color]!++;
  return counts.indexOf(Math.min(...counts));
}

export interface MergedLabels {
  readonly labelSets: readonly LabelSet[];
  /** For each id of the sets that came: the id in the merged sets. */
  readonly ids: ReadonlyMap<string, string>;
}

/**
 * Adds label sets of a file to those of a project. Labels are the same if kind and name are equal: then the label of the project stays as it
 * is. An id or a key that is taken is not taken over. A kind with several sets in the file is merged set by set, by the ids of the sets.
 */
export function mergeLabelSets(known: readonly LabelSet[], coming: readonly LabelSet[]): MergedLabels {
  const sets = known.map((set) => ({ ...set, labels: [...set.labels] }));
  const freeIds = new FreeIds(labelsById(known).keys());
  const setIds = new FreeIds(known.map(({ id }) => id));
  const ids = new Map<string, string>();
  const added = new Set<Label>();
  for (const { labels, ...set } of coming) {
    const ofKind = known.filter(({ kind }) => kind === set.kind);
    const isOnly = coming.filter(({ kind }) => kind === set.kind).length === 1;
    const home = ofKind.find(({ id }) => id === set.id) ?? (isOnly && ofKind.length === 1 ? ofKind[0] : undefined);
    const names = namesIn([...(isOnly ? ofKind : []), ...(home ? [home] : [])]);
    const keys = new Set(sets.filter(({ kind }) => kind === set.kind).flatMap((other) => other.labels.map(({ key }) => key)));
    let target = sets.find(({ id }) => id === home?.id);
    if (!target) sets.push((target = { ...set, id: setIds.take(set.id), labels: [] }));
    for (const label of labels) {
      const same = names.get(label.name);
      const id = same ?? freeIds.take(label.id);
      ids.set(label.id, id);
      if (same !== undefined) continue;
      const { key, ...rest } = label;
      const fresh = { ...rest, id, ...(key !== undefined && !keys.has(key) && { key }) };
      target.labels.push(fresh);
      added.add(fresh);
      names.set(label.name, id);
      keys.add(key);
    }
  }
  const withIds = (label: Label): Label => (added.has(label) ? withOtherIds(label, ids) : label);
  return { labelSets: sets.map((set) => ({ ...set, labels: set.labels.map(withIds) })), ids };
}

/** Label ids by name. Of two labels with one name, the last counts. */
function namesIn(labelSets: readonly LabelSet[]): Map<string, string> {
  return new Map(labelSets.flatMap(({ labels }) => labels.map(({ id, name }) => [name, id] as const)));
}

/** A label whose references to other labels have the new ids. */
function withOtherIds(label: Label, ids: ReadonlyMap<string, string>): Label {
  const renamed = (id: string): string => ids.get(id) ?? id;
  return {
    ...label,
    ...(label.parent !== undefined && { parent: renamed(label.parent) }),
    ...(label.from && { from: label.from.map(renamed) }),
    ...(label.to && { to: label.to.map(renamed) }),
  };
}

/** Annotations whose labels have the new ids. Ids that are not in the map stay. */
export function withLabelIds<N extends Notes>(notes: N, ids: ReadonlyMap<string, string>): N {
  const renamed = (id: string): string => ids.get(id) ?? id;
  const spans = notes.spans.map<Span>((span) => ({
    ...span,
    label: renamed(span.label),
    ...(span.type !== undefined && { type: renamed(span.type) }),
    ...(span.was && { was: { ...span.was, label: renamed(span.was.label) } }),
  }));
  return { ...notes, spans, relations: notes.relations.map((relation) => ({ ...relation, label: renamed(relation.label) })) };
}

/** Whether a relation of this label may join spans with these labels. Without a tail: whether it may begin at the head. */
export function allowsEnds(label: Label, head: string, tail?: string): boolean {
  return (label.from?.includes(head) ?? true) && (tail === undefined || (label.to?.includes(tail) ?? true));
}

/** One label of each cycle of parents, in linear time. `parents` has the parent of each label by its id. */
export function parentCycles(parents: ReadonlyMap<string, string | undefined>): string[] {
  const visited = new Map<string, string>(); // with the label from which the walk began
  return [...parents.keys()].flatMap((start) => {
    for (let id: string | undefined = start; id !== undefined && parents.has(id); id = parents.get(id)) {
      if (visited.has(id)) return visited.get(id) === start ? [id] : [];
      visited.set(id, start);
    }
    return [];
  });
}
