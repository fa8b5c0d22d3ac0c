// What the machine, the driver and WebGPU say of themselves.
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { line, main, openGpu } from '../gpu.mjs';

await main(async () => {
  const { adapter } = await openGpu();
  const { environment, describe } = await import('../../../www/dist/check/environment.js');
  const { userAgent: _, ...found } = await environment();
  const { adapter: described } = found;
  const device = await adapter.requestDevice({ requiredFeatures: [...adapter.features], requiredLimits: described.limits });
  line({
    kind: 'environment',
    ...found,
    adapter: describe(adapter),
    deviceFeatures: [...device.features].sort(),
    driver: process.env.VK_DRIVER_FILES ?? 'of the system',
    system: `${os.type()} ${os.release()}`,
    cpu: os.cpus()[0]?.model,
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    load: os.loadavg()[0],
    node: process.version,
    date: new Date().toISOString(),
  });
  line({ kind: 'nvidia', ...nvidia() });
});

/** What nvidia-smi says, if it is there. */
function nvidia() {
  const ask = (...args) => execFileSync('nvidia-smi', args, { encoding: 'utf8', timeout: 20_000, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const fields = ['name', 'driver_version', 'memory.total', 'memory.used', 'clocks.sm', 'clocks.max.sm', 'clocks.mem', 'power.limit', 'persistence_mode', 'compute_mode', 'pcie.link.gen.current'];
  try {
    const values = ask(`--query-gpu=${fields}`, '--format=csv,noheader').split('\n')[0].split(', ');
    return { found: true, ...Object.fromEntries(fields.map((field, i) => [field, values[i]])), all: ask('-q') };
  } catch (error) {
    return { found: false, reason: error.code === 'ENOENT' ? 'there is no nvidia-smi' : String(error.message) };
  }
}
