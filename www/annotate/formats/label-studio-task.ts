// One task of Label Studio as it is in the file: its text and its lists of results.
import { show } from '../model/show.js';
import type { Extra, Json } from '../model/types.js';
import { Fields, given } from './fields.js';
import { isList, isObject } from './json-values.js';
import { USUAL_NAMES, type Config, type ConfigNames } from './label-studio-config.js';
import type { Reporter } from './problems.js';

/** A list of results: an annotation of a person, a draft, or a prediction of a model. */
export interface RawResults {
  readonly kind: 'annotation' | 'draft' | 'prediction';
  readonly spans: readonly RawSpan[];
  readonly relations: readonly Fields[];
  /** Results that are not spans or relations: choices, ratings, texts. */
  readonly others: readonly Json[];
  readonly isCancelled: boolean;
  /** Of a prediction. */
  readonly model?: string;
  readonly score?: number;
  readonly extra?: Extra;
}

export interface RawSpan {
  readonly fields: Fields;
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly quote?: string;
  readonly labels: readonly string[];
}

export interface RawTask {
  readonly text: string;
  readonly names: ConfigNames;
  /** The other fields of `data`. */
  readonly data: Extra | undefined;
  readonly lists: readonly RawResults[];
  readonly fields: Fields;
}

/** Where the text of a task and its results are. */
interface Place {
  readonly key: string;
  /** Name of the tag with the text. Results for other tags are refused. */
  readonly to: string | undefined;
}

/** Reads a task; `undefined` if it is refused. */
export function rawTask(fields: Fields, config: Config | undefined): RawTask | undefined {
  const isShort = !fields.has('data');
  const data = isShort ? fields : fields.object('data');
  if (!data) return undefined;
  const results = isShort ? [] : listsOf(fields);
  const place = placeOf(data, results.flatMap(({ results: list }) => list), config, fields.report);
  if (!place) return undefined;
  const text = data.string(place.key);
  if (text === undefined) return undefined;
  if (results.some(({ results: list }) => list.some(isHtml)))
    return void fields.report.error('the task is HTML: its offsets are XPaths of a page, which are not read');
  const lists = isShort ? [shortResults(fields)] : results.map((list) => rawResults(list, place));
  const from = results.flatMap(({ results: list }) => list.map((result) => result.from_name)).find((name) => typeof name === 'string');
  return {
    text,
    names: { from: from ?? USUAL_NAMES.from, to: place.to ?? USUAL_NAMES.to, key: place.key },
    data: isShort ? undefined : data.rest(),
    lists,
    fields,
  };
}

interface ResultList {
  readonly kind: RawResults['kind'];
  readonly fields: Fields;
  readonly results: readonly Extra[];
}

/** Old files call annotations `completions`. Drafts are read only if there are no annotations. */
function listsOf(fields: Fields): ResultList[] {
  const kinds = [['annotations', 'annotation'], ['completions', 'annotation'], ['predictions', 'prediction']] as const;
  const lists = kinds.flatMap(([name, kind]) => fields.objects(name).map((list) => resultList(list, kind)));
  if (lists.some(({ kind }) => kind === 'annotation') || !fields.has('drafts')) return lists;
  return [...fields.objects('drafts').map((list) => resultList(list, 'draft')), ...lists];
}

function resultList(fields: Fields, kind: RawResults['kind']): ResultList {
  const results = (fields.list('result') ?? []).filter((result, index): result is Extra => {
    if (!isObject(result)) fields.report.in('result').in(index).loss(`${show(result)} is not an object`);
    return isObject(result);
  });
  return { kind, fields, results };
}

function isHtml({ type, value }: Extra): boolean {
  return type === 'hypertextlabels' || (isObject(value) && type === 'labels' && (typeof value.start === 'string' || 'startOffset' in value));
}

