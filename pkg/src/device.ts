// Chooses WebGPU or the CPU before any large file is fetched.
import { LukeError } from './errors.js';
import type { Device, LoadOptions } from './types.js';

/** The chosen device, the name of the GPU adapter, and the reason if `auto` did not choose WebGPU. */
export interface Choice {
  device: Device;
  adapter?: string;
  reason?: string;
}

/** Names of adapters that run on the CPU. Not every browser sets `isFallbackAdapter` for them. Our CPU module is much faster. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

/** Chooses the device. Rejects with `unsupported` if `requested` is `webgpu` and there is no adapter. */
export async function chooseDevice(requested: NonNullable<LoadOptions['device']>): Promise<Choice> {
  if (requested === 'wasm') return { device: 'wasm' };
  const adapter = await requestAdapter();
  if (!adapter) {
    if (requested === 'webgpu') throw new LukeError('unsupported', 'device "webgpu": this browser has no WebGPU adapter');
    return { device: 'wasm', reason: 'no WebGPU adapter' };
  }
  const { vendor, architecture, device, description, isFallbackAdapter } = (adapter.info as GPUAdapterInfo | undefined) ?? {}; // Chrome has no `info` before version 127
  const name = [vendor, architecture, device, description].filter(Boolean).join(' ') || 'unnamed';
  if (requested === 'auto' && (isFallbackAdapter || SOFTWARE.test(name))) return { device: 'wasm', reason: `the WebGPU adapter is software (${name})` };
  return { device: 'webgpu', adapter: name };
}

async function requestAdapter(): Promise<GPUAdapter | null> {
  try {
    return (await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
  } catch {
    return null;
  }
}
