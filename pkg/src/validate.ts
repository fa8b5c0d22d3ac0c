// What can be told about arguments without knowing the model: their types, and the options of loads and of all calls.
// The rest (whether spans fit the text, and the options of a task) is checked where it is used, in the wasm.
import { LukeError } from './errors.js';
import type { ForwardOptions } from './forward.js';
import { bytesOf, type HeadNerOptions, type HeadOrName, type LukeHead } from './head.js';
import { toUrl } from './host.js';
import { DEFAULT_HUB, parseRepository, repositoryUrl } from './hub.js';
import { checkPlain, readable } from './plain.js';
import type { PrefetchOptions, StoreOptions } from './store-types.js';
import type { LabelOptions, NerOptions, OffsetOptions, OffsetUnit, Pair, WordList } from './tasks.js';
import type { TeachOptions } from './teach.js';
import type { LoadOptions } from './types.js';

const STORE: Keys<StoreOptions> = { cache: 1, hub: 1, manifestHash: 1, parallelDownloads: 1, retries: 1, stallMs: 1, fetch: 1, headers: 1, signal: 1, worker: 1, wasmUrl: 1 };
const LOAD: Keys<LoadOptions> = { device: 1, threads: 1, onProgress: 1, persist: 1, selfTest: 1, heads: 1, passCacheBytes: 1, ...STORE };
const FORWARD: Keys<ForwardOptions> = { head: 1, signal: 1, priority: 1 };

const DEVICES: readonly unknown[] = ['auto', 'webgpu', 'wasm'];
const CACHES: readonly unknown[] = ['auto', 'opfs', 'cache-api', 'memory', false];
const PRIORITIES: readonly unknown[] = ['user-blocking', 'user-visible', 'background'];
/** More than any processor of a browser's user, and few enough to start. */
const MOST_THREADS = 64;
/** Bytes of the file of a head. One with 200 labels for a model of 1,024 numbers a state has 3 MB. */
const MOST_HEAD_BYTES = 2 ** 26;
/** Heads that an error names. */
const MAX_NAMED = 20;
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
  const { cache, hub, manifestHash, persist, parallelDownloads, retries, stallMs, device, worker, onProgress, fetch, headers, wasmUrl, entityTable } = options;
  need(device === undefined || DEVICES.includes(device), where, 'device', '"auto", "webgpu" or "wasm"', device);
  need(worker === undefined || ['boolean', 'function'].includes(typeof worker) || isWorker(worker), where, 'worker', 'a boolean, a Worker or a function', worker);
  need(onProgress === undefined || typeof onProgress === 'function', where, 'onProgress', 'a function', onProgress);
  need(fetch === undefined || typeof fetch === 'function', where, 'fetch', 'a function', fetch);
  need(headers === undefined || (isObject(headers) && Object.values(headers).every(isString)), where, 'headers', 'an object of strings', headers);
  need(areHeaders(headers), where, 'headers', 'names and values that HTTP allows', headers);
  need(wasmUrl === undefined || isString(wasmUrl) || wasmUrl instanceof URL, where, 'wasmUrl', 'a URL', wasmUrl);
  need(hub === undefined || isString(hub) || hub instanceof URL, where, 'hub', 'a URL', hub);
  need(entityTable === undefined || typeof entityTable === 'boolean', where, 'entityTable', 'a boolean', entityTable);
  need(cache === undefined || CACHES.includes(cache), where, 'cache', '"auto", "opfs", "cache-api", "memory" or false', cache);
  need(manifestHash === undefined || (isString(manifestHash) && /^[0-9a-f]{64}$/.test(manifestHash)), where, 'manifestHash', '64 hexadecimal digits in lower case', manifestHash);
  need(persist === undefined || typeof persist === 'boolean', where, 'persist', 'a boolean', persist);
  need(isWhole(parallelDownloads, 1, 16), where, 'parallelDownloads', 'a whole number from 1 to 16', parallelDownloads);
  need(isWhole(retries, 0, 100), where, 'retries', 'a whole number from 0 to 100', retries);
  need(isWhole(stallMs, 100, 2 ** 31 - 1), where, 'stallMs', 'a whole number of milliseconds, at least 100', stallMs);
}

