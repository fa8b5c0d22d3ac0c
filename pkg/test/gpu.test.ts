// What the engine does when a GPU fails, or is slower than the CPU.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Engine, type Machine } from '../src/engine.js';
import type { EngineInfo } from '../src/protocol.js';
import { fetchSource } from '../src/source.js';
import { recall, remember, whyNotGpu } from '../src/speed.js';
import type { Device } from '../src/types.js';
import { WasmInstance } from '../src/wasm.js';
import { FakeBrowser } from './browser.js';
import { fakeFetch, fakeWasm, MODEL, modelFiles, ONCE as options } from './fakes.js';

afterEach(() => FakeBrowser.uninstall());

const text = { method: 'ner', input: 'a', options: {} } as const;
const LOST = { code: 'device-lost', message: 'the driver was updated' };
const FULL = { code: 'out-of-memory', message: 'on the GPU: no buffer' };

/** An engine on a machine with a GPU. Each of `failures` is what a call on the GPU fails with; calls after them work. */
async function loaded(device: 'auto' | Device, ...failures: object[]) {
  const on = (name: Device) =>
    fakeWasm(async () => {
      const failure = name === 'webgpu' && failures.shift();
      if (failure) throw failure;
      return [name];
    }, undefined, { info: () => ({ name: 'fake', dtype: 'f32', device: name, tasks: ['ner'], parameters: 7, license: '', heads: {} }) });
  const modules = { webgpu: on('webgpu'), wasm: on('wasm') };
  const instances = { webgpu: new WasmInstance(modules.webgpu.module), wasm: new WasmInstance(modules.wasm.module) };
  const machine: Machine = {
    chooseDevice: async (asked) => (asked === 'wasm' ? { device: 'wasm' } : { device: 'webgpu', adapter: 'test gpu' }),
    chooseThreads: () => ({ threads: 1 }),
    loadWasm: async (runtime) => instances[runtime as Device],
  };
  const engine = new Engine(machine);
  const load = () => engine.load(MODEL, { ...options, device }, fetchSource(fakeFetch(modelFiles(2)).fetch), () => {});
  const reloads: EngineInfo[] = [];
  const call = () => engine.call(text, (info) => reloads.push(info));
  const freed = () => modules.webgpu.log.filter((line) => line === 'free model').length;
  return { engine, load, call, reloads, freed, modules, failures };
}

test('a call whose device is lost is repeated on a new one, and its caller sees a reload only', async () => {
  for (const failure of [LOST, FULL]) {
    for (const device of ['auto', 'webgpu'] as const) {
      const { engine, load, call, reloads, freed } = await loaded(device, failure);
      await load();
      assert.deepEqual(await call(), ['webgpu']);
      assert.deepEqual([reloads.map(({ device }) => device), freed()], [['webgpu'], 1]);
      await engine.dispose();
      assert.equal(freed(), 2);
    }
  }
});

test('several calls that meet the same loss are all repeated, after one reload', async () => {
  const { engine, load, call, freed, modules } = await loaded('webgpu', LOST, LOST, LOST);
  await load();
  assert.deepEqual(await Promise.all([call(), call(), call()]), [['webgpu'], ['webgpu'], ['webgpu']]);
  assert.deepEqual([freed(), modules.webgpu.log.filter((line) => line === 'finish').length], [1, 2]);
  await engine.dispose();
});

test('the second failure within minutes moves auto to the CPU, which says why', async () => {
  const { engine, load, call, reloads } = await loaded('auto', LOST, FULL);
  await load();
  assert.deepEqual(await call(), ['wasm']);
  assert.deepEqual(reloads.map(({ device, fallbackReason }) => [device, fallbackReason]), [['webgpu', undefined], ['wasm', 'WebGPU failed twice: on the GPU: no buffer']]);
  assert.deepEqual(await call(), ['wasm']);
  await engine.dispose();
});

test('failures that are far apart do not', async (t) => {
  const { engine, load, call, reloads, failures } = await loaded('auto', LOST);
  await load();
  await call();
  failures.push(LOST);
  const later = performance.now() + 300_000;
  t.mock.method(performance, 'now', () => later);
  assert.deepEqual(await call(), ['webgpu']);
  assert.deepEqual(reloads.map(({ device }) => device), ['webgpu', 'webgpu']);
  await engine.dispose();
});

test('a device that was asked for by name and fails twice is an error, and the next call tries it again', async () => {
  const { engine, load, call } = await loaded('webgpu', LOST, LOST);
  await load();
  await assert.rejects(call(), LOST);
  assert.deepEqual(await call(), ['webgpu']);
  await engine.dispose();
});

test('auto leaves a GPU that is slower than the CPU before it reads the model, and remembers it', async () => {
  new FakeBrowser().install();
  const visit = async (device: 'auto' | 'webgpu', flops: number) => {
    const { engine, load, modules } = await loaded(device);
    const { loadModel } = modules.webgpu.module;
    let measured = 0;
    modules.webgpu.module.loadModel = async (json, host, onSelfTest) => {
      measured += 1;
      try {
        host.measured(flops, 12, 23e6, true);
      } catch {
        throw { code: 'unsupported', message: 'WebGPU: the page does not want this GPU' };
      }
      return loadModel(json, host, onSelfTest);
    };
    const { device: used, fallbackReason } = await load();
    await engine.dispose();
    return [used, fallbackReason, measured];
  };
  const reason = 'the CPU is faster for this model: 160 words take about 33 ms, on this GPU 49 ms';
  assert.deepEqual(await visit('webgpu', 100e9), ['webgpu', undefined, 1]);
  assert.deepEqual(await visit('auto', 100e9), ['wasm', reason, 1]);
  assert.deepEqual(await visit('auto', 100e9), ['wasm', reason, 0]);
});

test('the advantage of a GPU is judged by its speed, its latency, the model and the threads', () => {
  const mini = { flopPerRow: 23e6, quantized: true };
  const base = { flopPerRow: 203e6, quantized: false };
  assert.equal(whyNotGpu({ flops: 1e12, roundTripMs: 5, ...mini }, 1), undefined);
  assert.match(whyNotGpu({ flops: 1e12, roundTripMs: 5, ...mini }, 4)!, /8\.4 ms, on this GPU 8\.7 ms/);
  assert.match(whyNotGpu({ flops: 20e12, roundTripMs: 100, ...mini }, 1)!, /100 ms/); // Firefox
  assert.equal(whyNotGpu({ flops: 20e12, roundTripMs: 100, ...base }, 1), undefined);
  assert.match(whyNotGpu({ flops: 6e9, roundTripMs: 2, ...base }, 1)!, /5415 ms/); // a software adapter
});

test('what is remembered is of one adapter, one model and one browser', async () => {
  new FakeBrowser().install();
  const measured = { flops: 1e12, roundTripMs: 5, flopPerRow: 1e8, quantized: true };
  await remember('gpu', MODEL, measured);
  assert.deepEqual(await recall('gpu', MODEL), measured);
  assert.equal(await recall('another gpu', MODEL), undefined);
  assert.equal(await recall('gpu', `${MODEL}other/`), undefined);
  await remember('gpu', MODEL, { ...measured, flops: NaN });
  assert.equal(await recall('gpu', MODEL), undefined);
});
