// Chooses WebGPU or the CPU before any large file is fetched.
import { within } from './abort.js';
import { LukeError } from './errors.js';
import { whyNoGpu } from './host.js';
import type { Device, LoadOptions } from './types.js';

/** The chosen device, the name of the GPU adapter, and the reason if `auto` did not choose WebGPU. */
export interface Choice {
  device: Device;
  adapter?: string;
  reason?: string;
}

/** Names of adapters that run on the CPU. Not every browser sets `isFallbackAdapter` for them. Our CPU module is much faster. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

/** Chooses the device. Rejects with `unsupported` if `requested` is `webgpu` and it cannot be used, or does not answer within `limitMs`. */
export async function chooseDevice(requested: NonNullable<LoadOptions['device']>, limitMs: number): Promise<Choice> {
  if (requested === 'wasm') return { device: 'wasm' };
  const adapter = missing() ?? (await requestAdapter(limitMs));
  if (typeof adapter === 'string') {
    if (requested === 'webgpu') throw new LukeError('unsupported', `device "webgpu": ${adapter}`);
    return { device: 'wasm', reason: adapter };
  }
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const name = [vendor, architecture, device, description].filter(Boolean).join(' ') || 'unnamed';
  if (requested === 'auto' && (isFallbackAdapter || SOFTWARE.test(name))) return { device: 'wasm', reason: `the WebGPU adapter is software (${name})` };
  return { device: 'webgpu', adapter: name };
}

/**
 * What this browser does not have of WebGPU. wgpu reads attributes that Chrome has only since version 115 and 132, without a check: a
 * load would end with a TypeError in the generated code.
 */
function missing(): string | undefined {
  const reason = whyNoGpu();
  if (reason) return reason;
  if (!navigator.gpu.wgslLanguageFeatures) return 'this browser is too old: it has no GPU.wgslLanguageFeatures';
  if (!('adapterInfo' in GPUDevice.prototype)) return 'this browser is too old: it has no GPUDevice.adapterInfo';
  return undefined;
}

/** The adapter, or why there is none. */
async function requestAdapter(limitMs: number): Promise<GPUAdapter | string> {
  try {
    const asked = navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
    return (await within(limitMs, asked, () => new Error(`it did not answer within ${limitMs / 1000} s`))) ?? 'no WebGPU adapter';
  } catch (error) {
    return `no WebGPU adapter: ${error instanceof Error ? error.message : String(error)}`;
  }
}
