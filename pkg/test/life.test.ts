// The life of a model from load to dispose, with everything that may end it early.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Engine, type Machine } from '../src/engine.js';
import { availability, Luke, LukeError, models, type LoadEvent, type LoadOptions, type LoadPhase } from '../src/index.js';
import type { EngineInfo } from '../src/protocol.js';
import { fetchSource } from '../src/source.js';
import { WasmInstance, type ModelHost } from '../src/wasm.js';
import { FakeBrowser } from './browser.js';
import { idle, turn, until } from './clock.js';
import { fakeWasm, machine, MODEL, ONCE, readVerified, workers } from './fakes.js';
import { FakeServer } from './server.js';
import { checkProgress, entryIn, modelOf } from './visit.js';

afterEach(() => FakeBrowser.uninstall());

const SIZES = [3000, 2000, 1000];
const TOTAL = 7000;
const text = { method: 'ner', input: 'a', options: {} } as const;
type Ner = Parameters<typeof fakeWasm>[0];

function setup(ner: Ner = async () => []) {
  const wasm = fakeWasm(ner);
  return { browser: new FakeBrowser().install(), server: new FakeServer(modelOf(SIZES, [500, 400, 300])), ...wasm };
}

const fetchOf = (server: FakeServer) => server.fetch as typeof fetch;

/** Everything that a load may have left open. */
function assertNothingIsOpen(server: FakeServer, browser: FakeBrowser, what = '') {
  assert.ok(server.asked.every(({ isOver }) => isOver), `${what}: a connection is open`);
  assert.ok([...(browser.folders.get('luke-web')?.values() ?? [])].every(({ open }) => open.size === 0), `${what}: a file is open`);
  assert.equal(browser.locks.held.size, 0, `${what}: a lock is held`);
}

/** A machine that waits in each stage of a load until the test goes on, and says where it is. */
function stoppable(server: FakeServer, module: WasmInstance['module'], at: string) {
  let reached!: () => void;
  let goOn!: () => void;
  const isThere = new Promise<void>((resolve) => (reached = resolve));
  const waiting = new Promise<void>((resolve) => (goOn = resolve));
  const stage = async (name: string) => {
    if (name !== at) return;
    reached();
    await waiting;
  };
  const instance = new WasmInstance({
    ...module,
    loadModel: async (json, host, onSelfTest) => {
      await stage('before the files');
      const model = await module.loadModel(json, host, onSelfTest);
      await stage('build');
      return model;
    },
  });
  const { fetch } = server;
  const staged: typeof globalThis.fetch = async (url, init) => {
    await stage(String(url).replace(MODEL, ''));
    return fetch(url, init);
  };
  const made: Machine = {
    chooseDevice: async () => (await stage('device'), { device: 'wasm' }),
    chooseThreads: () => ({ threads: 1 }),
    loadWasm: async (_runtime, _options, _progress, signal) => {
      await stage('runtime');
      signal.throwIfAborted();
      return instance;
    },
  };
  return { machine: made, fetch: staged, isThere, goOn };
}

const STAGES = ['manifest.json', 'device', 'runtime', 'before the files', 'tokenizer.json', 'chunks/0.bin', 'chunks/2.bin', 'build'];

test('a dispose at any stage of a load ends it, frees what there is, and leaves nothing open', async () => {
  for (const stage of STAGES) {
    const { browser, server, module, log } = setup();
    const { machine, fetch, isThere, goOn } = stoppable(server, module, stage);
    const engine = new Engine(machine);
    const loading = assert.rejects(engine.load(MODEL, ONCE, fetchSource(fetch), () => {}), { code: 'disposed' }, stage);
    await isThere;
    const disposing = engine.dispose();
    await turn();
    goOn();
    await Promise.all([loading, disposing]);
    await idle();
    assertNothingIsOpen(server, browser, stage);
    assert.equal(log.filter((line) => line === 'free model').length, stage === 'build' ? 1 : 0, stage);
  }
});

