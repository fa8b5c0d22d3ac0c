import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Engine } from '../src/engine.js';
import { manage } from '../src/manage.js';
import { readRecord } from '../src/record.js';
import { fetchSource } from '../src/source.js';
import { Stores } from '../src/store/stores.js';
import type { EngineOptions } from '../src/protocol.js';
import type { LoadEvent } from '../src/types.js';
import { FakeBrowser, type BrowserOptions } from './browser.js';
import { idle, quickly, Tab, turn } from './clock.js';
import { fakeWasm, machine, MODEL, ONCE, readVerified } from './fakes.js';
import { FakeServer, type ServerOptions } from './server.js';
import { checkProgress, content, MANIFEST } from './visit.js';

afterEach(() => FakeBrowser.uninstall());

const WEIGHTS = content(4000, 3);
WEIGHTS[0] = 100; // the fake wasm finds the length of the header there
const PART_SIZES = [[200, 1500], [1700, 900], [3000, 1000]] as const;
const PARTS = PART_SIZES.map(([offset, bytes]) => ({ path: 'model.safetensors', offset, bytes }));
const PART_BYTES = 3400;
const SMALL = { 'config.json': '{}', 'entity_vocab.json': '{}', 'tokenizer.json': '{"a":1}', 'luke_web.json': '{}' };

function setup(options: ServerOptions = {}, browser: BrowserOptions = {}) {
  return { browser: new FakeBrowser(browser).install(), server: new FakeServer({ ...SMALL, 'model.safetensors': WEIGHTS }, options) };
}

/** Loads the checkpoint and checks the bytes of its weights. */
async function load(server: FakeServer, options: Partial<EngineOptions> = {}, weights = WEIGHTS, query = '') {
  const { module } = fakeWasm(async () => []);
  const { loadCheckpoint } = module;
  const got: Uint8Array[] = [];
  module.readCheckpoint = () => ({ files: () => PARTS, free() {} });
  module.loadCheckpoint = async (checkpoint, host) => {
    for (const [i, part] of checkpoint.files().entries()) got.push(await readVerified(host, part, PARTS.slice(i + 1)).catch(() => Promise.reject({ code: 'network', message: 'lost' })));
    return loadCheckpoint({ files: () => [], free() {} }, host);
  };
  const askedBefore = server.asked.length;
  const events: LoadEvent[] = [];
  const engine = new Engine(machine(module));
  await engine.load(`${MODEL}${query}`, { ...ONCE, retries: 3, ...options }, fetchSource(server.fetch as typeof fetch), (event) => events.push(event));
  await idle(); // what is noted of it is written
  checkProgress(events);
  assert.deepEqual(got, PARTS.map(({ offset, bytes }) => weights.slice(offset, offset + bytes)));
  return { engine, events, asked: server.asked.slice(askedBefore) };
}

const weights = (server: FakeServer) => server.for('model.safetensors');
const record = async () => readRecord(await Stores.open('auto'), MANIFEST);

test('a second load reads the weights from the store, with and without ranges', async () => {
  for (const ranges of [true, false]) {
    for (const browser of [{}, { isWorker: false }]) {
      const { server } = setup({ ranges }, browser);
      await load(server);
      assert.equal((await record())!.isComplete, true);
      const sent = server.sentOf('model.safetensors');
      assert.ok(sent <= PART_BYTES + (ranges ? 4000 : 4000 + 4000), `${sent}`);
      const { events, asked } = await load(server);
      assert.equal(events.at(-1)!.storedBytes, PART_BYTES);
      // The header is asked for again: its version says whether the weights are still the same.
      assert.equal(asked.filter(({ path }) => path === 'model.safetensors').length, 1);
      assert.equal((await record())!.isComplete, true);
    }
  }
});

test('a stored checkpoint is loaded without network, and nobody waits for retries', async () => {
  for (const isMissing of [true, false]) {
    const { server } = setup();
    await load(server);
    server.isOffline = true;
    if (!isMissing) server.plan = () => ({ status: 503 });
    const { value, ms } = await quickly(() => load(server));
    assert.ok(ms < 1000, `${ms} ms`);
    assert.equal(value.events.find(({ phase }) => phase === 'fallback')!.file, MANIFEST);
    assert.equal((await record())!.isComplete, true);
  }
});

test('a checkpoint of which a small file was evicted is fetched as often as any', async () => {
  const { server, browser } = setup();
  await load(server);
  const { files } = (await record())!;
  browser.folders.get('luke-web')!.delete(files!['tokenizer.json']!.sha256);
  server.next('tokenizer.json', { status: 500 }, { isRefused: true });
  await quickly(() => load(server));
  server.isOffline = true;
  await quickly(() => load(server));
});

