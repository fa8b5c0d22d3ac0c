// Reads the label sets of our own format.
import { FreeIds } from '../model/ids.js';
import { COLORS, nameOfId, parentCycles, type LabelKind } from '../model/labels.js';
import { show } from '../model/show.js';
import type { Label, LabelSet } from '../model/types.js';
import { fileLabelId } from './documents.js';
import { given, type Fields } from './fields.js';
import { extraOf } from './own-extra.js';
import type { Reporter } from './problems.js';

const KINDS = ['span', 'relation', 'type'] as const;

export function readLabelSets(header: Fields): LabelSet[] {
  const setIds = new Set<string>();
  const labelIds = new Set<string>();
  const sets = header.objects('labelSets').flatMap((fields) => {
    const [id, kind] = [fields.string('id'), fields.word('kind', KINDS)];
    if (id === undefined || kind === undefined || setIds.has(id)) {
      fields.report.loss(`a label set needs an id of its own and a kind; ${show(id)} is left out`);
      return [];
    }
    setIds.add(id);
    const labels = fields.objects('labels').flatMap((label, index) => readLabel(label, index, labelIds) ?? []);
    return [{ id, kind, overlap: fields.boolean('overlap') ?? true, labels, ...given('extra', extraOf(fields)) }];
  });
  return withoutBadLinks(sets, header.report.in('labelSets'));
}

function readLabel(fields: Fields, index: number, taken: Set<string>): Label | undefined {
  const [id, name] = [fields.string('id'), fields.string('name')];
  if (id === undefined || name === undefined || taken.has(id))
    return void fields.report.loss(`a label needs a name and an id of its own; ${show(id)} is left out`);
  taken.add(id);
  return {
    id,
    name,
    color: readColor(fields, index),
    ...given('key', readKey(fields)),
    ...given('guide', fields.string('guide')),
    ...given('parent', fields.string('parent')),
    ...given('from', readIds(fields, 'from')),
    ...given('to', readIds(fields, 'to')),
    ...given('extra', extraOf(fields)),
  };
}

function readColor(fields: Fields, index: number): number {
  const color = fields.integer('color');
  if (color !== undefined && color >= 0 && color < COLORS) return color;
  fields.report.in('color').loss(`${show(color)} is not a color of the palette; the label gets another`);
  return index % COLORS;
}

function readKey(fields: Fields): string | undefined {
  const key = fields.string('key');
  if (key === undefined || [...key].length === 1) return key;
  return void fields.report.in('key').loss(`${show(key)} is not one character`);
}

function readIds(fields: Fields, name: string): readonly string[] | undefined {
  const list = fields.list(name);
  return list?.filter((id, index): id is string => {
    if (typeof id !== 'string') fields.report.in(name).in(index).loss(`${show(id)} is not a string`);
    return typeof id === 'string';
  });
}

/** Leaves out ids of labels that do not exist, and cycles of parents. */
function withoutBadLinks(sets: readonly LabelSet[], report: Reporter): LabelSet[] {
  const parents = new Map(sets.flatMap(({ labels }) => labels.map(({ id, parent }) => [id, parent])));
  const isThere = (id: string, of: string) => {
    if (!parents.has(id)) report.loss(`${show(of)} names ${show(id)}, which is not a label`);
    return parents.has(id);
  };
  const cyclic = new Set(parentCycles(parents));
  return sets.map((set) => ({
    ...set,
    labels: set.labels.map(({ parent, from, to, ...label }) => {
      if (cyclic.has(label.id)) report.loss(`${show(label.id)} is below itself; it gets no parent`);
      return {
        ...label,
        ...(parent !== undefined && !cyclic.has(label.id) && isThere(parent, label.id) && { parent }),
        ...given('from', from?.filter((id) => isThere(id, label.id))),
        ...given('to', to?.filter((id) => isThere(id, label.id))),
      };
    }),
  }));
}

/** The labels of a file. A label that an annotation has and the file does not define is added. */
export class LabelBook {
  readonly #sets: (LabelSet & { readonly labels: Label[] })[];
  readonly #kinds: Map<string, LabelKind>;
  readonly #ids: FreeIds;
  /** The id of each added label, by kind and the id that was asked for. */
  readonly #added: Record<LabelKind, Map<string, string>> = { span: new Map(), relation: new Map(), type: new Map() };

  constructor(sets: readonly LabelSet[]) {
    this.#sets = sets.map((set) => ({ ...set, labels: [...set.labels] }));
    this.#kinds = new Map(sets.flatMap(({ kind, labels }) => labels.map(({ id }) => [id, kind])));
    this.#ids = new FreeIds(this.#kinds.keys());
  }

  /** The id, if it is a label of this kind; else that of a label that is added. */
  check(kind: LabelKind, id: string | undefined, report: Reporter): string {
    if (id !== undefined && this.#kinds.get(id) === kind) return id;
    const known = this.#added[kind].get(id ?? '');
    if (known !== undefined) return known;
    const added = this.#add(kind, id || fileLabelId(kind, id, report));
    const fault = id === undefined ? 'it has no label' : `${show(id)} is not a label of kind ${kind} in the first line`;
    report.loss(`${fault}; ${show(added)} is added`);
    this.#added[kind].set(id ?? '', added);
    return added;
  }

  #add(kind: LabelKind, wanted: string): string {
    const id = this.#ids.take(wanted);
    let set = this.#sets.find((candidate) => candidate.kind === kind);
    if (!set) this.#sets.push((set = { id: kind, kind, overlap: true, labels: [] }));
    set.labels.push({ id, name: nameOfId(kind, wanted), color: set.labels.length % COLORS });
    this.#kinds.set(id, kind);
    return id;
  }

  sets(): readonly LabelSet[] {
    return this.#sets;
  }
}
