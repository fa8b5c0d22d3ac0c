import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { CacheApiStore } from '../src/store/cache-api.js';
import { MemoryStore } from '../src/store/memory.js';
import { OpfsStore } from '../src/store/opfs.js';
import type { Store } from '../src/store/store.js';
import { sleep } from '../src/retry.js';
import { Stores } from '../src/store/stores.js';
import { FakeBrowser, type BrowserOptions } from './browser.js';
import { idle, quickly, Tab, turn } from './clock.js';
import { hashOf } from './fakes.js';

afterEach(() => FakeBrowser.uninstall());

const BACKENDS: Record<Store['kind'], (options?: BrowserOptions) => Promise<{ store: Store; browser: FakeBrowser }>> = {
  opfs: async (options) => ({ browser: new FakeBrowser(options).install(), store: (await OpfsStore.open())! }),
  'cache-api': async (options) => ({ browser: new FakeBrowser(options).install(), store: (await CacheApiStore.open())! }),
  memory: async (options) => ({ browser: new FakeBrowser(options).install(), store: new MemoryStore() }),
};

const never = new AbortController().signal;
const bytes = (...values: number[]) => Uint8Array.from(values);

async function read(store: Pick<Store, 'read'>, name: string): Promise<number[] | undefined> {
  const got: Uint8Array[] = [];
  return (await store.read(name, (piece) => got.push(piece.slice()))) ? [...Buffer.concat(got)] : undefined;
}

async function put(store: Store, name: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
  const draft = await store.draft(name, content.length);
  draft.reset();
  draft.write(content);
  await draft.commit(name);
  draft.close();
}

test('storage that never answers is left after five seconds', async () => {
  new FakeBrowser().install();
  const stuck = () => new Promise<never>(() => {});
  navigator.storage.getDirectory = stuck;
  const { value, ms } = await quickly(() => Stores.open('auto'));
  assert.deepEqual([value.target!.kind, ms >= 5_000 && ms < 6_000], ['cache-api', true]);
  caches.open = stuck;
  assert.equal((await quickly(() => Stores.open('auto'))).value.target, undefined);
  await assert.rejects(quickly(() => Stores.open('opfs')), { code: 'unsupported' });
});

for (const [kind, open] of Object.entries(BACKENDS)) {
  test(`${kind}: a file is visible when it is committed, and only then`, async () => {
    const { store } = await open();
    assert.equal(store.kind, kind);
    const draft = await store.draft('part', 5);
    draft.write(bytes(1, 2, 3));
    draft.write(bytes(4, 5));
    assert.deepEqual([draft.length, [...draft.content()]], [5, [1, 2, 3, 4, 5]]);
    assert.deepEqual([await store.size('a'), await read(store, 'a'), await store.list()], [undefined, undefined, []]);
    await draft.commit('a');
    draft.close();
    assert.deepEqual([await store.size('a'), await read(store, 'a'), await store.list()], [5, [1, 2, 3, 4, 5], [{ name: 'a', bytes: 5 }]]);
    await store.delete('a');
    await store.delete('a'); // what is not there needs no deletion
    assert.deepEqual([await store.size('a'), await read(store, 'a'), await store.list()], [undefined, undefined, []]);
  });

  test(`${kind}: an empty file and a file of many pieces are read as they were written`, async () => {
    const { store } = await open();
    const large = Uint8Array.from({ length: 700_000 }, (_, i) => i * 7);
    await put(store, 'empty', bytes());
    await put(store, 'large', large);
    assert.deepEqual(await read(store, 'empty'), []);
    assert.deepEqual([await store.size('empty'), await store.size('large')], [0, 700_000]);
    assert.deepEqual(Uint8Array.from((await read(store, 'large'))!), large);
  });

  test(`${kind}: a draft that is reset or given up leaves nothing that is visible`, async () => {
    const { store } = await open();
    const draft = await store.draft('part', 3);
    draft.write(bytes(9, 9, 9));
    draft.reset();
    assert.equal(draft.length, 0);
    draft.write(bytes(1));
    assert.deepEqual([...draft.content()], [1]);
    draft.close();
    assert.deepEqual(await store.list(), []);
    await store.deleteParts(new Set());
    assert.equal((await store.draft('part', 3)).length, 0);
  });

  test(`${kind}: a file that is stored again is replaced`, async () => {
    const { store } = await open();
    await put(store, 'record.json', bytes(1, 1, 1));
    await put(store, 'record.json', bytes(2));
    assert.deepEqual([await read(store, 'record.json'), await store.list()], [[2], [{ name: 'record.json', bytes: 1 }]]);
  });

  test(`${kind}: a store that the browser has wiped is empty, and works again`, async () => {
    if (kind === 'memory') return;
    const { store, browser } = await open();
    await put(store, 'a', bytes(1));
    browser.wipe();
    assert.deepEqual([await store.size('a'), await read(store, 'a'), await store.list()], [undefined, undefined, []]);
    await put(store, 'a', bytes(2));
    assert.deepEqual(await read(store, 'a'), [2]);
  });
}

