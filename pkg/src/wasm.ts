// The wasm modules. Each has at most one instance per worker, because the generated glue keeps it in a module variable.
// After a trap, or an error that was thrown through wasm, the calls that run in the instance reject, and a new instance replaces it for all models.
import { abortable } from './abort.js';
import { isThrownThroughWasm, isTrap, LukeError } from './errors.js';
import { fetchHere, onUncaught } from './host.js';
import type { FileEntry } from './manifest.js';
import { MODULES } from './modules.js';
import type { Progress } from './progress.js';
import { retrying, type OnRetry, type RetryOptions } from './retry.js';
import { download, fetchSource } from './source.js';
import type { Write } from './store/store.js';
import { checkEngine, hasRelaxedSimd, ThreadPool } from './threads.js';
import type { RunningCall } from './turns.js';
import type { ForwardInputs, ForwardOutputs } from './forward.js';
import type { Pair } from './tasks.js';
import type { HeadFacts, HeadFile, Taught, TeachInput } from './teach.js';
import type { Device, Head, RuntimeInfo } from './types.js';

/** The exports of `src/wasm/mod.rs`. They throw a `PlainError`, or trap. */
export interface WasmModule {
  default(init: { module_or_path: Response }): Promise<unknown>;
  /** The length of the wasm file in bytes, which the build writes into the script. */
  WASM_BYTES?: number;
  /**
   * Loads a model, and reads each of its files from `host`. The model keeps `host` for its calls. The self-test runs if there is an
   * `onSelfTest`, which is called before it.
   */
  loadModel(manifestJson: string, host: ModelHost, onSelfTest: (() => void) | undefined): Promise<WasmModel>;
  /** Reads the small files of a checkpoint, and the headers of its safetensors files. */
  readCheckpoint(name: string, files: Record<string, Uint8Array>, headers: Record<string, Uint8Array>, heads: string[]): WasmCheckpoint;
  /** Loads a model from a checkpoint, as `loadModel` does. The checkpoint cannot be used again. */
  loadCheckpoint(checkpoint: WasmCheckpoint, host: ModelHost): Promise<WasmModel>;
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

/** What a model needs of this side. `call` is what was passed to the call that asks, or `undefined` during a load. */
export interface ModelHost {
  /**
   * Reads a file of the model, or a part of it, and calls `write` for each piece in order. `ahead` are the files that will be read after
   * it. `again` says that the copy that came last was not the file.
   */
  read(file: FileEntry, ahead: readonly FileEntry[], again: boolean, write: Write, call: RunningCall | undefined): Promise<void>;
  /** Called between pieces of work, for example two forward passes. Ends the call if it throws or rejects. */
  pause(call: RunningCall | undefined): Promise<void> | undefined;
  /** Called in a load on WebGPU before the first read; see `Measured`. Ends the load if it throws. */
  measured(flops: number, roundTripMs: number, flopPerRow: number, quantized: boolean): void;
}

/** A checkpoint whose weights are not read yet. */
export interface WasmCheckpoint {
  /** The parts of the safetensors files that its load reads. */
  files(): FileEntry[];
  free(): void;
}

export interface WasmModel {
  /** Runs any task except `nerStream`, `rank` and `embed`. */
  call(task: string, input: unknown, options: object, call: RunningCall): Promise<unknown>;
  /** Runs `ner`, `typing`, `relation` or `rank` by a head that was taught, whose file is `head`. */
  callBy(task: string, head: Uint8Array, input: unknown, options: object, call: RunningCall): Promise<unknown>;
  /** Teaches a head. Calls `onProgress` with what it is doing. */
  teach(input: TeachInput, options: object, onProgress: (progress: unknown) => void, call: RunningCall): Promise<Taught>;
  /** Checks the file of a head, and says what it is. */
  headFacts(bytes: Uint8Array): HeadFacts;
  /** Runs `ner` on several texts. Calls `visit` with what it found in each, in order, as soon as that is known. */
  nerEach(texts: readonly string[], options: object, visit: (found: unknown) => void, call: RunningCall): Promise<void>;
  /** Sets how many bytes the results of passes take that are kept between calls. */
  setPassCacheBytes(bytes: number): void;
  embed(input: { text: string; spans: readonly Pair[] }, options: object, call: RunningCall): Promise<unknown>;
  forward(input: ForwardInputs | readonly ForwardInputs[], options: object, call: RunningCall): Promise<ForwardOutputs | ForwardOutputs[]>;
  info(): WasmInfo;
  /** Whether the model's device has failed, also while no call ran. */
  isLost(): boolean;
  free(): void;
}

/** What a loaded model knows of itself. */
export type WasmInfo = Pick<RuntimeInfo, 'name' | 'dtype' | 'device' | 'tasks' | 'parameters'> & { [K in 'selfTest' | 'gpu']?: RuntimeInfo[K] | null } & {
  /** Empty if the model does not say. */
  license: string;
  heads: { [H in Head]?: { labels?: string[] } };
  /** Heads of the model folder that were taught. Absent if there are none. */
  taughtHeads?: HeadFile[];
};

/** A wasm module and the calls that run in it. */
export class WasmInstance {
  readonly module: WasmModule;
  /** URLs of the wasm and of its script. */
  readonly urls: readonly string[];
  /** The number of restarts. Objects of an earlier generation are no longer valid. */
  generation = 0;
  readonly #running = new Set<(trap: unknown) => void>();
  #unlisten: (() => void) | undefined;
  /** Why there is no instance any more. */
  #ended: LukeError | undefined;
  readonly #pool = new ThreadPool();
  readonly #users = new Set<object>();

