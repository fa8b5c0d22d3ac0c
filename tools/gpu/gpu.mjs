// What the steps share: WebGPU of Dawn with the hooks, the package, and the models.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { becomeBrowser, NO_ADAPTER } from '../../tests/webgpu/dawn.mjs';
import { listen, staticFiles } from '../../www/serve.mjs';
import { SIZES, writeModel } from './synthetic.mjs';

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

export const MICRO = at('tests/browser/.models');
/** The GPU's clock as it is. Browsers round it. */
const FLAGS = ['enable-dawn-features=allow_unsafe_apis', 'disable-dawn-features=timestamp_quantization'];

/** The options of the step, and the folder for files that it may make. */
export const { options, work } = JSON.parse(process.argv[2] ?? '{}');

/** Writes a line of the result. */
export function line(object) {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

/** Makes this process a browser. Ends it with a reason where there is no adapter. */
export async function openGpu() {
  await becomeBrowser(globalThis, FLAGS);
  const { GpuMeter } = await import('../../www/dist/check/meter.js');
  const meter = GpuMeter.install(); // before anything makes a device
  const adapter = await navigator.gpu.requestAdapter().catch(() => null);
  if (!adapter) throw new Error(NO_ADAPTER);
  const folders = { '/pkg/': at('pkg'), '/micro/': MICRO, '/mini/': at('www/models/luke-mini-en'), '/synthetic/': join(work, 'synthetic') };
  const { server, url } = await listen(staticFiles(folders, {}, { compress: false }));
  server.keepAliveTimeout = 0; // no limit: it would pass while the GPU works, because the server is in this thread too
  const lukeWeb = await import('../../pkg/dist/index.js');
  const load = (path, more = {}) => untilTrap(lukeWeb.Luke.load(url + path, { worker: false, wasmUrl: `${url}pkg/wasm/`, device: 'webgpu', ...more }));
  return { adapter, meter, lukeWeb, load };
}

/** The path of a model on the site of `openGpu`. Synthetic ones are written first, and stay for later steps. */
export function modelPath({ size, kind, dtype }) {
  if (size === 'micro') return 'micro/micro-span_cls/';
  if (kind === 'real') return 'mini/';
  if (!SIZES[size]) throw new Error(`no size ${size}`);
  const name = `${size}-${dtype}`;
  const folder = join(work, 'synthetic', name);
  if (!existsSync(join(folder, 'manifest.json'))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeModel(folder, join(MICRO, 'micro-span_cls-q8'), size, dtype);
  }
  return `synthetic/${name}/`;
}

/** The module with the kernel tests. */
export async function openKernels() {
  const folder = new URL('../../tests/browser/.kernels/', import.meta.url);
  const { readFileSync } = await import('node:fs');
  const module = await import(new URL('luke_web.js', folder));
  await module.default({ module_or_path: readFileSync(new URL('luke_web_bg.wasm', folder)) });
  return module;
}

/** The result of `work`, or a rejection if an error happens that nobody caught: after a trap, a promise of the wasm never settles. */
export async function untilTrap(promise) {
  let onError;
  const trap = new Promise((_, reject) => addEventListener('error', (onError = ({ error }) => reject(error))));
  return Promise.race([promise, trap]).finally(() => removeEventListener('error', onError));
}

/** Runs the step, and ends the process, which Dawn would keep alive. */
export async function main(body) {
  try {
    await body();
    await new Promise((resolve) => process.stdout.write('', resolve));
    process.exit(0);
  } catch (error) {
    console.error(error.stack ?? error); // the log has all of it
    line({ kind: 'error', message: String(error.message ?? error).split('\n')[0], ...(error.code && { code: error.code }) });
    process.exit(1);
  }
}
