// How the runtime is fetched. A hook of Node.js gives a fake in place of the generated script, which is not built here.
import assert from 'node:assert/strict';
import { register } from 'node:module';
import { afterEach, test } from 'node:test';
import { Progress } from '../src/progress.js';
import { hasRelaxedSimd } from '../src/threads.js';
import type { LoadEvent } from '../src/types.js';
import { loadWasm, type Runtime } from '../src/wasm.js';
import { quickly } from './clock.js';
import { FakeServer } from './server.js';
import { checkProgress, content } from './visit.js';

const WASM = content(5000, 4);
/** How many times the scripts of `webgpu` and of the others cannot be fetched, for the hook in its own thread. */
const missing = new Int32Array(new SharedArrayBuffer(8));
const [OF_GPU, OF_CPU] = [0, 1];

const script = `
  export const WASM_BYTES = 5000;
  export default async ({ module_or_path }) => {
    const bytes = await module_or_path.arrayBuffer();
    if (bytes.byteLength !== 5000 || new Uint8Array(bytes)[0] !== 4) throw new WebAssembly.CompileError('it is no wasm');
  };`;
const hook = `
  let missing;
  export const initialize = (given) => { missing = given; };
  export const resolve = (specifier, context, next) => {
    if (!specifier.endsWith('/luke_web.js')) return next(specifier, context);
    const which = specifier.includes('webgpu') ? 0 : 1;
    if (Atomics.load(missing, which) > 0) { Atomics.sub(missing, which, 1); throw new Error('no network'); }
    return { shortCircuit: true, url: 'data:text/javascript,' + encodeURIComponent(${JSON.stringify(script)}) + '//' + encodeURIComponent(specifier) };
  };`;
register(`data:text/javascript,${encodeURIComponent(hook)}`, { data: missing });

const { fetch } = globalThis;
afterEach(() => {
  globalThis.fetch = fetch;
  missing.fill(0);
});

/** Loads a runtime from a server; the caller plans its faults. */
async function load(runtime: Runtime, server: FakeServer, { retries = 3, signal = new AbortController().signal } = {}) {
  globalThis.fetch = server.fetch as typeof fetch;
  const events: LoadEvent[] = [];
  const options = { retries, stallMs: 15_000, wasmUrl: 'https://models.test/mini/wasm' };
  const { value, ms } = await quickly(() => loadWasm(runtime, options, new Progress((event) => events.push(event)), signal).finally(() => checkProgress(events, true)), { stepMs: 100, pauseMs: 2 });
  return { instance: value, events, ms };
}

const server = (runtime: string) => new FakeServer({ [`wasm/${runtime}/luke_web_bg.wasm`]: WASM });
const GPU = 'wasm/webgpu/luke_web_bg.wasm';

test('the runtime is fetched once, and counted', async () => {
  const from = server('threads');
  const { instance, events } = await load('threads', from);
  assert.deepEqual(events.map(({ phase }) => phase), ['runtime', ...Array(5).fill('download')]);
  assert.deepEqual(events.at(-1), { phase: 'download', file: 'https://models.test/mini/wasm/threads/luke_web_bg.wasm', loadedBytes: 5000, totalBytes: 5000, storedBytes: 0 });
  assert.equal(instance.urls.length, 2);
  assert.equal((await load('threads', from)).instance, instance);
  assert.equal(from.asked.length, 1);
});

test('a runtime that cannot be used rejects, and the next load tries again', async () => {
  const page = { body: new TextEncoder().encode('<html>'), headers: { 'content-type': 'text/html' } };
  const from = server('webgpu');
  from.next(GPU, page);
  await assert.rejects(load('webgpu', from), { code: 'network', message: /a page instead of the runtime/ });
  assert.equal(from.asked.length, 1);
  from.next(GPU, { status: 404 });
  await assert.rejects(load('webgpu', from), { code: 'network', detail: { status: 404, url: `https://models.test/mini/${GPU}` } });
  from.next(GPU, { endAt: 4000 });
  await assert.rejects(load('webgpu', from, { retries: 0 }), { code: 'network', message: /cut short at 4000 of 5000/ });
  from.next(GPU, { flipAt: 0 });
  await assert.rejects(load('webgpu', from), { name: 'CompileError' });
  from.plan = () => ({ isRefused: true });
  await assert.rejects(load('webgpu', from, { retries: 1 }), { code: 'network' });
  assert.ok(from.asked.every(({ isOver }) => isOver));
});

test('a script that cannot be fetched ends the fetch of the wasm, and is tried as often as it', async () => {
  const from = server('webgpu');
  Atomics.store(missing, OF_GPU, 4);
  await assert.rejects(load('webgpu', from), { code: 'network', message: /cannot fetch the script .*no network/ });
  assert.equal(from.asked.length, 1);
  assert.ok(from.asked.every(({ isOver }) => isOver));
  assert.equal(Atomics.load(missing, OF_GPU), 0);
});

test('an abort ends the wait for the runtime, which other loads may need', async () => {
  const from = server('webgpu');
  from.next(GPU, { status: 503 });
  const abort = new AbortController();
  globalThis.fetch = ((...request: Parameters<typeof fetch>) => (abort.abort('enough'), from.fetch(...request))) as typeof fetch;
  const progress = new Progress(() => {});
  const options = { retries: 0, stallMs: 15_000, wasmUrl: 'https://models.test/mini/wasm' };
  const other = loadWasm('webgpu', options, progress, new AbortController().signal);
  await assert.rejects(loadWasm('webgpu', options, progress, abort.signal), (reason) => reason === 'enough');
  await assert.rejects(other, { code: 'network', message: /status 503/ });
});

test('a cut, a stall, a refusal and a script that is missing at first are tried again', async () => {
  const folder = hasRelaxedSimd() ? 'relaxed' : 'cpu';
  const from = server(folder);
  from.next(`wasm/${folder}/luke_web_bg.wasm`, { cutAt: 1234 }, { stallAt: 2000 }, { endAt: 100 }, { status: 503, headers: { 'retry-after': '2' } });
  Atomics.store(missing, OF_CPU, 2);
  const { events, ms } = await load('wasm', from, { retries: 4 });
  assert.equal(events.filter(({ phase, file }) => phase === 'retry' && file!.endsWith('.wasm')).length, 4 + 2);
  assert.ok(ms >= 17_000 && ms < 30_000, `${ms}`);
  assert.equal(events.at(-1)!.loadedBytes, 5000);
});
