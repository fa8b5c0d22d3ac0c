import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { chooseDevice } from '../src/device.js';
import { Engine, type Machine } from '../src/engine.js';
import { LukeError, toLukeError } from '../src/errors.js';
import { fetchSource } from '../src/source.js';
import { chooseThreads } from '../src/threads.js';
import type { Device } from '../src/types.js';
import { VERSION } from '../src/version.js';
import { wasmFile, WasmInstance } from '../src/wasm.js';
import { fakeFetch, fakeWasm, machine, MODEL, modelFiles, ONCE as options } from './fakes.js';

const text = { method: 'ner', input: 'a', options: {} } as const;

/** An engine whose WebGPU module calls `finish`, which throws, at the end of a load. Its CPU module works. */
function gpuFails(finish: () => void) {
  const gpu = fakeWasm(async () => [], finish);
  const cpu = fakeWasm(async () => []);
  const instances = { webgpu: new WasmInstance(gpu.module), wasm: new WasmInstance(cpu.module) };
  const machine: Machine = { chooseDevice: async (device) => ({ device: device === 'auto' ? 'webgpu' : device }), chooseThreads, loadWasm: async (runtime) => instances[runtime as Device] };
  return { engine: new Engine(machine), gpu, cpu };
}

test('auto falls back to the CPU if the GPU fails, and reports the reason', async () => {
  const { engine, cpu } = gpuFails(() => {
    throw { code: 'unsupported', message: 'the self-test differs by 3' };
  });
  const info = await engine.load(MODEL, options, fetchSource(fakeFetch(modelFiles(2)).fetch), () => {});
  assert.equal(info.fallbackReason, 'WebGPU failed: the self-test differs by 3');
  assert.equal(cpu.log.at(-1), 'finish');
});

test('auto uses the CPU if choosing a device fails', async () => {
  const chooseDevice = async () => {
    throw new TypeError('no info');
  };
  const start = (device: 'auto' | 'webgpu') => {
    const instance = new WasmInstance(fakeWasm(async () => []).module);
    return new Engine({ chooseDevice, chooseThreads, loadWasm: async () => instance }).load(MODEL, { ...options, device }, fetchSource(fakeFetch(modelFiles(2)).fetch), () => {});
  };
  assert.match((await start('auto')).fallbackReason!, /no info/);
  await assert.rejects(start('webgpu'), /no info/);
});

test('a load that fails before the threads module is loaded starts no threads', async () => {
  const instance = new WasmInstance(fakeWasm(async () => []).module);
  let users = 0;
  instance.useThreads = async () => void (users += 1);
  let arrive!: () => void;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const asked: string[] = [];
  const loadWasm: Machine['loadWasm'] = async (runtime) => {
    asked.push(runtime);
    await arrived;
    return instance;
  };
  const engine = new Engine({ chooseDevice: async () => ({ device: 'wasm' }), chooseThreads: () => ({ threads: 2 }), loadWasm });
  await assert.rejects(engine.load(MODEL, options, fetchSource(fakeFetch({ 'manifest.json': '{}' }).fetch), () => {}), { code: 'format' });
  await engine.dispose();
  arrive();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([users, asked], [0, ['threads']]);
});

test('there is no fallback if the GPU was requested by name, or if a file is bad', async () => {
  const failing = () => {
    throw { code: 'device-lost', message: 'lost' };
  };
  const source = fetchSource(fakeFetch(modelFiles(2)).fetch);
  await assert.rejects(gpuFails(failing).engine.load(MODEL, { ...options, device: 'webgpu' }, source, () => {}), { code: 'device-lost' });
  const bad = gpuFails(() => {});
  const cut = fetchSource(fakeFetch({ ...modelFiles(2), 'chunks/0.bin': new Uint8Array(1) }).fetch);
  await assert.rejects(bad.engine.load(MODEL, options, cut, () => {}), { code: 'integrity' });
  assert.deepEqual(bad.cpu.log, []);
  assert.equal(bad.gpu.log.at(-1), 'entity_vocab.json 2');
});

test('a trap ends every model of its instance', async () => {
  let trap = false;
  const { module } = fakeWasm(async () => {
    if (trap) throw new WebAssembly.RuntimeError('memory access out of bounds');
    return [];
  });
  const instance = new WasmInstance(module);
  const machine: Machine = { chooseDevice: async () => ({ device: 'wasm' }), chooseThreads, loadWasm: async () => instance };
  const engines = [new Engine(machine), new Engine(machine)] as const;
  for (const engine of engines) await engine.load(MODEL, options, fetchSource(fakeFetch(modelFiles(2)).fetch), () => {});
  trap = true;
  await assert.rejects(engines[0].call(text, () => {}), { code: 'internal' });
  trap = false;
  let reloaded = 0;
  for (const engine of engines) assert.deepEqual(await engine.call(text, () => reloaded++), []);
  assert.equal(reloaded, 2);
});

