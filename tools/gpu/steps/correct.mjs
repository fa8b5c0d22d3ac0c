// Correctness on this device with all that it has: each kernel against its f64 reference, then every head against Hugging Face's outputs.
import { camelKeys, compareOutputs, headsByCheckpoint, TOLERANCE } from '../../../tests/browser/fixtures.mjs';
import { KERNELS, SEED } from '../../../tests/browser/specs/kernels.mjs';
import { line, main, openGpu, openKernels, options, untilTrap } from '../gpu.mjs';

await main(async () => {
  const { load } = await openGpu();
  await kernels();
  await fixtures(load);
});

/** The same cases several times: a race between invocations would change the error from one run to the next. */
async function kernels() {
  const { kernelTest } = await openKernels();
  for (const kernel of KERNELS) {
    const errors = [];
    for (let i = 0; i < options.repeats; i += 1) errors.push((await untilTrap(kernelTest(kernel, SEED, options.cases))).maxError);
    const maxError = Math.max(...errors);
    line({ kind: 'kernel', kernel, cases: options.cases, maxError, tolerance: TOLERANCE, repeats: errors.length, same: new Set(errors).size === 1, ok: maxError <= TOLERANCE });
  }
}

async function fixtures(load) {
  const all = Object.entries(headsByCheckpoint()).slice(0, options.fixtures);
  for (const [checkpoint, entries] of all) {
    const result = { kind: 'fixture', checkpoint, inputs: entries.length, tolerance: TOLERANCE };
    try {
      const luke = await load(`micro/${checkpoint}/`);
      const outputs = await untilTrap(luke.forward(entries.map(({ inputs }) => camelKeys(inputs))));
      await luke.dispose();
      entries.forEach((entry, i) => compareOutputs(entry, outputs[i]));
      line({ ...result, ok: true });
    } catch (error) {
      line({ ...result, ok: false, problem: String(error.message ?? error).slice(0, 300) });
    }
  }
}
