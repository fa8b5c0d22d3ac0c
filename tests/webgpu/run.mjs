// Tests of WebGPU that need no GPU and no browser: the package and its wasm module in Node.js, on Dawn with SwiftShader.
//   node tests/webgpu/run.mjs [WORD...]    runs only tests whose name contains every word, e.g. `faults call`
// CHROMIUM is the path of the browser whose SwiftShader is used. VK_DRIVER_FILES chooses another Vulkan driver.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Report } from '../report.mjs';
import { becomeBrowser, driverEnvironment, NO_ADAPTER } from './dawn.mjs';

/** `check` uses the built page (www/dist), and stays last: its hooks stay. */
const SPECS = ['dawn', 'fake', 'devices', 'kernels', 'faults', 'check'];
const TIMEOUT_MS = 180_000;

const driver = driverEnvironment(process.env);
if (Object.keys(driver).length > 0) {
  const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit', env: { ...process.env, ...driver } });
  process.exit(status ?? 1);
}

await becomeBrowser();
const adapter = await navigator.gpu.requestAdapter().catch((error) => void console.log(String(error)));
if (!adapter) {
  console.log(NO_ADAPTER);
  process.exit(1);
}
console.log(`WebGPU adapter: ${adapter.info.description || adapter.info.device}`);

const words = process.argv.slice(2);
const report = new Report();

/** Runs one test, if the command line selects it. */
async function test(name, body) {
  if (words.every((word) => name.includes(word))) await report.test(name, body, TIMEOUT_MS);
}

for (const name of SPECS) {
  const { default: spec } = await import(`./specs/${name}.mjs`);
  await spec({ test: (title, body) => test(`${name}: ${title}`, body) });
}
process.exit(report.end()); // Dawn would keep the process alive
