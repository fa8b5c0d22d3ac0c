import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availability, Luke, LukeError, models } from '../src/index.js';
import { engineOptions } from '../src/options.js';
import { checkLoadOptions, checkStore, checkTask, checkUrl } from '../src/validate.js';
import { MODEL } from './fakes.js';

const isInput = (message: RegExp) => (error: unknown) => error instanceof LukeError && error.code === 'input' && message.test(error.message);
const HASH = 'a'.repeat(64);

/** Values of the options that loads and the store share, which they must refuse. */
const INVALID: Record<string, unknown[]> = {
  cache: ['disk', true, null, 1, ''],
  manifestHash: ['abc', HASH.toUpperCase(), `${HASH}0`, 7, null],
  parallelDownloads: [0, -1, 17, 1.5, NaN, '4', null],
  retries: [-1, 0.5, 101, Infinity, '3', null],
  stallMs: [0, 99, 100.5, 2 ** 31, Infinity, '1', null],
  fetch: [{}, 'fetch', null],
  headers: [{ a: 1 }, ['a'], 'a', null, { 'not a name': 'a' }, { '': 'a' }, { a: 'two\nlines' }, { a: 'not Latin 1: €' }],
  signal: [1, {}, null, 'abort'],
  worker: [3, 'worker', {}, null, { postMessage() {} }],
  wasmUrl: [7, {}, null],
};

test('options that loads and the store share refuse values that they cannot have, and name the option', () => {
  for (const [option, values] of Object.entries(INVALID)) {
    for (const value of values) {
      const message = new RegExp(`: ${option} must be `);
      assert.throws(() => checkLoadOptions({ [option]: value }), isInput(message), `load, ${option}: ${String(value)}`);
      assert.throws(() => checkStore('models.list', { [option]: value }), isInput(message), `models.list, ${option}: ${String(value)}`);
    }
  }
  for (const persist of ['yes', 1, null]) assert.throws(() => checkLoadOptions({ persist } as never), isInput(/persist must be a boolean/));
  for (const bytes of [-1, 0.5, 2 ** 30 + 1, NaN, '8', null, true]) assert.throws(() => checkLoadOptions({ passCacheBytes: bytes } as never), isInput(/load: passCacheBytes must be/));
  for (const entityTable of ['yes', 1, null]) assert.throws(() => checkStore('models.prefetch', { entityTable } as never, ['entityTable']), isInput(/entityTable must be a boolean/));
  assert.throws(() => checkStore('availability', { device: 'gpu' } as never, ['device']), isInput(/device must be/));
});

test('values at the limits are accepted, and undefined is no value', () => {
  const { signal } = new AbortController();
  checkLoadOptions({
    cache: false, manifestHash: HASH, parallelDownloads: 1, retries: 0, stallMs: 100, persist: true, fetch, headers: { a: 'b' }, signal, worker: () => ({}) as Worker, wasmUrl: new URL(MODEL),
  });
  for (const passCacheBytes of [0, 2 ** 30]) checkLoadOptions({ passCacheBytes });
  checkLoadOptions({ cache: 'cache-api', parallelDownloads: 16, retries: 100, stallMs: 2 ** 31 - 1, worker: { postMessage() {}, addEventListener() {} } as unknown as Worker });
  checkLoadOptions(Object.fromEntries([...Object.keys(INVALID), 'persist', 'device', 'threads', 'selfTest', 'heads', 'passCacheBytes', 'onProgress'].map((option) => [option, undefined])));
});

