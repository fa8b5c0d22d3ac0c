import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { abortable } from '../src/abort.js';
import { LukeError } from '../src/errors.js';
import { mayRetry, sleep, waitMs, withinStall, withRetries } from '../src/retry.js';
import { download, fetchSource, pieces } from '../src/source.js';
import { quickly, turn } from './clock.js';
import { counted, MODEL } from './fakes.js';
import { FakeServer } from './server.js';

const never = new AbortController().signal;
const network = (detail?: object) => new LukeError('network', 'no', detail);

test('what may be tried again: network errors, 408, 429, 5xx and wrong bytes', () => {
  const yes = [network(), network({ status: 408 }), network({ status: 429 }), network({ status: 500 }), network({ status: 503 }), network({ stallMs: 1 }), new LukeError('integrity', 'x'), network({ status: 403, isRedirected: true })];
  const no = [
    network({ status: 404 }), network({ status: 403 }), network({ status: 416 }), new LukeError('integrity', 'x', { isReplaced: true }), new LukeError('format', 'x'),
    new LukeError('quota', 'x'), new Error('x'), new TypeError('network error'), undefined, 'x',
  ];
  assert.deepEqual([yes.map(mayRetry), no.map(mayRetry)], [yes.map(() => true), no.map(() => false)]);
});

test('the waits double with jitter, or are what the server asked for, up to a minute', () => {
  for (const [attempt, most] of [[1, 500], [2, 1000], [3, 2000], [4, 4000], [20, 60_000]] as const) {
    const waits = Array.from({ length: 50 }, () => waitMs(network(), attempt));
    assert.ok(waits.every((ms) => ms >= most / 2 && ms <= most), `${attempt}: ${waits}`);
    if (most < 60_000) assert.ok(new Set(waits).size > 10);
  }
  assert.deepEqual([0, 2000, 3_600_000].map((retryAfterMs) => waitMs(network({ retryAfterMs }), 1)), [0, 2000, 60_000]);
});

test('Retry-After is read as seconds and as a date', async () => {
  const asked = async (value: string) => {
    const server = new FakeServer({ a: 'x' });
    server.next('a', { status: 503, headers: { 'retry-after': value } });
    return download(fetchSource(server.fetch as typeof fetch), `${MODEL}a`, never).then(() => undefined, (error) => error.detail);
  };
  assert.deepEqual(await asked('7'), { url: `${MODEL}a`, status: 503, retryAfterMs: 7000 });
  const { retryAfterMs } = await asked(new Date(Date.now() + 9000).toUTCString());
  assert.ok(retryAfterMs > 7000 && retryAfterMs <= 9000, retryAfterMs);
  assert.equal((await asked(new Date(0).toUTCString())).retryAfterMs, 0);
  assert.equal('retryAfterMs' in (await asked('soon')), false);
});

test('sleep ends with its time or its signal, and leaves no listener', async () => {
  const { abort, signal, listeners } = counted();
  assert.ok((await quickly(() => sleep(5000, signal))).ms >= 5000);
  assert.equal(listeners(), 0);
  const sleeping = sleep(5000, signal);
  abort.abort('up');
  await assert.rejects(sleeping, (reason) => reason === 'up');
  await assert.rejects(sleep(5000, signal), (reason) => reason === 'up');
});

test('work without a byte ends after the limit, and each byte moves the limit', async () => {
  const stuck = quickly(() => withinStall('u', 1000, never, () => new Promise(() => {})));
  await assert.rejects(stuck, { code: 'network', message: 'u: no byte came for 1 s', detail: { url: 'u', stallMs: 1000 } });
  const slow = await quickly(() => withinStall('u', 1000, never, async (_signal, alive) => {
    for (let i = 0; i < 5; i += 1) {
      await sleep(900, never);
      alive();
    }
    alive(true);
    await sleep(9000, never); // all bytes are here
    return 'done';
  }));
  assert.equal(slow.value, 'done');
});

test('the signal of work aborts with the limit, with the signal outside, and when the work is over', async () => {
  const { abort, signal, listeners } = counted();
  const seen: AbortSignal[] = [];
  const stuck = () => withinStall('u', 1000, signal, (inner) => (seen.push(inner), new Promise<void>(() => {})));
  await assert.rejects(quickly(stuck), { code: 'network' });
  assert.equal(seen[0]!.reason.code, 'network');
  await withinStall('u', 1000, signal, async (inner) => void seen.push(inner));
  assert.equal(seen[1]!.aborted, true);
  const running = stuck();
  abort.abort('stop');
  await assert.rejects(running, (reason) => reason === 'stop');
  assert.equal(seen[2]!.reason, 'stop');
  await assert.rejects(stuck(), (reason) => reason === 'stop');
  assert.equal(listeners(), 0);
});

test('a limit that is told when the work is over sets no timer', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let late!: () => void;
    await withinStall('u', 1000, never, async (_signal, alive) => void (late = alive));
    const set = mock.method(globalThis, 'setTimeout');
    late();
    assert.equal(set.mock.callCount(), 0);
  } finally {
    mock.restoreAll();
    mock.timers.reset();
  }
});

test('a thread that was busy is not taken for a stall', async () => {
  const busy = withinStall('u', 50, never, async (_signal, alive) => {
    await turn();
    for (const start = performance.now(); performance.now() - start < 120; );
    await turn();
    alive();
    return 'done';
  });
  assert.equal(await busy, 'done');
});

test('work is tried as often as the options say; then it rejects with the last error', async () => {
  for (const retries of [0, 1, 3]) {
    const told: [number, number][] = [];
    let tries = 0;
    const failing = quickly(() => withRetries({ retries, stallMs: 1 }, never, (_error, tried, ms) => told.push([tried, ms]), async () => {
      tries += 1;
      throw network({ tries });
    }));
    await assert.rejects(failing, { detail: { tries: retries + 1 } });
    assert.deepEqual(told.map(([tried]) => tried), [1, 2, 3].slice(0, retries));
  }
});

