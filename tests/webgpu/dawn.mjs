// WebGPU in Node.js: Dawn, the WebGPU of Chromium, from the npm package `webgpu`. On Linux it needs a Vulkan driver. Chromium brings
// one that computes on the CPU, SwiftShader.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const LOADER = 'libvulkan.so.1';
const DRIVER = 'vk_swiftshader_icd.json';
const FOLDERS = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome', '/opt/chromium.org/chromium'];

/** What to do where there is no adapter. */
export const NO_ADAPTER = `Dawn finds no WebGPU adapter. On Linux, install Chromium, whose folder has ${LOADER} and ${DRIVER} (Debian: apt-get install chromium),
and set CHROMIUM to the browser if it is not in ${FOLDERS[0]}. Or install a Vulkan driver (Debian: apt-get install libvulkan1 mesa-vulkan-drivers)
and set VK_DRIVER_FILES to its .json file.`;

/**
 * The variables of the environment with which a process finds SwiftShader. They must be set when the process starts. Gives none if a
 * driver is chosen already, or if there is no SwiftShader: Dawn then takes what the system has.
 */
export function driverEnvironment(environment, { platform = process.platform, folders = FOLDERS, exists = existsSync, real = realpathSync } = {}) {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, LD_LIBRARY_PATH, CHROMIUM } = environment;
  if (platform !== 'linux' || VK_DRIVER_FILES || VK_ICD_FILENAMES) return {};
  const own = CHROMIUM && exists(CHROMIUM) ? [dirname(real(CHROMIUM))] : [];
  const folder = [...own, ...folders].find((path) => exists(join(path, DRIVER)) && exists(join(path, LOADER)));
  if (!folder) return {};
  const driver = join(folder, DRIVER);
  // The loaders before 1.3.207 know the second name only.
  return { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: [folder, LD_LIBRARY_PATH].filter(Boolean).join(':') };
}

/** Attributes that Dawn puts on its objects, and browsers on prototypes. */
const ATTRIBUTES = {
  GPU: ['wgslLanguageFeatures'],
  GPUAdapter: ['features', 'limits', 'info'],
  GPUDevice: ['features', 'limits', 'adapterInfo', 'queue', 'lost'],
};

/** Makes the global scope that of a worker in a browser, as far as the package needs it. Its GPU is Dawn's, with options of `create`. */
export async function becomeBrowser(scope = globalThis, options = []) {
  const { create, globals } = await import('webgpu');
  Object.assign(scope, globals);
  const own = attributesOnPrototypes(globals);
  const { requestAdapter } = globals.GPU.prototype;
  globals.GPU.prototype.requestAdapter = async function (options) {
    const adapter = await requestAdapter.call(this, options);
    return adapter && own(adapter, 'GPUAdapter');
  };
  const { requestDevice } = globals.GPUAdapter.prototype;
  globals.GPUAdapter.prototype.requestDevice = async function (descriptor) {
    return own(await requestDevice.call(this, descriptor), 'GPUDevice');
  };
  const gpu = create(options);
  gpu.wgslLanguageFeatures = new Set(gpu.wgslLanguageFeatures); // `keys` of Dawn's gives an array
  Object.defineProperty(scope, 'navigator', { value: { gpu: own(gpu, 'GPU') }, configurable: true });
  scope.WorkerGlobalScope = class WorkerGlobalScope {};
  reportErrors(scope);
}

/** Moves attributes from an object to its prototype, so that a test can take them away as from a browser's. */
function attributesOnPrototypes(globals) {
  const values = new WeakMap();
  for (const [type, names] of Object.entries(ATTRIBUTES)) {
    for (const name of names) Object.defineProperty(globals[type].prototype, name, { get() { return values.get(this)?.[name]; }, configurable: true, enumerable: true });
  }
  return (object, type) => {
    values.set(object, Object.fromEntries(ATTRIBUTES[type].map((name) => [name, object[name]])));
    for (const name of ATTRIBUTES[type]) delete object[name];
    return object;
  };
}

/** Errors that nobody caught become events, and the program goes on, as in a browser. */
function reportErrors(scope) {
  const events = new EventTarget();
  for (const method of ['addEventListener', 'removeEventListener', 'dispatchEvent']) scope[method] = events[method].bind(events);
  process.on('uncaughtException', (error) => scope.dispatchEvent(Object.assign(new Event('error'), { error })));
  process.on('unhandledRejection', (reason) => scope.dispatchEvent(Object.assign(new Event('unhandledrejection'), { reason })));
}