test('an option that does not exist is named, with those that do', () => {
  assert.throws(() => checkLoadOptions({ chache: 'auto' } as never), isInput(/load: there is no option "chache" \(there are: .*\bcache\b/));
  for (const option of ['persist', 'entityTable', 'onProgress', 'device', 'threads', 'selfTest', 'passCacheBytes']) {
    assert.throws(() => checkStore('models.list', { [option]: true } as never), isInput(new RegExp(`models.list: there is no option "${option}"`)));
  }
  checkStore('models.prefetch', { persist: true, entityTable: true, onProgress() {} }, ['onProgress', 'persist', 'entityTable']);
  for (const options of [null, 'auto', [], 7]) assert.throws(() => checkStore('models.list', options as never), isInput(/options must be an object/));
});

test('the priority of a call is one of the three names, and is not passed on as an option of the task', async () => {
  const input = { question: 'a', context: 'b' };
  for (const priority of ['user-blocking', 'user-visible', 'background', undefined]) checkTask('qa', input, { priority });
  for (const priority of ['high', 1, null, {}]) assert.throws(() => checkTask('qa', input, { priority }), isInput(/qa: priority must be "user-blocking", "user-visible" or "background"/));
});

test('all functions of the store refuse what is no URL and options that are none, before they do anything', async () => {
  const functions: [string, (model: never, options: never) => Promise<unknown>][] = [
    ['availability', availability], ['models.has', models.has], ['models.prefetch', models.prefetch], ['models.verify', models.verify], ['models.delete', models.delete],
  ];
  for (const [name, run] of functions) {
    for (const model of [7, null, undefined, {}]) await assert.rejects(run(model as never, {} as never), isInput(new RegExp(`^${name}: the model must be a URL`)), name);
    await assert.rejects(run('not a url' as never, {} as never), isInput(/the model is no URL: "not a url"/), name);
    await assert.rejects(run(MODEL as never, { retries: -1 } as never), isInput(new RegExp(`^${name}: retries`)), name);
    await assert.rejects(run(MODEL as never, { signal: AbortSignal.abort('before') } as never), (reason) => reason === 'before', name);
  }
  for (const run of [models.list, models.usage]) await assert.rejects(run({ cache: 'disk' } as never), isInput(/cache must be/));
  await assert.rejects(Luke.load(MODEL, { cache: 'disk' } as never), isInput(/load: cache must be "auto", "opfs", "cache-api", "memory" or false, not "disk"/));
});

test('a URL with a user name or a password is refused, and the error does not repeat them', async () => {
  for (const model of ['https://ada:secret@models.test/mini/', 'https://ada@models.test/mini/', new URL('https://:secret@models.test/mini/')]) {
    const refused = (error: unknown) => isInput(/user name or a password/)(error) && !/ada|secret/.test(`${(error as LukeError).message} ${JSON.stringify((error as LukeError).detail)}`);
    await assert.rejects(Luke.load(model), refused);
    await assert.rejects(models.prefetch(model), refused);
    await assert.rejects(Luke.load(MODEL, { wasmUrl: model, worker: false }), refused);
  }
});

test('a relative URL is taken from that of the page or the worker', () => {
  assert.throws(() => checkUrl('models.has', '/models/a'), isInput(/no URL/));
  Object.defineProperty(globalThis, 'location', { configurable: true, value: { href: 'https://page.test/demo/' } });
  assert.equal(checkUrl('models.has', '../models/a'), 'https://page.test/models/a');
  Object.defineProperty(globalThis, 'document', { configurable: true, value: { baseURI: 'https://base.test/' } });
  assert.equal(checkUrl('models.has', 'a'), 'https://base.test/a');
  delete (globalThis as { location?: unknown }).location;
  delete (globalThis as { document?: unknown }).document;
});

test('the engine gets the defaults, and nothing that cannot be sent to a worker', () => {
  assert.deepEqual(engineOptions({}), { cache: 'auto', parallelDownloads: 4, retries: 3, stallMs: 15_000, remoteFetch: false });
  const all = engineOptions({ cache: false, manifestHash: HASH, parallelDownloads: 2, retries: 0, stallMs: 100, headers: { a: 'b' }, wasmUrl: new URL('https://a.test/wasm'), fetch });
  assert.deepEqual(structuredClone(all), {
    cache: false, manifestHash: HASH, parallelDownloads: 2, retries: 0, stallMs: 100, headers: { a: 'b' }, wasmUrl: 'https://a.test/wasm', remoteFetch: true,
  });
});
