// Owns one model: chooses the module, fetches the files, builds the model, runs calls. Lives in a worker or on the page; serve.ts
// speaks for it. It does no maths and reads no text: all of that is in the wasm.

import { abortable, within } from './abort.js';
import { readCheckpoint } from './checkpoint.js';
import { chooseDevice, type Choice } from './device.js';
import { isTrap, LukeError, toLukeError } from './errors.js';
import { ModelFiles, type Folder } from './files.js';
import { key } from './fetcher.js';
import { loadFiles, manifestUrl } from './manifest.js';
import { Progress } from './progress.js';
import type { Call, EngineInfo, EngineOptions } from './protocol.js';
import type { Source } from './source.js';
import { recall, remember, whyNotGpu } from './speed.js';
import { Stores } from './store/stores.js';
import { chooseThreads, type ThreadChoice } from './threads.js';
import { rankOf, Turns, type RunningCall } from './turns.js';
import type { Priority } from './tasks.js';
import type { Device, LoadEvent } from './types.js';
import { VERSION } from './version.js';
import { factsOf, infoOf, type FileFacts } from './info.js';
import { loadWasm, type ModelHost, type WasmCheckpoint, type WasmInstance, type WasmModel } from './wasm.js';

/** What the engine needs of the machine; the tests give it another one. */
export interface Machine {
  chooseDevice: typeof chooseDevice;
  chooseThreads: typeof chooseThreads;
  loadWasm: typeof loadWasm;
}

interface Loaded {
  model: WasmModel;
  device: Device;
  instance: WasmInstance;
  /** The instance's generation when the model was made: another one means that the model is gone. */
  generation: number;
  /** Why `threads: 'auto'` takes one thread of the CPU. */
  threadsReason: string | undefined;
  facts: FileFacts;
  /** Calls that are under way in it. */
  calls: number;
}

/** What a load needs to know. */
type LoadArguments = [url: string, options: EngineOptions, files: ModelFiles, progress: Progress];

/** What is wrong with a model whatever the device. */
const FILE_FAULTS: readonly string[] = ['format', 'integrity', 'input'];

/** A GPU that fails twice within this time is left for the CPU. */
const FAILURES_WITHIN_MS = 5 * 60_000;

/** Thrown by a device that failed or is slow, so that `auto` may try the other: not by a bad file or a bad network. */
class DeviceFailure {
  readonly error: LukeError;
  readonly reason: string;
  constructor(error: unknown, reason?: string) {
    this.error = toLukeError(error);
    this.reason = reason ?? `WebGPU failed: ${this.error.message}`;
  }
}

export class Engine {
  readonly #machine: Machine;
  readonly #stop = new AbortController();
  readonly #calls = new Map<AbortController, Promise<unknown>>();
  readonly #turns = new Turns();
  /** Loads the model again, as it was loaded first. */
  #reload: (() => Promise<EngineInfo>) | undefined;
  #reloading: Promise<EngineInfo> | undefined;
  #loading: Promise<unknown> = Promise.resolve();
  #files: ModelFiles | undefined;
  #loaded: Loaded | undefined;
  /** Why the model was dropped last. */
  #reloadReason: string | undefined;
  /** When the GPU failed last, by `performance.now()`. */
  #failed = -Infinity;
  #isAuto = false;
  /** Why `auto` does not take the GPU any more. */
  #gpuFailure: string | undefined;
  /** The instance whose threads it uses. */
  #threaded: WasmInstance | undefined;

  constructor(machine: Machine = { chooseDevice, chooseThreads, loadWasm }) {
    this.#machine = machine;
  }

  /** Loads the model, and remembers how, for when it has to be done again. */
  load(model: string, options: EngineOptions, source: Source, report: (event: LoadEvent) => void): Promise<EngineInfo> {
    const loading = this.#loadFirst(manifestUrl(model), options, source, report);
    this.#loading = loading;
    return loading;
  }

