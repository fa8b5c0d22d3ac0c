// The head of the model and the taught head as sources of suggestions, with the labels of the project that theirs mean.
import { computed, type ReadonlySignal } from '@preact/signals-core';
import type { Suggestions } from '../model/suggest.js';
import type { LabelSet, ModelRef } from '../model/types.js';
import type { ProjectRecord } from '../store/schema.js';
import { suggestionsKey } from '../store/suggestions.js';
import { labelMap, labelsOfModel, withProjectLabels, type Choices } from './mapping.js';
import type { Model } from './model.js';
import type { HeadUse } from './preferences.js';
import type { Source } from './scan.js';
import type { TaughtHead } from './teach.js';

/** Near misses are kept from this probability on. */
const NEAR = 0.05;
/** Slices need sentences without context. */
const OPTIONS = { runnersUp: NEAR, context: 'sentence' } as const;
/** The form of what is kept in the cache. Another form needs another number, so that entries of older pages are not read. */
const FORM = 1;

/** Names all that changes what a source finds. */
function optionsKey(more: object = {}): string {
  return JSON.stringify({ form: FORM, ...OPTIONS, ...more });
}

function modelSource(model: Model, ref: ModelRef): Source {
  return {
    ref, key: suggestionsKey(ref, optionsKey()), find: (text, signal) => model.ner(text, { ...OPTIONS, priority: 'background', signal }),
  };
}

function headSource(model: Model, { name, manifestHash }: ModelRef, taught: TaughtHead): Source {
  const ref: ModelRef = { name, manifestHash, head: taught.name };
  const key = suggestionsKey(ref, optionsKey({ hash: taught.hash }));
  return { ref, key, find: (text, signal) => model.ner(text, { ...OPTIONS, head: taught.head, priority: 'background', signal }) };
}

/** A source, and the label ids of the project for its labels. */
export interface ProjectSource {
  readonly source: Source;
  readonly labels: ReadonlyMap<string, string>;
}

/** The label ids for a taught head. A label that was removed from the project is not there any more. */
function headLabels({ labels }: TaughtHead, labelSets: readonly LabelSet[]): Map<string, string> {
  const known = new Set(labelSets.filter(({ kind }) => kind === 'span').flatMap((set) => set.labels.map(({ id }) => id)));
  return new Map(labels.filter(({ id }) => known.has(id)).map(({ name, id }) => [name, id]));
}

function modelLabels(model: Model, labelSets: readonly LabelSet[], choices: Choices): Map<string, string> {
  return model.tasks.includes('ner') ? labelMap('ner', labelsOfModel(model, 'ner'), labelSets, choices) : new Map();
}

export interface SourceSignals {
  readonly ready: ReadonlySignal<{ readonly model: Model; readonly ref: ModelRef } | undefined>;
  readonly head: ReadonlySignal<TaughtHead | undefined>;
  readonly record: ReadonlySignal<ProjectRecord>;
  readonly choices: ReadonlySignal<Choices>;
}

/** The sources as they are now. A source stays the same object while model and head do. */
export function projectSources({ ready, head, record, choices }: SourceSignals): ReadonlySignal<readonly ProjectSource[]> {
  const ofModel = computed(() => ready.value && modelSource(ready.value.model, ready.value.ref));
  const ofHead = computed(() => ready.value && head.value && headSource(ready.value.model, ready.value.ref, head.value));
  return computed(() => {
    const { labelSets } = record.value;
    const sources: ProjectSource[] = [];
    if (ofHead.value && head.value) sources.push({ source: ofHead.value, labels: headLabels(head.value, labelSets) });
    if (ofModel.value && ready.value) sources.push({ source: ofModel.value, labels: modelLabels(ready.value.model, labelSets, choices.value) });
    return sources.filter(({ labels }) => labels.size);
  });
}

/** Ids of the labels of which both the taught head and the model speak. */
export function sharedLabels(sources: readonly ProjectSource[]): string[] {
  const idsOf = (isHead: boolean): string[] =>
    sources.filter(({ source }) => (source.ref.head !== undefined) === isHead).flatMap(({ labels }) => [...labels.values()]);
  const ofModel = new Set(idsOf(false));
  return [...new Set(idsOf(true))].filter((id) => ofModel.has(id));
}

/** What one source says of a text, in labels of the project. */
export function saidBy({ source, labels }: ProjectSource, raw: ReadonlyMap<string, Suggestions>): Suggestions | undefined {
  const found = raw.get(source.key);
  return found && withProjectLabels(found, labels);
}

/** What all sources say of a text; the taught head is the first. With `replace`, the others do not speak of its labels. */
export function saidByAll(sources: readonly ProjectSource[], raw: ReadonlyMap<string, Suggestions>, use: HeadUse): Suggestions[] {
  const taken = new Set<string>();
  return sources.flatMap((each) => {
    const said = saidBy(each, raw);
    if (!said) return [];
    if (use === 'replace' && each.source.ref.head !== undefined) for (const id of each.labels.values()) taken.add(id);
    return each.source.ref.head === undefined ? [{ ...said, spans: said.spans.filter(({ label }) => !taken.has(label)) }] : [said];
  });
}
