import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Cutter } from '../src/cutter.js';
import { Fetcher, key, type Landed, NoRanges } from '../src/fetcher.js';
import type { FileEntry } from '../src/manifest.js';
import { Progress } from '../src/progress.js';
import { fetchSource } from '../src/source.js';
import { Stores, type CacheOption } from '../src/store/stores.js';
import { FakeBrowser, type BrowserOptions } from './browser.js';
import { idle, quickly } from './clock.js';
import { entryOf, MODEL } from './fakes.js';
import { FakeServer, type ServerOptions } from './server.js';

afterEach(() => {
  FakeBrowser.uninstall();
  delete (globalThis as { location?: unknown }).location;
});

const FILE = Uint8Array.from({ length: 5000 }, (_, i) => i * 31);
const file: FileEntry = entryOf('a.bin', FILE);

interface Setup extends ServerOptions {
  cache?: CacheOption;
  retries?: number;
  browser?: BrowserOptions;
}

/** A fetcher of a server with `a.bin`, and what it tells. */
async function setup({ cache = 'opfs', retries = 3, browser: options = {}, ...server_ }: Setup = {}) {
  const browser = new FakeBrowser(options).install();
  const server = new FakeServer({ 'a.bin': FILE }, server_);
  const stop = new AbortController();
  const told: [what: string, here: number, stored: number][] = [];
  const make = async (signal = stop.signal) => {
    const progress = new Progress(({ phase, loadedBytes, storedBytes, reason, attempt }) => {
      told.push(phase === 'download' ? ['bytes', loadedBytes, storedBytes] : [reason ? `${phase} ${reason}` : phase, attempt ?? 0, 0]);
    });
    const { count } = progress;
    progress.count = function (this: Progress, entry, here, stored) {
      told.push(['bytes', here, stored]);
      count.call(this, entry, here, stored);
    };
    const made = new Fetcher(fetchSource(server.fetch as typeof fetch), (path) => MODEL + path, await Stores.open(cache), { retries, stallMs: 15_000 }, progress, signal);
    made.names = { ...made.names, versions: new Map(), part: async (entry) => entry.sha256 ?? `${entry.path} ${entry.offset}` };
    return made;
  };
  const fetcher = await make();
  const cut = async (parts: FileEntry[]) => {
    const cutter = new Cutter(fetcher, async () => undefined);
    return new Map(await Promise.all(parts.map(async (part) => [key(part), await cutter.land(part, () => parts)] as const)));
  };
  return { browser, server, stop, told, fetcher, make, cut };
}

/** What landed. */
async function bytesOf({ name, content }: Landed, fetcher: Fetcher): Promise<Uint8Array> {
  if (content) return new Uint8Array(await content.arrayBuffer());
  const pieces: Uint8Array[] = [];
  assert.ok(await fetcher.stores.read(name!, (piece) => pieces.push(piece.slice())));
  return new Uint8Array(Buffer.concat(pieces));
}

/** The bytes that were told become fewer only around a retry, and end at the length of the file. */
function checkTold(told: [string, number, number][], end = FILE.length) {
  let mayFall = false;
  let last = 0;
  for (const [what, here, stored] of told) {
    if (what !== 'bytes') mayFall ||= /^retry|^quota/.test(what);
    else {
      // The reset comes just before its retry is told.
      assert.ok(here >= last || here === 0 || mayFall, `${last} → ${here}`);
      assert.ok(here <= FILE.length && stored <= here);
      if (here < last && here !== 0) mayFall = false;
      last = here;
    }
  }
  assert.equal(last, end);
}

