/** Where the model runs: `webgpu`, or `wasm` for the CPU. */
export type Device = 'webgpu' | 'wasm';

/** What a model can do; see {@link Luke.tasks}. */
export type Task = 'ner' | 'typing' | 'relation';

/** Half-open `[start, end)`, in UTF-16 code units of a text or in words of a word list. */
export type Span = readonly [start: number, end: number];

/** Options of `Luke.load`. */
export interface LoadOptions {
  /**
   * `auto` (the default) takes WebGPU when there is a real GPU behind it and the CPU otherwise;
   * `webgpu` takes any adapter, a software one too, and rejects when there is none.
   */
  device?: 'auto' | Device;
  /**
   * Where it runs: in a Web Worker of its own (the default where there are workers), on this thread (`false`),
   * or in a worker of yours that runs `luke-web/worker`. A worker that you pass is yours to terminate.
   */
  worker?: boolean | Worker | (() => Worker);
  /** Aborts the load, which then rejects with `signal.reason`. */
  signal?: AbortSignal;
  /** Called as the load goes on; see {@link LoadEvent}. */
  onProgress?: (event: LoadEvent) => void;
  /** Fetches the model's files in place of the global `fetch`. It runs on this thread, even when the model does not. */
  fetch?: typeof fetch;
  /** Headers for every request for the model's files, for example `Authorization`. */
  headers?: Record<string, string>;
  /** Compare a known input with its stored result before the model is used (default `true`). */
  selfTest?: boolean;
  /** Folder that holds `cpu/luke_web_bg.wasm` and `webgpu/luke_web_bg.wasm`, when they are not served from the package's own `wasm/`. */
  wasmUrl?: string | URL;
}

/** Bytes of the model's files so far and in all. They come from the manifest, so the total is 0 until that is read. */
export interface LoadBytes {
  loadedBytes: number;
  totalBytes: number;
}

/**
 * One step of a load. The phases come in this order; `download` comes many times, with the file now being read.
 * When WebGPU fails under `device: 'auto'`, they start over for the CPU.
 */
export type LoadEvent =
  | ({ phase: 'manifest'; file: string } & LoadBytes)
  | ({ phase: 'download'; file: string } & LoadBytes)
  | ({ phase: 'compile' } & LoadBytes)
  | ({ phase: 'ready' } & LoadBytes);

/** What runs, and on what. */
export interface RuntimeInfo {
  /** Version of this package. */
  version: string;
  /** The model's name, from its manifest. */
  name: string;
  /** How the weights are stored: `f32`, `f16`, … */
  dtype: string;
  /** Number of weights. */
  parameters: number;
  device: Device;
  /** The GPU, where the model runs on one. */
  adapter?: string;
  tasks: readonly Task[];
  /** Milliseconds from the start of the load until the model was ready. */
  loadMs: number;
  /** Why `device: 'auto'` runs on the CPU. */
  fallbackReason?: string;
  /** The largest difference that the self-test met and the largest it allows; absent when it did not run. */
  selfTest?: { maxError: number; tolerance: number };
}

/**
 * Something that is named: in a text, `text.slice(start, end) === entity.text`, always.
 * In a word list `start` and `end` count words.
 */
export interface Entity {
  /** First UTF-16 code unit, or word. */
  start: number;
  /** One past the last UTF-16 code unit, or word. */
  end: number;
  /** What stands there; of a word list, its words with a space between. */
  text: string;
  label: string;
  /** Probability of the label, 0 to 1. */
  score: number;
  /** The number before it was made a probability. */
  logit: number;
  /** The probability of every label, with `allScores`. */
  scores?: Record<string, number>;
}

/** A text that is already split: words in order and, if known, the sentences as `[first word, one past the last)`. */
export interface WordList {
  words: readonly string[];
  sentences?: readonly Span[];
}

/** Options of `luke.ner`. */
export interface NerOptions {
  /** Leave out entities with a lower score (default 0). */
  threshold?: number;
  /** Report these labels only. */
  labels?: readonly string[];
  /** Longest entity considered, in tokens of the model (default from the model). */
  maxSpanTokens?: number;
  /** Candidates that share one pass of the model; `null` takes all of them in one (default 128). */
  maxEntitiesPerPass?: number | null;
  /** Longest window of text the model sees at once, in its tokens (default from the model). */
  maxSeqTokens?: number;
  /** Sentences: found by the Unicode rules (`auto`, the default), the whole text as one (`none`), or given. */
  sentences?: 'auto' | 'none' | readonly Span[];
  /** What the model sees around a sentence: nothing, or as much of the document as fits (default from the model). */
  context?: 'sentence' | 'document';
  /** What `<mask>`, `</s>` and the like mean in a text: the special token (`match`, the default, as in Hugging Face's tokenizer) or text like any other. */
  specialTokens?: 'match' | 'text';
  /** Give the probability of every label too (default `false`). */
  allScores?: boolean;
  /** Drops the call when it has not begun; it rejects with `signal.reason` either way. */
  signal?: AbortSignal;
}

/** A label and how sure the model is of it. */
export interface LabelScore {
  label: string;
  /** 0 to 1: for `typing` the label's own probability, for `relation` its share among all labels. */
  score: number;
  /** The number before it was made a probability. */
  logit: number;
}

/** Options of `luke.typing` and `luke.relation`. */
export interface LabelOptions {
  /** Give every label, not only those that hold (`typing`; `relation` always gives all). */
  allScores?: boolean;
  /** What `<mask>`, `</s>` and the like mean in a text; see {@link NerOptions.specialTokens}. */
  specialTokens?: 'match' | 'text';
  /** Drops the call when it has not begun; it rejects with `signal.reason` either way. */
  signal?: AbortSignal;
}

/** The model's own inputs for one sequence, named as in Hugging Face's `LukeModel`; see `luke.forward`. */
export interface ForwardInputs {
  inputIds: readonly number[];
  attentionMask?: readonly number[];
  tokenTypeIds?: readonly number[];
  entityIds?: readonly number[];
  entityAttentionMask?: readonly number[];
  /** Token positions of each entity, with or without the padding of -1. */
  entityPositionIds?: readonly (readonly number[])[];
  entityTokenTypeIds?: readonly number[];
  entityStartPositions?: readonly number[];
  entityEndPositions?: readonly number[];
}

/** Options of `luke.forward`. */
export interface ForwardOptions {
  /** Which of the model's heads to run (default: its first). */
  head?: string;
  /** Drops the call when it has not begun; it rejects with `signal.reason` either way. */
  signal?: AbortSignal;
}

/** Numbers in row-major order. */
export interface Tensor {
  shape: number[];
  data: Float32Array;
}

/** The model's own outputs, named as in Hugging Face: `lastHiddenState`, `logits`, `startLogits`, … */
export type ForwardOutputs = Record<string, Tensor>;
