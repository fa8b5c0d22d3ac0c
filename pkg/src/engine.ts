// Owns one model: picks the module, brings in the files, builds, runs. Lives in a worker or on the page; serve.ts
// speaks for it. It does no maths and reads no text: all of that is in the wasm.

import { isMissing, readCheckpoint } from './checkpoint.js';
import { chooseDevice, type Choice } from './device.js';
import { isTrap, LukeError, toLukeError } from './errors.js';
import { ModelFiles, type OnBytes } from './files.js';
import { fetchManifest, loadFiles, manifestUrl } from './manifest.js';
import type { Call, EngineOptions } from './protocol.js';
import { reloading, type Source } from './source.js';
import { chooseThreads, type ThreadChoice } from './threads.js';
import type { Device, LoadBytes, LoadEvent, RuntimeInfo } from './types.js';
import { VERSION } from './version.js';
import { loadWasm, type WasmCheckpoint, type WasmInstance, type WasmModel } from './wasm.js';

/** What the engine needs of the machine; the tests give it another one. */
export interface Machine {
  chooseDevice: typeof chooseDevice;
  chooseThreads: typeof chooseThreads;
  loadWasm: typeof loadWasm;
}

interface Loaded {
  model: WasmModel;
  /** Where the model reads rows of its entity table. */
  files: ModelFiles;
  instance: WasmInstance;
  /** The instance's generation when the model was made: another one means that the model is gone. */
  generation: number;
  /** Why `threads: 'auto'` takes one thread of the CPU. */
  threadsReason: string | undefined;
}

/** What a load needs to know. */
type LoadArguments = [url: string, options: EngineOptions, source: Source, report: (event: LoadEvent) => void, signal: AbortSignal];

/** What is wrong with a model whatever the device. */
const FILE_FAULTS: readonly string[] = ['format', 'integrity', 'input'];

/** Thrown by a device that failed, so that `auto` may try the other: not by a bad file or a bad network. */
class DeviceFailure {
  readonly error: LukeError;
  constructor(error: unknown) {
    this.error = toLukeError(error);
  }
}

