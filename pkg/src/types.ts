/** The device that runs the model: `webgpu`, or `wasm` for the CPU. */
export type Device = 'webgpu' | 'wasm';

/** A task of a model; see {@link Luke.tasks}. The name is that of the method. */
export type Task = 'ner' | 'typing' | 'relation' | 'qa' | 'cloze' | 'fillMask' | 'predictEntities' | 'embed';

/** A half-open range `[start, end)` in UTF-16 code units of a text, or in words of a word list. */
export type Span = readonly [start: number, end: number];

/** Options of `Luke.load`. */
export interface LoadOptions {
  /**
   * `auto` (default) uses WebGPU on a real GPU and the CPU otherwise. `webgpu` uses any adapter, also a software adapter, and rejects
   * with `unsupported` if there is none. `wasm` uses the CPU.
   */
  device?: 'auto' | Device;
  /**
   * Where the model runs: in a new Web Worker (`true`, the default if workers are available), on this thread (`false`), or in your
   * worker, whose script imports `luke-web/worker`. A worker from a function is terminated with the model; a `Worker` object is not.
   */
  worker?: boolean | Worker | (() => Worker);
  /**
   * Number of threads of the CPU module, from 1 to 64. `auto` (default) uses one per core, at most 8, or one thread if the browser does
   * not support more (`info.threadsReason` says why). A number above 1 rejects with `unsupported` in that case. Several threads need a
   * cross-origin isolated page and a model in a worker. Results are bit-identical for any number.
   */
  threads?: number | 'auto';
  /** Aborts the load, which then rejects with `signal.reason`. */
  signal?: AbortSignal;
  /** Called with the progress of the load; see {@link LoadEvent}. What it throws is reported as an uncaught error, and the load goes on. */
  onProgress?: (event: LoadEvent) => void;
  /**
   * Where the files of the model are kept for later loads. `auto` (default) is the fastest store that works: the origin private file
   * system (`opfs`, in a worker only) or else the Cache API (`cache-api`); without both, nothing is kept. If the browser has no room
   * left, `auto` goes on without the store, and a store that was requested by name rejects with `quota`. `memory` keeps the files until
   * the worker ends. `false` keeps and reads nothing, also in the HTTP cache.
   */
  cache?: 'auto' | 'opfs' | 'cache-api' | 'memory' | false;
  /**
   * SHA-256 of `manifest.json` in hexadecimal digits. It pins the whole model, because the manifest has the hashes of all files: another
   * manifest rejects with `integrity`. A model that is stored is then loaded without any request.
   */
  manifestHash?: string;
  /** Asks the browser not to delete what is stored when the disk is full (default `false`). The browser may ask its user. */
  persist?: boolean;
  /** Maximum number of files that are fetched at once, 1 to 16 (default 4). */
  parallelDownloads?: number;
  /**
   * How many times a file is tried again after a network error, status 408, 429 or 5xx, a stall, or wrong bytes: 0 to 100 (default 3).
   * The waits double from 0.5 s, or are what `Retry-After` says, at most 60 s. If its server supports ranges, a file goes on where it was.
   */
  retries?: number;
  /** Milliseconds without a byte after which a try ends, at least 100 (default 15,000), and without an answer of the GPU. */
  stallMs?: number;
  /** Replaces the global `fetch` for the model's files. It is called on this thread, also if the model runs in a worker. */
  fetch?: typeof fetch;
  /** Headers for every request for the model's files, for example `Authorization`. */
  headers?: Record<string, string>;
  /** Whether to run the self-test of the manifest: an input with its expected outputs (default `true`). A checkpoint has no self-test. */
  selfTest?: boolean;
  /**
   * The heads to load from a Hugging Face checkpoint, by task (`'ner'`, `'qa'`, …; default: all). Use it if a checkpoint has several
   * heads, or if its `config.json` does not name the head. A model folder always loads all of its heads.
   */
  heads?: readonly string[];
  /**
   * URL of the folder with `cpu/luke_web_bg.wasm`, `relaxed/…`, `threads/…` and `webgpu/…` (default: the package's `wasm/`). A worker
   * loads each module once, so only the first load sets the URL.
   */
  wasmUrl?: string | URL;
}

