// The modules of `luke-web/static`: those of the CPU for one thread, whose scripts are parts of the entry. A service worker may not use
// `import()`. The wasm itself is fetched, and only the one that is used.
import * as cpu from '../wasm/cpu/luke_web.js';
import * as relaxed from '../wasm/relaxed/luke_web.js';
import { LukeError } from './errors.js';
import type { MODULES as DynamicModules } from './modules.js';

/** A module that is not here. */
function missing(what: string) {
  const refuse = () => {
    throw new LukeError('unsupported', `luke-web/static has no ${what}`);
  };
  return { load: async () => refuse(), url: refuse };
}

export const MODULES: typeof DynamicModules = {
  cpu: { load: async () => cpu, url: () => new URL('../wasm/cpu/luke_web_bg.wasm', import.meta.url) },
  relaxed: { load: async () => relaxed, url: () => new URL('../wasm/relaxed/luke_web_bg.wasm', import.meta.url) },
  threads: missing('threads'),
  webgpu: missing('WebGPU'),
};