test('an abort at any stage of a load rejects with its reason at once, and the next load works', async () => {
  for (const stage of STAGES) {
    const { browser, server, module } = setup();
    const { machine, fetch, isThere, goOn } = stoppable(server, module, stage);
    const { start, started } = workers(() => machine);
    const abort = new AbortController();
    const events: LoadEvent[] = [];
    const loading = assert.rejects(Luke.load(MODEL, { worker: start, fetch, signal: abort.signal, onProgress: (event) => events.push(event) }), (reason) => reason === 'enough');
    await isThere;
    abort.abort('enough');
    await loading;
    const told = events.length;
    goOn();
    await idle();
    await turn();
    assert.deepEqual([started[0]!.terminated, events.length], [true, told], stage);
    const luke = await Luke.load(MODEL, { worker: start, fetch: fetchOf(server) });
    assert.deepEqual(await luke.ner('a'), []);
    await luke.dispose();
    await until(() => browser.locks.held.size === 0);
    assertNothingIsOpen(server, browser, stage);
    assert.ok(server.sent - server.sentOf('manifest') <= TOTAL + 4000, stage);
  }
});

test('the phases of a load come in their order, cold and warm', async () => {
  const { server, module } = setup();
  const load = async () => {
    const events: LoadEvent[] = [];
    const engine = new Engine(machine(module));
    await engine.load(MODEL, ONCE, fetchSource(fetchOf(server)), (event) => events.push(event));
    await engine.dispose();
    checkProgress(events);
    return events;
  };
  const order: LoadPhase[] = ['manifest', 'download', 'verify', 'build', 'self-test', 'ready'];
  const cold = await load();
  assert.deepEqual([...new Set(cold.map(({ phase }) => phase))], order);
  for (const last of ['build', 'self-test', 'ready'] as const) assert.equal(cold.filter(({ phase }) => phase === last).length, 1);
  assert.ok(cold.findIndex(({ phase }) => phase === 'build') > cold.findLastIndex(({ phase }) => phase === 'verify'));
  assert.equal(cold.find(({ phase }) => phase === 'build')!.loadedBytes, TOTAL);
  const warm = await load();
  assert.deepEqual([...new Set(warm.map(({ phase }) => phase))], order.filter((phase) => phase !== 'verify'));
  assert.equal(warm.at(-1)!.storedBytes, TOTAL);
});

test('after a trap or a lost device the model is loaded from the store, without network and without new events', async () => {
  for (const error of [new WebAssembly.RuntimeError('unreachable'), { code: 'device-lost', message: 'lost' }, { code: 'out-of-memory', message: 'full' }]) {
    let fails = true;
    const { server, module } = setup(async () => {
      if (fails) throw error;
      return [];
    });
    const events: LoadEvent[] = [];
    const engine = new Engine(machine(module));
    await engine.load(MODEL, ONCE, fetchSource(fetchOf(server)), (event) => events.push(event));
    const told = events.length;
    server.isOffline = true;
    await assert.rejects(engine.call(text, () => {}));
    fails = false;
    const reasons: (string | undefined)[] = [];
    const note = ({ reloadReason }: EngineInfo) => reasons.push(reloadReason);
    assert.deepEqual(await Promise.all([engine.call(text, note), engine.call(text, note)]), [[], []]);
    assert.deepEqual([reasons, events.length], [Array(2).fill('code' in error ? error.message : 'the wasm module failed'), told]);
    await engine.dispose();
  }
});

test('a reload that fails is tried again by the next call', async () => {
  let fails = true;
  const { server, module } = setup(async () => {
    if (fails) throw { code: 'device-lost', message: 'lost' };
    return [];
  });
  const engine = new Engine(machine(module));
  await engine.load(MODEL, { ...ONCE, cache: false }, fetchSource(fetchOf(server)), () => {});
  await assert.rejects(engine.call(text, () => {}), { code: 'device-lost' });
  fails = false;
  server.isOffline = true;
  await assert.rejects(engine.call(text, () => {}), { code: 'network' });
  server.isOffline = false;
  assert.deepEqual(await engine.call(text, () => {}), []);
  await engine.dispose();
});

