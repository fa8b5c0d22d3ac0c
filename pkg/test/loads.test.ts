import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { MemoryStore } from '../src/store/memory.js';
import { Stores } from '../src/store/stores.js';
import { FakeBrowser, type BrowserOptions } from './browser.js';
import { idle, quickly, Tab, turn } from './clock.js';
import { hashOf, readVerified } from './fakes.js';
import { FakeServer } from './server.js';
import { entryIn, MANIFEST, modelOf, open, visit } from './visit.js';

afterEach(async () => {
  FakeBrowser.uninstall();
  for (const { name } of await MemoryStore.shared.list()) await MemoryStore.shared.delete(name);
});

const SIZES = [5000, 4000, 3000, 2000, 1000];
const TOTAL = 16_000;

function setup(browser: BrowserOptions = {}, sizes = SIZES) {
  return { browser: new FakeBrowser(browser).install(), server: new FakeServer(modelOf(sizes, [600, 500, 400])) };
}

for (const cache of ['opfs', 'cache-api', 'memory'] as const) {
  test(`a second load fetches the manifest only (cache: ${cache})`, async () => {
    const { server } = setup();
    const first = await visit(server, { cache });
    assert.deepEqual(first.asked.sort(), ['chunks/0.bin', 'chunks/1.bin', 'chunks/2.bin', 'chunks/3.bin', 'chunks/4.bin', 'entity_vocab.json', 'manifest.json', 'tokenizer.json']);
    assert.equal(first.events.at(-1)!.storedBytes, 0);
    const second = await visit(server, { cache });
    assert.deepEqual(second.asked, ['manifest.json']);
    assert.equal(second.events.at(-1)!.storedBytes, TOTAL);
  });
}

test('without a store every load fetches all, and nothing is kept', async () => {
  const { server, browser } = setup();
  for (let i = 0; i < 2; i += 1) assert.equal((await visit(server, { cache: false })).asked.length, 8);
  assert.equal(browser.used, 0);
  assert.ok(server.asked.every(({ cache }) => cache === 'no-store')); // neither the HTTP cache nor a service worker keeps a byte
});

test('what a worker stored is read on a page, and what a page stored in a worker', async () => {
  for (const isWorker of [true, false]) {
    const { server, browser } = setup({ isWorker });
    await visit(server);
    browser.options.isWorker = !isWorker;
    browser.install();
    assert.deepEqual((await visit(server)).asked, ['manifest.json']);
  }
});

test('with manifestHash a stored model needs no request; another manifest rejects with integrity', async () => {
  const { server } = setup();
  const manifestHash = hashOf(server.files.get('manifest.json')!);
  await visit(server, { manifestHash });
  server.isOffline = true;
  assert.deepEqual((await visit(server, { manifestHash })).asked, []);
  server.isOffline = false;
  const wrong = quickly(() => visit(server, { manifestHash: '0'.repeat(64), retries: 1 }));
  await assert.rejects(wrong, { code: 'integrity', message: /manifestHash/ });
});

test('a pinned manifest that is not stored is tried as often as any file, also if another one is stored', async () => {
  const { server } = setup();
  await visit(server);
  for (const [path, body] of Object.entries(modelOf(SIZES, [], 7))) server.files.set(path, typeof body === 'string' ? new TextEncoder().encode(body) : body);
  server.next('manifest.json', { status: 503 }, { isRefused: true });
  const { value } = await quickly(() => visit(server, { manifestHash: hashOf(server.files.get('manifest.json')!) }));
  assert.equal(value.folder.manifest.name, 'model 7');
});

test('a stored model is loaded without network, and the event says so', async () => {
  const { server } = setup();
  await visit(server);
  server.isOffline = true;
  const { value, ms } = await quickly(() => visit(server));
  assert.ok(ms < 500, `${ms} ms`); // nobody waits for retries
  assert.match(value.events.find(({ phase }) => phase === 'fallback')!.reason!, /what is stored is used: .*Failed to fetch/);
  const { value: stalled, ms: limit } = await (async () => {
    server.isOffline = false;
    server.next('manifest.json', { stallAt: -1 });
    return quickly(() => visit(server));
  })();
  assert.deepEqual([stalled.asked, limit >= 15_000 && limit < 16_000], [['manifest.json'], true]);
});