test('opfs: a later draft of the same part continues it', async () => {
  const { store } = await BACKENDS.opfs();
  const first = await store.draft('part', 4);
  first.write(bytes(1, 2));
  first.close();
  const second = await store.draft('part', 4);
  assert.equal(second.length, 2);
  second.write(bytes(3, 4));
  await second.commit('a');
  assert.deepEqual(await read(store, 'a'), [1, 2, 3, 4]);
  assert.equal((await store.draft('part', 4)).length, 0);
});

test('opfs: a draft of a part that another tab has open begins a part of its own', async () => {
  const { store, browser } = await BACKENDS.opfs();
  const draft = await store.draft('part', 4);
  draft.write(bytes(1));
  const other = await store.draft('part', 4);
  assert.equal(other.length, 0);
  other.write(bytes(2, 3));
  await other.commit('a');
  assert.deepEqual([await read(store, 'a'), [...draft.content()]], [[2, 3], [1]]);
  draft.close();
  const third = await store.draft('part', 4);
  assert.deepEqual([...third.content()], [1]);
  third.close();
  assert.deepEqual([...browser.stored.keys()].sort(), ['a', 'part.part']);
});

test('opfs: a file can be read by several at once, also where every handle is exclusive', async () => {
  for (const hasReadOnlyMode of [true, false]) {
    const { store, browser } = await BACKENDS.opfs({ hasReadOnlyMode });
    await put(store, 'a', bytes(1, 2));
    const inner: Promise<number[] | undefined>[] = [];
    await store.read('a', () => inner.push(read(store, 'a')));
    assert.deepEqual(await Promise.all([...inner, read(store, 'a'), read(store, 'a')]), Array(inner.length + 2).fill([1, 2]));
    assert.equal(browser.folders.get('luke-web')!.get('a')!.open.size, 0);
  }
});

test('opfs: a handle is closed after its reader failed', async () => {
  const { store, browser } = await BACKENDS.opfs();
  await put(store, 'a', bytes(1));
  await assert.rejects(store.read('a', () => { throw new Error('no more'); }), /no more/);
  assert.equal(browser.folders.get('luke-web')!.get('a')!.open.size, 0);
});

test('opfs: files are replaced where the browser does not rename onto a file', async () => {
  const { store } = await BACKENDS.opfs({ movesOntoFiles: false });
  await put(store, 'record.json', bytes(1, 1));
  await put(store, 'record.json', bytes(2));
  assert.deepEqual([await read(store, 'record.json'), await store.list()], [[2], [{ name: 'record.json', bytes: 1 }]]);
  await store.deleteParts(new Set());
  assert.deepEqual(await store.list(), [{ name: 'record.json', bytes: 1 }]);
});

test('opfs: a full disk throws QuotaExceededError and keeps what came before', async () => {
  for (const isQuotaThrown of [true, false]) {
    const { store } = await BACKENDS.opfs({ quota: 3, isQuotaThrown });
    const draft = await store.draft('part', 4);
    draft.write(bytes(1, 2));
    assert.throws(() => draft.write(bytes(3, 4)), { name: 'QuotaExceededError' });
    assert.deepEqual([...draft.content()], isQuotaThrown ? [1, 2] : [1, 2, 3]);
    draft.close();
  }
});

test('opfs: the number of an error is no length', async () => {
  const { store, browser } = await BACKENDS.opfs({ quota: 3, givesNumbers: true });
  const draft = await store.draft('part', 4);
  draft.write(bytes(1, 2));
  assert.throws(() => draft.write(bytes(3, 4)), { name: 'QuotaExceededError' });
  assert.deepEqual([draft.length, [...draft.content()]], [2, [1, 2]]);
  draft.close();
  await put(store, 'a', bytes(7));
  browser.wipe();
  await put(store, 'a', bytes(7));
  const pieces: number[] = [];
  browser.onOperation = (operation) => void (operation === 'read' && browser.wipe());
  await store.read('a', (piece) => pieces.push(...piece));
  assert.deepEqual(pieces, []);
  browser.onOperation = (operation, name) => void (operation === 'handle' && queueMicrotask(() => browser.folders.get('luke-web')?.delete(name)));
  const gone = await store.draft('gone', 1);
  assert.ok(Number.isSafeInteger(gone.length));
  gone.close();
});

test('a store that has no room to open rejects with quota if it was asked for, and another one takes its place if not', async () => {
  new FakeBrowser().install();
  navigator.storage.getDirectory = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
  await assert.rejects(Stores.open('opfs'), { code: 'quota', message: /"opfs"/ });
  assert.equal((await Stores.open('auto')).target!.kind, 'cache-api');
});

