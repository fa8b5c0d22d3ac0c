// Loads under random faults. A seed that fails is printed and can be run alone: SEED=7 node --test dist-test/test/faults.test.js. More seeds
// than usual: SEEDS=500.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { SmallFiles } from '../src/checkpoint.js';
import { LukeError } from '../src/errors.js';
import { MemoryStore } from '../src/store/memory.js';
import { FakeBrowser } from './browser.js';
import { idle, quickly, seeded, turn } from './clock.js';
import { FakeServer, type Fault } from './server.js';
import { content, modelOf, open, visit, type VisitOptions } from './visit.js';

const SEEDS = process.env['SEED'] ? [Number(process.env['SEED'])] : Array.from({ length: Number(process.env['SEEDS'] ?? 20) }, (_, i) => i + 1);

afterEach(async () => {
  FakeBrowser.uninstall();
  for (const { name } of await MemoryStore.shared.list()) await MemoryStore.shared.delete(name);
});

const STALL_MS = 1000;
const hurried = <T>(work: () => Promise<T>) => quickly(work, { stepMs: 250 });

/** Random choices from one seed. */
class Dice {
  readonly next: () => number;
  constructor(seed: number) {
    this.next = seeded(seed);
  }

  /** A whole number from 0 to `most`. */
  upTo(most: number): number {
    return Math.floor(this.next() * (most + 1));
  }

  of<T>(values: readonly T[]): T {
    return values[this.upTo(values.length - 1)]!;
  }

  is(probability: number): boolean {
    return this.next() < probability;
  }
}

const page = { body: new TextEncoder().encode('<html>Log in</html>'), headers: { 'content-type': 'text/html' } };

/** A connection that drops: nothing that came is wrong. */
function drop(dice: Dice, bytes: number): Fault {
  return dice.of<() => Fault>([
    () => ({ cutAt: dice.upTo(bytes) }), () => ({ isRefused: true }), () => ({ stallAt: dice.upTo(bytes) - 1 }), () => ({ status: dice.of([500, 502, 503, 408]) }),
    () => ({ status: 429, headers: { 'retry-after': String(dice.upTo(3)) } }),
  ])();
}

/** Anything. */
function anything(dice: Dice, bytes: number): Fault {
  return dice.of<() => Fault>([
    () => drop(dice, bytes), () => drop(dice, bytes), () => ({ flipAt: dice.upTo(bytes - 1) }), () => ({ endAt: dice.upTo(bytes) }), () => ({ ignoresRange: true }),
    () => ({ etag: `"other ${dice.upTo(9)}"` }), () => ({ ignoresRange: true, cutAt: dice.upTo(bytes) }), () => page, () => ({ body: content(bytes + 1 + dice.upTo(500), 77) }),
    () => ({ headers: { 'content-range': 'bytes 0-9/10' } }),
  ])();
}

/** A rejection must say what is wrong, in our words. */
function assertTyped(error: unknown, seed: number) {
  assert.ok(error instanceof LukeError && ['network', 'integrity', 'format', 'quota'].includes(error.code), `seed ${seed}: ${String((error as Error)?.stack ?? error)}`);
}

function assertClosed(server: FakeServer, browser: FakeBrowser, seed: number) {
  if (server.options.heedsAborts) assert.deepEqual(server.asked.filter(({ isOver }) => !isOver), [], `seed ${seed}: connections are open`);
  assert.ok([...(browser.folders.get('luke-web')?.values() ?? [])].every(({ open }) => open.size === 0), `seed ${seed}: a file is open`);
  assert.equal(browser.locks.held.size, 0, `seed ${seed}: a lock is held`);
}

/** Begins a load and aborts it at some moment. */
async function aborted(dice: Dice, server: FakeServer, options: VisitOptions) {
  const opened = await open(server, options);
  const reason = new LukeError('disposed', 'enough');
  const loading = (async () => {
    const folder = await opened.files.folder();
    for (const entry of folder?.manifest.chunks ?? []) await opened.host.read(entry, [], false, () => {}, undefined);
  })();
  loading.catch(() => {});
  for (let i = dice.upTo(40); i > 0; i -= 1) await turn();
  opened.files.stop(reason);
  await loading.catch((error) => assert.ok(error === reason || error instanceof LukeError, String(error)));
  await idle();
}

