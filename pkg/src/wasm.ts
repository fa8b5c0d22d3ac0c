// The wasm modules, at most one instance of each for each thread (the generated glue keeps it in a module variable).
// A trap ends an instance: whatever ran in it is rejected, and a fresh one takes its place for everybody.
import { isTrap, LukeError } from './errors.js';
import { hasRelaxedSimd, ThreadPool } from './threads.js';
import type { Device, ForwardInputs, ForwardOutputs, RuntimeInfo, Span } from './types.js';

/** What `wasm-bindgen` exports, from `src/wasm.rs`. Everything it throws is a `PlainError`, traps excepted. */
export interface WasmModule {
  default(init: { module_or_path: Response }): Promise<unknown>;
  /** Builds a model while `read` brings its files in; `read` is kept for rows of the entity table that later calls need. */
  loadModel(manifestJson: string, read: ReadFile, options: { selfTest: boolean; checkpoint: boolean }): Promise<WasmModel>;
  /** The manifest of a checkpoint, and its two small files, from the small files and the starts of the safetensors files. */
  readCheckpoint(
    name: string,
    files: Record<string, Uint8Array>,
    headers: Record<string, Uint8Array>,
    heads: string[],
  ): { manifest: string; tokenizer: Uint8Array; entityVocab: Uint8Array };
  /** How long the start of a safetensors file is, from its first 8 bytes. */
  checkpointHeaderBytes(file: string, first: Uint8Array): number;
  /** The files that `model.safetensors.index.json` names. */
  checkpointShards(indexJson: Uint8Array): string[];
  /** Replaces the instance by a fresh one: `wasm-bindgen --experimental-reset-state-function`, which a browser test insists on. */
  __wbg_reset_state?(): void;
  /** What another thread starts with to share this instance's memory; only with threads, like `threadRun` (thread.ts). */
  threadStart?(): ThreadStart;
}

/** What a thread starts with: the module and the memory for its `initSync`. */
export interface ThreadStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** The address of an i32 in the memory that the thread sets to 1 when it has trapped. */
  lost: number;
}

/** The module of a device; the CPU has another one for threads. */
export type Runtime = Device | 'threads';

/** Gives `write` the pieces of a file of the model, in their order; with an offset, of a part of it. */
export type ReadFile = (path: string, bytes: number, offset: number | undefined, write: (piece: Uint8Array<ArrayBuffer>) => void) => Promise<void>;

export interface WasmModel {
  /** Any task but `embed`. */
  call(task: string, input: unknown, options: object): Promise<unknown>;
  embed(input: { text: string; spans: readonly Span[] }, options: object): Promise<unknown>;
  forward(input: ForwardInputs | readonly ForwardInputs[], options: object): Promise<ForwardOutputs | ForwardOutputs[]>;
  info(): Pick<RuntimeInfo, 'name' | 'dtype' | 'device' | 'tasks' | 'parameters'> & { selfTest?: RuntimeInfo['selfTest'] | null };
  free(): void;
}

/** A wasm module and the calls now running in it. */
export class WasmInstance {
  readonly module: WasmModule;
  /** Counts restarts: an object of an earlier generation is gone with its instance. */
  generation = 0;
  readonly #running = new Set<(trap: unknown) => void>();
  readonly #pool = new ThreadPool();
  readonly #users = new Set<object>();

  constructor(module: WasmModule) {
    this.module = module;
  }

  /** Threads that compute. */
  get threads(): number {
    return this.#pool.size;
  }

  /** Has at least so many threads as long as `user` does not release them; they are for every model of the instance. */
  async useThreads(user: object, threads: number): Promise<void> {
    this.#users.add(user);
    await this.#pool.grow(threads, () => this.module.threadStart!());
  }

