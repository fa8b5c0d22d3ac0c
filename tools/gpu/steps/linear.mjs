// The linear layer at many shapes: GFLOP/s by the GPU's clock.
import { line, main, openGpu, openKernels, options, untilTrap } from '../gpu.mjs';

const MAX_LAUNCHES = 64;

await main(async () => {
  const { meter, adapter } = await openGpu();
  const { describe } = await import('../../../www/dist/check/environment.js');
  const { LinearBench } = await openKernels();
  // A software adapter runs another shader than a GPU unless it is told to.
  const shaders = ['own', ...(describe(adapter).isSoftware ? ['gpu'] : []), ...options.tiles];
  for (const [rows, k, n] of options.linear) {
    for (const dtype of options.dtypes) {
      for (const shader of shaders) {
        const what = { kind: 'linear', rows, in: k, out: n, dtype, shader };
        try {
          line({ ...what, ...(await measure(meter, await LinearBench.open(rows, k, n, dtype, shader), 2 * rows * k * n)) });
        } catch (error) {
          line({ ...what, problem: String(error.message ?? error) });
        }
      }
    }
  }
});

/** Times one layer. `flop` is that of one launch. */
async function measure(meter, bench, flop) {
  const run = async (launches) => {
    const started = performance.now();
    const value = await untilTrap(bench.run(launches));
    return { ms: performance.now() - started, value };
  };
  const { ms: firstMs } = await run(1); // builds the pipeline
  const once = await run(1);
  const launches = Math.min(MAX_LAUNCHES, Math.max(1, Math.ceil(options.targetMs / once.ms) * 4));
  meter.start();
  const { ms, value } = await run(launches);
  const work = await meter.stop();
  bench.free();
  const gpuMs = work.gpuMs && work.gpuMs / launches;
  const wallMs = ms / launches;
  return {
    launches, firstMs, wallMs, gpuMs, gflops: gpuMs ? flop / gpuMs / 1e6 : undefined, gflopsByWall: flop / wallMs / 1e6, value,
    submits: work.submits, passes: work.passes, untimedPasses: work.untimedPasses, longestPassMs: work.longestPassMs,
  };
}