for (const cache of ['opfs', 'cache-api', 'memory', false] as const) {
  test(`a file is fetched once, verified and kept (cache: ${cache})`, async () => {
    const { fetcher, server, told, browser } = await setup({ cache });
    const landed = await fetcher.fetch(file);
    assert.deepEqual(await bytesOf(landed, fetcher), FILE);
    assert.deepEqual([server.sent, landed.name], [5000, cache === false ? undefined : file.sha256]);
    assert.deepEqual([...browser.stored.keys()], cache === 'opfs' || cache === 'cache-api' ? [file.sha256] : []);
    assert.deepEqual(told.map(([what, here]) => (what === 'bytes' ? here : what)), [1000, 2000, 3000, 4000, 5000, 5000, 'verify']);
  });

  test(`a connection that drops costs only what was in flight (cache: ${cache})`, async () => {
    const { fetcher, server, told } = await setup({ cache });
    server.next('a.bin', { cutAt: 1500 }, { isRefused: true }, { cutAt: 0 }, { cutAt: 2001 });
    const { value } = await quickly(() => fetcher.fetch(file));
    assert.deepEqual(await bytesOf(value, fetcher), FILE);
    assert.deepEqual(server.asked.map(({ range }) => range), [undefined, '1500-4999', '1500-4999', '1500-4999', '3501-4999']);
    assert.equal(server.sent, 5000);
    checkTold(told);
  });

  test(`wrong bytes are fetched again, and are not kept (cache: ${cache})`, async () => {
    for (const fault of [{ flipAt: 100 }, { endAt: 3000 }, { body: new Uint8Array(6000) }, { body: new TextEncoder().encode('<html>'), headers: { 'content-type': 'text/html' } }]) {
      const { fetcher, server, told, browser } = await setup({ cache });
      server.next('a.bin', fault);
      const { value } = await quickly(() => fetcher.fetch(file));
      assert.deepEqual(await bytesOf(value, fetcher), FILE);
      assert.ok(server.sent <= 5000 + 6000, `${server.sent}`);
      assert.ok([...browser.stored.keys()].every((name) => name === file.sha256));
      checkTold(told);
    }
  });

  test(`bytes that are always wrong reject with integrity, and nothing is stored (cache: ${cache})`, async () => {
    const { fetcher, server, browser } = await setup({ cache, retries: 2 });
    server.plan = () => ({ flipAt: 4999 });
    await assert.rejects(quickly(() => fetcher.fetch(file)), { code: 'integrity', message: /a\.bin: the SHA-256 is/ });
    assert.deepEqual([server.asked.length, browser.used], [3, 0]);
  });
}

test('statuses: 429 and 503 wait as Retry-After says; 404 and 403 fail at once', async () => {
  const { fetcher, server } = await setup();
  server.next('a.bin', { status: 429, headers: { 'retry-after': '7' } }, { status: 503, headers: { 'retry-after': '3' } }, { status: 500 });
  const { ms } = await quickly(() => fetcher.fetch(file));
  assert.ok(ms >= 10_000 && ms <= 14_500, `${ms}`);
  for (const status of [403, 404, 410]) {
    const { fetcher, server } = await setup();
    server.next('a.bin', { status });
    await assert.rejects(fetcher.fetch(file), { code: 'network', detail: { url: `${MODEL}a.bin`, status } });
    assert.equal(server.asked.length, 1);
  }
});

test('a signed URL that has expired is asked for again: status 403 after a redirect', async () => {
  const { fetcher, server } = await setup();
  server.next('a.bin', { status: 403, isRedirected: true }, { cutAt: 2000, isRedirected: true }, { status: 403, isRedirected: true });
  const { value } = await quickly(() => fetcher.fetch(file));
  assert.deepEqual([await bytesOf(value, fetcher), server.asked.length], [FILE, 4]);
});

test('a download ends alone with its own signal, and its part stays', async () => {
  const { fetcher, server } = await setup();
  const abort = new AbortController();
  server.next('a.bin', { stallAt: 2000 });
  const fetching = fetcher.fetch(file, abort.signal);
  await idle();
  abort.abort('enough');
  await assert.rejects(fetching, (reason) => reason === 'enough');
  assert.deepEqual([await bytesOf(await fetcher.fetch(file), fetcher), server.sent], [FILE, 5000]);
});

