import assert from 'node:assert/strict';
import { afterEach, mock, test } from 'node:test';
import { Client, type Handlers } from '../src/client.js';
import { isThrownThroughWasm, isTrap, LukeError } from '../src/errors.js';
import type { Call, EngineOptions, Reply, Request } from '../src/protocol.js';
import { serve } from '../src/serve.js';
import { fetchSource } from '../src/source.js';
import { FakeBrowser } from './browser.js';
import { idle, Tab, turn, until } from './clock.js';
import { MODEL, ONCE } from './fakes.js';
import { FakeServer } from './server.js';

afterEach(() => {
  FakeBrowser.uninstall();
  mock.timers.reset();
});

const call: Call = { method: 'ner', input: 'a', options: {} };
const options: EngineOptions = ONCE;

/** A worker whose script the test plays, and a client of it. */
async function setup({ handlers = {}, isOwned = true, hello = true, helloMs = 15_000 }: { handlers?: Handlers; isOwned?: boolean; hello?: boolean; helloMs?: number } = {}) {
  const target = new EventTarget();
  const received: Request[] = [];
  const state = { terminated: 0, listeners: 0 };
  let port!: MessagePort;
  const worker = {
    addEventListener: (type: string, listener: EventListener, { signal }: { signal: AbortSignal }) => {
      state.listeners += 1;
      signal.addEventListener('abort', () => (state.listeners -= 1));
      target.addEventListener(type, listener, { signal });
    },
    postMessage: (_message: unknown, [given]: MessagePort[]) => {
      port = given!;
      port.onmessage = ({ data }) => received.push(data);
    },
    terminate: () => void (state.terminated += 1),
  } as unknown as Worker;
  const client = await Client.connect(isOwned ? () => worker : worker, handlers, helloMs);
  const post = async (reply: Reply) => {
    port.postMessage(reply);
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  };
  if (hello) await post({ type: 'hello' });
  const arrived = async (count: number) => {
    while (received.length < count) await turn();
    return received;
  };
  return { client, worker, target, state, received, post, arrived, end: () => (client.close(new LukeError('disposed', 'over')), port.close()) };
}

test('requests are answered by their id, in whatever order, with values or errors', async () => {
  const { client, post, arrived, end } = await setup();
  const [one, two, three] = [client.load(MODEL, options), client.call(call, 'background'), client.manage({ action: 'list' }, options)];
  const refused = assert.rejects(two, (error: LukeError) => error instanceof LukeError && error.code === 'format' && error.detail.url === MODEL);
  const received = await arrived(3);
  assert.deepEqual(received.map(({ type }) => type), ['load', 'call', 'manage']);
  assert.equal((received[1] as { priority: string }).priority, 'background');
  await post({ type: 'done', id: 2, value: [] });
  await post({ type: 'error', id: 1, error: { code: 'format', message: 'no', detail: { url: MODEL } } });
  await post({ type: 'done', id: 0, value: { name: 'm' } });
  await post({ type: 'done', id: 7, value: 'nobody asked' });
  assert.deepEqual([await one, await three], [{ name: 'm' }, []]);
  await refused;
  end();
});

test('progress, info and lost reach their handlers', async () => {
  const seen: unknown[] = [];
  const { client, post, end, target } = await setup({ handlers: { onProgress: ({ phase }) => seen.push(phase), onInfo: ({ name }) => seen.push(name), onLost: ({ code }) => seen.push(code) } });
  await post({ type: 'progress', event: { phase: 'ready', loadedBytes: 0, totalBytes: 0, storedBytes: 0 } });
  await post({ type: 'info', info: { name: 'm' } as never });
  target.dispatchEvent(Object.assign(new Event('error'), { message: 'later errors come as replies' }));
  assert.deepEqual(seen, ['ready', 'm']);
  end();
  assert.deepEqual(seen, ['ready', 'm']); // closing is not losing
  await assert.rejects(client.call(call, 'user-visible'), { code: 'disposed' });
});

test('what onProgress throws is reported, is no trap, and does not end the load', async () => {
  const reported: Error[] = [];
  const scope = globalThis as { reportError?: unknown };
  scope.reportError = (error: Error) => reported.push(error);
  const trap = new WebAssembly.RuntimeError('of the page');
  for (const onProgress of [() => { throw trap; }, async () => { throw trap; }]) {
    const { client, post, end } = await setup({ handlers: { onProgress } });
    const loading = client.load(MODEL, options);
    await post({ type: 'progress', event: { phase: 'build', loadedBytes: 0, totalBytes: 0, storedBytes: 0 } });
    await post({ type: 'done', id: 0, value: { name: 'm' } });
    assert.deepEqual(await loading, { name: 'm' });
    end();
  }
  assert.deepEqual(reported.map(({ cause }) => cause), [trap, trap]);
  for (const error of reported) {
    assert.match(error.message, /^onProgress threw$/);
    assert.deepEqual([isTrap(error), isThrownThroughWasm(error)], [false, false]);
  }
  delete scope.reportError;
});

