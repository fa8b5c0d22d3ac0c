// Long label sets as groups: labels that were used last, and labels below the same one.
import type { Label } from './types.js';

export interface LabelGroup {
  /** Absent for labels that are in no group. */
  readonly name?: string;
  readonly labels: readonly Label[];
}

/** So many labels are remembered as used last. */
export const MOST_RECENT = 9;
/** With more labels than this, those that were used last come first, and there is a field to find one. */
export const MANY_LABELS = 20;

/** The labels with the one that is used now in front. */
export function withRecent(recent: readonly string[], id: string): readonly string[] {
  return recent[0] === id ? recent : [id, ...recent.filter((other) => other !== id)].slice(0, MOST_RECENT);
}

/** Labels below the same top label are a group, with that one first. Those without a parent and without children come before, as no group. */
export function groupsByParent(labels: readonly Label[]): LabelGroup[] {
  const byId = new Map(labels.map((label) => [label.id, label]));
  const groups = new Map<Label, Label[]>();
  for (const label of labels) {
    const top = topOf(label, byId);
    const group = groups.get(top) ?? [];
    groups.set(top, group);
    if (label === top) group.unshift(label);
    else group.push(label);
  }
  const lone = [...groups.values()].filter(({ length }) => length === 1).flat();
  const named = [...groups].filter(([, { length }]) => length > 1).map<LabelGroup>(([{ name }, all]) => ({ name, labels: all }));
  return [...(lone.length ? [{ labels: lone }] : []), ...named];
}

/** The label above which there is none. Files may have labels that are above each other: then the first of the circle in their order. */
function topOf(label: Label, byId: ReadonlyMap<string, Label>): Label {
  const path = [label];
  for (let above = byId.get(label.parent ?? ''); above; above = byId.get(above.parent ?? '')) {
    const place = path.indexOf(above);
    if (place >= 0) return [...byId.values()].find((each) => path.indexOf(each) >= place) ?? label;
    path.push(above);
  }
  return path.at(-1) ?? label;
}

/** Labels as they are offered. Only of long lists those used last come first: in a short one, each label keeps its place. */
export function offeredGroups(labels: readonly Label[], recent: readonly string[], query = ''): LabelGroup[] {
  const wanted = query.trim().toLowerCase();
  const found = new Set(labels.filter(({ name }) => name.toLowerCase().includes(wanted)));
  const last = labels.length > MANY_LABELS ? recent.flatMap((id) => [...found].find((label) => label.id === id) ?? []) : [];
  for (const label of last) found.delete(label);
  const others = groupsByParent(labels).map((group) => ({ ...group, labels: group.labels.filter((label) => found.has(label)) }));
  return [{ name: 'Used last', labels: last }, ...others].filter((group) => group.labels.length);
}

/** What Enter takes: the label with exactly this name, or the first one. */
export function wantedLabel(groups: readonly LabelGroup[], query: string): Label | undefined {
  const labels = groups.flatMap((group) => group.labels);
  const wanted = query.trim().toLowerCase();
  return labels.find(({ name }) => name.toLowerCase() === wanted) ?? labels[0];
}