test('a load that traps is made once more in a new instance, and one that traps again rejects', async () => {
  for (const [traps, code] of [[1, undefined], [2, 'internal']] as const) {
    let left: number = traps;
    const { module } = fakeWasm(async () => [], () => {
      if (left-- > 0) throw new WebAssembly.RuntimeError('Out of bounds memory access');
    });
    const instance = new WasmInstance(module);
    const engine = new Engine({ chooseDevice: async () => ({ device: 'wasm' }), chooseThreads, loadWasm: async () => instance });
    const reasons: (string | undefined)[] = [];
    const loading = engine.load(MODEL, options, fetchSource(fakeFetch(modelFiles(2)).fetch), ({ phase, reason }) => phase === 'retry' && reasons.push(reason));
    if (code) await assert.rejects(loading, { code, message: /Out of bounds/ });
    else await loading;
    assert.deepEqual([instance.generation, reasons], [traps, ['internal error: Out of bounds memory access']]);
    if (!code) assert.deepEqual(await engine.call(text, () => {}), []);
    await engine.dispose();
  }
});

test('auto uses WebGPU only on a real GPU', async () => {
  const cases: [object | null, string, RegExp | undefined][] = [
    [{ vendor: 'apple', architecture: 'metal-3', isFallbackAdapter: false }, 'webgpu', undefined],
    [{ vendor: 'google', architecture: 'swiftshader', isFallbackAdapter: false }, 'wasm', /swiftshader/],
    [{ description: 'llvmpipe (LLVM 15)' }, 'wasm', /llvmpipe/], [{ vendor: 'x', isFallbackAdapter: true }, 'wasm', /software/],
    [{}, 'webgpu', undefined], [null, 'wasm', /no WebGPU adapter/],
  ];
  for (const [info, device, reason] of cases) {
    gpuOf({ requestAdapter: async () => info && { info } });
    const choice = await chooseDevice('auto', 1000);
    assert.equal(choice.device, device);
    assert.equal(choice.adapter, device !== 'webgpu' ? undefined : 'vendor' in info! ? 'apple metal-3' : 'unnamed');
    if (reason) assert.match(choice.reason!, reason);
    else assert.equal(choice.reason, undefined);
  }
  await assert.rejects(chooseDevice('webgpu', 1000), { code: 'unsupported' });
});

/** Gives the page a GPU, or none. */
function gpuOf(gpu: object | undefined, attributes: object = { adapterInfo: {} }) {
  const values = { navigator: { gpu: gpu && { wgslLanguageFeatures: new Set(), ...gpu } }, GPUDevice: class {} };
  Object.assign(values.GPUDevice.prototype, attributes);
  for (const [name, value] of Object.entries(values)) Object.defineProperty(globalThis, name, { configurable: true, value });
}

test('a GPU that the wasm cannot use, or that does not answer, is no GPU', async () => {
  const works = { requestAdapter: async () => ({ info: {} }) };
  const cases: [object | undefined, object | undefined, RegExp][] = [
    [undefined, undefined, /no WebGPU/],
    [{ ...works, wgslLanguageFeatures: undefined }, undefined, /too old: .*wgslLanguageFeatures/],
    [works, {}, /too old: .*adapterInfo/],
    [{ requestAdapter: () => new Promise(() => {}) }, undefined, /did not answer within 0.01 s/],
    [{ requestAdapter: () => { throw new TypeError('no such option'); } }, undefined, /no such option/],
    [{ requestAdapter: async () => Promise.reject(new Error('the GPU process crashed')) }, undefined, /crashed/],
  ];
  for (const [gpu, attributes, reason] of cases) {
    gpuOf(gpu, attributes);
    await assert.rejects(chooseDevice('webgpu', 10), { code: 'unsupported', message: reason });
    const choice = await chooseDevice('auto', 10);
    assert.equal(choice.device, 'wasm');
    assert.match(choice.reason!, reason);
    assert.deepEqual(await chooseDevice('wasm', 10), { device: 'wasm' });
  }
  gpuOf(works);
  assert.deepEqual(await chooseDevice('auto', 10), { device: 'webgpu', adapter: 'unnamed' });
});