/** The input of `ner` with plain pairs as sentences. Rejects what is neither a text, nor texts, nor a word list. */
export function checkNer(input: unknown, options: object): string | readonly string[] | WordList {
  checkOptions('ner', options);
  checkPlain('ner', 'text', input);
  if (isString(input)) return input;
  if (Array.isArray(input)) {
    input.forEach((text: unknown, i) => need(isString(text), 'ner', `text [${i}]`, 'a string', text));
    return input as string[];
  }
  const list = isObject(input) ? (input as Partial<WordList>) : {};
  if (!Array.isArray(list.words)) throw wrong('ner', 'text', 'a string, strings, or { words }', input);
  list.words.forEach((word: unknown, i) => need(isString(word), 'ner', `words[${i}]`, 'a string', word));
  const sentences = list.sentences === undefined ? undefined : toPairs('ner', 'sentences', list.sentences, 'word');
  return { ...list, sentences } as WordList;
}

type OwnNerOptions = NerOptions<string, boolean, number | undefined>;
/** Options of `ner`, with or without a head. */
export type AnyNerOptions = OwnNerOptions | HeadNerOptions<HeadOrName | undefined>;

/** Options of `ner` with plain pairs as sentences. */
export function withPairs(where: string, options: OwnNerOptions): OwnNerOptions {
  const { sentences, offsets = 'utf16' } = options;
  return Array.isArray(sentences) ? { ...options, sentences: toPairs(where, 'sentences', sentences, offsets) } : options;
}

/** Rejects texts that are none, and options that are none. */
export function checkTask(task: string, texts: Record<string, unknown>, options: object): void {
  checkOptions(task, options);
  for (const [name, text] of Object.entries(texts)) {
    checkPlain(task, name, text);
    need(isString(text), task, name, 'a string', text);
  }
}

/** A span as a pair. Rejects what is no pair of numbers, or counts something else than `unit`; whether it fits the text is checked in the wasm. */
export function toPair(where: string, what: string, span: unknown, unit: OffsetUnit | 'word'): Pair {
  checkPlain(where, what, span);
  return readable(where, what, () => pairOf(where, what, span, unit));
}

/** Spans as pairs; see `toPair`. */
export function toPairs(where: string, what: string, spans: unknown, unit: OffsetUnit | 'word'): Pair[] {
  checkPlain(where, what, spans);
  if (!Array.isArray(spans)) throw wrong(where, what, `an array of ${SPAN}`, spans);
  return readable(where, what, () => spans.map((span: unknown, i) => pairOf(where, `${what}[${i}]`, span, unit)));
}

const SPAN = '[start, end] or { start, end }';

/** As `toPair`, inside of what is known to be plain data. */
export function pairOf(where: string, what: string, span: unknown, unit: OffsetUnit | 'word', kind = SPAN): Pair {
  const isPair = Array.isArray(span) && span.length === 2;
  const { start, end, unit: counts = unit } = (isPair ? { start: span[0], end: span[1] } : isObject(span) ? span : {}) as { start?: unknown; end?: unknown; unit?: unknown };
  if (!isOffset(start) || !isOffset(end)) throw wrong(where, what, kind, span);
  if (counts !== unit) throw new LukeError('input', `${where}: ${what} counts ${show(counts)}, and this call ${show(unit)}`, { argument: what });
  return [start, end];
}

/** A copy of the texts of `nerStream` or `rank`. Rejects what is no list of texts. */
export function checkTexts(where: string, texts: unknown, options: object): string[] {
  checkOptions(where, options);
  checkPlain(where, 'texts', texts);
  if (!Array.isArray(texts)) throw wrong(where, 'texts', 'a list of strings', texts);
  texts.forEach((text: unknown, i) => need(isString(text), where, `texts[${i}]`, 'a string', text));
  return [...texts] as string[];
}

/** A text and its spans by their names. */
type Mentions<K extends string> = { text: string } & Record<K, Pair>;

