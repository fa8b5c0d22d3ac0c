/** The device that runs the model: `webgpu`, or `wasm` for the CPU. */
export type Device = 'webgpu' | 'wasm';

/** A task of a model; see {@link Luke.tasks}. The name is that of the method. */
export type Task = 'ner' | 'typing' | 'relation' | 'qa' | 'cloze' | 'fillMask' | 'predictEntities' | 'embed';

/** A head of a model: the part above the encoder that gives the results of a task. `mlm` serves `fillMask` and `predictEntities`. */
export type Head = 'ner' | 'typing' | 'relation' | 'qa' | 'cloze' | 'mlm' | 'multipleChoice' | 'sequenceClassification' | 'tokenClassification';

/**
 * The labels of a model by head, for the type argument of `Luke.load`: with `Luke.load<{ ner: 'PER' | 'LOC' }>(…)` the label of an entity
 * is `'PER'` or `'LOC'`. The compiler cannot check that the model has these labels; `luke.info.labels` lists them.
 */
export type Labels = { readonly [H in LabeledHead]?: string };

/** A head whose results are labels. */
export type LabeledHead = 'ner' | 'typing' | 'relation' | 'sequenceClassification' | 'tokenClassification';

/** The labels of a head, as far as `L` says them. */
export type LabelOf<L extends Labels, H extends LabeledHead> = L[H] extends string ? L[H] : string;

/** What the package needs of a Web Worker. This type also exists where the types of the DOM do not. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: unknown[]): void;
  addEventListener(type: 'error', listener: (event: unknown) => void, options?: { signal?: AbortSignal }): void;
  terminate(): void;
}

/** Options of `Luke.load`. */
export interface LoadOptions {
  /**
   * `auto` (default) uses WebGPU on a real GPU and the CPU otherwise. `webgpu` uses any adapter, also a software adapter, and rejects
   * with `unsupported` if there is none. `wasm` uses the CPU.
   */
  device?: 'auto' | Device | undefined;
  /**
   * Where the model runs: in a new Web Worker (`true`; the default if the page can start one, else `info.workerReason` says why), on this
   * thread (`false`), or in your worker, whose script imports `luke-web/worker`. One from a function is terminated with the model.
   */
  worker?: boolean | WorkerLike | (() => WorkerLike) | undefined;
  /**
   * Number of threads of the CPU module, from 1 to 64. `auto` (default) uses one per core, at most 8, or one thread if the browser does
   * not support more (`info.threadsReason` says why). A number above 1 rejects with `unsupported` in that case. Several threads need a
   * cross-origin isolated page and a model in a worker. Results are bit-identical for any number.
   */
  threads?: number | 'auto' | undefined;
  /** Aborts the load, which then rejects with `signal.reason`. */
  signal?: AbortSignal | undefined;
  /** Called with the progress of the load; see {@link LoadEvent}. What it throws is reported as an uncaught error, and the load goes on. */
  onProgress?: ((event: LoadEvent) => void) | undefined;
  /**
   * Where the files of the model are kept for later loads. `auto` (default) is the fastest store that works: the origin private file
   * system (`opfs`, in a worker only) or else the Cache API (`cache-api`); without both, nothing is kept. If the browser has no room
   * left, `auto` goes on without the store, and a store that was requested by name rejects with `quota`. `memory` keeps the files until
   * the worker ends. `false` keeps and reads nothing, also in the HTTP cache.
   */
  cache?: 'auto' | 'opfs' | 'cache-api' | 'memory' | false | undefined;
  /**
   * SHA-256 of `manifest.json` in hexadecimal digits. It pins the whole model, because the manifest has the hashes of all files: another
   * manifest rejects with `integrity`. A model that is stored is then loaded without any request.
   */
  manifestHash?: string | undefined;
  /** Asks the browser not to delete what is stored when the disk is full (default `false`). The browser may ask its user. */
  persist?: boolean | undefined;
  /** Maximum number of files that are fetched at once, 1 to 16 (default 4). */
  parallelDownloads?: number | undefined;
  /**
   * How many times a file is tried again after a network error, status 408, 429 or 5xx, a stall, or wrong bytes: 0 to 100 (default 3).
   * The waits double from 0.5 s, or are what `Retry-After` says, at most 60 s. If its server supports ranges, a file goes on where it was.
   */
  retries?: number | undefined;
  /** Milliseconds without a byte after which a try ends, at least 100 (default 15,000), and without an answer of the GPU. */
  stallMs?: number | undefined;
  /** Replaces the global `fetch` for the model's files. It is called on this thread, also if the model runs in a worker. */
  fetch?: typeof fetch | undefined;
  /** Headers for every request for the model's files, for example `Authorization`. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** URL of the hub for models that are named by their repository, for example of a mirror (default `https://huggingface.co/`). */
  hub?: string | URL | undefined;
  /** Whether to run the self-test of the manifest: an input with its expected outputs (default `true`). A checkpoint has no self-test. */
  selfTest?: boolean | undefined;
  /**
   * The heads to load from a Hugging Face checkpoint (default: all). Use it if a checkpoint has several heads, or if its `config.json`
   * does not name the head. `'typing=classifier'` also names the layer of the head. A model folder always loads all of its heads.
   */
  heads?: readonly (Head | `${Head}=${string}`)[] | undefined;
  /**
   * Bytes of the results of forward passes of `ner` that are kept in memory for later calls, 0 to 2^30 (default 8,388,608). When a word of
   * a text changes, the next call runs only the passes that read it: those of its sentence, and with `context: 'document'` also those of
   * the sentences around it. On the CPU the results are bit-identical to those without it. 0 keeps nothing.
   */
  passCacheBytes?: number | undefined;
  /**
   * URL of the folder with `cpu/luke_web_bg.wasm`, `relaxed/…`, `threads/…` and `webgpu/…` (default: the package's `wasm/`). A worker
   * loads each module once, so only the first load sets the URL.
   */
  wasmUrl?: string | URL | undefined;
}