test('a device that does not open within the limit fails the load, and reads nothing when it opens later', async () => {
  const { module, log } = fakeWasm(async () => []);
  const { loadModel } = module;
  let open!: () => void;
  module.loadModel = async (...load) => {
    await new Promise<void>((resolve) => (open = resolve));
    return loadModel(...load);
  };
  const engine = new Engine(machine(module, 'webgpu'));
  const source = fetchSource(fakeFetch(modelFiles(2)).fetch);
  const loading = engine.load(MODEL, { ...options, device: 'webgpu', stallMs: 20 }, source, () => {});
  await assert.rejects(loading, { code: 'unsupported', message: /did not open within 0.02 s/ });
  open();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(log, ['manifest 1']);
  module.loadModel = loadModel;
  await engine.load(MODEL, { ...options, device: 'webgpu', stallMs: 20 }, source, () => {});
  assert.deepEqual(await engine.call(text, () => {}), []);
  await engine.dispose();
});

test('an instance that cannot be replaced after a trap is unsupported, and auto takes the CPU', async () => {
  let trap = false;
  const gpu = fakeWasm(async () => {
    if (trap) throw new WebAssembly.RuntimeError('unreachable');
    return [];
  });
  gpu.module.__wbg_reset_state = () => {
    throw new RangeError('WebAssembly.Instance is disallowed on the main thread');
  };
  const instances = { webgpu: new WasmInstance(gpu.module), wasm: new WasmInstance(fakeWasm(async () => []).module) };
  const onGpu: Machine = { chooseDevice: async () => ({ device: 'webgpu' }), chooseThreads, loadWasm: async (runtime) => instances[runtime as Device] };
  const [auto, named] = [new Engine(onGpu), new Engine(onGpu)];
  const source = fetchSource(fakeFetch(modelFiles(2)).fetch);
  await auto.load(MODEL, options, source, () => {});
  await named.load(MODEL, { ...options, device: 'webgpu' }, source, () => {});
  trap = true;
  await assert.rejects(auto.call(text, () => {}), { code: 'internal' });
  const reasons: (string | undefined)[] = [];
  assert.deepEqual(await auto.call(text, ({ fallbackReason }) => reasons.push(fallbackReason)), []);
  assert.match(reasons[0]!, /cannot be started again/);
  await assert.rejects(named.call(text, () => {}), { code: 'unsupported', message: /disallowed on the main thread/ });
});

/** A wasm module with a function `run` that calls the imported `call`. */
const CALLS_IMPORT = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 11, 1, 2, 106, 115, 4, 99, 97, 108, 108, 0, 0, 3, 2, 1, 0, 7, 7, 1, 3, 114, 117, 110, 0, 1, 10, 6, 1, 4, 0, 16, 0, 11,
]);

test('an error that is thrown through wasm in a microtask rejects the running calls, and another error does not', async () => {
  const events = new EventTarget();
  Object.assign(globalThis, { addEventListener: events.addEventListener.bind(events), removeEventListener: events.removeEventListener.bind(events) });
  const happens = (error: unknown) => events.dispatchEvent(Object.assign(new Event('error'), { error }));
  const { module, log } = fakeWasm(async () => []);
  const instance = new WasmInstance(module);
  const device = {} as { adapterInfo: { vendor: string } };
  const thrown = (call: () => void): unknown => {
    try {
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(CALLS_IMPORT), { js: { call } });
      (exports.run as () => void)();
    } catch (error) {
      return error;
    }
    return undefined;
  };
  const below = (depth: number): never => {
    if (depth === 0) throw new Error('of the page, far from the wasm');
    return below(depth - 1);
  };
  const running = instance.run(() => new Promise(() => {}));
  happens(new TypeError('of the page'));
  happens(thrown(() => below(6)));
  happens(null);
  assert.deepEqual([instance.generation, log], [0, []]);
  happens(thrown(() => device.adapterInfo.vendor));
  await assert.rejects(running, TypeError);
  assert.deepEqual([instance.generation, log], [1, ['reset']]);
  for (const name of ['addEventListener', 'removeEventListener']) delete (globalThis as Record<string, unknown>)[name];
});

