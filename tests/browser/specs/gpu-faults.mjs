// The package when the GPU fails, on the WebGPU of the browser. The same cases run in Node.js; see ../../webgpu/cases.mjs.
import assert from 'node:assert/strict';
import { CASES } from '../../webgpu/cases.mjs';

export default async function ({ test, openPage }) {
  let page;
  for (const name of Object.keys(CASES)) {
    await test(`webgpu ${name}`, async () => {
      page ??= await openPage();
      const error = await page.evaluate(runCase, name);
      assert.equal(error, undefined);
    });
  }
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