  async #loadFirst(url: string, options: EngineOptions, source: Source, report: (event: LoadEvent) => void): Promise<EngineInfo> {
    const progress = new Progress(report);
    const stores = await Stores.open(options.cache);
    this.#stop.signal.throwIfAborted();
    const files = (this.#files = new ModelFiles(source, url, stores, options, progress));
    this.#isAuto = options.device === 'auto';
    this.#reload = () => this.#loadOnBest(url, options, files, progress);
    return this.#reload().catch((error: unknown) => {
      files.stop(error);
      throw error;
    });
  }

  /**
   * Runs a task. When a trap or a lost device took the model, this loads it again first and reports that through
   * `onReload`; the call that met the trap itself has been rejected. `abort` ends the call at its next pause. `onPart` gets the parts of
   * a result before its end.
   */
  call(call: Call, onReload: (info: EngineInfo) => void, abort = new AbortController(), priority: Priority = 'user-visible', onPart: (part: unknown) => void = () => {}): Promise<unknown> {
    const running: RunningCall = { signal: abort.signal, rank: rankOf(priority) };
    const result = this.#call(call, onReload, running, { given: 0, onPart }).finally(() => this.#calls.delete(abort));
    this.#calls.set(abort, result);
    return result;
  }

  /** Stops a load and all calls, waits for them, and frees the model. */
  async dispose(): Promise<void> {
    const disposed = new LukeError('disposed', 'the model was disposed');
    this.#stop.abort(disposed);
    this.#files?.stop(disposed);
    for (const abort of this.#calls.keys()) abort.abort(disposed);
    await Promise.allSettled([this.#loading, this.#reloading, ...this.#calls.values()]);
    this.#drop();
    this.#threaded?.releaseThreads(this);
  }

  async #call(call: Call, onReload: (info: EngineInfo) => void, running: RunningCall, parts: Parts): Promise<unknown> {
    if (!this.#reload) throw new LukeError('input', 'no model is loaded');
    for (let repeats = 0; ; repeats += 1) {
      while (!this.#loaded || !isCurrent(this.#loaded) || this.#loaded.model.isLost()) {
        if (this.#loaded && isCurrent(this.#loaded)) this.#gpuFailed('it was lost');
        if (this.#loaded) this.#reloadReason = isCurrent(this.#loaded) ? 'the GPU was lost' : 'the wasm module failed';
        this.#drop();
        this.#reloading ??= this.#reload().finally(() => (this.#reloading = undefined));
        onReload(await abortable(this.#reloading, running.signal));
      }
      running.signal.throwIfAborted();
      const loaded = this.#loaded;
      this.#files!.clear(loaded.calls === 0);
      loaded.calls += 1;
      try {
        return await this.#turns.run(running, () => loaded.instance.run(() => run(loaded.model, call, running, parts, () => this.#turns.pause(running))));
      } catch (error) {
        const known = toLukeError(error);
        const isDeviceFault = known.code === 'device-lost' || known.code === 'out-of-memory';
        if (isDeviceFault && this.#loaded === loaded) {
          if (loaded.device === 'webgpu') this.#gpuFailed(known.message);
          this.#reloadReason = known.message;
          this.#drop();
        }
        if (running.signal.aborted) throw running.signal.reason;
        // A call changes nothing, so it can be repeated, without the parts that it has given: on a new device, and where that fails as well, on the CPU.
        const next = repeats === 0 || (repeats === 1 && this.#gpuFailure);
        if (!isDeviceFault || loaded.device !== 'webgpu' || !next) throw running.failure?.error ?? known;
      } finally {
        loaded.calls -= 1;
        if (loaded.calls === 0 && !this.#reloading) this.#files!.clear(true);
        if (loaded !== this.#loaded) free(loaded);
      }
    }
  }

  /** Notes that the GPU failed. The second time within minutes, `auto` leaves it. */
  #gpuFailed(message: string): void {
    const now = performance.now();
    if (this.#isAuto && now - this.#failed < FAILURES_WITHIN_MS) this.#gpuFailure = `WebGPU failed twice: ${message}`;
    this.#failed = now;
  }

  async #loadOnBest(...[url, options, files, progress]: LoadArguments): Promise<EngineInfo> {
    const started = performance.now();
    progress.event('manifest', { file: url });
    const folder = files.folder(); // asked for before anything of the runtime
    folder.catch(() => {});
    const choice = await this.#choose(url, options);
    const finish = (adapter?: string, fallbackReason?: string): EngineInfo => {
      const { model, instance, threadsReason, facts } = this.#loaded!;
      const loadMs = performance.now() - started;
      return {
        version: VERSION, ...facts, ...infoOf(model.info()), threads: instance.threads, loadMs, runtimeUrls: instance.urls, ...(threadsReason && { threadsReason }),
        ...(adapter && { adapter }), ...(fallbackReason && { fallbackReason }), ...(this.#reloadReason && { reloadReason: this.#reloadReason }),
      };
    };
    try {
      await this.#loadOn(choice, folder, url, options, files, progress);
      return finish(choice.adapter, choice.reason);
    } catch (failure) {
      if (!(failure instanceof DeviceFailure)) throw failure;
      this.#stop.signal.throwIfAborted();
      if (options.device !== 'auto' || choice.device === 'wasm') throw failure.error;
      const { reason } = failure;
      progress.event('fallback', { reason });
      await this.#loadOn({ device: 'wasm' }, files.folder(), url, options, files, progress).catch((second: unknown) => {
        throw second instanceof DeviceFailure ? second.error : second;
      });
      return finish(undefined, reason);
    }
  }

  /** The device to load on. For `auto`, what was measured at an earlier load counts. */
  async #choose(url: string, options: EngineOptions): Promise<Choice> {
    if (this.#gpuFailure) return { device: 'wasm', reason: this.#gpuFailure };
    const choice = await this.#machine.chooseDevice(options.device, options.stallMs).catch((error: unknown): Choice => {
      if (options.device !== 'auto') throw error;
      return { device: 'wasm', reason: `WebGPU failed: ${toLukeError(error).message}` };
    });
    if (options.device !== 'auto' || !choice.adapter) return choice;
    const measured = await recall(choice.adapter, url);
    const reason = measured && whyNotGpu(measured, this.#machine.chooseThreads(options.threads).threads);
    return reason ? { device: 'wasm', reason } : choice;
  }

  /**
   * Loads on a device. A load that traps on the CPU is made once more in the new instance, because the engine may be at fault: JavaScriptCore
   * on x86-64 Linux ended a load with an out of bounds memory access that no other engine has (it is known for such, see WebKit bug 289009).
   */
  async #loadOn(choice: Choice, reading: Promise<Folder | undefined>, ...load: LoadArguments): Promise<void> {
    await this.#loadOnce(choice, reading, ...load).catch((failure: unknown) => {
      const [url, , files, progress] = load;
      if (!(failure instanceof DeviceFailure) || !isTrap(failure.error.cause) || choice.device !== 'wasm') throw failure;
      this.#stop.signal.throwIfAborted();
      progress.event('retry', { file: url, reason: failure.error.message });
      return this.#loadOnce(choice, files.folder(), ...load);
    });
  }

  /** `reading` is the manifest, whose files are on their way. */
  async #loadOnce({ device, adapter }: Choice, reading: Promise<Folder | undefined>, ...[url, options, files, progress]: LoadArguments): Promise<void> {
    const choice = device === 'wasm' ? this.#machine.chooseThreads(options.threads) : { threads: 1 };
    const compiling = this.#instance(device, choice, options, progress);
    compiling.catch(() => {}); // awaited below, after the manifest
    const folder = await reading;
    const { instance, threadsReason } = await compiling.catch((error: unknown) => {
      throw new DeviceFailure(error);
    });
    this.#stop.signal.throwIfAborted();
    const { generation, module } = instance;
    const checkpoint = folder ? undefined : await this.#checkpoint(instance, files, options);
    const parts = folder ? loadFiles(folder.manifest) : checkpoint!.files();
    if (checkpoint) await files.wantParts(parts);
    const unread = new Set(parts.map(key));
    /** The wasm reads its first file when it has opened the device. */
    let onFirstRead!: () => void;
    const firstRead = new Promise<void>((resolve) => (onFirstRead = resolve));
    let late: LukeError | undefined;
    /** Why the last read of this load failed: the wasm between here and the caller would lose it. */
    const loading: Pick<RunningCall, 'failure'> = {};
    const host: ModelHost = {
      read: (file, ahead, again, write, call) => {
        if (late) return Promise.reject(late);
        onFirstRead();
        const reading = abortable(files.read(file, ahead, again, write), call?.signal);
        reading.then(
          () => !call && unread.delete(key(file)) && unread.size === 0 && progress.event('build'),
          (error: unknown) => ((call ?? loading).failure = { error }),
        );
        return reading;
      },
      pause: (call) => this.#turns.pause(call),
      measured: (flops, roundTripMs, flopPerRow, quantized) => {
        if (options.device !== 'auto') return;
        const measured = { flops, roundTripMs, flopPerRow, quantized };
        void remember(adapter ?? '', url, measured);
        const reason = whyNotGpu(measured, this.#machine.chooseThreads(options.threads).threads);
        if (!reason) return;
        loading.failure = { error: new DeviceFailure(new LukeError('unsupported', reason), reason) };
        throw loading.failure.error;
      },
    };
    const onSelfTest = options.selfTest ? () => progress.event('self-test') : undefined;
    const build = () => (checkpoint ? module.loadCheckpoint(checkpoint, host) : module.loadModel(folder!.text, host, onSelfTest));
    const building = instance.run(build);
    building.catch(() => {}); // awaited below
    const tooLate = () => (late = new LukeError('unsupported', `the ${device} device did not open within ${options.stallMs / 1000} s`));
    const model = await within(options.stallMs, Promise.race([firstRead, building]), tooLate).then(() => building).catch((error: unknown) => {
      throw loading.failure?.error ?? loadFailure(url, error);
    });
    if (options.passCacheBytes !== undefined) model.setPassCacheBytes(options.passCacheBytes);
    this.#loaded = { model, device, instance, generation, threadsReason, facts: await factsOf(parts, folder), calls: 0 };
    this.#stop.signal.throwIfAborted();
    await files.complete();
    progress.event('ready');
  }

  /** The instance to run in. */
  async #instance(device: Device, { threads, reason }: ThreadChoice, options: EngineOptions, progress: Progress): Promise<Pick<Loaded, 'instance' | 'threadsReason'>> {
    const load = (runtime: Device | 'threads') => this.#machine.loadWasm(runtime, options, progress, this.#stop.signal);
    if (threads === 1) return { instance: await load(device), threadsReason: reason };
    try {
      const instance = await load('threads');
      this.#stop.signal.throwIfAborted(); // a load that failed meanwhile has let go of its threads already
      this.#threaded = instance;
      await instance.useThreads(this, threads, options.stallMs);
      return { instance, threadsReason: undefined };
    } catch (error) {
      this.#threaded?.releaseThreads(this);
      if (options.threads !== 'auto' || this.#stop.signal.aborted) throw error;
      return this.#instance(device, { threads: 1, reason: toLukeError(error).message }, options, progress);
    }
  }

  /** A folder without a manifest may be a Hugging Face checkpoint. */
  async #checkpoint(instance: WasmInstance, files: ModelFiles, options: EngineOptions): Promise<WasmCheckpoint> {
    const reading = readCheckpoint(instance.module, files, options.heads);
    return instance.run(() => reading).catch((error: unknown) => {
      throw error instanceof LukeError ? error : loadFailure(files.url, error);
    });
  }

  #drop(): void {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    if (loaded) free(loaded);
  }
}

/** Frees a model that is no longer used, unless calls are still under way in it or a trap has taken it. */
function free(loaded: Loaded): void {
  if (loaded.calls === 0 && isCurrent(loaded)) loaded.model.free();
}

/** The parts of a result that come before its end: how many were given, and where they go. */
interface Parts {
  given: number;
  onPart: (part: unknown) => void;
}

/** What gives arrays or bytes has a method of its own: they cross as typed arrays. So has what gives parts. */
async function run(model: WasmModel, call: Call, running: RunningCall, parts: Parts, pause: () => Promise<void> | undefined): Promise<unknown> {
  const { options } = call;
  switch (call.method) {
    case 'nerStream': {
      const { head } = call;
      const texts = call.input.slice(parts.given);
      const visit = (found: unknown) => {
        parts.given += 1;
        parts.onPart(found);
      };
      if (!head) return model.nerEach(texts, options, visit, running);
      for (const text of texts) {
        visit(await model.callBy('ner', head, text, options, running));
        await pause();
      }
      return undefined;
    }
    case 'teach':
      return model.teach(call.input, options, parts.onPart, running);
    case 'addHead':
      return model.headFacts(call.input);
    case 'embed':
      return model.embed(call.input, options, running);
    case 'forward':
      return model.forward(call.input, options, running);
    default:
      return 'head' in call && call.head ? model.callBy(call.method, call.head, call.input, options, running) : model.call(call.method, call.input, options, running);
  }
}

/** A fault of the model's files as it is, anything else as one of the device. */
function loadFailure(url: string, error: unknown): unknown {
  const { code, message, detail, cause } = toLukeError(error);
  return FILE_FAULTS.includes(code) ? new LukeError(code, `${url}: ${message}`, detail, { cause }) : new DeviceFailure(error);
}

function isCurrent({ instance, generation }: Loaded): boolean {
  return instance.generation === generation;
}
