import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { isTrap, toLukeError } from '../src/errors.js';
import { checkEngine, hasRelaxedSimd } from '../src/threads.js';
import { fakeWasm } from './fakes.js';
import { WasmInstance, type ThreadStart } from '../src/wasm.js';

afterEach(() => delete (globalThis as { Worker?: unknown }).Worker);

/** Workers of threads, which start when the test says so. */
function threads() {
  const workers: FakeThread[] = [];
  class FakeThread {
    isTerminated = false;
    onmessage = () => {};
    onerror = (_event: object) => {};
    constructor() {
      workers.push(this);
    }
    postMessage(): void {}
    terminate(): void {
      this.isTerminated = true;
    }
    fail(): void {
      this.onerror({ preventDefault() {}, message: 'no script' });
    }
  }
  Object.defineProperty(globalThis, 'Worker', { configurable: true, writable: true, value: FakeThread });
  const instance = new WasmInstance({ ...fakeWasm(async () => []).module, threadStart: () => ({}) as ThreadStart });
  return { workers, instance, alive: () => workers.filter(({ isTerminated }) => !isTerminated).length };
}

test('an engine without what every module needs is told what is missing, and what to do', () => {
  checkEngine();
  const { validate } = WebAssembly;
  WebAssembly.validate = () => false;
  try {
    assert.throws(checkEngine, { code: 'unsupported', message: /^this browser has no SIMD for WebAssembly, .*: use Chrome .*SSE4\.1 \(x86\) or NEON/ });
  } finally {
    WebAssembly.validate = validate;
  }
  const all = WebAssembly;
  Object.defineProperty(globalThis, 'WebAssembly', { configurable: true, writable: true, value: undefined });
  try {
    assert.throws(checkEngine, { code: 'unsupported', message: /^this browser has no WebAssembly, .*lockdown mode .*--jitless.* Switch it on/ });
    assert.equal(hasRelaxedSimd(), false);
    assert.deepEqual([isTrap(new Error('a')), toLukeError(new Error('a')).code], [false, 'internal']);
  } finally {
    Object.defineProperty(globalThis, 'WebAssembly', { configurable: true, writable: true, value: all });
  }
});

test('threads that fail to start end those of no other model', async () => {
  const { workers, instance, alive } = threads();
  const [first, second] = [{}, {}];
  const growing = instance.useThreads(first, 3, 1000);
  for (const worker of workers) worker.onmessage();
  await growing;
  const more = assert.rejects(instance.useThreads(second, 6, 1000), { code: 'unsupported', message: /no script/ });
  workers[3]!.onmessage();
  workers[4]!.fail();
  await more;
  instance.releaseThreads(second);
  workers[2]!.onmessage();
  assert.deepEqual([instance.generation, workers.map(({ isTerminated }) => isTerminated)], [0, [false, false, false, false, true]]);
  // The next model starts what is missing.
  const again = instance.useThreads(second, 6, 1000);
  assert.equal(workers.length, 6);
  workers[5]!.onmessage();
  await again;
  assert.deepEqual([instance.threads, alive()], [6, 5]);
  instance.releaseThreads(first);
  assert.equal(alive(), 5);
  instance.releaseThreads(second);
  assert.deepEqual([instance.generation, instance.threads, alive()], [1, 1, 0]);
});

test('threads that fail to start for the only model end with it', async () => {
  const { workers, instance, alive } = threads();
  const user = {};
  const failing = assert.rejects(instance.useThreads(user, 4, 20), { code: 'unsupported', message: /did not start within 0.02 s/ });
  workers[0]!.onmessage();
  await failing;
  instance.releaseThreads(user);
  assert.deepEqual([instance.threads, alive()], [1, 0]);
});
