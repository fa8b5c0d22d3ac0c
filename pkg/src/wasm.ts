// The wasm modules. Each has at most one instance per worker, because the generated glue keeps it in a module variable.
// After a trap, the calls that run in the instance reject, and a new instance replaces it for all models.
import { isTrap, LukeError } from './errors.js';
import type { FileEntry } from './manifest.js';
import { hasRelaxedSimd, ThreadPool } from './threads.js';
import type { Device, ForwardInputs, ForwardOutputs, RuntimeInfo, Span } from './types.js';

/** The exports of `src/wasm/mod.rs`. They throw a `PlainError`, or trap. */
export interface WasmModule {
  default(init: { module_or_path: Response }): Promise<unknown>;
  /** Loads a model, and calls `read` for each file. The model keeps `read` for the rows of the entity table that later calls need. */
  loadModel(manifestJson: string, read: ReadFile, options: { selfTest: boolean }): Promise<WasmModel>;
  /** Reads the small files of a checkpoint, and the headers of its safetensors files. */
  readCheckpoint(name: string, files: Record<string, Uint8Array>, headers: Record<string, Uint8Array>, heads: string[]): WasmCheckpoint;
  /** Loads a model from a checkpoint, as `loadModel` does. The checkpoint cannot be used again. */
  loadCheckpoint(checkpoint: WasmCheckpoint, read: ReadFile): Promise<WasmModel>;
  /** The length of a safetensors header in bytes, from the first 8 bytes of the file. */
  checkpointHeaderBytes(file: string, first: Uint8Array): number;
  /** The file names in `model.safetensors.index.json`. */
  checkpointShards(indexJson: Uint8Array): string[];
  /** Replaces the instance by a new one (`wasm-bindgen --experimental-reset-state-function`). A browser test checks that it exists. */
  __wbg_reset_state?(): void;
  /** The module and memory with which another thread joins this instance. Only the `threads` module has it. */
  threadStart?(): ThreadStart;
}

/** The argument of `initSync` in a thread. */
export interface ThreadStart {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  /** The address of an i32 in the memory that the thread sets to 1 when it has trapped. */
  lost: number;
}

/** Which module to load: that of a device, or the CPU module with threads. */
export type Runtime = Device | 'threads';

/** Reads a file of the model, or a part of it, and calls `write` for each piece in order. `next` is the file that will be read after it. */
export type ReadFile = (file: FileEntry, next: FileEntry | undefined, write: (piece: Uint8Array<ArrayBuffer>) => void) => Promise<void>;

/** A checkpoint whose weights are not read yet. */
export interface WasmCheckpoint {
  /** The parts of the safetensors files that its load reads. */
  files(): FileEntry[];
  free(): void;
}

export interface WasmModel {
  /** Runs any task except `embed`. */
  call(task: string, input: unknown, options: object): Promise<unknown>;
  embed(input: { text: string; spans: readonly Span[] }, options: object): Promise<unknown>;
  forward(input: ForwardInputs | readonly ForwardInputs[], options: object): Promise<ForwardOutputs | ForwardOutputs[]>;
  info(): Pick<RuntimeInfo, 'name' | 'dtype' | 'device' | 'tasks' | 'parameters'> & { selfTest?: RuntimeInfo['selfTest'] | null };
  free(): void;
}

/** A wasm module and the calls that run in it. */
export class WasmInstance {
  readonly module: WasmModule;
  /** The number of restarts. Objects of an earlier generation are no longer valid. */
  generation = 0;
  readonly #running = new Set<(trap: unknown) => void>();
  readonly #pool = new ThreadPool();
  readonly #users = new Set<object>();

  constructor(module: WasmModule) {
    this.module = module;
  }

  /** Number of threads that compute. */
  get threads(): number {
    return this.#pool.size;
  }

  /** Starts threads until there are at least this many. All models of the instance share them until their last user releases them. */
  async useThreads(user: object, threads: number): Promise<void> {
    this.#users.add(user);
    await this.#pool.grow(threads, () => this.module.threadStart!());
  }

  /** Releases the threads for this user. With the last user, the threads and the instance end. */
  releaseThreads(user: object): void {
    if (this.#users.delete(user) && this.#users.size === 0) this.#restart(new WebAssembly.RuntimeError('the threads were ended'));
  }

  /**
   * Runs `work`, and rejects if the instance traps before it ends. A trap in a Rust future is an uncaught error in a microtask, and the
   * future's promise never settles. So this listens for uncaught errors while any call runs.
   */
  async run<T>(work: () => T | Promise<T>): Promise<Awaited<T>> {
    let onTrap!: (trap: unknown) => void;
    const trap = new Promise<never>((_, reject) => (onTrap = reject));
    if (this.#running.size === 0) this.#listen(true);
    this.#running.add(onTrap);
    try {
      return await Promise.race([work(), trap]);
    } catch (error) {
      if (isTrap(error) && this.#running.has(onTrap)) this.#restart(error);
      throw error;
    } finally {
      this.#running.delete(onTrap);
      if (this.#running.size === 0) this.#listen(false);
    }
  }

  readonly #onEvent = (event: Event): void => {
    const error: unknown = (event as ErrorEvent).error ?? (event as PromiseRejectionEvent).reason;
    if (isTrap(error)) this.#restart(error); // the event is not stopped: the trap may be in another library
  };

  #listen(on: boolean): void {
    for (const type of ['error', 'unhandledrejection']) {
      if (on) globalThis.addEventListener?.(type, this.#onEvent);
      else globalThis.removeEventListener?.(type, this.#onEvent);
    }
  }

  #restart(trap: unknown): void {
    this.generation += 1;
    const running = [...this.#running];
    this.#running.clear();
    this.#listen(false);
    for (const reject of running) reject(trap);
    this.#pool.stop();
    this.module.__wbg_reset_state?.();
  }
}

const instances = new Map<Runtime, Promise<WasmInstance>>();

/** The instance for a runtime. It is fetched and compiled on first use; after a failure the next call tries again. Rejects with `network`. */
export function loadWasm(runtime: Runtime, wasmUrl?: string): Promise<WasmInstance> {
  let instance = instances.get(runtime);
  if (!instance) {
    instance = instantiate(runtime, wasmUrl);
    instances.set(runtime, instance);
    instance.catch(() => instances.delete(runtime));
  }
  return instance;
}

/** The locations of the modules. Imports and URLs are written out in full, because bundlers search for exactly these forms. */
const MODULES = {
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

/** The URL of a module below `wasmUrl`. It keeps the query, which may contain a token. */
export function wasmFile(folder: string, wasmUrl: string): URL {
  const url = new URL(wasmUrl);
  url.pathname = `${url.pathname.replace(/\/*$/, '')}/${folder}/luke_web_bg.wasm`;
  return url;
}

async function instantiate(runtime: Runtime, wasmUrl?: string): Promise<WasmInstance> {
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