test('a stalled download is tried again from where it stood, also with a fetch that ignores aborts', async () => {
  for (const heedsAborts of [true, false]) {
    const { fetcher, server, told } = await setup({ heedsAborts });
    server.next('a.bin', { stallAt: 2000 }, { stallAt: -1 });
    const { value, ms } = await quickly(() => fetcher.fetch(file));
    assert.deepEqual(await bytesOf(value, fetcher), FILE);
    assert.ok(ms >= 30_000 && ms < 36_000, `${ms}`);
    assert.equal(server.sent, 5000);
    checkTold(told);
  }
});

test('headers that come after their try was given up change nothing', async () => {
  const { server, make } = await setup({ heedsAborts: false, ranges: false, cache: false });
  const { fetch } = server;
  const secondIsUnderWay = async () => {
    while (server.sent < 2000) await new Promise(setImmediate);
  };
  Object.assign(server, {
    fetch: async (...request: Parameters<typeof fetch>) => {
      const isFirst = server.asked.length === 0;
      const response = await fetch(...request);
      if (isFirst) await secondIsUnderWay();
      return response;
    },
  });
  const fetcher = await make();
  const { value } = await quickly(() => fetcher.fetch(file));
  assert.deepEqual(await bytesOf(value, fetcher), FILE);
  assert.deepEqual(server.asked.map(({ isCancelled, sent }) => [isCancelled, sent]), [[true, 0], [false, 5000]]);
});

test('a server without ranges sends the whole file again, and the bytes are not counted twice', async () => {
  for (const options of [{ ranges: false }, { ranges: true }]) {
    const { fetcher, server, told } = await setup(options);
    server.next('a.bin', { cutAt: 3000 }, { ignoresRange: true });
    const { value } = await quickly(() => fetcher.fetch(file));
    assert.deepEqual(await bytesOf(value, fetcher), FILE);
    assert.equal(server.sent, 8000);
    checkTold(told);
  }
});

test('If-Range makes a server send the whole file when it has changed', async () => {
  Object.defineProperty(globalThis, 'location', { configurable: true, value: { origin: 'https://models.test' } });
  const { fetcher, server } = await setup();
  const old = FILE.map((byte) => byte + 1);
  server.next('a.bin', { cutAt: 3000, body: old, etag: '"old"' });
  const { value } = await quickly(() => fetcher.fetch(file));
  assert.deepEqual(await bytesOf(value, fetcher), FILE);
  assert.deepEqual(server.asked.map(({ range, ifRange }) => [range, ifRange]), [[undefined, undefined], ['3000-4999', '"old"']]);
  assert.equal(server.sent, 8000); // without If-Range the hash would have told, after one more try
});

test('a server that sends another range than was asked for is not believed', async () => {
  const { fetcher, server } = await setup();
  server.next('a.bin', { cutAt: 3000 }, { headers: { 'content-range': 'bytes 0-4999/5000' } });
  const { value } = await quickly(() => fetcher.fetch(file));
  assert.deepEqual(await bytesOf(value, fetcher), FILE);
});

test('a part of an earlier session is continued; its bytes are counted as stored when they are used', async () => {
  for (const { ranges, sent, stored } of [{ ranges: true, sent: 3000, stored: 2000 }, { ranges: false, sent: 5000, stored: 0 }]) {
    const { fetcher, server, told, make, stop } = await setup({ ranges });
    server.next('a.bin', { stallAt: 2000 });
    const first = fetcher.fetch(file);
    while (told.length < 2) await new Promise(setImmediate);
    stop.abort('closed');
    await assert.rejects(first, (reason) => reason === 'closed');
    told.length = 0;
    const later = await make(new AbortController().signal);
    assert.deepEqual(await bytesOf(await later.fetch(file), later), FILE);
    assert.equal(server.sent - 2000, sent);
    const counts = told.filter(([what]) => what === 'bytes').map(([, here]) => here);
    assert.deepEqual(counts, [...counts].sort((a, b) => a - b)); // nothing is taken back without a retry
    assert.deepEqual(told.at(-2), ['bytes', 5000, stored]);
  }
});

