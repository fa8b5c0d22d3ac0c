// Every head on every device returns Hugging Face's outputs for the same inputs.
import assert from 'node:assert/strict';
import { camelKeys, compareOutputs, DEVICES, headsByCheckpoint } from '../fixtures.mjs';

/** Chromium has relaxed SIMD, so the module without it needs a run of its own. */
const RUNS = [...DEVICES.map((device) => ({ name: device, device, site: '/pkg/' })), { name: 'wasm without relaxed SIMD', device: 'wasm', site: '/plain/' }];

export default async function ({ test, openPage }) {
  const byCheckpoint = headsByCheckpoint();
  for (const { name, ...run } of RUNS) {
    let page;
    for (const [checkpoint, entries] of Object.entries(byCheckpoint)) {
      await test(`${name} ${checkpoint}, ${entries.length} inputs`, async () => {
        page ??= await openPage();
        const inputs = entries.map((entry) => camelKeys(entry.inputs));
        const { outputs } = await page.evaluate(forwardAll, { checkpoint, ...run, inputs });
        // The outputs of single calls, then those of one call with all inputs.
        [...entries, ...entries].forEach((entry, i) => compareOutputs(entry, outputs[i]));
      });
    }
    await test(`${name} int8 gives the same outputs as the native build`, async () => {
      page ??= await openPage();
      const { selfTest } = await page.evaluate(forwardAll, { checkpoint: 'micro-span_cls-q8', ...run, inputs: [] });
      assert.ok(selfTest.maxError <= (run.device === 'wasm' ? NATIVE_TOLERANCE : selfTest.tolerance), `off by ${selfTest.maxError}`);
    });
    await page?.context().close();
  }
}

/** Integer sums are exact. f32 sums may have another order, and so an input may be quantized to a neighboring integer. */
const NATIVE_TOLERANCE = 1e-3;

// In the page. All checkpoints share one worker, so that the module is compiled once.
async function forwardAll({ checkpoint, device, site, inputs }) {
  globalThis.worker ??= new Worker(`${site}dist/worker.js`, { type: 'module' });
  const luke = await lukeWeb.Luke.load(`/models/${checkpoint}/`, { device, worker: globalThis.worker });
  const { info } = luke;
  if (info.device !== device) throw new Error(`it runs on ${info.device}`);
  const outputs = [];
  for (const input of inputs) outputs.push(await luke.forward(input));
  if (inputs.length) outputs.push(...(await luke.forward(inputs)));
  await luke.dispose();
  const plain = ({ shape, data }) => ({ shape: [...shape], data: [...data] });
  return {
    selfTest: info.selfTest,
    outputs: outputs.map((tensors) => Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, plain(tensor)]))),
  };
}
