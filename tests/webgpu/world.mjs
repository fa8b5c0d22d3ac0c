// What the specs share: the fake, the test site and the package.
import { startSite } from '../browser/server.mjs';
import { freshInstances } from './cases.mjs';
import { installFakeGpu } from './fake.mjs';

export const fake = installFakeGpu();
export const site = await startSite();
export const lukeWeb = await import('../../pkg/dist/index.js');
/** Node.js cannot fetch the wasm from a file. */
export const OPTIONS = { worker: false, wasmUrl: `${site.url}pkg/wasm/` };
/** Makes a new wasm instance, which opens a new device. All models must have been disposed. */
export const fresh = freshInstances(fake, await import('../../pkg/wasm/webgpu/luke_web.js'));
