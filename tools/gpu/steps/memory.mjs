// Memory over many loads of a model: what is not given back grows.
import { execFileSync } from 'node:child_process';
import { line, main, modelPath, openGpu, options } from '../gpu.mjs';

/** Time for what was disposed to be freed. */
const QUIET_MS = 300;

await main(async () => {
  const path = modelPath(options);
  const { load, meter } = await openGpu();
  const { inputs } = await import('../../../www/dist/check/measure.js');
  const input = inputs({ words: 64, entities: 16, batch: 1 });
  const report = (reload, phase) => line({ kind: 'memory', model: path, reload, phase, ...meter.memory, rssMiB: process.memoryUsage.rss() / 2 ** 20, gpuUsedMiB: gpuUsed() });
  report(0, 'start');
  for (let reload = 1; reload <= options.reloads; reload += 1) {
    meter.resetPeak();
    const luke = await load(path);
    report(reload, 'loaded');
    await luke.forward(input, { head: 'model' });
    report(reload, 'used');
    await luke.dispose();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    report(reload, 'disposed');
  }
});

/** Used memory of the GPU in MiB by nvidia-smi, where it is. */
function gpuUsed() {
  try {
    return Number(execFileSync('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits'], { encoding: 'utf8', timeout: 10_000, stdio: ['ignore', 'pipe', 'ignore'] }).split('\n')[0]);
  } catch {
    return undefined;
  }
}