export class Engine {
  readonly #machine: Machine;
  readonly #stop = new AbortController();
  readonly #calls = new Set<AbortController>();
  #load: ((onProgress: (event: LoadEvent) => void, signal: AbortSignal) => Promise<RuntimeInfo>) | undefined;
  #loaded: Loaded | undefined;
  /** The instance whose threads it uses. */
  #threaded: WasmInstance | undefined;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(machine: Machine = { chooseDevice, chooseThreads, loadWasm }) {
    this.#machine = machine;
  }

  /** Loads the model, and remembers how, for when it has to be done again. */
  load(model: string, options: EngineOptions, source: Source, onProgress: (event: LoadEvent) => void): Promise<RuntimeInfo> {
    this.#load = async (report, signal) => this.#loadFresh(manifestUrl(model), options, source, report, signal);
    return this.#track(this.#load(onProgress, this.#stop.signal));
  }

  /**
   * Runs a task. When a trap or a lost device took the model, this loads it again first and reports that through
   * `onReload`; the call that met the trap itself has been rejected. `abort` ends what the call fetches.
   */
  call(call: Call, onReload: (info: RuntimeInfo) => void, abort = new AbortController()): Promise<unknown> {
    this.#calls.add(abort);
    return this.#track(this.#call(call, onReload, abort.signal).finally(() => this.#calls.delete(abort)));
  }

  /** Stops a load and what a call fetches, waits for the call, and frees the model. */
  async dispose(): Promise<void> {
    this.#stop.abort();
    for (const call of this.#calls) call.abort();
    await this.#busy.catch(() => {});
    this.#drop();
    this.#threaded?.releaseThreads(this);
  }

  async #call(call: Call, onReload: (info: RuntimeInfo) => void, signal: AbortSignal): Promise<unknown> {
    if (!this.#load) throw new LukeError('input', 'no model is loaded');
    if (!this.#loaded || !isCurrent(this.#loaded)) onReload(await this.#load(() => {}, signal));
    const { model, instance, files } = this.#loaded!;
    files.signal = signal;
    try {
      return await instance.run(() => run(model, call));
    } catch (error) {
      const failure = files.takeFailure();
      const known = toLukeError(failure ? failure.error : error);
      if (known.code === 'integrity' && files.reload()) return this.#call(call, onReload, signal);
      if (failure) throw failure.error;
      if (isTrap(error)) this.#loaded = undefined;
      else if (known.code === 'device-lost' || known.code === 'out-of-memory') this.#drop();
      throw known;
    }
  }

  /** Where a model was replaced in its place, the HTTP cache may have files of the earlier one: then all are fetched anew, once. */
  async #loadFresh(...[url, options, source, report, signal]: LoadArguments): Promise<RuntimeInfo> {
    return this.#loadOnBest(url, options, source, report, signal).catch((error: unknown) => {
      if (!(error instanceof LukeError && error.code === 'integrity')) throw error;
      return this.#loadOnBest(url, options, reloading(source), report, signal);
    });
  }

  async #loadOnBest(...[url, options, source, report, signal]: LoadArguments): Promise<RuntimeInfo> {
    const started = performance.now();
    const choice = await this.#machine.chooseDevice(options.device).catch((error: unknown): Choice => {
      if (options.device !== 'auto') throw error;
      return { device: 'wasm', reason: `WebGPU failed: ${toLukeError(error).message}` };
    });
    const finish = (adapter?: string, fallbackReason?: string): RuntimeInfo => {
      const { model, instance, threadsReason } = this.#loaded!;
      const { name, dtype, parameters, device, tasks, selfTest } = model.info();
      const loadMs = performance.now() - started;
      return {
        version: VERSION, name, dtype, parameters, device, threads: instance.threads, tasks, loadMs, ...(threadsReason && { threadsReason }),
        ...(adapter && { adapter }), ...(fallbackReason && { fallbackReason }), ...(selfTest && { selfTest }),
      };
    };
    try {
      await this.#loadOn(choice.device, url, options, source, report, signal);
      return finish(choice.adapter, choice.reason);
    } catch (failure) {
      if (!(failure instanceof DeviceFailure)) throw failure;
      if (options.device !== 'auto' || choice.device === 'wasm') throw failure.error;
      // The files are fetched again, from the HTTP cache as a rule: keeping them all for this rare case would cost their size in memory.
      await this.#loadOn('wasm', url, options, source, report, signal).catch((second: unknown) => {
        throw second instanceof DeviceFailure ? second.error : second;
      });
      return finish(undefined, `WebGPU failed: ${failure.error.message}`);
    }
  }

  async #loadOn(device: Device, ...[url, options, source, report, signal]: LoadArguments): Promise<void> {
    const choice = device === 'wasm' ? this.#machine.chooseThreads(options.threads) : { threads: 1 };
    const compiling = this.#instance(device, choice, options);
    compiling.catch(() => {}); // awaited below, after the manifest
    report({ phase: 'manifest', file: url, loadedBytes: 0, totalBytes: 0 });
    const folder = await fetchManifest(source, url, signal).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
      return undefined;
    });
    const { instance, threadsReason } = await compiling.catch((error: unknown) => {
      throw new DeviceFailure(error);
    });
    signal.throwIfAborted();
    const { generation, module } = instance;
    const checkpoint = folder ? undefined : await this.#checkpoint(instance, source, url, options.heads, signal);

    let bytes: LoadBytes = { loadedBytes: 0, totalBytes: 0 };
    const onBytes: OnBytes = (file, now) => {
      report({ phase: 'download', file, ...(bytes = now) });
      if (now.loadedBytes === now.totalBytes) report({ phase: 'compile', ...now });
    };
    const files = new ModelFiles(source, url, checkpoint?.files() ?? loadFiles(folder!.manifest), signal, onBytes);
    const build = () => (checkpoint ? module.loadCheckpoint(checkpoint, files.read) : module.loadModel(folder!.text, files.read, { selfTest: options.selfTest }));
    const model = await instance.run(build).catch((error: unknown) => {
      files.close();
      throw files.takeFailure()?.error ?? loadFailure(url, error);
    });
    this.#loaded = { model, files, instance, generation, threadsReason };
    signal.throwIfAborted();
    report({ phase: 'ready', ...bytes });
  }

  /** The instance to run in. */
  async #instance(device: Device, { threads, reason }: ThreadChoice, options: EngineOptions): Promise<Pick<Loaded, 'instance' | 'threadsReason'>> {
    const { wasmUrl } = options;
    if (threads === 1) return { instance: await this.#machine.loadWasm(device, wasmUrl), threadsReason: reason };
    try {
      const instance = await this.#machine.loadWasm('threads', wasmUrl);
      this.#stop.signal.throwIfAborted(); // a load that failed meanwhile has let go of its threads already
      this.#threaded = instance;
      await instance.useThreads(this, threads);
      return { instance, threadsReason: undefined };
    } catch (error) {
      this.#threaded?.releaseThreads(this);
      if (options.threads !== 'auto' || this.#stop.signal.aborted) throw error;
      return this.#instance(device, { threads: 1, reason: toLukeError(error).message }, options);
    }
  }

  /** A folder without a manifest may be a Hugging Face checkpoint. */
  async #checkpoint(instance: WasmInstance, source: Source, url: string, heads: readonly string[], signal: AbortSignal): Promise<WasmCheckpoint> {
    const reading = readCheckpoint(instance.module, source, url, heads, signal);
    return instance.run(() => reading).catch((error: unknown) => {
      if (!isMissing(error)) throw error instanceof LukeError ? error : loadFailure(url, error);
      const { message, detail } = error as LukeError;
      throw new LukeError('network', `${url} is not there, nor a Hugging Face checkpoint: ${message}`, detail);
    });
  }

  #drop(): void {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    if (loaded && isCurrent(loaded)) loaded.model.free();
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#busy = work;
    return work;
  }
}

/** What gives arrays has a method of its own: they cross as typed arrays. */
function run(model: WasmModel, { method, input, options }: Call): Promise<unknown> {
  if (method === 'embed') return model.embed(input, options);
  if (method === 'forward') return model.forward(input, options);
  return model.call(method, input, options);
}

/** A fault of the model's files as it is, anything else as one of the device. */
function loadFailure(url: string, error: unknown): unknown {
  const { code, message, detail } = toLukeError(error);
  return FILE_FAULTS.includes(code) ? new LukeError(code, `${url}: ${message}`, detail) : new DeviceFailure(error);
}

function isCurrent({ instance, generation }: Loaded): boolean {
  return instance.generation === generation;
}
