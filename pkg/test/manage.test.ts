import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { manage } from '../src/manage.js';
import type { Action, ManageOptions } from '../src/protocol.js';
import { fetchSource } from '../src/source.js';
import { WasmInstance } from '../src/wasm.js';
import type { Availability, StorageUsage, StoredModel, Verification } from '../src/store-types.js';
import type { LoadEvent } from '../src/types.js';
import { FakeBrowser, type BrowserOptions } from './browser.js';
import { idle, quickly, turn } from './clock.js';
import { loadFiles } from '../src/manifest.js';
import { fakeWasm, hashOf, MODEL, ONCE, readVerified } from './fakes.js';
import { FakeServer } from './server.js';
import { checkProgress, content, entryIn, MANIFEST, modelOf, open, visit } from './visit.js';

afterEach(() => FakeBrowser.uninstall());

const OTHER = `${MODEL}other/`;
const SIZES = [3000, 2000];
const TOTAL = 6000;
const never = new AbortController().signal;

/** A server with one model, and another one in a folder of it that shares the chunk `chunks/0.bin`. */
function setup(browser: BrowserOptions = {}, rows: number[] = [400, 300]) {
  const files = modelOf(SIZES, rows);
  const other = modelOf([3000, 1500], [], 0);
  const own = new Uint8Array(other['chunks/1.bin'] as Uint8Array);
  const both = { ...files, ...Object.fromEntries(Object.entries(other).map(([path, body]) => [`other/${path}`, body])) };
  return { browser: new FakeBrowser(browser).install(), server: new FakeServer(both), ownChunk: hashOf(own) };
}

function run<T>(server: FakeServer, action: Action, options: Partial<ManageOptions> = {}, report: (event: LoadEvent) => void = () => {}, signal = never): Promise<T> {
  const machine = { chooseDevice: async () => ({ device: 'wasm' as const, reason: 'no WebGPU adapter' }), loadWasm: async () => checkpointWasm() };
  return manage(action, { ...ONCE, ...options }, fetchSource(server.fetch as typeof fetch), report, signal, machine) as Promise<T>;
}

function checkpointWasm(): WasmInstance {
  const { module } = fakeWasm(async () => []);
  module.readCheckpoint = () => ({ files: () => [{ path: 'model.safetensors', offset: 200, bytes: 1000 }, { path: 'model.safetensors', offset: 1200, bytes: 800 }], free() {} });
  return new WasmInstance(module);
}

const has = (server: FakeServer, model = MODEL) => run<boolean>(server, { action: 'has', model });
const prefetch = (server: FakeServer, model = MODEL, entityTable = false) => run<void>(server, { action: 'prefetch', model, entityTable });
const list = (server: FakeServer) => run<StoredModel[]>(server, { action: 'list' });
const verify = (server: FakeServer, model = MODEL) => run<Verification>(server, { action: 'verify', model });
const remove = (server: FakeServer, model = MODEL) => run<boolean>(server, { action: 'delete', model });
const ask = (server: FakeServer, options: Partial<ManageOptions> = {}) => run<Availability>(server, { action: 'availability', model: MODEL }, options);

test('prefetch brings a model into the store, says how, and a load then fetches the manifest only', async () => {
  for (const isWorker of [true, false]) {
    const { server } = setup({ isWorker });
    const events: LoadEvent[] = [];
    assert.equal(await has(server), false);
    await run(server, { action: 'prefetch', model: MODEL, entityTable: false }, {}, (event) => events.push(event));
    checkProgress(events);
    assert.deepEqual([...new Set(events.map(({ phase }) => phase))], ['manifest', 'download', 'verify', 'ready']);
    assert.deepEqual(events.at(-1), { phase: 'ready', loadedBytes: TOTAL, totalBytes: TOTAL, storedBytes: 0 });
    assert.equal(await has(server), true);
    assert.deepEqual((await visit(server)).asked, ['manifest.json']);
    const asked = server.asked.length;
    await prefetch(server);
    assert.equal(server.asked.length, asked + 1);
  }
});

test('prefetch of the entity table brings its rows too', async () => {
  const { server } = setup();
  await prefetch(server);
  assert.equal(server.sentOf('entities'), 0);
  await prefetch(server, MODEL, true);
  assert.equal(server.sentOf('entities'), 700);
  const [model] = await list(server);
  const manifestBytes = server.files.get('manifest.json')!.length;
  assert.deepEqual([model!.bytes, model!.storedBytes], [TOTAL + manifestBytes, TOTAL + manifestBytes + 700]);
});