test('drops and aborts: a server with ranges sends each byte once, but for what was in flight', async () => {
  for (const seed of SEEDS) {
    const dice = new Dice(seed);
    const browser = new FakeBrowser({ isWorker: dice.is(0.8) }).install();
    const sizes = Array.from({ length: 1 + dice.upTo(6) }, () => dice.upTo(6000));
    const pieceBytes = 1 + dice.upTo(2000);
    const server = new FakeServer(modelOf(sizes), { pieceBytes, byteStreams: dice.is(0.5) });
    const total = sizes.reduce((sum, bytes) => sum + bytes, 1000);
    const cache = browser.options.isWorker ? 'opfs' : 'cache-api';
    const options = { cache, stallMs: STALL_MS, retries: 1 + dice.upTo(3), parallelDownloads: 1 + dice.upTo(5) } as const;
    const often = dice.next() * 0.6;
    server.plan = (path) => (dice.is(often) ? drop(dice, server.files.get(path)?.length ?? 0) : undefined);
    let aborts = 0;
    await hurried(async () => {
      for (let i = dice.upTo(5); i > 0; i -= 1) {
        if (dice.is(0.5)) {
          aborts += 1;
          await aborted(dice, server, options);
        } else await visit(server, options).catch((error) => assertTyped(error, seed));
        await idle();
        assertClosed(server, browser, seed);
      }
    });
    const visits = server.asked.filter(({ path }) => path === 'manifest.json').length;
    server.plan = () => undefined;
    await visit(server, options);
    const sent = server.sent - server.sentOf('manifest');
    // The Cache API keeps no unfinished files: what an aborted or failed load had of a file comes again.
    const lost = cache === 'opfs' ? aborts * options.parallelDownloads * pieceBytes + visits * options.parallelDownloads * pieceBytes : visits * options.parallelDownloads * 6000;
    assert.ok(sent <= total + lost, `seed ${seed}: ${sent} bytes for ${total}, ${aborts} aborts, pieces of ${pieceBytes}`);
    if (visits === 0) assert.equal(sent, total, `seed ${seed}`);
    assert.deepEqual((await visit(server, options)).asked, ['manifest.json'], `seed ${seed}`);
    assertClosed(server, browser, seed);
  }
});

test('one load in which connections drop again and again sends each byte once', async () => {
  for (const seed of SEEDS) {
    const dice = new Dice(seed);
    new FakeBrowser().install();
    const sizes = Array.from({ length: 1 + dice.upTo(6) }, () => dice.upTo(6000));
    const server = new FakeServer(modelOf(sizes), { pieceBytes: 1 + dice.upTo(900), byteStreams: dice.is(0.5), heedsAborts: dice.is(0.7) });
    let faults = 0;
    server.plan = (path, before) => (before < 3 && dice.is(0.8) ? (faults++, drop(dice, server.files.get(path)!.length)) : undefined);
    const cache = dice.of(['opfs', 'cache-api', 'memory', false] as const);
    await hurried(() => visit(server, { cache, retries: 3, stallMs: STALL_MS })).catch((error: Error) => assert.fail(`seed ${seed}, ${faults} faults: ${error.stack}`));
    assert.equal(server.sent - server.sentOf('manifest'), sizes.reduce((sum, bytes) => sum + bytes, 1000), `seed ${seed}`);
    for (const { name } of await MemoryStore.shared.list()) await MemoryStore.shared.delete(name);
  }
});