/** What `typing` and `relation` of a model with these `heads` are called with: a text, its spans in the order of their names, and options; or a list of inputs, and options. */
export function checkLabels<K extends string>(
  task: string, spans: readonly K[], heads: readonly LukeHead[], first: unknown, rest: readonly unknown[],
): { input: Mentions<K> | Mentions<K>[] } & Taken<LabelOptions> {
  const given = rest[Array.isArray(first) ? 0 : spans.length];
  const taken = takeHead(task, heads, (given === undefined ? {} : given) as LabelOptions); // which checks that it is an object
  const { options } = taken;
  if (Array.isArray(first)) return { input: checkInputs(task, first, spans, options), ...taken };
  checkTask(task, { text: first }, options);
  const pairs = spans.map((name, i) => [name, toPair(task, name, rest[i], options.offsets ?? 'utf16')] as const);
  return { input: { text: first, ...Object.fromEntries(pairs) } as Mentions<K>, ...taken };
}

/** The inputs of a task with plain pairs as spans. Rejects inputs that are no objects with a text and spans of these names. */
function checkInputs<K extends string>(task: string, inputs: readonly unknown[], spans: readonly K[], options: OffsetOptions): Mentions<K>[] {
  checkOptions(task, options);
  const { offsets = 'utf16' } = options;
  checkPlain(task, 'inputs', inputs);
  const one = (input: unknown, i: number) => {
    if (!isObject(input)) throw wrong(task, `inputs[${i}]`, `an object { text, ${spans.join(', ')} }`, input);
    const fields: Record<string, unknown> = { ...input };
    need(isString(fields.text), task, `inputs[${i}].text`, 'a string', fields.text);
    const pairs = spans.map((name) => [name, pairOf(task, `inputs[${i}].${name}`, fields[name], offsets)] as const);
    return { ...fields, ...Object.fromEntries(pairs) } as Mentions<K>; // the wasm refuses other fields
  };
  return readable(task, 'inputs', () => inputs.map(one));
}

/** The options of a call without `head`, and the file of the head. */
interface Taken<O extends object, B extends Uint8Array | undefined = Uint8Array | undefined> {
  head: B;
  options: Omit<O, 'head'>;
}

/** Parts the head, which may be the name of one of `heads`, from the other options. It is named with them: `relation` has an argument `head` too. */
export function takeHead<O extends object>(where: string, heads: readonly LukeHead[], given: O & { head?: unknown }): Taken<O> {
  const { head, ...options } = copyOptions(where, given);
  return { head: head === undefined ? head : headBytes(where, heads, head), options };
}

/** As `takeHead`, where a call needs a head. */
export function needHead<O extends { head: unknown }>(where: string, heads: readonly LukeHead[], given: O): Taken<O, Uint8Array> {
  const { head, ...options } = copyOptions(where, given);
  return { head: headBytes(where, heads, head), options };
}

function headBytes(where: string, heads: readonly LukeHead[], head: unknown): Uint8Array {
  const bytes = bytesOf(isString(head) ? heads.find(({ name }) => name === head) : head);
  if (bytes) return bytes;
  const names = heads.map(({ name }, i) => (i < MAX_NAMED ? show(name) : '…')).slice(0, MAX_NAMED + 1).join(', ');
  const kind = isString(head) ? `a name in luke.taughtHeads (${names || 'the model has none'})` : 'what luke.teach or luke.addHead gave, or a name in luke.taughtHeads';
  throw wrong(where, 'options.head', kind, head);
}

/** The options of `teach` without `onProgress`, which is a function of the page. */
export function takeOnProgress(where: string, given: TeachOptions): { onProgress: TeachOptions['onProgress']; options: Omit<TeachOptions, 'onProgress'> } {
  const { onProgress, ...options } = copyOptions(where, given);
  need(onProgress === undefined || typeof onProgress === 'function', where, 'onProgress', 'a function', onProgress);
  return { onProgress, options };
}

function copyOptions<O extends object>(where: string, options: O): O {
  checkObject(where, 'options', options);
  return readable(where, 'options', () => ({ ...options }));
}