test('prefetch of a checkpoint brings the parts that a load reads', async () => {
  const { server } = setup();
  server.files.clear();
  const small = { 'config.json': '{}', 'entity_vocab.json': '{}', 'tokenizer.json': '{}' };
  for (const [path, text] of Object.entries(small)) server.files.set(path, new TextEncoder().encode(text));
  server.files.set('model.safetensors', content(4000, 5).fill(9, 0, 1));
  await prefetch(server);
  assert.equal(await has(server), true);
  assert.deepEqual(server.for('model.safetensors').map(({ range }) => range), ['0-131071', '200-1199', '1200-1999']);
  assert.deepEqual(await verify(server), { ok: 6, bad: 0, missing: 0 });
  server.isOffline = true;
  assert.equal((await ask(server)).state, 'available');
});

test('prefetch rejects if the model cannot be kept', async () => {
  const full = setup({ quota: 4000 });
  await assert.rejects(prefetch(full.server), { code: 'quota' });
  assert.ok(!full.server.asked.some(({ path }) => path.startsWith('chunks')));
  const wrongEstimate = setup({ quota: 4000 });
  navigator.storage.estimate = async () => ({});
  await assert.rejects(prefetch(wrongEstimate.server), { code: 'quota' });
  const nothing = setup({ opfs: false, caches: false });
  await assert.rejects(prefetch(nothing.server), { code: 'unsupported' });
  await assert.rejects(run(setup().server, { action: 'prefetch', model: MODEL, entityTable: false }, { cache: false }), { code: 'unsupported' });
  const broken = setup();
  broken.browser.onOperation = (operation) => {
    if (operation === 'move' || operation === 'put') throw new DOMException('broken', 'UnknownError');
  };
  await assert.rejects(prefetch(broken.server), { code: 'unsupported', message: /did not keep .*broken/ });
});

test('prefetch on a page that is not served securely says so', async () => {
  const { subtle } = crypto;
  const { server } = setup();
  Object.defineProperty(crypto, 'subtle', { configurable: true, value: undefined });
  try {
    for (const cache of ['memory', 'auto'] as const) {
      await assert.rejects(run(server, { action: 'prefetch', model: MODEL, entityTable: false }, { cache }), { code: 'unsupported', message: /not served securely/ });
    }
    assert.equal(server.asked.length, 0);
  } finally {
    Object.defineProperty(crypto, 'subtle', { configurable: true, value: subtle });
  }
});

test('prefetch rejects with the fault of a file, and tries again as a load does', async () => {
  const { server } = setup();
  server.next('chunks/1.bin', { status: 404 });
  await assert.rejects(prefetch(server), { code: 'network', detail: { url: `${MODEL}chunks/1.bin`, status: 404 } });
  server.next('chunks/1.bin', { status: 503 }, { cutAt: 10 });
  await quickly(() => run(server, { action: 'prefetch', model: MODEL, entityTable: false }, { retries: 3 }));
  assert.equal(await has(server), true);
  server.files.set('manifest.json', new TextEncoder().encode('{}'));
  await assert.rejects(prefetch(server, `${MODEL}nowhere/`), { code: 'network' });
});

test('an abort ends a prefetch at any moment, and the next one fetches what is missing', async () => {
  for (const until of [-1, 0, 1, 2500, 5500]) {
    const { server, browser } = setup();
    const abort = new AbortController();
    const fetching = run(server, { action: 'prefetch', model: MODEL, entityTable: false }, {}, () => {}, abort.signal);
    while (until >= 0 && (server.asked.length === 0 || server.sent - server.sentOf('manifest') < until)) await turn();
    abort.abort('enough');
    await assert.rejects(fetching, (reason) => reason === 'enough');
    await idle();
    assert.ok(server.asked.every(({ isOver }) => isOver), `${until}`);
    assert.equal(browser.locks.held.size, 0);
    if (until < 0) assert.equal(server.asked.length, 0);
    await prefetch(server);
    assert.ok(server.sent - server.sentOf('manifest') <= TOTAL + 4000);
  }
});