test('the number of threads and the reason for one thread are reported; a number that is not possible rejects', async () => {
  const define = (values: object) => {
    for (const [name, value] of Object.entries(values)) Object.defineProperty(globalThis, name, { configurable: true, value });
  };
  const { threads, reason } = chooseThreads('auto');
  assert.equal(threads, 1);
  assert.match(reason!, /^the page is not cross-origin isolated: it needs the headers Cross-Origin-Opener-Policy: same-origin and/);
  assert.throws(() => chooseThreads(2), { code: 'unsupported', message: /^threads 2: the page is not cross-origin isolated.* Without the option "threads" the model uses one thread here$/ });
  define({ crossOriginIsolated: true, Worker: class {}, navigator: { hardwareConcurrency: 3 } });
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  assert.match(chooseThreads('auto').reason!, /no relaxed SIMD/);
  WebAssembly.validate = () => true;
  assert.deepEqual(chooseThreads('auto'), { threads: 3 });
  assert.deepEqual(chooseThreads(5), { threads: 5 });
  define({ navigator: { hardwareConcurrency: 96 } });
  assert.deepEqual(chooseThreads('auto'), { threads: 8 });
  define({ document: {} });
  assert.match(chooseThreads('auto').reason!, /thread of the page/);
  assert.deepEqual(chooseThreads(1), { threads: 1 });
  WebAssembly.validate = validate;
  for (const name of ['crossOriginIsolated', 'Worker', 'document']) delete (globalThis as Record<string, unknown>)[name];
});

test('auto uses one thread if threads do not start or their module is missing; a number rejects', async () => {
  const machine = (threads: () => Promise<WasmInstance>): Machine => {
    const single = new WasmInstance(fakeWasm(async () => []).module);
    return { chooseDevice: async () => ({ device: 'wasm' }), chooseThreads: () => ({ threads: 2 }), loadWasm: (runtime) => (runtime === 'threads' ? threads() : Promise.resolve(single)) };
  };
  const cases: [() => Promise<WasmInstance>, RegExp][] = [
    [() => Promise.reject(new LukeError('network', 'no such file')), /no such file/],
    // Node has no Worker, like a page whose security policy forbids workers.
    [async () => new WasmInstance({ ...fakeWasm(async () => []).module, threadStart: () => ({}) as never }), /Worker is not defined/],
  ];
  const source = () => fetchSource(fakeFetch(modelFiles(2)).fetch);
  for (const [threads, reason] of cases) {
    const info = await new Engine(machine(threads)).load(MODEL, options, source(), () => {});
    assert.equal(info.threads, 1);
    assert.match(info.threadsReason!, reason);
    await assert.rejects(new Engine(machine(threads)).load(MODEL, { ...options, threads: 2 }, source(), () => {}), reason);
  }
});

test('the URL of a module below wasmUrl, with and without a final slash or a query', () => {
  for (const [from, to] of [['/a', '/a/cpu/luke_web_bg.wasm'], ['/a/', '/a/cpu/luke_web_bg.wasm'], ['/a?v=2', '/a/cpu/luke_web_bg.wasm?v=2'], ['', '/cpu/luke_web_bg.wasm']]) {
    assert.equal(wasmFile('cpu', `https://a.test${from}`).href, `https://a.test${to}`);
  }
});

test('a trap outside of a call rejects the running calls, and its event is not stopped', async () => {
  const instance = new WasmInstance(fakeWasm(async () => []).module);
  const listeners = new Map<string, (event: Event) => void>();
  const scope = globalThis as { addEventListener?: unknown; removeEventListener?: unknown };
  Object.assign(scope, { addEventListener: (type: string, listener: (event: Event) => void) => listeners.set(type, listener), removeEventListener: () => {} });
  const running = assert.rejects(instance.run(() => new Promise(() => {})), /elsewhere/);
  const event = Object.assign(new Event('error', { cancelable: true }), { error: new WebAssembly.RuntimeError('elsewhere') });
  listeners.get('error')!(event);
  await running;
  assert.equal(event.defaultPrevented, false);
  delete scope.addEventListener;
  delete scope.removeEventListener;
});

test('known errors keep their code, and other errors get one', () => {
  const own = new LukeError('quota', 'full');
  assert.equal(toLukeError(own), own);
  assert.equal(toLukeError({ code: 'format', message: 'x' }).code, 'format');
  assert.equal(toLukeError({ code: 'nonsense', message: 'x' }).code, 'internal');
  assert.equal(toLukeError(new RangeError('Array buffer allocation failed')).code, 'out-of-memory');
  assert.equal(toLukeError(new WebAssembly.CompileError('simd')).code, 'unsupported');
  assert.equal(toLukeError('text').message, 'internal error: text');
});

test('the version is that of package.json', () => {
  assert.equal(VERSION, JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version);
});