/** The bytes of a load. `loadedBytes` only becomes less when a file has to be fetched again, and a `retry` event then says why. */
export interface LoadBytes {
  /** Bytes of the model's files and of the runtime that are here. */
  loadedBytes: number;
  /** Bytes of all that is known to be needed. It grows once: the manifest and the runtime's script come at once, in either order. */
  totalBytes: number;
  /** The part of `loadedBytes` that was in the store and was not fetched. */
  storedBytes: number;
}

/** The steps of a load, and what each event says besides its phase and the bytes. */
export interface LoadFacts {
  /** Files are on their way: `file` is the URL of the manifest. */
  manifest: { file: string };
  /** `file` is the URL of the runtime. */
  runtime: { file: string };
  /** `file` is the path in the model folder. */
  download: { file: string };
  /** A file is checked. */
  verify: { file: string };
  /** All bytes are here, and the model is built. */
  build: {};
  /** The model computes the test in its manifest. */
  'self-test': {};
  /** The model can be called. */
  ready: {};
  /**
   * A file could not be fetched or used, and is tried again; `reason` says why. After a failed request, `attempt` is the number of the
   * try that failed, and `waitMs` the milliseconds until the next one.
   */
  retry: { file: string; reason: string; attempt?: number | undefined; waitMs?: number | undefined };
  /** Something is replaced by something else, for example WebGPU by the CPU; `reason` says why. */
  fallback: { reason: string; file?: string | undefined };
  /** The browser cannot store more, and the rest of the model is only kept in memory; `reason` says why. */
  quota: { reason: string };
}

/** The steps of a load; see {@link LoadFacts}. */
export type LoadPhase = keyof LoadFacts;

/** Facts that another phase has are `undefined`, so that all of them can be read without a look at the phase. */
type OtherFacts<P extends LoadPhase> = { [K in Exclude<'file' | 'reason' | 'attempt' | 'waitMs', keyof LoadFacts[P]>]?: undefined };

/** A step of a load, with the facts of its phase. */
export type LoadEvent = { [P in LoadPhase]: LoadBytes & { phase: P } & LoadFacts[P] & OtherFacts<P> }[LoadPhase];

/** Facts about a loaded model and its device. */
export interface RuntimeInfo<L extends Labels = Labels> {
  /** Version of this package. */
  version: string;
  /** Name of the model, from its manifest. */
  name: string;
  /** License of the model: an SPDX expression or a sentence. Absent if the model does not say. */
  license?: string | undefined;
  /** Where the weights come from. Absent if the model does not say, and for a checkpoint. */
  source?: string | undefined;
  /** SHA-256 of the manifest, for the option `manifestHash`. Absent for a checkpoint, and where the browser cannot hash: on a page without HTTPS. */
  manifestHash?: string | undefined;
  /** Bytes of the model's files that a load reads: all but the entity table. */
  bytes: number;
  /** Storage format of most weights. */
  dtype: 'f32' | 'f16' | 'bf16' | 'q8' | 'q4';
  /** Number of weights. */
  parameters: number;
  device: Device;
  /** Whether the model runs in a worker, and why it does not although the option `worker` was not set. */
  worker: boolean;
  workerReason?: string | undefined;
  /** Name of the GPU adapter, if the model runs on WebGPU. */
  adapter?: string | undefined;
  /** Number of threads that compute. It is 1 on WebGPU. */
  threads: number;
  /** Why `threads: 'auto'` uses only one thread. */
  threadsReason?: string | undefined;
  tasks: readonly Task[];
  heads: readonly Head[];
  /** The labels of each head that has some. Those of `ner` are without the one that means "no entity": `O` or `NIL`. */
  labels: { readonly [H in LabeledHead]?: readonly LabelOf<L, H>[] | undefined };
  /** URLs of the runtime: the wasm, and the scripts that were fetched beside it. `keepOffline` gives them to the page's service worker. */
  runtimeUrls: readonly string[];
  /** Milliseconds from the start of the load until the model was ready. */
  loadMs: number;
  /** Why `device: 'auto'` uses the CPU. */
  fallbackReason?: string | undefined;
  /** Why a call had to load the model again, the last time: the device or the worker failed. Absent if none had to. */
  reloadReason?: string | undefined;
  /** The largest difference in the self-test and the largest difference that it allows. Absent if it did not run. */
  selfTest?: { maxError: number; tolerance: number } | undefined;
  /** The GPU, if the model runs on WebGPU. */
  gpu?: import('./speed.js').GpuInfo | undefined;
}
