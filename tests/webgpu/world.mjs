// What the specs share: the fake, the test site and the package.
import { startSite } from '../browser/server.mjs';
import { installFakeGpu } from './fake.mjs';

export const fake = installFakeGpu();
export const site = await startSite();
export const lukeWeb = await import('../../pkg/dist/index.js');
/** Node.js cannot fetch the wasm from a file. */
export const OPTIONS = { worker: false, wasmUrl: `${site.url}pkg/wasm/` };

/** Makes a new wasm instance, which opens a new device. No model may be loaded. */
export async function freshInstance() {
  const { __wbg_reset_state: reset } = await import('../../pkg/wasm/webgpu/luke_web.js');
  try {
    reset();
  } catch {
    // There is no instance yet.
  }
  fake.lose();
  await new Promise((resolve) => setTimeout(resolve));
}
