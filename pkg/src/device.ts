// Which of the two wasm modules to run, decided before anything big is fetched.
import { LukeError } from './errors.js';
import type { Device, LoadOptions } from './types.js';

/** The device to try, the GPU if it is one, and why `auto` did not take WebGPU. */
export interface Choice {
  device: Device;
  adapter?: string;
  reason?: string;
}

/** Adapters that are a CPU in disguise, should `isFallbackAdapter` not say so: there our CPU module is much faster. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

/** Looks for an adapter. Rejects with `unsupported` when WebGPU was asked for by name and there is none. */
export async function chooseDevice(wanted: NonNullable<LoadOptions['device']>): Promise<Choice> {
  if (wanted === 'wasm') return { device: 'wasm' };
  const adapter = await requestAdapter();
  if (!adapter) {
    if (wanted === 'webgpu') throw new LukeError('unsupported', 'device "webgpu": this browser gives no WebGPU adapter');
    return { device: 'wasm', reason: 'no WebGPU adapter' };
  }
  const { vendor, architecture, device, description, isFallbackAdapter } = (adapter.info as GPUAdapterInfo | undefined) ?? {}; // no `info` before Chrome 127
  const name = [vendor, architecture, device, description].filter(Boolean).join(' ') || 'unnamed';
  if (wanted === 'auto' && (isFallbackAdapter || SOFTWARE.test(name))) return { device: 'wasm', reason: `the WebGPU adapter is software (${name})` };
  return { device: 'webgpu', adapter: name };
}

async function requestAdapter(): Promise<GPUAdapter | null> {
  try {
    return (await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
  } catch {
    return null;
  }
}