  constructor(module: WasmModule, urls: readonly string[] = []) {
    this.module = module;
    this.urls = urls;
  }

  /** Number of threads that compute. */
  get threads(): number {
    return this.#pool.size;
  }

  /**
   * Starts threads until there are at least this many. All models of the instance share them until their last user releases them.
   * Rejects with `unsupported` if a thread does not start within `limitMs`.
   */
  async useThreads(user: object, threads: number, limitMs: number): Promise<void> {
    this.#users.add(user);
    await this.#pool.grow(threads, () => this.module.threadStart!(), limitMs);
  }

  /** Releases the threads for this user. With the last user, the threads and the instance end. */
  releaseThreads(user: object): void {
    if (this.#users.delete(user) && this.#users.size === 0) this.#restart(new WebAssembly.RuntimeError('the threads were ended'));
  }

  /**
   * Runs `work`, and rejects if the instance traps before it ends, or an error is thrown through it. In a Rust future, both are uncaught
   * errors in a microtask, and the future's promise never settles. So this listens for uncaught errors while any call runs.
   */
  async run<T>(work: () => T | Promise<T>): Promise<Awaited<T>> {
    if (this.#ended) throw this.#ended;
    let onTrap!: (trap: unknown) => void;
    const trap = new Promise<never>((_, reject) => (onTrap = reject));
    trap.catch(() => {}); // nobody waits for it if the work throws at once
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

  #onUncaught(error: unknown): boolean {
    const isOurs = isTrap(error) || isThrownThroughWasm(error);
    if (isOurs) this.#restart(error);
    return isOurs;
  }

  #listen(on: boolean): void {
    this.#unlisten?.();
    this.#unlisten = on ? onUncaught((error) => this.#onUncaught(error)) : undefined;
  }

  #restart(trap: unknown): void {
    this.generation += 1;
    const running = [...this.#running];
    this.#running.clear();
    this.#listen(false);
    for (const reject of running) reject(trap);
    this.#pool.stop();
    try {
      this.module.__wbg_reset_state?.();
    } catch (error) {
      // On the thread of a page, Chromium instantiates modules of more than 8 MB only in an asynchronous way.
      this.#ended = new LukeError('unsupported', `the module cannot be started again on this thread: ${String(error)}`, {}, { cause: error });
    }
  }
}

const instances = new Map<Runtime, Promise<WasmInstance>>();

/** How a runtime is fetched. */
export interface RuntimeOptions extends RetryOptions {
  /** The folder of the modules, as an absolute URL. */
  wasmUrl?: string;
}

/**
 * The instance for a runtime. It is fetched and compiled on first use; after a failure the next call tries again. Rejects with
 * `network`, or with `unsupported` if the browser cannot compile it.
 */
export function loadWasm(runtime: Runtime, options: RuntimeOptions, progress: Progress, signal: AbortSignal): Promise<WasmInstance> {
  let instance = instances.get(runtime);
  if (!instance) {
    instance = instantiate(runtime, options, progress);
    instances.set(runtime, instance);
    instance.catch(() => instances.delete(runtime));
  }
  return abortable(instance, signal); // other loads may wait for the same instance
}

/** The URL of a module below `wasmUrl`. It keeps the query, which may contain a token. */
export function wasmFile(folder: string, wasmUrl: string): URL {
  const url = new URL(wasmUrl);
  url.pathname = `${url.pathname.replace(/\/*$/, '')}/${folder}/luke_web_bg.wasm`;
  return url;
}

/** The scripts that were fetched here, under the names that a bundler gave them. `wasm` is where the module is before it is bundled. */
function scripts(wasm: URL): string[] {
  const fetched = performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => /\.m?js([?#]|$)/.test(name));
  const own = typeof document === 'undefined' && globalThis.location && location.protocol !== 'blob:' ? [location.href] : [];
  return fetched.length > 0 ? [...new Set([...own, ...fetched])] : [...own, new URL('luke_web.js', wasm).href];
}

async function instantiate(runtime: Runtime, options: RuntimeOptions, progress: Progress): Promise<WasmInstance> {
  checkEngine();
  const folder = runtime !== 'wasm' ? runtime : hasRelaxedSimd() ? 'relaxed' : 'cpu';
  const url = (options.wasmUrl ? wasmFile(folder, options.wasmUrl) : MODULES[folder].url()).href;
  const stop = new AbortController();
  const onRetry: OnRetry = (...retry) => progress.retry(url, ...retry);
  progress.event('runtime', { file: url });
  const scriptName = `luke_web.js of ${url}`;
  const script = retrying(scriptName, options, stop.signal, onRetry, () => MODULES[folder].load().catch((error: unknown) => {
    if (error instanceof LukeError) throw error;
    const code = (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND' ? 'io' : 'network'; // of Node.js
    throw new LukeError(code, `cannot fetch the script ${scriptName}: ${String(error)}`, { url: scriptName }, { cause: error });
  }));
  const instance = retrying(url, options, stop.signal, onRetry, async (signal, alive) => {
    const response = await download(fetchWasm, url, signal);
    if (response.html) throw new LukeError('network', `${url} answered with a page instead of the runtime`, { url, status: 404 });
    alive(true); // the script has a limit of its own
    const module = await script;
    alive();
    const file: FileEntry = { path: url, bytes: module.WASM_BYTES ?? 0 };
    progress.expect([file]);
    let here = 0;
    const body = streamOf(response.pieces, (bytes) => {
      progress.count(file, (here += bytes), 0);
      alive(here >= file.bytes); // then only the compiler works
    });
    try {
      await module.default({ module_or_path: new Response(body, { headers: { 'content-type': 'application/wasm' } }) });
    } catch (error) {
      progress.count(file, 0, 0);
      // What the compiler says about a stream that failed, or ended early, is not clear.
      if (here < file.bytes) throw new LukeError('network', `${url} is cut short at ${here} of ${file.bytes} bytes`, { url });
      throw error;
    }
    return new WasmInstance(module, [url, ...scripts(MODULES[folder].url())]);
  });
  for (const work of [script, instance]) work.catch((error: unknown) => stop.abort(error)); // one is of no use without the other
  return instance;
}

const fetchWasm = fetchSource(fetchHere);

function streamOf(pieces: AsyncIterable<Uint8Array<ArrayBuffer>>, onBytes: (bytes: number) => void): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) return controller.close();
      onBytes(value.length);
      controller.enqueue(value.slice());
    },
    cancel: () => void iterator.return?.(),
  });
}