test('a call that was aborted and met a lost device leaves no lost device to the next one', async () => {
  const abort = new AbortController();
  let calls = 0;
  const { server, module, log } = setup(async () => {
    if (calls++ > 0) return [];
    abort.abort('enough');
    throw { code: 'device-lost', message: 'lost' };
  });
  const engine = new Engine(machine(module));
  await engine.load(MODEL, ONCE, fetchSource(fetchOf(server)), () => {});
  await assert.rejects(engine.call(text, () => {}, abort), (reason) => reason === 'enough');
  assert.equal(log.filter((line) => line === 'free model').length, 1);
  assert.deepEqual(await engine.call(text, () => {}), []);
  await engine.dispose();
});

test('a call that waits for a reload ends with its signal, and the reload goes on for the others', async () => {
  let fails = true;
  const { server, module } = setup(async () => {
    if (fails) throw { code: 'device-lost', message: 'lost' };
    return [];
  });
  const engine = new Engine(machine(module));
  await engine.load(MODEL, ONCE, fetchSource(fetchOf(server)), () => {});
  await assert.rejects(engine.call(text, () => {}), { code: 'device-lost' });
  fails = false;
  const abort = new AbortController();
  const first = assert.rejects(engine.call(text, () => {}, abort), (reason) => reason === 'enough');
  const second = engine.call(text, () => {});
  abort.abort('enough');
  await first;
  assert.deepEqual(await second, []);
  await engine.dispose();
});

test('why the rows of a call could not be read is told by that call only', async () => {
  let fails = false;
  const hosts: ModelHost[] = [];
  const { server, module } = setup(async (input, _options, call) => {
    if (fails) throw { code: 'device-lost', message: 'lost' };
    if (input === 'rows') await readVerified(hosts[0]!, entryIn(server, 'entities/0.bin'), [], call).catch(() => Promise.reject({ code: 'network', message: 'could not be read' }));
    return [];
  });
  const { loadModel } = module;
  module.loadModel = (json, host, onSelfTest) => (hosts.push(host), loadModel(json, host, onSelfTest));
  const engine = new Engine(machine(module));
  await engine.load(MODEL, { ...ONCE, cache: false }, fetchSource(fetchOf(server)), () => {});
  server.next('entities/0.bin', { status: 404 });
  await assert.rejects(engine.call({ ...text, input: 'rows' }, () => {}), { code: 'network', detail: { url: `${MODEL}entities/0.bin`, status: 404 } });
  fails = true;
  await assert.rejects(engine.call(text, () => {}), { code: 'device-lost' });
  module.loadModel = async () => Promise.reject({ code: 'format', message: 'odd' });
  await assert.rejects(engine.call(text, () => {}), { code: 'format', message: /odd/ });
  await engine.dispose();
});

test('an abort ends a call at its next pause, and the next one begins at once', async () => {
  let host!: ModelHost;
  let passes = 0;
  const { server, module } = setup(async (input, _options, call) => {
    for (let i = 0; i < (input === 'long' ? 10_000 : 1); i += 1) {
      for (const start = performance.now(); performance.now() - start < 2; );
      passes += 1;
      await host.pause(call);
    }
    return [];
  });
  const { loadModel } = module;
  module.loadModel = (json, given, onSelfTest) => ((host = given), loadModel(json, given, onSelfTest));
  const { start } = workers(() => machine(module));
  const luke = await Luke.load(MODEL, { worker: start, fetch: fetchOf(server) });
  const abort = new AbortController();
  const long = assert.rejects(luke.ner('long', { signal: abort.signal }), (reason) => reason === 'enough');
  await new Promise((resolve) => setTimeout(resolve, 30));
  const [before, started] = [passes, performance.now()];
  abort.abort('enough');
  await long;
  assert.deepEqual(await luke.ner('short'), []);
  assert.ok(performance.now() - started < 5000 && passes - before < 60, `${performance.now() - started} ms, ${passes - before} passes`);
  await luke.dispose();
});

