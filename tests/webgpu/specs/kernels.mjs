// Each WebGPU kernel against its reference on random shapes, on a device with the default limits.
// Uses the build of the module that exports `kernelTest`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { KERNELS, SEED } from '../../browser/specs/kernels.mjs';
import { TOLERANCE } from '../../browser/fixtures.mjs';
import { fake } from '../world.mjs';

const FOLDER = new URL('../../browser/.kernels/', import.meta.url);
/** Fewer than in the browser, which runs the same shaders on a device with all that the adapter has. Every tile is among them. */
const CASES = 7;

export default async function ({ test }) {
  let opening;
  const open = async () => {
    fake.plan({ defaultLimits: true });
    const module = await import(new URL('luke_web.js', FOLDER));
    await module.default({ module_or_path: readFileSync(new URL('luke_web_bg.wasm', FOLDER)) });
    return module;
  };
  for (const name of KERNELS) {
    await test(`default limits: ${name}, ${CASES} random cases`, async () => {
      const { kernelTest } = await (opening ??= open());
      const { cases, maxError } = await untilTrap(kernelTest(name, SEED, CASES));
      assert.equal(cases, CASES);
      assert.ok(maxError <= TOLERANCE, `off by ${maxError}`);
    });
  }
  fake.plan();
}

/** The result of `work`, or a rejection if an error happens that nobody caught: after a trap, a promise of the wasm never settles. */
async function untilTrap(work) {
  let onError;
  const trap = new Promise((_, reject) => addEventListener('error', (onError = ({ error }) => reject(error))));
  return Promise.race([work, trap]).finally(() => removeEventListener('error', onError));
}