test('list tells what is stored of each model', async () => {
  const { server, browser } = setup();
  assert.deepEqual(await list(server), []);
  await prefetch(server);
  await prefetch(server, OTHER);
  const before = Date.now();
  const models = (await list(server)).sort((a, b) => a.url.length - b.url.length);
  assert.deepEqual(models.map(({ url, name, complete }) => [url, name, complete]), [[MANIFEST, 'model 0', true], [`${OTHER}manifest.json`, 'model 0', true]]);
  assert.ok(models.every(({ storedAt }) => storedAt <= before && storedAt > before - 60_000));
  browser.folders.get('luke-web')!.delete(entryIn(server, 'chunks/1.bin').sha256!);
  const [first] = (await list(server)).sort((a, b) => a.url.length - b.url.length);
  assert.deepEqual([first!.complete, first!.bytes - first!.storedBytes], [false, 2000]);
});

test('a model is listed by its URL without the query, which may hold a token', async () => {
  const { server, browser } = setup();
  await prefetch(server, `${MODEL}?token=secret`);
  assert.deepEqual((await list(server)).map(({ url }) => url), [MANIFEST]);
  assert.equal(await has(server), true);
  for (const bytes of browser.stored.values()) assert.ok(!Buffer.from(bytes).includes('secret'));
});

test('models whose URLs differ only in the query are kept apart, and a changed token finds its model', async () => {
  const { server, browser } = setup();
  const second = new FakeServer(modelOf([3000, 1600], [], 7));
  const [v1, v2] = [`${MODEL}?v=1`, `${MODEL}?v=2`];
  const load = (from: FakeServer, query: string, options: object = {}) => visit(from, { url: `${MANIFEST}${query}`, ...options });
  await prefetch(server, v1);
  // A server that answers says what there is. Nobody takes another model in its place.
  for (const status of [404, 500, 403]) {
    second.next('manifest.json', { status });
    await assert.rejects(load(second, '?v=2', { retries: 0 }));
  }
  await prefetch(second, v2);
  assert.deepEqual([await has(server, v1), await has(second, v2), await has(second, `${MODEL}?v=3`)], [true, true, false]);
  for (const gone of [server, second]) gone.isOffline = true;
  assert.equal((await load(server, '?v=1')).folder.manifest.name, 'model 0');
  assert.equal((await load(server, '?v=2')).folder.manifest.name, 'model 7');
  await assert.rejects(load(server, '?v=3', { retries: 0 }), { code: 'network' });
  assert.equal(await remove(server, `${MODEL}?v=3`), false);
  assert.equal(await remove(server, v1), true);
  assert.deepEqual((await list(server)).map(({ name }) => name), ['model 7']);
  // Without network the only model is taken, and stays under its own query.
  assert.equal((await load(server, '?token=b')).folder.manifest.name, 'model 7');
  for (const gone of [server, second]) gone.isOffline = false;
  assert.equal((await load(server, '?v=1')).folder.manifest.name, 'model 0');
  assert.deepEqual([await has(server, v1), await has(second, v2)], [true, true]);
  // The same model under a token that changes has one record.
  for (const token of ['a', 'b', 'c']) assert.deepEqual((await load(server, `?token=${token}`)).asked, ['manifest.json']);
  assert.deepEqual((await list(server)).map(({ name }) => name).sort(), ['model 0', 'model 7']);
  assert.equal(await remove(server), true); // no query: all of them
  assert.equal(browser.stored.size, 0);
});

test('of models whose URLs differ only in the query the last eight are kept', async () => {
  const { server, browser } = setup();
  for (let version = 1; version <= 10; version += 1) {
    await visit(new FakeServer(modelOf([100], [], version)), { url: `${MANIFEST}?v=${version}` });
  }
  assert.deepEqual((await list(server)).map(({ name }) => name), [10, 9, 8, 7, 6, 5, 4, 3].map((version) => `model ${version}`));
  assert.equal(browser.stored.size, 8 * 4 + 1); // with each manifest, and the records
});