test('a manifest that the browser evicted is fetched as often as any file', async () => {
  const { server, browser } = setup();
  await visit(server);
  browser.folders.get('luke-web')!.delete(hashOf(server.files.get('manifest.json')!));
  server.next('manifest.json', { status: 500 }, { status: 502 });
  const { value } = await quickly(() => visit(server));
  assert.deepEqual(value.asked, ['manifest.json', 'manifest.json', 'manifest.json']);
});

test('a page in place of the manifest: the stored one is used, else there is none', async () => {
  const { server } = setup();
  const page = { body: new TextEncoder().encode('\n<!doctype html>log in'), headers: { 'content-type': 'text/html; charset=utf-8' } };
  server.next('manifest.json', page);
  assert.equal(await (await open(server)).files.folder(), undefined);
  await visit(server);
  server.next('manifest.json', page);
  assert.deepEqual((await visit(server)).asked, ['manifest.json']);
});

test('a page replaces the record that a worker stored, and the other way round', async () => {
  for (const isWorker of [true, false]) {
    const { server, browser } = setup({ isWorker });
    await visit(server);
    browser.options.isWorker = !isWorker;
    browser.install();
    const next = new FakeServer(modelOf([5000, 4001]));
    const before = (await visit(next)).folder.text;
    next.isOffline = true;
    assert.equal((await visit(next)).folder.text, before);
    assert.equal([...browser.stored.keys()].filter((name) => name.startsWith('model-')).length, 1);
  }
});

test('models and versions share files', async () => {
  const { server, browser } = setup();
  await visit(server);
  const used = browser.used;
  const { 'manifest.json': text } = modelOf([...SIZES, 800]) as { 'manifest.json': string };
  server.files.set('manifest.json', new TextEncoder().encode(text));
  server.files.set('chunks/5.bin', modelOf([...SIZES, 800])['chunks/5.bin'] as Uint8Array);
  assert.deepEqual((await visit(server)).asked, ['manifest.json', 'chunks/5.bin']);
  assert.ok(browser.used - used < 800 + 3000);
});

test('a store that is wiped between two loads, while files land, or before they are read costs no load', async () => {
  const { server, browser } = setup();
  await visit(server);
  browser.wipe();
  assert.equal((await visit(server)).asked.length, 8);
  browser.wipe();
  const { files, host, events } = await open(server);
  const { manifest } = (await files.folder())!;
  while (events.at(-1)?.loadedBytes !== TOTAL) await turn();
  browser.wipe();
  for (const entry of [manifest.files.tokenizer, manifest.files.entityVocab, ...manifest.chunks]) await readVerified(host, entry);
  assert.match(events.find(({ phase }) => phase === 'retry')!.reason!, /damaged or gone/);
});

test('a stored file that is damaged heals itself by one refetch', async () => {
  for (const cache of ['opfs', 'cache-api', 'memory'] as const) {
    const { server, browser } = setup();
    const { stores } = await visit(server, { cache });
    const { sha256, bytes } = entryIn(server, 'chunks/1.bin');
    if (cache === 'memory') await MemoryStore.shared.read(sha256!, (piece) => void (piece[7] = 255 - piece[7]!));
    else browser.damage(sha256!, 7);
    const healing = await visit(server, { cache });
    assert.deepEqual(healing.asked, ['manifest.json', 'chunks/1.bin']);
    assert.deepEqual(healing.events.filter(({ phase }) => phase === 'retry').map(({ file }) => file), ['chunks/1.bin']);
    assert.equal(healing.events.at(-1)!.storedBytes, TOTAL - bytes);
    assert.deepEqual((await visit(server, { cache })).asked, ['manifest.json']);
    assert.equal((await stores.list()).get(sha256!), bytes);
  }
});