test('a call of a user overtakes work in the background, which then ends too, with the same result', async () => {
  let host!: ModelHost;
  const order: string[] = [];
  const { server, module } = setup(async (input, _options, call) => {
    for (let i = 0; i < 25; i += 1) {
      for (const start = performance.now(); performance.now() - start < 2; );
      await host.pause(call);
    }
    order.push(input);
    return [];
  });
  const { loadModel } = module;
  module.loadModel = (json, given, onSelfTest) => ((host = given), loadModel(json, given, onSelfTest));
  const { start } = workers(() => machine(module));
  const luke = await Luke.load(MODEL, { worker: start, fetch: fetchOf(server) });
  const calls = [luke.ner('background', { priority: 'background' }), luke.ner('background 2', { priority: 'background' })];
  await new Promise((resolve) => setTimeout(resolve, 10));
  calls.push(luke.ner('normal'), luke.ner('urgent', { priority: 'user-blocking' }));
  await Promise.all(calls);
  assert.deepEqual(order, ['urgent', 'normal', 'background', 'background 2']);
  await luke.dispose();
});

test('fifty loads and disposes, and a thousand calls, leave nothing open', async () => {
  const { server, browser, module, log } = setup();
  const load = (options: LoadOptions = {}) => Luke.load(MODEL, { worker: workers(() => machine(module)).start, fetch: fetchOf(server), ...options });
  const cycle = async () => {
    const luke = await load();
    await luke.ner('a');
    await luke.dispose();
  };
  await cycle();
  await idle();
  const before = process.getActiveResourcesInfo().filter((type) => type === 'MessagePort' || type === 'Timeout').length;
  for (let i = 0; i < 50; i += 1) await cycle();
  const luke = await load();
  await Promise.all(Array.from({ length: 1000 }, (_, i) => luke.ner(`call ${i}`)));
  await luke.dispose();
  await until(() => browser.locks.held.size === 0);
  await idle();
  assertNothingIsOpen(server, browser);
  assert.equal(log.filter((line) => line === 'free model').length, 52);
  assert.equal(process.getActiveResourcesInfo().filter((type) => type === 'MessagePort' || type === 'Timeout').length, before);
});

test('models and availability work over a port, and end with their signal', async () => {
  const { server, module } = setup();
  const { start, started } = workers(() => machine(module));
  const options = { worker: start, fetch: fetchOf(server) };
  assert.deepEqual(await availability(MODEL, { ...options, device: 'wasm' }), { state: 'downloadable', cachedBytes: 0, totalBytes: TOTAL, device: 'wasm' });
  const phases = new Set<string>();
  await models.prefetch(MODEL, { ...options, persist: true, onProgress: ({ phase }) => phases.add(phase) });
  assert.deepEqual([...phases], ['manifest', 'download', 'verify', 'ready']);
  assert.equal((await models.usage(options)).persistent, true);
  assert.deepEqual([await models.has(MODEL, options), (await models.list(options)).length, (await models.verify(MODEL, options)).ok], [true, 1, 6]);
  assert.equal(await models.delete(MODEL, options), true);
  assert.deepEqual([await models.has(MODEL, options), await models.delete(MODEL, options)], [false, false]);
  assert.ok(started.every(({ terminated }) => terminated));
  const abort = new AbortController();
  const fetching = models.prefetch(MODEL, { ...options, signal: abort.signal, onProgress: () => abort.abort('enough') });
  await assert.rejects(fetching, (reason) => reason === 'enough');
  await assert.rejects(models.has(MODEL, { ...options, signal: abort.signal }), (reason) => reason === 'enough');
  // Where there is no manifest, the wasm would look for a checkpoint. It is not built here.
  await assert.rejects(models.prefetch(`${MODEL}nothing/`, { ...options, retries: 0 }), (error) => error instanceof LukeError && error.code === 'io');
});