/**
 * A step of a load:
 *
 * - `manifest`, `runtime`, `download`, `verify` – files are on their way, or checked; `file` says which
 * - `build` – all bytes are here, and the model is built
 * - `self-test` – the model computes the test in its manifest
 * - `ready` – the model can be called
 * - `retry` – a file could not be fetched, and is tried again after `waitMs`; `reason` says why
 * - `fallback` – something is replaced by something else, for example WebGPU by the CPU; `reason` says why
 * - `quota` – the browser cannot store more, and the rest of the model is only kept in memory; `reason` says why
 */
export type LoadPhase = 'manifest' | 'runtime' | 'download' | 'verify' | 'build' | 'self-test' | 'ready' | 'retry' | 'fallback' | 'quota';

/** The progress of a load. `loadedBytes` only becomes less when a file has to be fetched again, and a `retry` event then says why. */
export interface LoadEvent {
  phase: LoadPhase;
  /** The path of the file in the model folder, or the URL of the manifest or of the runtime. */
  file?: string;
  /** Bytes of the model's files and of the runtime that are here. */
  loadedBytes: number;
  /** Bytes of all that is known to be needed. It grows once: the manifest and the runtime's script come at once, in either order. */
  totalBytes: number;
  /** The part of `loadedBytes` that was in the store and was not fetched. */
  storedBytes: number;
  /** How many times the file was tried. */
  attempt?: number;
  /** Milliseconds until the file is tried again. */
  waitMs?: number;
  reason?: string;
}

/** Facts about a loaded model and its device. */
export interface RuntimeInfo {
  /** Version of this package. */
  version: string;
  /** Name of the model, from its manifest. */
  name: string;
  /** Storage format of most weights: `f32`, `f16`, `bf16`, `q8` or `q4`. */
  dtype: string;
  /** Number of weights. */
  parameters: number;
  device: Device;
  /** Name of the GPU adapter, if the model runs on WebGPU. */
  adapter?: string;
  /** Number of threads that compute. It is 1 on WebGPU. */
  threads: number;
  /** Why `threads: 'auto'` uses only one thread. */
  threadsReason?: string;
  tasks: readonly Task[];
  /** URLs of the runtime: the wasm, and the scripts that were fetched beside it. `keepOffline` gives them to the page's service worker. */
  runtimeUrls: readonly string[];
  /** Milliseconds from the start of the load until the model was ready. */
  loadMs: number;
  /** Why `device: 'auto'` uses the CPU. */
  fallbackReason?: string;
  /** The largest difference in the self-test and the largest difference that it allows. Absent if it did not run. */
  selfTest?: { maxError: number; tolerance: number };
  /** The GPU, if the model runs on WebGPU. */
  gpu?: import('./speed.js').GpuInfo;
}

/** A named entity. In a text, `text.slice(start, end) === entity.text`. In a word list, `start` and `end` count words. */
export interface Entity {
  /** First UTF-16 code unit, or word. */
  start: number;
  /** One past the last UTF-16 code unit, or word. */
  end: number;
  /** The text of the entity. For a word list, its words joined by spaces. */
  text: string;
  label: string;
  /** Probability of the label, 0 to 1. */
  score: number;
  /** Logit of the label. */
  logit: number;
  /** Probabilities of all labels, if `allScores` is set. */
  scores?: Record<string, number>;
}

/** A text that is already split into words. `sentences` are ordered word ranges; without it, the list is one sentence. */
export interface WordList {
  words: readonly string[];
  sentences?: readonly Span[];
}

/** The priority of a call, with the names of the web platform's Prioritized Task Scheduling API. */
export type Priority = 'user-blocking' | 'user-visible' | 'background';

/** Options of all calls. */
export interface CallOptions {
  /**
   * Aborts the call, which rejects with `signal.reason`. A queued call is not started. A call that runs ends before its next forward
   * pass, and the next call begins then.
   */
  signal?: AbortSignal;
  /**
   * A call overtakes calls of a lower priority that wait, and interrupts one that runs, between two of its forward passes (default
   * `user-visible`). Calls of the same priority run one at a time, in the order in which they were made.
   */
  priority?: Priority;
}

/** Options of most tasks. */
export interface TaskOptions extends CallOptions {
  /** How to read `<mask>`, `</s>` etc. in a text: as special tokens (`match`, the default, as in Hugging Face's tokenizer) or as plain text (`text`). */
  specialTokens?: 'match' | 'text';
}