test('a part that is complete, too long or wrong is used, or thrown away', async () => {
  const cases: [Uint8Array, number][] = [[FILE, 0], [new Uint8Array(6000), 5000], [new Uint8Array(5000), 5000], [new Uint8Array(4000), 1000 + 5000]];
  for (const [part, sent] of cases) {
    const { fetcher, server, told } = await setup();
    const draft = await fetcher.stores.target!.draft(file.sha256!, 6000);
    draft.write(part as Uint8Array<ArrayBuffer>);
    draft.close();
    const { value } = await quickly(() => fetcher.fetch(file));
    assert.deepEqual(await bytesOf(value, fetcher), FILE);
    assert.equal(server.sent, sent);
    checkTold(told);
  }
});

test('a server whose file is shorter than the part does not keep the part alive', async () => {
  const { fetcher, server } = await setup({ retries: 1 });
  const draft = await fetcher.stores.target!.draft(file.sha256!, 5000);
  draft.write(FILE.slice(0, 4000));
  draft.close();
  server.files.set('a.bin', FILE.slice(0, 3000));
  await assert.rejects(quickly(() => fetcher.fetch(file)), { code: 'integrity', message: /cut short at 3000/ });
  assert.deepEqual(server.asked.map(({ range }) => range), ['4000-4999', undefined, '3000-4999']);
});

test('a part of a file needs ranges, and one that was replaced meanwhile is refused at once', async () => {
  const part: FileEntry = { path: 'a.bin', bytes: 100, offset: 200 };
  const { fetcher, server } = await setup();
  assert.deepEqual(await bytesOf(await fetcher.fetch(part), fetcher), FILE.slice(200, 300));
  server.next('a.bin', { ignoresRange: true });
  await assert.rejects(fetcher.fetch({ ...part, offset: 300 }), (error) => error instanceof NoRanges);
  assert.equal(server.asked.at(-1)!.isCancelled, true);
  fetcher.names.versions.set('a.bin', '"a.bin"');
  server.etags.set('a.bin', '"new"');
  await assert.rejects(fetcher.fetch({ ...part, offset: 400 }), { code: 'integrity', message: /was replaced/ });
  assert.equal(server.asked.length, 3);
});

test('a full disk in the middle of a file: the load goes on in memory, with the bytes that have come', async () => {
  for (const browser of [{ quota: 2500 }, { quota: 2500, isQuotaThrown: false }]) {
    const { fetcher, server, told, browser: disk } = await setup({ cache: 'auto', browser });
    const { value } = await quickly(() => fetcher.fetch(file));
    assert.deepEqual(await bytesOf(value, fetcher), FILE);
    assert.deepEqual([value.name, disk.used, fetcher.stores.target], [undefined, 0, undefined]);
    assert.ok(server.sent <= 5000 + 1000, `${server.sent}`); // the piece that the disk refused comes again
    assert.equal(told.filter(([what]) => /^quota.*QuotaExceededError/.test(what)).length, 1);
    checkTold(told);
  }
});

test('a full disk rejects with quota if the store was asked for by name', async () => {
  for (const cache of ['opfs', 'cache-api'] as const) {
    const { fetcher } = await setup({ cache, browser: { quota: 2500 } });
    await assert.rejects(fetcher.fetch(file), { code: 'quota', message: new RegExp(`"${cache}"`) });
  }
});

test('a store that fails when a file begins, is written, is read or is committed costs no load', async () => {
  for (const cache of ['auto', 'cache-api'] as const) {
    for (const operation of ['open', 'handle', 'write', 'read', 'move', 'put'] as const) {
      const { fetcher, told, browser } = await setup({ cache });
      let isBroken = false;
      browser.onOperation = (now) => {
        isBroken ||= now === operation;
        if (isBroken) throw new DOMException('broken', 'UnknownError');
      };
      const { value } = await quickly(() => fetcher.fetch(file));
      browser.onOperation = () => {};
      assert.deepEqual(await bytesOf(value, fetcher), FILE, operation);
      assert.equal(value.name, isBroken ? undefined : file.sha256);
      checkTold(told);
    }
  }
});

