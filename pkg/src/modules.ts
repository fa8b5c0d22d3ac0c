// The modules of the package. The entry for service workers replaces this file by modules-static.ts (bundle.mjs).
import type { WasmModule } from './wasm.js';

/** The locations of the modules. Imports and URLs are written out in full, because bundlers search for exactly these forms. */
export const MODULES = {
  cpu: {
    load: (): Promise<WasmModule> => import('../wasm/cpu/luke_web.js'),
    url: () => new URL('../wasm/cpu/luke_web_bg.wasm', import.meta.url),
  },
  /** The CPU module for engines with relaxed SIMD, which computes int8 products faster. */
  relaxed: {
    load: (): Promise<WasmModule> => import('../wasm/relaxed/luke_web.js'),
    url: () => new URL('../wasm/relaxed/luke_web_bg.wasm', import.meta.url),
  },
  /** The CPU module with relaxed SIMD and shared memory for threads. */
  threads: {
    load: (): Promise<WasmModule> => import('../wasm/threads/luke_web.js'),
    url: () => new URL('../wasm/threads/luke_web_bg.wasm', import.meta.url),
  },
  webgpu: {
    load: (): Promise<WasmModule> => import('../wasm/webgpu/luke_web.js'),
    url: () => new URL('../wasm/webgpu/luke_web_bg.wasm', import.meta.url),
  },
};