test('an abort is told to the engine, once, while the request is pending; an aborted request is not sent', async () => {
  const { client, post, arrived, received, end } = await setup();
  const abort = new AbortController();
  const calling = client.call(call, 'user-visible', abort.signal);
  calling.catch(() => {});
  await arrived(1);
  abort.abort('enough');
  assert.deepEqual((await arrived(2))[1], { type: 'abort', id: 0 });
  await assert.rejects(client.call(call, 'user-visible', abort.signal), (reason) => reason === 'enough');
  await post({ type: 'error', id: 0, error: { code: 'internal', message: 'aborted' } });
  const later = new AbortController();
  const done = client.call(call, 'user-visible', later.signal);
  const { id } = (await arrived(3))[2] as { id: number };
  await post({ type: 'done', id, value: 1 });
  assert.equal(await done, 1);
  later.abort();
  await idle();
  assert.equal(received.length, 3);
  end();
});

test('an argument that cannot be sent rejects with input, and the connection stays', async () => {
  const { client, post, arrived, end } = await setup();
  await assert.rejects(client.call({ ...call, options: { a: () => 1 } }, 'user-visible'), { code: 'input', message: /not plain data/ });
  const done = client.call(call, 'user-visible');
  const { id } = (await arrived(1))[0] as { id: number };
  await post({ type: 'done', id, value: 2 });
  assert.equal(await done, 2);
  end();
});

test('closing rejects all that is pending, tells the engine, ends the fetches and terminates only an own worker', async () => {
  for (const isOwned of [true, false]) {
    const server = new FakeServer({ a: new Uint8Array(5000) }, { heedsAborts: false });
    const { client, post, arrived, received, state, end } = await setup({ isOwned, handlers: { source: fetchSource(server.fetch as typeof fetch) } });
    const pending = [client.call(call, 'user-visible'), client.load(MODEL, options)];
    const rejections = pending.map((request) => assert.rejects(request, (reason) => reason === 'over'));
    await arrived(2);
    await post({ type: 'fetch', id: 0, url: `${MODEL}a` });
    await idle();
    client.close('over');
    client.close('again');
    await Promise.all(rejections);
    await idle();
    assert.equal(received.at(-1)!.type, 'close');
    assert.deepEqual([state.terminated, state.listeners], [isOwned ? 1 : 0, 0]);
    assert.equal(server.asked[0]!.isCancelled, true);
    await assert.rejects(client.call(call, 'user-visible'), (reason) => reason === 'over');
    end();
  }
});

test('a worker whose script fails rejects with unsupported and its message', async () => {
  for (const [message, said] of [['x is not defined', /x is not defined/], ['', /its script could not be loaded/]] as const) {
    const { client, target, state, end } = await setup({ hello: false });
    const loading = assert.rejects(client.load(MODEL, options), (error: LukeError) => error.code === 'unsupported' && said.test(error.message));
    target.dispatchEvent(Object.assign(new Event('error'), { message }));
    await loading;
    assert.equal(state.terminated, 1);
    end();
  }
});

test('a worker that says nothing rejects with unsupported after the limit, which is never shorter than 5 s', async () => {
  for (const [helloMs, limit] of [[15_000, 15_000], [100, 5000]] as const) {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    const { client, state, end } = await setup({ hello: false, helloMs });
    let error: LukeError | undefined;
    client.load(MODEL, options).catch((reason) => (error = reason));
    mock.timers.tick(limit - 1);
    await turn();
    assert.equal(error, undefined);
    mock.timers.tick(1);
    await turn();
    assert.deepEqual([error!.code, state.terminated], ['unsupported', 1]);
    assert.match(error!.message, new RegExp(`did not start within ${limit / 1000} s.*luke-web/worker`));
    end();
    mock.timers.reset();
  }
});

test('a worker that says hello within the limit is not given up later', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { client, post, end } = await setup();
  const calling = client.call(call, 'user-visible');
  mock.timers.tick(60_000);
  await post({ type: 'done', id: 0, value: 1 });
  assert.equal(await calling, 1);
  end();
});