test('opfs: the list passes over files that vanish, and parts that another tab writes stay', async () => {
  const { store, browser } = await BACKENDS.opfs();
  await put(store, 'a', bytes(1));
  await put(store, 'b', bytes(2));
  browser.onOperation = (operation, name) => void (operation === 'size' && name === 'a' && browser.folders.get('luke-web')!.delete('a'));
  assert.deepEqual(await store.list(), [{ name: 'b', bytes: 1 }]);
  browser.onOperation = () => {};
  const draft = await store.draft('open', 1);
  (await store.draft('closed', 1)).close();
  await store.deleteParts(new Set());
  assert.deepEqual([...browser.stored.keys()], ['b', 'open.part']);
  draft.close();
});

test('opfs is readable but not writable on a page; a browser that forbids it has none', async () => {
  const worker = await BACKENDS.opfs();
  await put(worker.store, 'a', bytes(1, 2, 3));
  const page = new FakeBrowser({ isWorker: false });
  worker.browser.folders.forEach((files, name) => page.folders.set(name, files));
  page.install();
  const store = (await OpfsStore.open())!;
  assert.deepEqual([worker.store.writable, store.writable, await read(store, 'a')], [true, false, [1, 2, 3]]);
  new FakeBrowser({ opfs: false, caches: false }).install();
  assert.deepEqual([await OpfsStore.open(), await CacheApiStore.open()], [undefined, undefined]);
});

test('cache-api: a full disk rejects the commit, and nothing is visible', async () => {
  const { store } = await BACKENDS['cache-api']({ quota: 3 });
  await assert.rejects(put(store, 'a', bytes(1, 2, 3, 4)), { name: 'QuotaExceededError' });
  assert.deepEqual(await store.list(), []);
});

test('the cache option chooses the backend', async () => {
  const kinds = async (cache: Parameters<typeof Stores.open>[0], options: BrowserOptions = {}) => {
    new FakeBrowser(options).install();
    const { target, all, isRequired } = await Stores.open(cache);
    return [target?.kind, all.map(({ kind }) => kind), isRequired];
  };
  assert.deepEqual(await kinds('auto'), ['opfs', ['opfs', 'cache-api'], false]);
  assert.deepEqual(await kinds('auto', { isWorker: false }), ['cache-api', ['opfs', 'cache-api'], false]);
  assert.deepEqual(await kinds('auto', { opfs: false }), ['cache-api', ['cache-api'], false]);
  assert.deepEqual(await kinds('auto', { opfs: false, caches: false }), [undefined, [], false]);
  assert.deepEqual(await kinds('cache-api'), ['cache-api', ['opfs', 'cache-api'], true]);
  assert.deepEqual(await kinds('opfs'), ['opfs', ['opfs', 'cache-api'], true]);
  assert.deepEqual(await kinds('memory'), ['memory', ['memory'], true]);
  assert.deepEqual(await kinds(false), [undefined, [], false]);
  await assert.rejects(kinds('opfs', { isWorker: false }), { code: 'unsupported', message: /"opfs".*worker/ });
  await assert.rejects(kinds('cache-api', { caches: false }), { code: 'unsupported', message: /"cache-api"/ });
});

test('files are found in all backends, and one of another size is deleted if it is damaged', async () => {
  const browser = new FakeBrowser().install();
  const stores = await Stores.open('auto');
  const [opfs, cache] = stores.all as [Store, Store];
  await put(cache, 'a', bytes(1, 2));
  await put(opfs, 'b', bytes(3));
  await put(cache, 'b', bytes(3));
  assert.deepEqual([await stores.has('a', 2), await stores.has('b', 1), await stores.has('c', 1)], [true, true, false]);
  assert.deepEqual([await read(stores, 'a'), await read(stores, 'b'), await read(stores, 'c')], [[1, 2], [3], undefined]);
  assert.deepEqual(await stores.list(), new Map([['b', 1], ['a', 2]]));
  await put(opfs, 'a', bytes(9));
  assert.deepEqual([await stores.has('a', 2), await read(stores, 'a')], [true, [1, 2]]); // the other backend has a good copy
  assert.equal(await stores.has('a', 3), false);
  assert.deepEqual([...browser.stored.keys()].sort(), ['b']);
  const good = bytes(1, 2, 3);
  await put(cache, hashOf(good), good);
  assert.deepEqual([await stores.has(hashOf(good), 2), await stores.has(hashOf(good), 3)], [false, true]); // the size was wrong, and not the file
  await stores.delete('b');
  await stores.delete(hashOf(good));
  assert.equal(browser.stored.size, 0);
  assert.deepEqual([stores.withoutTarget().target, stores.withoutTarget().all], [undefined, stores.all]);
});