  /** Ends the threads, and with them the instance, when nobody uses them any more. */
  releaseThreads(user: object): void {
    if (this.#users.delete(user) && this.#users.size === 0) this.#restart(new WebAssembly.RuntimeError('the threads were ended'));
  }

  /**
   * Awaits `work`, and rejects when the instance traps meanwhile. A trap inside a Rust future comes out of a microtask
   * as an uncaught error and its promise never settles, so those events are watched while anything runs.
   */
  async run<T>(work: () => T | Promise<T>): Promise<Awaited<T>> {
    let trapped!: (trap: unknown) => void;
    const trap = new Promise<never>((_, reject) => (trapped = reject));
    if (this.#running.size === 0) this.#watch(true);
    this.#running.add(trapped);
    try {
      return await Promise.race([work(), trap]);
    } catch (error) {
      if (isTrap(error) && this.#running.has(trapped)) this.#restart(error);
      throw error;
    } finally {
      this.#running.delete(trapped);
      if (this.#running.size === 0) this.#watch(false);
    }
  }

  readonly #onEvent = (event: Event): void => {
    const error: unknown = (event as ErrorEvent).error ?? (event as PromiseRejectionEvent).reason;
    if (isTrap(error)) this.#restart(error); // and the event goes on: the trap may be another library's
  };

  #watch(on: boolean): void {
    for (const type of ['error', 'unhandledrejection']) {
      if (on) globalThis.addEventListener?.(type, this.#onEvent);
      else globalThis.removeEventListener?.(type, this.#onEvent);
    }
  }

  #restart(trap: unknown): void {
    this.generation += 1;
    const running = [...this.#running];
    this.#running.clear();
    this.#watch(false);
    for (const reject of running) reject(trap);
    this.#pool.stop();
    this.module.__wbg_reset_state?.();
  }
}

const instances = new Map<Runtime, Promise<WasmInstance>>();

/** The instance for a runtime, fetched and compiled on first use; after a failure the next call tries again. */
export function loadWasm(runtime: Runtime, wasmUrl?: string): Promise<WasmInstance> {
  let instance = instances.get(runtime);
  if (!instance) {
    instance = start(runtime, wasmUrl);
    instances.set(runtime, instance);
    instance.catch(() => instances.delete(runtime));
  }
  return instance;
}

/** Where the modules lie. Imports and URLs are written out in full: bundlers look for exactly these forms. */
const MODULES = {
  cpu: {
    load: (): Promise<WasmModule> => import('../wasm/cpu/luke_web.js'),
    url: () => new URL('../wasm/cpu/luke_web_bg.wasm', import.meta.url),
  },
  /** The same for engines with relaxed SIMD, where int8 products are faster. */
  relaxed: {
    load: (): Promise<WasmModule> => import('../wasm/relaxed/luke_web.js'),
    url: () => new URL('../wasm/relaxed/luke_web_bg.wasm', import.meta.url),
  },
  /** That again with a memory that threads share. */
  threads: {
    load: (): Promise<WasmModule> => import('../wasm/threads/luke_web.js'),
    url: () => new URL('../wasm/threads/luke_web_bg.wasm', import.meta.url),
  },
  webgpu: {
    load: (): Promise<WasmModule> => import('../wasm/webgpu/luke_web.js'),
    url: () => new URL('../wasm/webgpu/luke_web_bg.wasm', import.meta.url),
  },
};

/** A module in the folder `wasmUrl`, whose query it keeps (a host may want a token in it). */
export function wasmFile(folder: string, wasmUrl: string): URL {
  const url = new URL(wasmUrl);
  url.pathname = `${url.pathname.replace(/\/*$/, '')}/${folder}/luke_web_bg.wasm`;
  return url;
}

async function start(runtime: Runtime, wasmUrl?: string): Promise<WasmInstance> {
  const folder = runtime !== 'wasm' ? runtime : hasRelaxedSimd() ? 'relaxed' : 'cpu';
  const url = wasmUrl ? wasmFile(folder, wasmUrl) : MODULES[folder].url();
  const importing = MODULES[folder].load();
  const [module, response] = await Promise.all([importing, fetch(url)]).catch((error: unknown) => {
    throw new LukeError('network', `cannot fetch the runtime (${url.href} and its script): ${String(error)}`, { url: url.href });
  });
  if (!response.ok) {
    throw new LukeError('network', `${url.href} answered with status ${response.status}`, { url: url.href, status: response.status });
  }
  await module.default({ module_or_path: response });
  return new WasmInstance(module);
}