test('what cannot succeed is tried once', async () => {
  let tries = 0;
  const failing = withRetries({ retries: 3, stallMs: 1 }, never, () => assert.fail('a retry'), async () => {
    tries += 1;
    throw network({ status: 404 });
  });
  await assert.rejects(failing, { detail: { status: 404 } });
  assert.equal(tries, 1);
});

test('tries that bring bytes do not count', async () => {
  let bytes = 0;
  const { value } = await quickly(() => withRetries({ retries: 1, stallMs: 1 }, never, () => {}, async () => {
    if ((bytes += 10) < 200) throw network();
    return bytes;
  }, () => bytes));
  assert.equal(value, 200);
  // Bytes that come again and again are no progress.
  let tries = 0;
  await assert.rejects(quickly(() => withRetries({ retries: 2, stallMs: 1 }, never, () => {}, async () => {
    tries += 1;
    throw network();
  }, () => 10)));
  assert.equal(tries, 3);
});

test('an abort ends a try and a wait with its reason', async () => {
  for (const abortAfter of [0, 1]) {
    const abort = new AbortController();
    let tries = 0;
    const failing = quickly(() => withRetries({ retries: 9, stallMs: 1 }, abort.signal, () => abortAfter === 1 && abort.abort('enough'), async () => {
      tries += 1;
      if (abortAfter === 0) abort.abort('enough');
      throw network();
    }));
    await assert.rejects(failing, (reason) => reason === 'enough');
    assert.equal(tries, 1);
  }
});

test('abortable ends with its signal, and leaves no listener', async () => {
  const { abort, signal, listeners } = counted();
  assert.equal(await abortable(Promise.resolve(1), undefined), 1);
  assert.equal(await abortable(Promise.resolve(1), signal), 1);
  await assert.rejects(abortable(Promise.reject(new Error('no')), signal), /no/);
  await turn();
  assert.equal(listeners(), 0);
  const waiting = abortable(new Promise(() => {}), signal);
  abort.abort('stop');
  await assert.rejects(waiting, (reason) => reason === 'stop');
  await assert.rejects(abortable(Promise.reject(new Error('late')), signal), (reason) => reason === 'stop');
});

test('a download that is aborted while its headers come is cancelled, also if the fetch ignores the signal', async () => {
  const abort = new AbortController();
  let cancelled = 0;
  const body = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled += 1) });
  const source = fetchSource(async () => {
    abort.abort('stop');
    return new Response(body);
  });
  await assert.rejects(download(source, MODEL, abort.signal), (reason) => reason === 'stop');
  assert.equal(cancelled, 1);
});

test('leaving the pieces of a stream cancels it, and does not wait for a stream that never ends', async () => {
  for (const type of ['bytes', undefined] as const) {
    let cancelled = 0;
    const body = new ReadableStream({
      ...(type && { type }),
      pull: (controller: ReadableStreamDefaultController) => controller.enqueue(new Uint8Array([1])),
      cancel: () => ((cancelled += 1), new Promise(() => {})),
    } as unknown as UnderlyingDefaultSource<Uint8Array<ArrayBuffer>>);
    for await (const piece of pieces(body)) {
      assert.deepEqual([...piece], [1]);
      break;
    }
    assert.equal(cancelled, 1);
  }
});

test('a body ends when its signal aborts, whether it is read or not, also if the fetch ignores the signal', async () => {
  for (const read of ['not yet', 'stuck', 'between two pieces'] as const) {
    const server = new FakeServer({ a: new Uint8Array(5000) }, { heedsAborts: false });
    server.next('a', { stallAt: read === 'stuck' ? 1000 : 5000 });
    const abort = new AbortController();
    const { pieces } = await download(fetchSource(server.fetch as typeof fetch), `${MODEL}a`, abort.signal);
    const iterator = pieces[Symbol.asyncIterator]();
    if (read !== 'not yet') await iterator.next();
    const next = read === 'stuck' ? iterator.next() : undefined;
    abort.abort('stop');
    await assert.rejects(next ?? iterator.next(), (reason) => reason === 'stop', read);
    assert.equal(server.asked[0]!.isCancelled, true, read);
  }
});

test('a status other than 2xx rejects, and its body ends with its try', async () => {
  const server = new FakeServer({}, { heedsAborts: false });
  const getting = withinStall('u', 1000, never, (signal) => download(fetchSource(server.fetch as typeof fetch), `${MODEL}a`, signal));
  await assert.rejects(getting, { code: 'network', detail: { url: `${MODEL}a`, status: 404 } });
  assert.equal(server.asked[0]!.isCancelled, true);
});

test('If-Range is sent to the own origin only, and never with a weak ETag', async () => {
  const facts = async (origin: string | undefined, etag: string) => {
    if (origin) Object.defineProperty(globalThis, 'location', { configurable: true, value: { origin } });
    const server = new FakeServer({ a: 'abc' });
    server.etags.set('a', etag);
    const { version, ifRange } = await download(fetchSource(server.fetch as typeof fetch), `${MODEL}a`, never);
    delete (globalThis as { location?: unknown }).location;
    return [version, ifRange];
  };
  assert.deepEqual(await facts('https://models.test', '"1"'), ['"1"', '"1"']);
  assert.deepEqual(await facts('https://models.test', 'W/"1"'), ['W/"1"', undefined]);
  assert.deepEqual(await facts('https://page.test', '"1"'), ['"1"', undefined]);
  assert.deepEqual(await facts(undefined, '"1"'), ['"1"', undefined]);
});