test('a damaged record or manifest counts as nothing that is stored, and the next load repairs it', async () => {
  const { server, browser } = setup();
  await prefetch(server);
  browser.damage([...browser.stored.keys()].find((name) => name.startsWith('model-'))!);
  assert.deepEqual([await list(server), await has(server)], [[], false]);
  assert.deepEqual((await visit(server)).asked, ['manifest.json']);
  assert.equal(await has(server), true);
  browser.damage(hashOf(server.files.get('manifest.json')!), 0);
  assert.deepEqual([(await list(server)).map(({ complete, bytes }) => [complete, bytes]), await has(server)], [[[false, 0]], false]);
  assert.deepEqual(await verify(server), { ok: 0, bad: 0, missing: 1 });
  await visit(server);
  assert.equal(await has(server), true);
});

test('files that no record names are deleted with any model', async () => {
  const { server, browser } = setup();
  await prefetch(server);
  browser.damage([...browser.stored.keys()].find((name) => name.startsWith('model-'))!);
  assert.equal(await remove(server), false);
  assert.equal(browser.used, 0);
});

test('a file that another worker reads is deleted when it is closed, and a delete goes on where one never is', async () => {
  const { server, browser } = setup();
  await prefetch(server);
  const [locked, other] = [entryIn(server, 'chunks/0.bin').sha256!, entryIn(server, 'chunks/1.bin').sha256!];
  let refusals = 5;
  browser.onOperation = (operation, name) => {
    if (operation === 'delete' && name === locked && refusals-- > 0) throw new DOMException('it is open', 'NoModificationAllowedError');
  };
  assert.equal((await quickly(() => remove(server))).value, true);
  assert.deepEqual([browser.stored.has(locked), browser.used], [false, 0]);
  await prefetch(server);
  refusals = Infinity;
  assert.equal((await quickly(() => remove(server))).value, true);
  assert.deepEqual([browser.stored.has(locked), browser.stored.has(other)], [true, false]);
  browser.onOperation = () => {};
  await remove(server);
  assert.equal(browser.used, 0);
});

test('a model that is deleted while it loads is listed afterwards, so that it can be deleted again', async () => {
  const { server, browser } = setup();
  const { files, host } = await open(server, {});
  const entries = loadFiles((await files.folder())!.manifest);
  for (const [i, entry] of entries.entries()) {
    await readVerified(host, entry, entries.slice(i + 1));
    if (i === 1) assert.equal(await remove(server), true);
  }
  await files.complete();
  assert.equal((await list(server)).length, 1);
  assert.deepEqual([await remove(server), browser.used], [true, 0]);
});

test('verify counts good, damaged and missing files, deletes the damaged ones, and the next load brings them back', async () => {
  const { server, browser } = setup();
  assert.deepEqual(await verify(server), { ok: 0, bad: 0, missing: 0 });
  await prefetch(server, MODEL, true);
  assert.deepEqual(await verify(server), { ok: 7, bad: 0, missing: 0 });
  browser.damage(entryIn(server, 'chunks/0.bin').sha256!, 5);
  browser.damage(entryIn(server, 'entities/0.bin').sha256!, 5);
  browser.folders.get('luke-web')!.delete(entryIn(server, 'chunks/1.bin').sha256!);
  assert.deepEqual(await verify(server), { ok: 4, bad: 2, missing: 1 });
  assert.deepEqual(await verify(server), { ok: 4, bad: 0, missing: 2 }); // rows that are not stored are not missing
  assert.deepEqual((await visit(server)).asked, ['manifest.json', 'chunks/0.bin', 'chunks/1.bin']);
  assert.deepEqual(await verify(server), { ok: 6, bad: 0, missing: 0 });
});

test('verify ends with an abort', async () => {
  const { server, browser } = setup();
  await prefetch(server);
  const abort = new AbortController();
  browser.onOperation = () => abort.abort('enough');
  await assert.rejects(run(server, { action: 'verify', model: MODEL }, {}, () => {}, abort.signal), (reason) => reason === 'enough');
});

test('deleting a model leaves what others use, and nothing else', async () => {
  const { server, browser, ownChunk } = setup();
  await prefetch(server, MODEL, true);
  await prefetch(server, OTHER);
  assert.equal(await remove(server), true);
  assert.deepEqual([await has(server), await has(server, OTHER)], [false, true]);
  assert.deepEqual(await verify(server, OTHER), { ok: 5, bad: 0, missing: 0 });
  assert.equal(browser.stored.size, 5 + 1);
  assert.equal(await remove(server), false);
  server.isOffline = true;
  assert.deepEqual((await list(server)).map(({ url, complete }) => [url, complete]), [[`${OTHER}manifest.json`, true]]);
  server.isOffline = false;
  await prefetch(server);
  await remove(server, OTHER);
  assert.deepEqual([await has(server), browser.stored.has(ownChunk)], [true, false]);
  await remove(server);
  assert.equal(browser.stored.size, 0);
});

