// What can be told about arguments without knowing the model: their types, and names of options that do not exist.
// The rest (spans, values of a task's options) is checked where it is used, in the wasm.
import type { RunnersUpOptions } from './call-types.js';
import { LukeError } from './errors.js';
import { checkPlain, readable } from './plain.js';
import type { PrefetchOptions, StoreOptions } from './store-types.js';
import type {
  CallOptions, ClozeOptions, EmbedOptions, FillMaskOptions, ForwardOptions, LabelOptions, LoadOptions, NerOptions, PredictEntitiesOptions, QaOptions, TaskOptions, WordList,
} from './types.js';

const STORE: Keys<StoreOptions> = { cache: 1, manifestHash: 1, parallelDownloads: 1, retries: 1, stallMs: 1, fetch: 1, headers: 1, signal: 1, worker: 1, wasmUrl: 1 };
const LOAD: Keys<LoadOptions> = { device: 1, threads: 1, onProgress: 1, persist: 1, selfTest: 1, heads: 1, passCacheBytes: 1, ...STORE };
const CALL: Keys<CallOptions> = { signal: 1, priority: 1 };
const TASK: Keys<TaskOptions> = { specialTokens: 1, ...CALL };
const NER: Keys<RunnersUpOptions> = {
  threshold: 1, labels: 1, maxSpanTokens: 1, maxEntitiesPerPass: 1, maxSeqTokens: 1, candidates: 1, sentences: 1, context: 1, allScores: 1, runnersUp: 1, ...TASK,
};
const LABELS: Keys<LabelOptions> = { allScores: 1, ...TASK };
const QA: Keys<QaOptions> = {
  topK: 1, nBest: 1, docStride: 1, maxSeqTokens: 1, maxQuestionTokens: 1, maxAnswerTokens: 1, entities: 1, nullThreshold: 1, ...TASK,
};
const CLOZE: Keys<ClozeOptions> = { docStride: 1, maxSeqTokens: 1, maxQueryTokens: 1, maxMentionTokens: 1, ...TASK };
const FILL_MASK: Keys<FillMaskOptions> = { topK: 1, ...CALL };
const EMBED: Keys<EmbedOptions> = { titles: 1, pooling: 1, normalize: 1, ...TASK };
const PREDICT_ENTITIES: Keys<PredictEntitiesOptions> = { topK: 1, titles: 1, ...TASK };
const TASKS = { typing: LABELS, relation: LABELS, qa: QA, cloze: CLOZE, fillMask: FILL_MASK, predictEntities: PREDICT_ENTITIES, embed: EMBED };
const FORWARD: Keys<ForwardOptions> = { head: 1, ...CALL };

const DEVICES: readonly unknown[] = ['auto', 'webgpu', 'wasm'];
const CACHES: readonly unknown[] = ['auto', 'opfs', 'cache-api', 'memory', false];
const PRIORITIES: readonly unknown[] = ['user-blocking', 'user-visible', 'background'];
/** More than any processor of a browser's user, and few enough to start. */
const MOST_THREADS = 64;
/** Characters of a value that an error shows. */
const MAX_SHOWN = 80;

type Keys<T> = Record<keyof T, 1>;

/** Rejects options of `Luke.load` that do not exist or have a value they cannot have. */
export function checkLoadOptions(options: LoadOptions): void {
  checkKeys('load', options, LOAD);
  readable('load', 'options', () => checkStoreValues('load', options));
  const { threads, selfTest, heads, passCacheBytes } = options;
  need(threads === undefined || threads === 'auto' || (Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS), 'load', 'threads', `"auto" or a whole number from 1 to ${MOST_THREADS}`, threads);
  need(selfTest === undefined || typeof selfTest === 'boolean', 'load', 'selfTest', 'a boolean', selfTest);
  need(heads === undefined || (Array.isArray(heads) && heads.every(isString)), 'load', 'heads', 'a list of strings', heads);
  need(isWhole(passCacheBytes, 0, 2 ** 30), 'load', 'passCacheBytes', 'a whole number from 0 to 2^30', passCacheBytes);
}

/** Rejects options of `availability` and `models` that do not exist or have a value they cannot have. `others` are beside those of all. */
export function checkStore(where: string, options: StoreOptions & PrefetchOptions, others: readonly string[] = []): void {
  checkKeys(where, options, { ...STORE, ...Object.fromEntries(others.map((name) => [name, 1] as const)) });
  checkStoreValues(where, options);
}