/** Options of `luke.ner`. */
export interface NerOptions extends TaskOptions {
  /** Minimum score of an entity, 0 to 1 (default 0). */
  threshold?: number;
  /** Labels to return (default: all). A label that the model does not have rejects with `input`. */
  labels?: readonly string[];
  /** Maximum length of an entity in tokens, 1 to 65,536 (default: from the model). */
  maxSpanTokens?: number;
  /** Maximum number of spans in one pass, 1 to 16,384 (default 128). `null` means 16,384. */
  maxEntitiesPerPass?: number | null;
  /** Maximum number of tokens in one pass, special tokens included: 4 to the model's maximum (default: from the model). */
  maxSeqTokens?: number;
  /**
   * Which spans are scored: all (`all`, as in the paper) or only those that look like English names (`likely`), which is several times
   * faster. Without capital letters or not in English: all spans with a letter or a digit. Default: from the model, else `all`.
   */
  candidates?: 'all' | 'likely';
  /** The sentences: by Unicode's rules, where one line break is a space (`auto`, the default), the whole text (`none`), or these ranges. */
  sentences?: 'auto' | 'none' | readonly Span[];
  /** The context of a sentence: none (`sentence`) or as much of the document as fits (`document`). Default: from the model. */
  context?: 'sentence' | 'document';
  /** Whether to return the probabilities of all labels (default `false`). */
  allScores?: boolean;
}

/** A label and its score. */
export interface LabelScore {
  label: string;
  /** Probability, 0 to 1: a sigmoid for `typing`, a softmax over all labels for `relation`. */
  score: number;
  /** Logit of the label. */
  logit: number;
}

/** Options of `luke.typing` and `luke.relation`. */
export interface LabelOptions extends TaskOptions {
  /** Whether `typing` returns all labels, not only those with a positive logit (default `false`). `relation` always returns all. */
  allScores?: boolean;
}

/**
 * An answer in the context: `context.slice(start, end) === answer.answer`. If there is no answer at all, `answer` is `''`, `answerable`
 * is `false`, and offsets, logits and score are 0.
 */
export interface Answer {
  /** Text of the answer, without surrounding white space. */
  answer: string;
  /** First UTF-16 code unit of the context. */
  start: number;
  /** One past the last UTF-16 code unit. */
  end: number;
  /** Probability, 0 to 1: a softmax over the `nBest` best answers. */
  score: number;
  /** Start logit of the first token. */
  startLogit: number;
  /** End logit of the last token. */
  endLogit: number;
  /** With `nullThreshold`, whether `nullScore - (startLogit + endLogit)` is at most that threshold (SQuAD 2.0's rule); otherwise `true`. */
  answerable: boolean;
  /** Logit of "no answer": the minimum over all windows. It is only useful if the model was trained for it. */
  nullScore: number;
  /** The next best answers, best first. Their `alternatives` are empty. */
  alternatives: Answer[];
}

/** Options of `luke.qa`. Lengths are in tokens of the model. The defaults are those of the authors' SQuAD code. */
export interface QaOptions extends TaskOptions {
  /** Number of answers, alternatives included: 1 to 1,000 (default 1). There are no more than `nBest`. */
  topK?: number;
  /** Number of answers over which scores are computed, and of starts and ends that are tried in each window: 1 to 1,000 (default 20). */
  nBest?: number;
  /** Distance between the starts of two windows in tokens, 1 to 65,536 (default: 128, or less if an answer could be cut). */
  docStride?: number;
  /** Maximum length of a window, question and special tokens included: 4 to the model's maximum (default: from the model). */
  maxSeqTokens?: number;
  /** Maximum length of the question, 1 to 65,536 (default 64). Further tokens are ignored. */
  maxQuestionTokens?: number;
  /** Maximum length of an answer, 1 to 65,536 (default 30). */
  maxAnswerTokens?: number;
  /**
   * Wikipedia titles of mentions in the question and the context, 100,000 at most: `{ 'the Big Apple': 'New York City' }`. The case of a mention is
   * ignored. Titles that the model does not know are ignored, and also mentions that differ only in case and have different titles.
   */
  entities?: Readonly<Record<string, string>>;
  /** The largest `nullScore - (startLogit + endLogit)` for which an answer is `answerable` (default: no limit). */
  nullThreshold?: number;
}

/** A candidate and its score: `passage.slice(start, end) === answer.text`. */
export interface ClozeAnswer {
  /** First UTF-16 code unit of the passage. */
  start: number;
  /** One past the last UTF-16 code unit. */
  end: number;
  /** Text of the candidate. */
  text: string;
  /** Logit of the candidate: the maximum over all windows that contain it. */
  logit: number;
  /** Probability, 0 to 1: a softmax over all candidates. */
  score: number;
}