test('a backend that fails counts as one that has nothing', async () => {
  const browser = new FakeBrowser().install();
  const stores = await Stores.open('auto');
  await put(stores.all[1]!, 'a', bytes(1));
  browser.onOperation = (operation) => {
    if (operation === 'open') throw new DOMException('the disk is broken', 'UnknownError');
  };
  assert.equal(await stores.has('a', 1), true);
  assert.deepEqual(await read(stores, 'a'), [1]);
  assert.deepEqual(await stores.bytes('a'), bytes(1));
});

test('a file is put in place of the one before; without a target nothing is stored', async () => {
  new FakeBrowser().install();
  const stores = await Stores.open('auto');
  const text = async (name: string) => (await stores.bytes(name)) && new TextDecoder().decode(await stores.bytes(name));
  const putText = (to: Stores, name: string, text: string) => to.put(name, new TextEncoder().encode(text));
  await putText(stores, 't', 'Beyoncé 🐝');
  assert.equal(await text('t'), 'Beyoncé 🐝');
  await Promise.all([putText(stores, 't', 'é'), putText(stores, 't', 'é')]); // the second waits for the first
  assert.equal(await text('t'), 'é');
  await putText(stores.withoutTarget(), 'u', 'x');
  assert.equal(await text('u'), undefined);
});

test('a file is verified by its name, and one that is damaged or half in another backend is none', async () => {
  const browser = new FakeBrowser().install();
  const stores = await Stores.open('auto');
  const content = bytes(1, 2, 3);
  const name = hashOf(content);
  await stores.put(name, content);
  assert.deepEqual([await stores.verified(name), await stores.verified(hashOf('x'))], [content, undefined]);
  browser.damage(name);
  assert.deepEqual([await stores.verified(name), await stores.bytes(name)], [undefined, bytes(0, 2, 3)]);
  await put(stores.all[1]!, name, content);
  assert.deepEqual(await stores.verified(name), content); // the copy in the other backend
  browser.onOperation = (operation) => {
    if (operation === 'read') throw new DOMException('broken', 'UnknownError');
  };
  assert.deepEqual(await stores.verified(name), content);
});

test('only one works under a name at a time, and a wait ends with its signal or with the tab that holds the lock', async () => {
  const browser = new FakeBrowser().install();
  const stores = await Stores.open('auto');
  const tab = new Tab();
  const order: string[] = [];
  void tab.run(() => stores.alone('a', () => new Promise(() => order.push('first'))));
  const abort = new AbortController();
  const second = stores.alone('a', async () => order.push('second'), abort.signal);
  const third = stores.alone('a', async () => order.push('third'));
  await stores.alone('b', async () => order.push('other'));
  abort.abort('enough');
  await assert.rejects(second, (reason) => reason === 'enough');
  assert.deepEqual(order, ['first', 'other']);
  browser.close(tab);
  await third;
  await turn();
  assert.deepEqual([order, browser.locks.held.size], [['first', 'other', 'third'], 0]);
});

test('a lock that a frozen tab holds is waited for as long as its part grows, and not for ever', async () => {
  new FakeBrowser().install();
  const stores = await Stores.open('auto');
  const part = await stores.target!.draft('a', 10);
  void stores.alone('a', () => new Promise(() => {}));
  await idle();
  const grown = async () => {
    part.write(bytes(1));
    await sleep(12_000, never);
    part.write(bytes(2));
    await sleep(12_000, never);
    part.write(bytes(3));
  };
  const both = async () => {
    void grown();
    return stores.alone('a', async () => 'alone');
  };
  const { value, ms } = await quickly(both);
  assert.equal(value, 'alone');
  assert.ok(ms > 24_000 && ms < 61_000, `${ms} ms`);
  part.close();
});

test('where the browser refuses locks, work goes on without them, and its own errors are not taken for a refusal', async () => {
  for (const name of ['SecurityError', 'InvalidStateError']) {
    const browser = new FakeBrowser().install();
    browser.locks.request = () => Promise.reject(new DOMException('no locks here', name));
    const stores = await Stores.open('auto');
    assert.equal(await stores.alone('a', async () => 7), 7);
    await assert.rejects(stores.alone('a', async () => 7, AbortSignal.abort('enough')), (reason) => reason === 'enough' || (reason as Error).name === name);
    let runs = 0;
    const failing = async () => {
      runs += 1;
      throw new Error('of the work');
    };
    await assert.rejects(stores.alone('a', failing), /of the work/);
    assert.equal(runs, 1);
  }
  new FakeBrowser().install();
  let runs = 0;
  await assert.rejects((await Stores.open('auto')).alone('a', async () => Promise.reject(new Error(`run ${(runs += 1)}`))), /run 1/);
  assert.equal(runs, 1);
});
