// Each WebGPU kernel against its reference on random shapes, on a device with the default limits and no optional feature.
// Uses the build of the module that exports `kernelTest`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { KERNELS, SEED } from '../../browser/specs/kernels.mjs';
import { TOLERANCE } from '../../browser/fixtures.mjs';
import { fake } from '../world.mjs';

const FOLDER = new URL('../../browser/.kernels/', import.meta.url);
/** Fewer than in the browser, which runs the same shaders on a device with all that the adapter has. */
const CASES = 6;

export default async function ({ test }) {
  let module;
  const open = async () => {
    fake.plan();
    const { features } = await navigator.gpu.requestAdapter();
    fake.plan({ defaultLimits: true, withoutFeatures: [...features] });
    const kernels = await import(new URL('luke_web.js', FOLDER));
    await kernels.default({ module_or_path: readFileSync(new URL('luke_web_bg.wasm', FOLDER)) });
    return kernels;
  };
  for (const name of KERNELS) {
    await test(`${name}, ${CASES} random cases`, async () => {
      module ??= await open();
      const { cases, maxError } = await module.kernelTest(name, SEED, CASES);
      assert.equal(cases, CASES);
      assert.ok(maxError <= TOLERANCE, `off by ${maxError}`);
    });
  }
  fake.plan();
}