test('a damaged copy in one backend is deleted, and the good one in another is read', async () => {
  const { server, browser } = setup();
  await visit(server, { cache: 'opfs' });
  const cached = await Stores.open('cache-api');
  for (const path of ['manifest.json', 'tokenizer.json', 'chunks/1.bin']) {
    const content = server.files.get(path)! as Uint8Array<ArrayBuffer>;
    await cached.put(hashOf(content), content);
    browser.damage(hashOf(content));
  }
  assert.deepEqual((await visit(server)).asked, ['manifest.json']);
  const { sha256 } = entryIn(server, 'chunks/1.bin');
  assert.deepEqual([browser.folders.get('luke-web')!.has(sha256!), (await cached.list()).has(sha256!)], [false, true]);
});

test('a stored file of another length, and a damaged manifest, heal themselves', async () => {
  const { server, browser } = setup();
  await visit(server);
  const folder = browser.folders.get('luke-web')!;
  const cut = folder.get(entryIn(server, 'chunks/0.bin').sha256!)!;
  cut.bytes = cut.bytes.slice(0, 100);
  assert.deepEqual((await visit(server)).asked, ['manifest.json', 'chunks/0.bin']);
  browser.damage(hashOf(server.files.get('manifest.json')!));
  await visit(server);
  server.isOffline = true;
  assert.deepEqual((await visit(server)).asked, ['manifest.json']);
});

test('a file that is damaged on the server and in the store rejects with integrity', async () => {
  const { server, browser } = setup();
  await visit(server);
  browser.damage(entryIn(server, 'chunks/1.bin').sha256!);
  server.plan = (path) => (path === 'chunks/1.bin' ? { flipAt: 3 } : undefined);
  await assert.rejects(quickly(() => visit(server, { retries: 1 })), { code: 'integrity', message: /chunks\/1\.bin/ });
});

test('at most parallelDownloads files are on their way, in the order in which they are needed', async () => {
  for (const parallelDownloads of [1, 3]) {
    for (const cache of ['opfs', false] as const) {
      const { server } = setup({}, Array(9).fill(3000));
      const { files, host } = await open(server, { cache, parallelDownloads });
      const { manifest } = (await files.folder())!;
      let most = 0;
      for (let i = 0; i < 60; i += 1) {
        await turn();
        most = Math.max(most, server.asked.filter(({ isOver, path }) => !isOver && path !== 'manifest.json').length);
      }
      assert.equal(most, parallelDownloads);
      // Without a store no more than that waits in memory.
      if (cache === false) assert.equal(server.asked.length, 1 + parallelDownloads);
      for (const entry of [manifest.files.tokenizer, manifest.files.entityVocab, ...manifest.chunks]) await readVerified(host, entry);
      const wanted = ['manifest.json', 'tokenizer.json', 'entity_vocab.json', ...manifest.chunks.map(({ path }) => path)];
      assert.deepEqual(server.asked.map(({ path }) => path), wanted);
    }
  }
});

test('a full disk in the middle of a load: it goes on in memory, an event says so, and what is stored stays', async () => {
  for (const options of [{}, { isQuotaThrown: false }, { isWorker: false }]) {
    const { server, browser } = setup({ quota: 9000, ...options });
    navigator.storage.estimate = async () => ({ usage: 0, quota: 1e9 }); // it is only an estimate
    const { events, sent } = await visit(server);
    assert.equal(events.filter(({ phase }) => phase === 'quota').length, 1);
    assert.ok(sent <= TOTAL + 4000 + 2500, `${sent}`); // a file that was refused may come again
    browser.options.quota = Infinity;
    const kept = [...browser.stored.keys()].filter((name) => /^[0-9a-f]{64}$/.test(name)).length;
    assert.ok((await visit(server)).asked.length <= 9 - kept + 1);
  }
});

test('a disk without room for the model is noticed before anything is fetched', async () => {
  const { server, browser } = setup({ quota: 15_000 });
  const { events } = await visit(server);
  assert.match(events.find(({ phase }) => phase === 'quota')!.reason!, /16000 bytes are needed, and 1\d{4} are free/);
  assert.deepEqual([...browser.stored.values()].filter((bytes) => SIZES.includes(bytes.length)), []);
  await assert.rejects(visit(server, { cache: 'opfs' }), { code: 'quota', message: /"opfs"/ });
  assert.ok(!server.asked.slice(-1).some(({ path }) => path.startsWith('chunks')));
});