test('deleting a model deletes what earlier versions of it left, and unfinished parts, but not those of other models', async () => {
  const { server, browser } = setup();
  await prefetch(server);
  for (const [path, body] of Object.entries(modelOf(SIZES, [], 3))) server.files.set(path, typeof body === 'string' ? new TextEncoder().encode(body) : body);
  await prefetch(server);
  server.next('other/chunks/1.bin', { cutAt: 700 });
  await assert.rejects(prefetch(server, OTHER), { code: 'network' });
  await remove(server);
  const names = [...browser.stored.keys()];
  assert.ok(names.some((name) => name.endsWith('.part')), `${names}`);
  const sent = server.sent;
  await prefetch(server, OTHER);
  assert.ok(server.sentOf('other/chunks/1.bin') === 1500, `${server.sent - sent}`);
  await remove(server, OTHER);
  assert.deepEqual([...browser.stored.keys()], []);
});

test('usage tells what is stored and what the browser allows', async () => {
  const { server, browser } = setup({ quota: 100_000 });
  assert.deepEqual(await run<StorageUsage>(server, { action: 'usage' }), { storedBytes: 0, usedBytes: 0, quotaBytes: 100_000, persistent: false });
  await prefetch(server);
  await navigator.storage.persist();
  const { storedBytes, ...others } = await run<StorageUsage>(server, { action: 'usage' });
  assert.deepEqual([storedBytes, others], [browser.used, { usedBytes: browser.used, quotaBytes: 100_000, persistent: true }]);
  FakeBrowser.uninstall();
  assert.deepEqual(await run<StorageUsage>(server, { action: 'usage' }), { storedBytes: 0, usedBytes: 0, quotaBytes: 0, persistent: false });
});

test('availability: downloadable, partial, available and unavailable', async () => {
  const { server, browser } = setup();
  const base = { device: 'wasm', reason: 'no WebGPU adapter' };
  assert.deepEqual(await ask(server), { state: 'downloadable', cachedBytes: 0, totalBytes: TOTAL, ...base });
  assert.equal(browser.used, 0);
  server.next('chunks/1.bin', { status: 404 });
  await assert.rejects(prefetch(server), { code: 'network' });
  assert.deepEqual(await ask(server), { state: 'partial', cachedBytes: TOTAL - 2000, totalBytes: TOTAL, ...base });
  await prefetch(server);
  assert.deepEqual(await ask(server), { state: 'available', cachedBytes: TOTAL, totalBytes: TOTAL, ...base });
  server.isOffline = true;
  assert.equal((await ask(server)).state, 'available');
  browser.wipe();
  const offline = await ask(server);
  assert.deepEqual([offline.state, offline.cachedBytes, offline.totalBytes], ['unavailable', 0, 0]);
  assert.match(offline.reason!, /Failed to fetch/);
  server.isOffline = false;
  server.files.clear();
  assert.match((await ask(server)).reason!, /is not there, nor a Hugging Face checkpoint/);
  server.files.set('manifest.json', new TextEncoder().encode('{}'));
  assert.match((await ask(server)).reason!, /not a model manifest/);
});

test('availability is unavailable where the device is missing, and knows the pinned manifest without a request', async () => {
  const { server } = setup();
  const missing = { chooseDevice: () => Promise.reject({ code: 'unsupported', message: 'no adapter' }), loadWasm: async () => checkpointWasm() };
  const options = { ...ONCE, device: 'webgpu' as const };
  const answer = (await manage({ action: 'availability', model: MODEL }, options, fetchSource(server.fetch as typeof fetch), () => {}, never, missing)) as Availability;
  assert.deepEqual([answer.state, answer.reason], ['unavailable', 'no adapter']);
  await prefetch(server);
  const asked = server.asked.length;
  assert.equal((await ask(server, { manifestHash: hashOf(server.files.get('manifest.json')!) })).state, 'available');
  assert.equal(server.asked.length, asked);
});