function checkStoreValues(where: string, options: PrefetchOptions & Pick<LoadOptions, 'device'>): void {
  const { cache, manifestHash, persist, parallelDownloads, retries, stallMs, device, worker, onProgress, fetch, headers, wasmUrl, entityTable } = options;
  need(device === undefined || DEVICES.includes(device), where, 'device', '"auto", "webgpu" or "wasm"', device);
  need(worker === undefined || ['boolean', 'function'].includes(typeof worker) || isWorker(worker), where, 'worker', 'a boolean, a Worker or a function', worker);
  need(onProgress === undefined || typeof onProgress === 'function', where, 'onProgress', 'a function', onProgress);
  need(fetch === undefined || typeof fetch === 'function', where, 'fetch', 'a function', fetch);
  need(headers === undefined || (isObject(headers) && Object.values(headers).every(isString)), where, 'headers', 'an object of strings', headers);
  need(areHeaders(headers), where, 'headers', 'names and values that HTTP allows', headers);
  need(wasmUrl === undefined || isString(wasmUrl) || wasmUrl instanceof URL, where, 'wasmUrl', 'a URL', wasmUrl);
  need(entityTable === undefined || typeof entityTable === 'boolean', where, 'entityTable', 'a boolean', entityTable);
  need(cache === undefined || CACHES.includes(cache), where, 'cache', '"auto", "opfs", "cache-api", "memory" or false', cache);
  need(manifestHash === undefined || (isString(manifestHash) && /^[0-9a-f]{64}$/.test(manifestHash)), where, 'manifestHash', '64 hexadecimal digits in lower case', manifestHash);
  need(persist === undefined || typeof persist === 'boolean', where, 'persist', 'a boolean', persist);
  need(isWhole(parallelDownloads, 1, 16), where, 'parallelDownloads', 'a whole number from 1 to 16', parallelDownloads);
  need(isWhole(retries, 0, 100), where, 'retries', 'a whole number from 0 to 100', retries);
  need(isWhole(stallMs, 100, 2 ** 31 - 1), where, 'stallMs', 'a whole number of milliseconds, at least 100', stallMs);
}

/** Rejects what is neither a text, nor texts, nor a word list. */
export function checkNer(input: unknown, options: NerOptions): void {
  checkOptions('ner', options, NER);
  checkPlain('ner', 'text', input);
  if (isString(input)) return;
  if (Array.isArray(input)) {
    input.forEach((text: unknown, i) => need(isString(text), 'ner', `text [${i}]`, 'a string', text));
    return;
  }
  const words = isObject(input) ? (input as Partial<WordList>).words : undefined;
  if (!Array.isArray(words)) throw wrong('ner', 'text', 'a string, strings, or { words }', input);
  words.forEach((word: unknown, i) => need(isString(word), 'ner', `words[${i}]`, 'a string', word));
}

/** The arguments of a task by what they have to be. */
interface Arguments {
  strings: Record<string, unknown>;
  span?: Record<string, unknown>;
  spans?: Record<string, unknown>;
}

/** Rejects texts that are none and spans that are no pair of numbers; whether they fit the text is checked in the wasm. */
export function checkTask(task: keyof typeof TASKS, { strings, span = {}, spans = {} }: Arguments, options: object): void {
  checkOptions(task, options, TASKS[task]);
  for (const [name, value] of Object.entries({ ...strings, ...span, ...spans })) checkPlain(task, name, value);
  for (const [name, text] of Object.entries(strings)) need(isString(text), task, name, 'a string', text);
  for (const [name, pair] of Object.entries(span)) need(isSpan(pair), task, name, '[start, end]', pair);
  for (const [name, pairs] of Object.entries(spans)) {
    if (!Array.isArray(pairs)) throw wrong(task, name, 'an array of [start, end]', pairs);
    pairs.forEach((pair: unknown, i) => need(isSpan(pair), task, `${name}[${i}]`, '[start, end]', pair));
  }
}

/** Rejects a list of texts that is none. */
export function checkTexts(texts: unknown, options: object): void {
  checkOptions('nerStream', options, NER);
  checkPlain('nerStream', 'texts', texts);
  if (!Array.isArray(texts)) throw wrong('nerStream', 'texts', 'a list of strings', texts);
  texts.forEach((text: unknown, i) => need(isString(text), 'nerStream', `texts[${i}]`, 'a string', text));
}

