// The package when the GPU fails, on the WebGPU of the browser. All cases run in Node.js too; see ../../webgpu/cases.mjs.
import assert from 'node:assert/strict';
import { BROWSER_CASES } from '../../webgpu/cases.mjs';

export default async function ({ test, openPage }) {
  let page;
  for (const name of BROWSER_CASES) {
    await test(`webgpu ${name}`, async () => {
      page ??= await openPage();
      const error = await page.evaluate(runCase, name);
      assert.equal(error, undefined);
    });
  }
  await test('webgpu on the thread of the page: after a trap, the next load does not hang', async () => {
    page ??= await openPage();
    const { trapped, next } = await page.evaluate(trapOnPage);
    assert.equal(trapped.error?.code, 'internal', JSON.stringify(trapped));
    // This module cannot be started again there: see `trapOnPage`.
    assert.ok(next.value === 'webgpu' || next.error?.code === 'unsupported', JSON.stringify(next));
  });
  await page?.context().close();
}

// In the page.
async function runCase(name) {
  const answer = (worker) => new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
  globalThis.gpuWorker ??= (async () => {
    const worker = new Worker('/gpu-worker.js', { type: 'module' });
    await answer(worker);
    return worker;
  })();
  const worker = await globalThis.gpuWorker;
  worker.postMessage({ name });
  return (await answer(worker)).error;
}

/** Chromium instantiates a module of this size on the page's thread only in an asynchronous way, so the worker's cases do not show this. */
async function trapOnPage() {
  const options = { device: 'webgpu', worker: false };
  const { Model } = await import('/pkg/wasm/webgpu/luke_web.js');
  const luke = await lukeWeb.Luke.load('/models/micro-span_cls/', options);
  const { call } = Model.prototype;
  Model.prototype.call = () => {
    throw new WebAssembly.RuntimeError('unreachable');
  };
  const trapped = await outcome(luke.ner('Ana Ivanovic won at Wimbledon.'));
  Model.prototype.call = call;
  const late = new Promise((resolve) => setTimeout(resolve, 15_000, { hangs: true }));
  const next = await Promise.race([outcome(lukeWeb.Luke.load('/models/micro-span_cls/', options).then(({ info }) => info.device)), late]);
  await luke.dispose();
  return { trapped, next };
}