/** The field of the text: that of the configuration, else `text`, else that of the results, else the only string. */
function placeOf(data: Fields, results: readonly Extra[], config: Config | undefined, report: Reporter): Place | undefined {
  const isText = (name: string) => typeof data.peek(name) === 'string';
  const tags = results.flatMap(({ to_name }) => (typeof to_name === 'string' ? [to_name] : []));
  const configured = [...(config?.texts ?? [])].find(([tag, { key }]) => isText(key) && (tags.length === 0 || tags.includes(tag)));
  if (configured) {
    const [to, { key, isUrl }] = configured;
    if (isUrl) return void report.error(`the task has the address of its text instead of the text: ${show(data.peek(key))}`);
    return { key, to };
  }
  const strings = data.names().filter(isText);
  const key = isText('text') ? 'text' : (tags.find(isText) ?? (strings.length === 1 ? strings[0] : undefined));
  if (key === undefined) return void report.error('it is not clear which field has the text; add the labeling configuration (.xml)');
  if (config?.htmlKeys.has(key)) return void report.error('the task is HTML: its offsets are XPaths of a page, which are not read');
  return { key, to: tags[0] };
}

function rawResults({ kind, fields, results }: ResultList, { to }: Place): RawResults {
  const at = fields.report.in('result');
  const raw = { spans: [] as RawSpan[], relations: [] as Fields[], others: [] as Json[] };
  for (const [index, result] of results.entries()) {
    if (result.type === 'relation') raw.relations.push(new Fields(result, at.in(index)));
    else if (result.type !== 'labels') raw.others.push(result);
    else if (to !== undefined && result.to_name !== undefined && result.to_name !== to)
      at.in(index).loss(`it is for ${show(result.to_name)}, not for the text ${show(to)}; it is left out`);
    else raw.spans.push(rawSpan(new Fields(result, at.in(index))));
  }
  const isCancelled = (fields.boolean('was_cancelled') ?? false) || (fields.boolean('skipped') ?? false);
  const isPrediction = kind === 'prediction';
  return {
    kind, ...raw, isCancelled,
    ...(isPrediction && { ...given('model', fields.string('model_version')), ...given('score', fields.score('score')) }),
    ...given('extra', fields.rest()),
  };
}

function rawSpan(fields: Fields): RawSpan {
  const value = fields.object('value');
  const { start, end, text, labels } = valueOf(value);
  value?.reportRest();
  for (const name of ['type', 'from_name', 'to_name']) fields.raw(name);
  return { fields, start, end, ...given('quote', text), labels };
}

function valueOf(value: Fields | undefined): {
  start: number | undefined;
  end: number | undefined;
  text: string | undefined;
  labels: readonly string[];
} {
  return { start: value?.number('start'), end: value?.number('end'), text: value?.string('text'), labels: value ? namesOf(value) : [] };
}

/** The names in `labels`. */
export function namesOf(fields: Fields): readonly string[] {
  const list = fields.list('labels') ?? [];
  return list.flatMap((name, index) => {
    if (typeof name === 'string') return [name];
    fields.report.in('labels').in(index).loss(`${show(name)} is not a string`);
    return [];
  });
}

/** Whether a value is a list of spans as in the short export ("JSON-MIN"). */
export function isShortResults(value: Json | undefined): value is readonly Json[] {
  return isList(value) && value.every((result) => isObject(result) && isList(result.labels) && 'start' in result);
}

/** The short export has spans without ids, and no relations. */
function shortResults(fields: Fields): RawResults {
  const name = fields.names().find((candidate) => isShortResults(fields.peek(candidate)));
  const spans = name === undefined ? [] : fields.objects(name).map((span) => ({ fields: span, ...withoutText(valueOf(span)) }));
  return { kind: 'annotation', spans, relations: [], others: [], isCancelled: false };
}

function withoutText({ text, ...value }: ReturnType<typeof valueOf>): Omit<RawSpan, 'fields'> {
  return { ...value, ...given('quote', text) };
}