/** Options of `luke.cloze`. Lengths are in tokens of the model. The defaults are those of the authors' ReCoRD code. */
export interface ClozeOptions extends TaskOptions {
  /** Distance between the starts of two windows in tokens, 1 to 65,536 (default 128). */
  docStride?: number;
  /** Maximum length of a window, query and special tokens included: 4 to the model's maximum (default: from the model). */
  maxSeqTokens?: number;
  /** Maximum length of the query, 1 to 65,536 (default 90). The first tokens of a longer query are read, or those around a later placeholder. */
  maxQueryTokens?: number;
  /** Maximum number of token positions of a candidate's entity, markers included, 1 to 65,536 (default 30). */
  maxMentionTokens?: number;
}

/** A token for a mask and its score. */
export interface TokenScore {
  /** Text of the token, with its leading space if it has one. */
  token: string;
  /** Token id: a row of the word table. */
  id: number;
  /** Probability, 0 to 1: a softmax over all tokens. */
  score: number;
  /** Logit of the token. */
  logit: number;
}

/** Options of `luke.fillMask`. */
export interface FillMaskOptions extends CallOptions {
  /** Number of tokens per mask, 1 to 1,000 (default 5). */
  topK?: number;
}

/** An entity for a mention and its score. */
export interface EntityScore {
  /** Title of the Wikipedia page. */
  title: string;
  /** Entity id: a row of the entity table. */
  id: number;
  /** Probability, 0 to 1: a softmax over all entities. */
  score: number;
  /** Logit of the entity. */
  logit: number;
}

/** Options of `luke.embed`. */
export interface EmbedOptions extends TaskOptions {
  /**
   * The known Wikipedia title of each span, or `null` for the entity `[MASK]` (default: `null` for all). A title that the model does
   * not know is read as `[UNK]`.
   */
  titles?: readonly (string | null)[];
}

/** Options of `luke.predictEntities`. */
export interface PredictEntitiesOptions extends EmbedOptions {
  /** Number of entities per span, 1 to 1,000 (default 5). */
  topK?: number;
}

/** A token and its place in the text. */
export interface Token {
  /** Token id: a row of the word table. */
  id: number;
  /** First UTF-16 code unit, without the space before a word. */
  start: number;
  /** One past the last UTF-16 code unit. */
  end: number;
}

/** Vectors of a text from the last layer of the model. `hidden` is the size of a vector. */
export interface Embedding {
  /** Tokens of the text in order, without the special tokens that the model adds. */
  tokens: Token[];
  /** One vector per token, shape `[tokens.length, hidden]`. */
  words: Tensor;
  /** One vector per span, shape `[spans.length, hidden]`. */
  entities: Tensor;
  /** One vector for the text, shape `[hidden]`: the mean over the windows of a long text. `null` if the checkpoint has no pooler. */
  pooled: Tensor | null;
}

/**
 * The inputs of the model for one sequence, named as in Hugging Face's `LukeModel`; see `luke.forward`. Arrays have one number per token
 * or per entity. Masks default to 1 and token types to 0.
 */
export interface ForwardInputs {
  /** Token ids: at least one, at most the model's maximum. */
  inputIds: readonly number[];
  /** 1 for tokens that are attended to, 0 for others. */
  attentionMask?: readonly number[];
  tokenTypeIds?: readonly number[];
  /** Entity ids (default: no entities). */
  entityIds?: readonly number[];
  /** 1 for entities that are attended to, 0 for others. */
  entityAttentionMask?: readonly number[];
  /** Token positions of each entity, shape `[entities, any length]`. Required with `entityIds`; a position of -1 is padding. */
  entityPositionIds?: readonly (readonly number[])[];
  entityTokenTypeIds?: readonly number[];
  /** Position of the first token of each entity, for span classification. */
  entityStartPositions?: readonly number[];
  /** Position of the last token of each entity (inclusive), for span classification. */
  entityEndPositions?: readonly number[];
}

/** Options of `luke.forward`. */
export interface ForwardOptions extends CallOptions {
  /** Task of the head to run, or `model` for the encoder alone. Required if the model has several heads; by default its only head runs. */
  head?: string;
}

/** An array of numbers in row-major order. */
export interface Tensor {
  /** Size of each dimension. */
  shape: number[];
  data: Float32Array;
}

/** The outputs of the model, named as in Hugging Face: `lastHiddenState`, `logits`, `startLogits`, … */
export type ForwardOutputs = Record<string, Tensor>;
