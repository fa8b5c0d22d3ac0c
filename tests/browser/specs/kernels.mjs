// Each WebGPU kernel against its CPU reference on random shapes. Uses a build of the module that exports `kernelTest`.
import assert from 'node:assert/strict';
import { TOLERANCE } from '../fixtures.mjs';

// `tiled` and `exact` (without `dot4I8Packed`) are the variants for a real GPU, which would not be chosen on this adapter.
export const KERNELS = [
  'linear', 'linear_f16', 'linear_q8', 'entity_attention', 'add_layer_norm', 'gather_rows', 'stack_rows', 'tanh',
  'tiled linear', 'tiled linear_f16', 'tiled linear_q8', 'exact linear_q8', 'tiled entity_attention',
];
const CASES = 24;
export const SEED = 20200;

export default async function ({ test, openPage }) {
  let page;
  for (const name of KERNELS) {
    await test(`webgpu ${name}, ${CASES} random cases`, async () => {
      page ??= await openPage();
      const { cases, maxError } = await page.evaluate(
        async ({ name, seed, cases }) => {
          const module = await import('/kernels/luke_web.js');
          globalThis.kernelsReady ??= module.default({ module_or_path: '/kernels/luke_web_bg.wasm' });
          await globalThis.kernelsReady;
          return module.kernelTest(name, seed, cases);
        },
        { name, seed: SEED, cases: CASES },
      );
      assert.ok(cases > 0, `${cases} cases ran`);
      assert.ok(maxError <= TOLERANCE, `off by ${maxError}`);
    });
  }
  await page?.context().close();
}