test('a file that cannot be renamed is used from where it is, and is not fetched again', async () => {
  const { fetcher, browser, server, told } = await setup({ cache: 'auto' });
  browser.onOperation = (operation) => {
    if (operation === 'move') throw new DOMException('broken', 'UnknownError');
  };
  const { value } = await quickly(() => fetcher.fetch(file));
  assert.deepEqual([await bytesOf(value, fetcher), server.sent], [FILE, 5000]);
  assert.ok([...browser.folders.get('luke-web')!.values()].every(({ open }) => open.size === 0));
  checkTold(told);
});

test('a part that cannot be thrown away costs no load', async () => {
  const { fetcher, browser, server, cut } = await setup({ cache: 'auto' });
  const draft = await fetcher.stores.target!.draft(file.sha256!, 6000);
  draft.write(new Uint8Array(6000));
  draft.close();
  browser.onOperation = (operation) => {
    if (operation === 'write') throw new DOMException('broken', 'UnknownError');
  };
  for (const fetching of [() => fetcher.fetch(file), async () => (await cut([{ path: 'a.bin', offset: 0, bytes: 5000 }])).get('a.bin from 0')!]) {
    const { value } = await quickly(fetching);
    assert.deepEqual(await bytesOf(value, fetcher), FILE);
  }
  assert.equal(server.sent, 10_000);
});

test('an abort at any byte closes the file and the connection, and rejects with its reason', async () => {
  for (let bytes = 0; bytes <= 5000; bytes += 1000) {
    const { fetcher, server, stop, browser } = await setup();
    const fetching = fetcher.fetch(file);
    while (server.sent < bytes) await new Promise(setImmediate);
    stop.abort('stop');
    await fetching.then(({ name }) => assert.equal(name, file.sha256), (reason) => assert.equal(reason, 'stop'));
    await new Promise(setImmediate);
    assert.ok(server.asked.every(({ isOver }) => isOver));
    assert.ok([...browser.folders.get('luke-web')!.values()].every(({ open }) => open.size === 0));
  }
});

test('an abort while the next try waits', async () => {
  const { fetcher, server, stop } = await setup();
  server.plan = () => ({ status: 500 });
  const fetching = fetcher.fetch(file);
  while (server.asked.length < 1) await new Promise(setImmediate);
  await idle();
  stop.abort('stop');
  await assert.rejects(fetching, (reason) => reason === 'stop');
  assert.equal(server.asked.length, 1);
});

test('cut: the parts of a file are kept, and after a drop only the missing ones are read again', async () => {
  for (const cache of ['opfs', 'cache-api', false] as const) {
    const { fetcher, server, told, cut } = await setup({ cache, ranges: false });
    const part = (offset: number, bytes: number): FileEntry => ({ path: 'a.bin', bytes, offset });
    const parts = [part(10, 90), part(100, 2000), part(2400, 0), part(2500, 700), part(4999, 1)];
    server.next('a.bin', { cutAt: 2700 });
    const { value } = await quickly(() => cut(parts));
    for (const entry of parts) assert.deepEqual(await bytesOf(value.get(key(entry))!, fetcher), FILE.slice(entry.offset, entry.offset! + entry.bytes));
    assert.equal(server.sent, 2700 + 5000);
    assert.ok(told.some(([what]) => what.startsWith('retry')));
    server.files.set('a.bin', FILE.slice(0, 3000));
    await assert.rejects(quickly(() => cut([part(2900, 200)])), { code: 'integrity', message: /cut short at 3000/ });
  }
});

test('cut: reading ends with the last part, and a full disk is no failure', async () => {
  const { fetcher, server, cut } = await setup({ cache: 'auto', ranges: false, browser: { quota: 150 } });
  const parts = [100, 200, 300].map((offset): FileEntry => ({ path: 'a.bin', bytes: 100, offset }));
  const { value } = await quickly(() => cut(parts));
  const got = await Promise.all(parts.map((entry) => bytesOf(value.get(key(entry))!, fetcher)));
  assert.deepEqual(got, parts.map(({ offset }) => FILE.slice(offset, offset! + 100)));
  assert.ok(server.asked.every(({ sent, isCancelled }) => sent <= 2000 && isCancelled));
});