for (const broken of ['handle', 'write', 'move'] as const) {
  test(`a store that is there but does not work (${broken}): the next one keeps the model and its record, and an event says so once`, async () => {
    const { server, browser } = setup();
    browser.onOperation = (operation) => {
      if (operation === broken) throw new DOMException('broken', 'UnknownError');
    };
    const { events } = await visit(server);
    assert.ok(events.filter(({ phase }) => phase === 'fallback').length <= 1); // none if the manifest was the first file
    assert.deepEqual(events.filter(({ phase }) => phase === 'quota'), []);
    assert.equal(browser.caches.get('luke-web')!.size, 8 + 1); // with the manifest and the record
    server.isOffline = true;
    assert.equal((await visit(server)).events.at(-1)!.storedBytes, TOTAL);
    assert.deepEqual(await visit(server, { cache: 'opfs' }).then(() => 'loaded', (error) => error.code), 'loaded');
  });
}

test('a model that is stored needs no room', async () => {
  const { server, browser } = setup();
  await visit(server);
  browser.options.quota = browser.used;
  const { events, asked } = await visit(server);
  assert.deepEqual([asked, events.some(({ phase }) => phase === 'quota')], [['manifest.json'], false]);
});

test('the room for a part that is on the disk already is not asked for again', async () => {
  const { server, browser } = setup();
  const tab = new Tab();
  tab.run(() => visit(server)).catch(() => {}); // timers do not end with the fake tab
  while (server.sent - server.sentOf('manifest') < 8000) await turn();
  browser.close(tab);
  browser.options.quota = TOTAL + 1500; // the model, its manifest and its record
  const { events, asked } = await visit(server);
  assert.ok(asked.some((path) => path.startsWith('chunks')), String(asked));
  assert.deepEqual(events.filter(({ phase }) => phase === 'quota'), []);
});

test('a model that is replaced leaves nothing of its earlier version, and files that both have are not fetched again', async () => {
  const { server, browser } = setup({}, [5000, 4000]);
  await visit(server);
  const before = new Set(browser.stored.keys());
  const next = new FakeServer(modelOf([5000, 4001], [600]));
  const { asked } = await visit(next);
  assert.ok(!asked.includes('chunks/0.bin') && asked.includes('chunks/1.bin'), String(asked));
  const manifest = JSON.parse(new TextDecoder().decode(next.files.get('manifest.json')));
  const named = [...Object.values(manifest.files), ...manifest.chunks].map((entry) => (entry as { sha256: string }).sha256);
  const kept = [...browser.stored.keys()].filter((name) => !name.startsWith('model-'));
  assert.deepEqual(kept.sort(), [...new Set([...named, hashOf(next.files.get('manifest.json')!)])].sort());
  assert.ok([...before].some((name) => !browser.stored.has(name)));
});

test('a manifest with a wrong length fails, and deletes no file that another model uses', async () => {
  const { server } = setup();
  await visit(server);
  const chunk = entryIn(server, 'chunks/1.bin');
  const text = new TextDecoder().decode(server.files.get('manifest.json')!);
  for (const bytes of [chunk.bytes - 1, chunk.bytes + 1]) {
    const wrong = text.replace(`"bytes":${chunk.bytes},"sha256":"${chunk.sha256}"`, `"bytes":${bytes},"sha256":"${chunk.sha256}"`);
    assert.notEqual(wrong, text);
    const other = new FakeServer({ ...Object.fromEntries(server.files), 'manifest.json': wrong });
    await assert.rejects(visit(other, { url: `${MANIFEST}?wrong`, retries: 0 }), { code: 'integrity' });
    assert.deepEqual((await visit(server)).asked, ['manifest.json']);
  }
});