test('anything may happen: the bytes are right or the error is ours, and the next load without faults works', async () => {
  for (const seed of SEEDS) {
    const dice = new Dice(seed);
    const browser = new FakeBrowser({
      isWorker: dice.is(0.8), hasReadOnlyMode: dice.is(0.5), movesOntoFiles: dice.is(0.5), isQuotaThrown: dice.is(0.5), locks: dice.is(0.8), opfs: dice.is(0.9), caches: dice.is(0.9),
    }).install();
    const sizes = Array.from({ length: 1 + dice.upTo(5) }, () => 1 + dice.upTo(5000));
    const server = new FakeServer(modelOf(sizes), { ranges: dice.is(0.8), etags: dice.is(0.8), pieceBytes: 1 + dice.upTo(3000), heedsAborts: dice.is(0.8), byteStreams: dice.is(0.5) });
    const options = (): VisitOptions => ({ stallMs: STALL_MS, cache: dice.of(['auto', 'auto', 'auto', 'memory', false] as const), retries: dice.upTo(3), parallelDownloads: 1 + dice.upTo(5) });
    const often = dice.next() * 0.5;
    server.plan = (path) => (dice.is(often) ? anything(dice, server.files.get(path)?.length ?? 0) : undefined);
    await hurried(async () => {
      for (let i = 1 + dice.upTo(4); i > 0; i -= 1) {
        const files = [...browser.stored.keys()].filter((name) => browser.stored.get(name)!.length > 0);
        const what = dice.upTo(9);
        if (what === 0) browser.wipe();
        else if (what === 1 && files.length > 0) browser.damage(dice.of(files));
        else if (what === 2 && files.length > 0) browser.folders.get('luke-web')?.delete(dice.of(files));
        else if (what === 3) browser.options.quota = browser.used + dice.upTo(6000);
        else if (what === 4) browser.options.quota = Infinity;
        else if (what === 5) server.isOffline = true;
        else if (what === 6) await aborted(dice, server, options());
        const broken = dice.is(0.2) ? dice.of(['open', 'handle', 'write', 'read', 'move', 'put', 'match', 'delete', 'size'] as const) : undefined;
        browser.onOperation = (operation) => {
          if (operation === broken && dice.is(0.5)) throw new DOMException('broken', 'UnknownError');
        };
        const visits = Array.from({ length: dice.is(0.3) ? 2 : 1 }, () => visit(server, options()).catch((error) => assertTyped(error, seed)));
        await Promise.all(visits);
        await idle();
        browser.onOperation = () => {};
        server.isOffline = false;
        assertClosed(server, browser, seed);
      }
      browser.options.quota = Infinity;
      server.plan = () => undefined;
      await visit(server, { cache: 'auto' });
      const { opfs, isWorker, caches } = browser.options;
      if ((opfs && isWorker) || caches) assert.deepEqual((await visit(server, { cache: 'auto' })).asked, ['manifest.json'], `seed ${seed}`);
    }).catch((error: Error) => assert.fail(`seed ${seed}: ${error.stack}`));
    for (const { name } of await MemoryStore.shared.list()) await MemoryStore.shared.delete(name);
  }
});

/** A checkpoint: its second byte says which version of it this is. */
function checkpoint(version: number): Uint8Array {
  const bytes = content(4000, version);
  bytes[1] = version;
  return bytes;
}

test('a checkpoint that is replaced at any moment: all its parts are of one version, or the error says so', async () => {
  for (const seed of SEEDS) {
    const dice = new Dice(seed);
    const browser = new FakeBrowser({ isWorker: dice.is(0.8) }).install();
    const server = new FakeServer({ 'config.json': '{}', 'model.safetensors': checkpoint(1) }, { ranges: dice.is(0.7), pieceBytes: 1 + dice.upTo(1500), byteStreams: dice.is(0.5) });
    server.etags.set('model.safetensors', '"1"');
    if (dice.is(0.5)) Object.defineProperty(globalThis, 'location', { configurable: true, value: { origin: 'https://models.test' } });
    const offsets = [100, 900, 1000, 2500].map((offset, i) => ({ path: 'model.safetensors', offset, bytes: [800, 100, 1200, 1500][i]! }));
    let version = 1;
    const often = dice.next() * 0.3;
    const replace = dice.next() * 0.15;
    server.plan = (path) => {
      if (path === 'model.safetensors' && dice.is(replace)) {
        version += 1;
        server.files.set(path, checkpoint(version));
        server.etags.set(path, `"${version}"`);
      }
      return dice.is(often) ? drop(dice, 1000) : undefined;
    };
    const load = async () => {
      const { files } = await open(server, { cache: dice.of(['auto', 'auto', false] as const), retries: 2, stallMs: STALL_MS });
      try {
        assert.equal(await files.folder(), undefined);
        const small = new SmallFiles(files);
        await small.read('config.json');
        const { 1: found } = await small.read('model.safetensors', { offset: 0, bytes: 50 });
        await files.wantParts(offsets);
        for (const part of offsets) {
          const pieces: Uint8Array[] = [];
          await files.read(part, [], false, (piece) => pieces.push(piece.slice()));
          assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), checkpoint(found!).slice(part.offset, part.offset + part.bytes), `seed ${seed}: part ${part.offset} of version ${found}`);
        }
        await files.complete();
      } catch (error) {
        files.stop(error);
        assertTyped(error, seed);
      }
    };
    await hurried(async () => {
      for (let i = 0; i < 4; i += 1) await Promise.all(dice.is(0.3) ? [load(), load()] : [load()]);
      await idle();
    }).catch((error: Error) => assert.fail(`seed ${seed}: ${error.stack}`));
    delete (globalThis as { location?: unknown }).location;
    assertClosed(server, browser, seed);
  }
});