test('files with the same content, and files that the server does not have, are noted', async () => {
  const { server } = setup();
  await load(server);
  const { files, name } = (await record())!;
  assert.equal(files!['config.json']!.sha256, files!['entity_vocab.json']!.sha256);
  assert.deepEqual([files!['merges.txt'], files!['tokenizer_config.json'], files!['model.safetensors.index.json']], [null, null, null]);
  assert.deepEqual(Object.keys(files!).filter((file) => file.startsWith('model.safetensors from')).sort(), ['0', '1700', '200', '3000'].map((at) => `model.safetensors from ${at}`));
  assert.equal(name, new URL('.', MANIFEST).pathname.split('/').at(-2));
  server.files.set('merges.txt', new TextEncoder().encode('a b'));
  await load(server);
  assert.equal((await record())!.files!['merges.txt']!.bytes, 3);
  server.files.delete('merges.txt');
  await load(server);
  assert.equal((await record())!.files!['merges.txt'], null);
});

test('a weight file that changes between two ranges is refused', async () => {
  for (const at of [1, 2, 3]) {
    for (const ranges of [true, false]) {
      const { server } = setup({ ranges });
      server.plan = (path, before) => (path === 'model.safetensors' && before >= at ? { etag: '"new"' } : undefined);
      const loading = load(server);
      if (!ranges && at > 1) await loading;
      else await assert.rejects(loading, { code: 'integrity', message: /was replaced while it was read/ });
    }
  }
});

test('after the weight file was replaced, its new parts are fetched, and the old ones are deleted', async () => {
  const { server, browser } = setup();
  await load(server);
  const old = (await record())!;
  server.etags.set('model.safetensors', '"new"');
  const { asked } = await load(server);
  assert.equal(asked.filter(({ path }) => path === 'model.safetensors').length, 1 + PARTS.length);
  const now = (await record())!;
  assert.deepEqual([old.versions, now.versions], [{ 'model.safetensors': '"model.safetensors"' }, { 'model.safetensors': '"new"' }]);
  assert.deepEqual([now.isComplete, now.hasLeftovers], [true, undefined]);
  const left = () => {
    const { files = {} } = JSON.parse(Buffer.from([...browser.stored].find(([name]) => name.startsWith('model-'))![1]).toString())[0];
    const used = new Set(Object.values(files as Record<string, { sha256: string } | null>).map((file) => file?.sha256));
    return [...browser.stored.keys()].filter((name) => !name.startsWith('model-') && !used.has(name));
  };
  // Another content, in the weights and in a small file.
  const weights = Uint8Array.from(WEIGHTS, (byte, at) => (at < 200 ? byte : byte ^ 1));
  const replaceBy = (version: string, text: string) => {
    server.etags.set('model.safetensors', `"${version}"`);
    server.files.set('model.safetensors', weights);
    server.files.set('tokenizer.json', new TextEncoder().encode(text));
  };
  replaceBy('third', '{"b":2}');
  await load(server, {}, weights);
  assert.deepEqual([left(), browser.stored.has(old.files!['model.safetensors from 200']!.sha256)], [[], false]);
  // A load that ends before it is complete leaves the rest to the next one.
  replaceBy('fourth', '{"c":3}');
  server.plan = (path, before) => (path === 'model.safetensors' && before > 13 ? { status: 404 } : undefined);
  await assert.rejects(load(server, { retries: 0 }, weights));
  await idle();
  assert.notDeepEqual(left(), []);
  server.plan = () => undefined;
  await load(server, {}, weights);
  assert.deepEqual(left(), []);
});

test('checkpoints whose URLs differ only in the query are kept apart; a changed token fetches no weights again', async () => {
  const { server } = setup();
  const other = new FakeServer({ ...SMALL, 'model.safetensors': WEIGHTS.map((byte, at) => (at < 200 ? byte : byte ^ 1)) });
  other.etags.set('model.safetensors', '"other"');
  await load(server, {}, WEIGHTS, '?v=1');
  await load(other, {}, other.files.get('model.safetensors')!, '?v=2');
  const { asked } = await load(server, {}, WEIGHTS, '?token=a');
  assert.deepEqual(asked.filter(({ path }) => path === 'model.safetensors').map(({ range }) => range), ['0-131071']);
  await load(server, {}, WEIGHTS, '?token=b');
  server.isOffline = true;
  await load(server, {}, WEIGHTS, '?token=b');
  await load(server, {}, other.files.get('model.safetensors')!, '?v=2');
  await assert.rejects(load(server, { retries: 0 }, WEIGHTS, '?token=c'), { code: 'network' });
});

test('a load that ends early marks nothing as complete, and the next one fetches the rest', async () => {
  const { server } = setup();
  server.plan = (path, before) => (path === 'model.safetensors' && before >= 3 ? { status: 404 } : undefined);
  await assert.rejects(load(server), { code: 'network' });
  await idle();
  assert.equal((await record())!.isComplete, false);
  server.plan = () => undefined;
  await load(server);
  assert.equal((await record())!.isComplete, true);
  assert.ok(server.sentOf('model.safetensors') <= 4000 + 4000 + PART_BYTES);
  // Another load that ends early takes nothing back.
  server.plan = (path) => (path === 'tokenizer.json' ? { status: 400 } : undefined);
  await load(server);
  assert.equal((await record())!.isComplete, true);
});