test('a worker that does not answer for two minutes while a call is pending is lost', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const lost: string[] = [];
  const { client, received, state, end } = await setup({ handlers: { onLost: ({ code }) => lost.push(code) } });
  mock.timers.tick(600_000); // nothing is pending: nobody asks
  await idle();
  assert.deepEqual([received, lost], [[], []]);
  const calling = assert.rejects(client.call(call, 'user-visible'), { code: 'worker-lost', message: /did not answer for 120 s/ });
  for (let i = 0; i < 12; i += 1) {
    mock.timers.tick(10_000);
    await idle();
  }
  assert.deepEqual([received.filter(({ type }) => type === 'ping').length, lost], [12, []]);
  mock.timers.tick(10_000);
  await calling;
  assert.deepEqual([lost, state.terminated], [['worker-lost'], 1]);
  end();
});

test('a sign of life in time keeps a call alive, and so does a computer that slept', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { client, post, end } = await setup();
  const calling = client.call(call, 'user-visible');
  for (let i = 0; i < 40; i += 1) {
    mock.timers.tick(10_000);
    if (i % 10 === 9) await post({ type: 'pong' });
  }
  const { now } = performance;
  performance.now = () => now.call(performance) + 3_600_000; // an hour of sleep
  mock.timers.tick(10_000);
  performance.now = now;
  await post({ type: 'done', id: 0, value: 'late' });
  assert.equal(await calling, 'late');
  end();
});

test('a message that cannot be read ends the connection', async () => {
  const seen: LukeError[] = [];
  let port!: MessagePort;
  const NativeChannel = MessageChannel;
  mock.method(globalThis, 'MessageChannel', function () {
    const channel = new NativeChannel();
    port = channel.port1;
    return channel;
  } as never);
  const { client, end } = await setup({ handlers: { onLost: (reason) => seen.push(reason) } });
  mock.restoreAll();
  const calling = assert.rejects(client.call(call, 'user-visible'), { code: 'worker-lost', message: /cannot be read/ });
  port.onmessageerror!(new MessageEvent('messageerror'));
  await calling;
  assert.equal(seen.length, 1);
  end();
});

test('a worker that ends is noticed at once by the lock that its engine holds', async () => {
  const browser = new FakeBrowser().install();
  const lost: string[] = [];
  const tab = new Tab(); // in place of the worker
  let port!: MessagePort;
  const postMessage = (_: unknown, [given]: MessagePort[]) => void tab.run(() => serve((port = given!)));
  const worker = { addEventListener() {}, postMessage, terminate: () => port.close() } as unknown as Worker;
  const client = await Client.connect(() => worker, { onLost: ({ code }) => lost.push(code) }, 15_000);
  const calling = client.call(call, 'user-visible');
  await assert.rejects(calling, { code: 'input', message: 'no model is loaded' });
  assert.deepEqual([browser.locks.held.size, lost], [1, []]);
  const pending = assert.rejects(client.manage({ action: 'usage' }, { ...options, cache: false }).then(() => client.call(call, 'user-visible')), (error: LukeError) => ['input', 'worker-lost'].includes(error.code));
  browser.close(tab);
  await pending;
  await idle();
  assert.deepEqual(lost, ['worker-lost']);
  await assert.rejects(client.call(call, 'user-visible'), { code: 'worker-lost' });
});

test('the engine releases its lock and its port when the connection is closed; closing is not losing', async () => {
  const browser = new FakeBrowser().install();
  const lost: string[] = [];
  const client = await Client.connect(false, { onLost: ({ code }) => lost.push(code) }, 15_000);
  await assert.rejects(client.call(call, 'user-visible'), { code: 'input' });
  assert.equal(browser.locks.held.size, 1);
  client.close(new LukeError('disposed', 'over'));
  await until(() => browser.locks.held.size === 0);
  assert.deepEqual([browser.locks.held.size, lost], [0, []]);
});

test('an engine works where there are no locks, or where they are forbidden', async () => {
  for (const locks of [undefined, { request: () => Promise.reject(new DOMException('no', 'SecurityError')) }]) {
    Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { locks } });
    const client = await Client.connect(false, {}, 15_000);
    await assert.rejects(client.call(call, 'user-visible'), { code: 'input', message: 'no model is loaded' });
    client.close(new LukeError('disposed', 'over'));
  }
});

test('Workers that are not available, and the engine on this thread', async () => {
  await assert.rejects(Client.connect(true, {}, 1000), { code: 'unsupported', message: /Web Workers are not available/ });
  const client = await Client.connect(undefined, {}, 1000); // without Workers the default is this thread
  assert.deepEqual(await client.manage({ action: 'list' }, { ...options, cache: false }), []);
  client.close(new LukeError('disposed', 'over'));
});