/** A copy of the file of a head. Its contents are checked in the wasm. */
export function checkHeadBytes(bytes: unknown, options: object): Uint8Array<ArrayBuffer> {
  checkOptions('addHead', options);
  if (!(bytes instanceof Uint8Array || bytes instanceof ArrayBuffer)) throw wrong('addHead', 'bytes', 'a Uint8Array or an ArrayBuffer', bytes);
  need(bytes.byteLength <= MOST_HEAD_BYTES, 'addHead', 'bytes', `${MOST_HEAD_BYTES} bytes at most`, bytes.byteLength);
  return readable('addHead', 'bytes', () => new Uint8Array(bytes instanceof ArrayBuffer ? bytes.slice(0) : bytes));
}

/** Rejects inputs that are no object, and no list of objects; their arrays are checked in the wasm. */
export function checkForward(inputs: unknown, options: ForwardOptions): void {
  checkOptions('forward', options);
  checkKeys('forward', options, FORWARD); // the wasm reads only this one
  checkPlain('forward', 'inputs', inputs);
  if (!Array.isArray(inputs)) return need(isObject(inputs), 'forward', 'inputs', 'an object of arrays, or a list of such', inputs);
  inputs.forEach((one: unknown, i) => need(isObject(one), 'forward', `inputs[${i}]`, 'an object of arrays', one));
}

/** The URL of a model, as an absolute URL. A string may be the name of a repository on the hub; see `parseRepository`. */
export function checkUrl(where: string, model: unknown, hub: string | URL = DEFAULT_HUB): string {
  need((isString(model) && model !== '') || model instanceof URL, where, 'the model', 'a URL, or the name of a repository', model);
  const repository = isString(model) ? parseRepository(model) : undefined;
  if (repository) return repositoryUrl(absoluteUrl(`${where}: hub`, hub), repository);
  const url = absoluteUrl(`${where}: the model`, model as string | URL);
  need(!/^(data|blob):/.test(url), where, 'the model', 'the URL of a folder', url);
  return url;
}

/** An absolute URL. */
export function absoluteUrl(what: string, url: string | URL): string {
  const absolute = toUrl(url);
  if (!absolute) throw new LukeError('input', `${what} is no URL: ${show(url)}`, { value: String(url).slice(0, MAX_SHOWN) });
  const { href, username, password } = absolute;
  // The message does not repeat them.
  if (username || password) throw new LukeError('input', `${what} has a user name or a password in its URL, which browsers do not fetch: use the option headers`);
  return href;
}

/** Rejects options of a call that are no plain data. Those of its task are checked in the wasm, which also says which there are. */
export function checkOptions(where: string, options: object): void {
  checkObject(where, 'options', options);
  const { signal, priority, ...data } = readable(where, 'options', () => ({ ...options })) as Record<string, unknown>;
  checkSignal(where, signal);
  need(priority === undefined || PRIORITIES.includes(priority), where, 'priority', '"user-blocking", "user-visible" or "background"', priority);
  checkPlain(where, 'options', data);
}

function checkKeys(where: string, options: object, keys: Record<string, 1>): void {
  checkObject(where, 'options', options);
  const unknown = Object.keys(options).find((key) => !Object.hasOwn(keys, key));
  if (unknown !== undefined) {
    throw new LukeError('input', `${where}: there is no option ${show(unknown)} (there are: ${Object.keys(keys).join(', ')})`, { option: unknown.slice(0, MAX_SHOWN) });
  }
  checkSignal(where, (options as { signal?: unknown }).signal);
}

function checkSignal(where: string, signal: unknown): void {
  need(signal === undefined || isSignal(signal), where, 'signal', 'an AbortSignal', signal);
}

export function checkObject(where: string, what: string, value: unknown): void {
  need(isObject(value), where, what, 'an object', value);
}

export function need(holds: boolean, where: string, what: string, kind: string, got: unknown): void {
  if (!holds) throw wrong(where, what, kind, got);
}

export function wrong(where: string, what: string, kind: string, got: unknown): LukeError {
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

export function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** An `AbortSignal`, also one of another frame. */
function isSignal(value: unknown): boolean {
  return isObject(value) && typeof (value as AbortSignal).aborted === 'boolean' && typeof (value as AbortSignal).throwIfAborted === 'function';
}

function isWorker(value: unknown): boolean {
  return isObject(value) && typeof (value as Worker).postMessage === 'function' && typeof (value as Worker).addEventListener === 'function';
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
