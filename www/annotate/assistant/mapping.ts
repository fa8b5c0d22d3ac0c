// Which label of the project a label of a model means: by name, or as a person has said.
import type { Suggestions } from '../model/suggest.js';
import type { Label, LabelSet, Json } from '../model/types.js';
import type { LabeledTask, Model } from './model.js';

/** For a task: the id of a label of the project for each label of the model; `null` for one that is to be left out. */
export type LabelChoices = { readonly [label: string]: string | null };
/** What a person has said. A label that is not named is found by its name. */
export type Choices = { readonly [task in LabeledTask]?: LabelChoices };

const KINDS: { readonly [task in LabeledTask]: readonly LabelSet['kind'][] } = {
  ner: ['span'], typing: ['type', 'span'], relation: ['relation'],
};

/** Names that mean the same in models and projects, in small letters. */
const SAME: readonly (readonly string[])[] = [
  ['per', 'person', 'people'], ['loc', 'location', 'place', 'gpe'], ['org', 'organization', 'organisation', 'company'], ['misc', 'miscellaneous'],
];

/**
 * The labels that answers to a task can have in a project. Types of spans are looked for in sets of types, and only without such a set in
 * those of spans.
 */
export function labelsOfTask(task: LabeledTask, labelSets: readonly LabelSet[]): Label[] {
  const kind = KINDS[task].find((wanted) => labelSets.some((set) => set.kind === wanted));
  return labelSets.filter((set) => set.kind === kind).flatMap(({ labels }) => labels);
}

/** The label ids of the project for labels of a model. Those that the project lacks are not in the map. */
export function labelMap(task: LabeledTask, names: readonly string[], labelSets: readonly LabelSet[], choices: Choices = {}): Map<string, string> {
  const labels = labelsOfTask(task, labelSets);
  const ids = new Set(labels.map(({ id }) => id));
  const byName = new Map(labels.map(({ id, name }) => [name.toLowerCase(), id] as const).reverse());
  const chosen = new Map(Object.entries(choices[task] ?? {}));
  const found = new Map<string, string>();
  for (const name of names) {
    const choice = chosen.get(name);
    const id = choice !== undefined && (choice === null || ids.has(choice)) ? choice : idByName(name.toLowerCase(), byName);
    if (id) found.set(name, id);
  }
  return found;
}

/** The label with this name; without one, a label whose name means the same. The first label of a name counts. */
function idByName(name: string, byName: ReadonlyMap<string, string>): string | undefined {
  const same = SAME.find((names) => names.includes(name)) ?? [];
  return [name, ...same].map((candidate) => byName.get(candidate)).find((id) => id !== undefined);
}

/** The choices with another one for a label of the model; `undefined` takes the choice back: then the name decides. */
export function withChoice(choices: Choices, task: LabeledTask, name: string, choice: string | null | undefined): Choices {
  const { [name]: _, ...others } = choices[task] ?? {};
  return { ...choices, [task]: choice === undefined ? others : { ...others, [name]: choice } };
}

/** The labels that the model has for a task. */
export function labelsOfModel({ info }: Model, task: LabeledTask): readonly string[] {
  return info.labels[task] ?? [];
}

/** What models of relations call a pair without one. */
export const NO_RELATION = 'no_relation';

/** The labels of the model, if the project has none of them: without one, nothing can be suggested. Labels that are left out stay out. */
export function labelsToOffer(model: Model, labelSets: readonly LabelSet[], choices: Choices, task: LabeledTask = 'ner'): readonly string[] {
  const own = labelSets.filter(({ kind }) => kind === KINDS[task][0]);
  const names = labelsOfModel(model, task).filter((name) => name !== NO_RELATION && choices[task]?.[name] !== null);
  return model.tasks.includes(task) && !labelMap(task, names, own, choices).size ? names : [];
}

/** Suggestions with labels of the project in place of those of the model. Others are left out. */
export function withProjectLabels(found: Suggestions, ids: ReadonlyMap<string, string>): Suggestions {
  const spans = found.spans.flatMap((span) => {
    const label = ids.get(span.label);
    return label === undefined ? [] : [{ ...span, label }];
  });
  const relations = found.relations?.flatMap((relation) => {
    const label = ids.get(relation.label);
    return label === undefined ? [] : [{ ...relation, label }];
  });
  return { ...found, spans, ...(relations && { relations }) };
}

/** Choices from the settings; what cannot be one is left out. */
export function readChoices(value: Json | undefined): Choices {
  const tasks = entriesOf(value).flatMap(([task, labels]) => {
    const known = entriesOf(labels).filter((entry): entry is [string, string | null] => entry[1] === null || typeof entry[1] === 'string');
    return Object.hasOwn(KINDS, task) ? [[task, Object.fromEntries(known)] as const] : [];
  });
  return Object.fromEntries(tasks);
}

function entriesOf(value: Json | undefined): [string, Json][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
