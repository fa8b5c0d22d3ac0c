// Whole forward passes of one model: wall time, GPU time, dispatches, submits and the longest of them.
import { line, main, modelPath, openGpu, options } from '../gpu.mjs';

await main(async () => {
  const { size, dtype, kind, shapes, rounds, budgetMs, longestMs } = options;
  const model = `${size} ${dtype}`;
  const path = modelPath(options);
  const { load, meter } = await openGpu();
  const { passes } = await import('../../../www/dist/check/measure.js');
  const { describePipelines } = await import('../../../www/dist/check/check.js');
  const luke = await load(path);
  const { loadMs, selfTest, parameters } = luke.info;
  line({ kind: 'load', model, weights: kind, loadMs, parameters, selfTest, memory: meter.memory, rssMiB: process.memoryUsage.rss() / 2 ** 20 });
  line({ kind: 'pipelines', model, ...describePipelines(meter) });
  await passes(luke, meter, shapes, { rounds, budgetMs, longestMs }, (pass) => line({ kind: 'pass', model, ...pass }));
  line({ kind: 'used', model, memory: meter.memory });
  await luke.dispose();
});