/** Rejects a list of inputs of a task that are no objects with a text and spans of these names. */
export function checkBatch(task: keyof typeof TASKS, inputs: readonly unknown[], spans: readonly string[], options: object): void {
  checkOptions(task, options, TASKS[task]);
  checkPlain(task, 'inputs', inputs);
  inputs.forEach((input, i) => {
    if (!isObject(input)) throw wrong(task, `inputs[${i}]`, `an object { text, ${spans.join(', ')} }`, input);
    const fields = input as Record<string, unknown>;
    need(isString(fields.text), task, `inputs[${i}].text`, 'a string', fields.text);
    for (const name of spans) need(isSpan(fields[name]), task, `inputs[${i}].${name}`, '[start, end]', fields[name]);
  });
}

/** Rejects inputs that are no object, and no list of objects; their arrays are checked in the wasm. */
export function checkForward(inputs: unknown, options: ForwardOptions): void {
  checkOptions('forward', options, FORWARD);
  checkPlain('forward', 'inputs', inputs);
  if (!Array.isArray(inputs)) return need(isObject(inputs), 'forward', 'inputs', 'an object of arrays, or a list of such', inputs);
  inputs.forEach((one: unknown, i) => need(isObject(one), 'forward', `inputs[${i}]`, 'an object of arrays', one));
}

/** The URL of a model, as an absolute URL. */
export function checkUrl(where: string, model: unknown): string {
  need((isString(model) && model !== '') || model instanceof URL, where, 'the model', 'a URL', model);
  const url = absoluteUrl(`${where}: the model`, model as string | URL);
  need(!/^(data|blob):/.test(url), where, 'the model', 'the URL of a folder', url);
  return url;
}

/** An absolute URL; a relative one is taken from the page's. */
export function absoluteUrl(what: string, url: string | URL): string {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  if (!URL.canParse(url, base)) throw new LukeError('input', `${what} is no URL: ${show(url)}`, { value: String(url).slice(0, MAX_SHOWN) });
  const { href, username, password } = new URL(url, base);
  // The message does not repeat them.
  if (username || password) throw new LukeError('input', `${what} has a user name or a password in its URL, which browsers do not fetch: use the option headers`);
  return href;
}

/** Rejects options of a task that do not exist or are no plain data; their values are checked in the wasm. */
function checkOptions(where: string, options: object, keys: Record<string, 1>): void {
  readable(where, 'options', () => checkKeys(where, options, keys));
  const { signal: _, priority, ...data } = readable(where, 'options', () => ({ ...options })) as { signal?: unknown; priority?: unknown };
  need(priority === undefined || PRIORITIES.includes(priority), where, 'priority', '"user-blocking", "user-visible" or "background"', priority);
  checkPlain(where, 'options', data);
}

function checkKeys(where: string, options: object, keys: Record<string, 1>): void {
  need(isObject(options), where, 'options', 'an object', options);
  const unknown = Object.keys(options).find((key) => !Object.hasOwn(keys, key));
  if (unknown !== undefined) {
    throw new LukeError('input', `${where}: there is no option ${show(unknown)} (there are: ${Object.keys(keys).join(', ')})`, { option: unknown.slice(0, MAX_SHOWN) });
  }
  const { signal } = options as { signal?: AbortSignal };
  need(signal === undefined || isSignal(signal), where, 'signal', 'an AbortSignal', signal);
}

function need(holds: boolean, where: string, what: string, kind: string, got: unknown): void {
  if (!holds) throw wrong(where, what, kind, got);
}

function wrong(where: string, what: string, kind: string, got: unknown): LukeError {
  return new LukeError('input', `${where}: ${what} must be ${kind}, not ${show(got)}`, { argument: what });
}

export function show(value: unknown): string {
  if (isString(value)) return JSON.stringify(value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}…` : value);
  if (Array.isArray(value)) return 'an array';
  return isObject(value) ? 'an object' : typeof value === 'function' ? 'a function' : String(value);
}

/** Whether an option is left out or a whole number from `min` to `max`. */
function isWhole(value: unknown, min: number, max: number): boolean {
  return value === undefined || (Number.isInteger(value) && (value as number) >= min && (value as number) <= max);
}

function areHeaders(headers: HeadersInit | undefined): boolean {
  try {
    return new Headers(headers) !== undefined;
  } catch {
    return false;
  }
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isSpan(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((offset) => Number.isSafeInteger(offset) && offset >= 0);
}

/** An `AbortSignal`, also one of another frame. */
function isSignal(value: unknown): boolean {
  return isObject(value) && typeof (value as AbortSignal).aborted === 'boolean' && typeof (value as AbortSignal).throwIfAborted === 'function';
}

function isWorker(value: unknown): boolean {
  return isObject(value) && typeof (value as Worker).postMessage === 'function' && typeof (value as Worker).addEventListener === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