test('cache: false asks for nothing that the HTTP cache or a service worker may keep', async () => {
  for (const ranges of [true, false]) {
    const { server, browser } = setup({ ranges });
    await load(server, { cache: false });
    assert.deepEqual([browser.used, new Set(server.asked.map(({ cache }) => cache))], [0, new Set(['no-store'])]);
  }
});

test('a server without versions: nothing of the weights is stored, and the model does not count as complete', async () => {
  for (const ranges of [true, false]) {
    const { server, browser } = setup({ etags: false, ranges });
    await load(server);
    assert.equal((await record())!.isComplete, false);
    assert.deepEqual([...browser.stored.entries()].filter(([name, { length }]) => name.endsWith('.part') || PART_SIZES.some(([, bytes]) => bytes === length)), []);
  }
});

test('a server without versions: nothing of the weights is taken from an earlier load', async () => {
  const { server } = setup({ etags: false });
  await load(server);
  const { asked } = await load(server);
  assert.equal(asked.filter(({ path }) => path === 'model.safetensors').length, 1 + PARTS.length);
});

test('a drop in the middle of a part is continued there, also after the tab was closed', async () => {
  const { server, browser } = setup();
  server.plan = (path, before) => (path === 'model.safetensors' && before === 1 ? { cutAt: 1000 } : undefined);
  await quickly(() => load(server));
  assert.deepEqual(weights(server).map(({ range }) => range).includes('1200-1699'), true);
  browser.wipe();
  await quickly(async () => {
    const tab = new Tab();
    const before = weights(server).length;
    tab.run(() => load(server)).catch(() => {});
    const part = () => weights(server).slice(before).find(({ range }) => range?.startsWith('200-'));
    while (!part() || part()!.sent < 1000) await turn();
    await turn();
    browser.close(tab);
    const sent = server.sentOf('model.safetensors');
    await load(server);
    assert.ok(server.sentOf('model.safetensors') - sent <= 4000 + PART_BYTES - 1000, `${server.sentOf('model.safetensors') - sent}`);
  });
});

test('two tabs fetch each part once, also of a server without ranges', async () => {
  for (const ranges of [true, false]) {
    const { server } = setup({ ranges });
    await Promise.all([new Tab(), new Tab()].map((tab) => tab.run(() => load(server))));
    const headers = 2; // each tab reads the header
    assert.equal(weights(server).length, headers + (ranges ? PARTS.length : 1));
    assert.equal((await record())!.isComplete, true);
    assert.equal(Object.keys((await record())!.files!).filter((name) => name.includes('from')).length, 1 + PARTS.length);
  }
});

test('a store that fails costs a checkpoint no load', async () => {
  for (const operation of ['open', 'handle', 'write', 'move'] as const) {
    const { server, browser } = setup();
    browser.onOperation = (now) => {
      if (now === operation) throw new DOMException('broken', 'UnknownError');
    };
    await quickly(() => load(server));
  }
});

test('memory without hashes, as in a page that is not served securely, costs no load', async () => {
  const { subtle } = crypto;
  Object.defineProperty(crypto, 'subtle', { configurable: true, value: undefined });
  try {
    const { server } = setup();
    for (let i = 0; i < 2; i += 1) await load(server, { cache: 'memory' });
  } finally {
    Object.defineProperty(crypto, 'subtle', { configurable: true, value: subtle });
  }
});

test('availability of a checkpoint: it is available, partial, downloadable or unavailable, and asking changes nothing', async () => {
  const { server, browser } = setup();
  const ask = async () => {
    const options = { ...ONCE, device: 'wasm' as const };
    const { state, cachedBytes, totalBytes } = (await manage({ action: 'availability', model: MODEL }, options, fetchSource(server.fetch as typeof fetch), () => {}, new AbortController().signal)) as Record<string, unknown>;
    return [state, cachedBytes, totalBytes];
  };
  assert.deepEqual(await ask(), ['downloadable', 0, 0]);
  assert.equal(browser.used, 0);
  await load(server);
  const before = [...browser.stored.keys()];
  const small = 4000 + 2 + 2 + 7 + 2; // the start of the weight file, and four small files
  assert.deepEqual(await ask(), ['available', PART_BYTES + small, PART_BYTES + small]);
  assert.deepEqual([...browser.stored.keys()], before);
  server.isOffline = true;
  assert.deepEqual((await ask())[0], 'available');
  const { files } = (await record())!;
  browser.folders.get('luke-web')!.delete(files!['model.safetensors from 200']!.sha256);
  assert.deepEqual((await ask())[0], 'partial');
  browser.wipe();
  assert.deepEqual(await ask(), ['unavailable', 0, 0]);
});