test('an abort, and then another load: only what is missing is fetched', async () => {
  for (const until of [1, 4000, 9000, 15_000]) {
    const { server, browser } = setup();
    const { files, host } = await open(server);
    const { manifest } = (await files.folder())!;
    const reading = readVerified(host, manifest.chunks[4]!);
    reading.catch(() => {});
    while (server.sent - server.sentOf('manifest') < until) await turn();
    files.stop('enough');
    await idle();
    assert.ok(server.asked.every(({ isOver }) => isOver));
    assert.ok([...browser.folders.get('luke-web')!.values()].every(({ open }) => open.size === 0), 'all handles are closed');
    assert.equal(browser.locks.held.size, 0);
    await visit(server);
    assert.ok(server.sent - server.sentOf('manifest') <= TOTAL + 4 * 1000, `${server.sent}`);
  }
});

test('the rows of calls are fetched ahead, kept, and read without network later', async () => {
  const { server } = setup();
  const { files, host, folder } = await visit(server);
  const rows = folder.manifest.entityTable!.chunks;
  files.clear(true);
  for (const [i, row] of rows.entries()) await readVerified(host, row, rows.slice(i + 1));
  assert.equal(server.sentOf('entities'), 1500);
  server.isOffline = true;
  const later = await visit(server);
  for (const [i, row] of rows.entries()) await readVerified(later.host, row, rows.slice(i + 1));
});

test('a row that could not be fetched is fetched by the next call', async () => {
  const { server } = setup();
  const { files, host, folder } = await visit(server, { retries: 0 });
  const rows = folder.manifest.entityTable!.chunks;
  server.isOffline = true;
  files.clear(true);
  await assert.rejects(readVerified(host, rows[0]!, rows.slice(1)), { code: 'network' });
  await idle();
  server.isOffline = false;
  files.clear(true);
  for (const [i, row] of rows.entries()) await readVerified(host, row, rows.slice(i + 1));
});

test('without a store, files that a call wanted and did not read do not fill the memory for ever', async () => {
  const sizes = Array<number>(12).fill(100);
  const server = new FakeServer(modelOf([100], sizes));
  const { files, host, folder } = await visit(server, { cache: false, parallelDownloads: 2 });
  const rows = folder.manifest.entityTable!.chunks;
  files.clear(true);
  await readVerified(host, rows[0]!, rows.slice(1)); // and then the call is aborted
  await idle();
  files.clear(true);
  const askedBefore = server.asked.length;
  await readVerified(host, rows[8]!, rows.slice(9));
  await idle();
  assert.deepEqual(server.asked.slice(askedBefore).map(({ path }) => path), ['entities/8.bin', 'entities/9.bin', 'entities/10.bin']);
});

test('what a call wanted ends with the last call, and the next call continues it', async () => {
  const server = new FakeServer(modelOf([100], Array(6).fill(4000)));
  const browser = new FakeBrowser().install();
  const { files, host, folder } = await visit(server);
  const rows = folder.manifest.entityTable!.chunks;
  const reading = readVerified(host, rows[0]!, rows.slice(1));
  reading.catch(() => {});
  while (server.sentOf('entities') < 4000) await turn();
  files.clear(true);
  await idle();
  assert.ok(server.asked.every(({ isOver }) => isOver));
  assert.ok([...browser.folders.get('luke-web')!.values()].every(({ open }) => open.size === 0));
  for (const [i, row] of rows.entries()) await readVerified(host, row, rows.slice(i + 1));
  assert.ok(server.sentOf('entities') <= 24_000 + 4 * 1000, `${server.sentOf('entities')}`);
});

test('two readers of one file share its download; a third one after them does not', async () => {
  for (const cache of ['opfs', false] as const) {
    const { server } = setup();
    const { host, folder } = await visit(server, { cache });
    const [row] = folder.manifest.entityTable!.chunks;
    await Promise.all([readVerified(host, row!), readVerified(host, row!)]);
    assert.equal(server.for('entities/0.bin').length, 1);
    await readVerified(host, row!);
    assert.equal(server.for('entities/0.bin').length, cache === false ? 2 : 1);
  }
});
