/** Where the model runs: `webgpu`, or `wasm` for the CPU. */
export type Device = 'webgpu' | 'wasm';

/** What a model can do; see {@link Luke.tasks}. The names are those of the methods. */
export type Task = 'ner' | 'typing' | 'relation' | 'qa' | 'cloze' | 'fillMask' | 'predictEntities' | 'embed';

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
  /**
   * Threads of the CPU module. `auto` (the default) takes as many as the processor has, up to 8, where the browser can and one
   * elsewhere (`info.threadsReason` says why); a number takes that many and rejects with `unsupported` where there cannot be any.
   * More than one need a page that is cross-origin isolated and a model that runs in a worker. Results are the same bits.
   */
  threads?: number | 'auto';
  /** Aborts the load, which then rejects with `signal.reason`. */
  signal?: AbortSignal;
  /** Called as the load goes on; see {@link LoadEvent}. */
  onProgress?: (event: LoadEvent) => void;
  /** Fetches the model's files in place of the global `fetch`. It runs on this thread, even when the model does not. */
  fetch?: typeof fetch;
  /** Headers for every request for the model's files, for example `Authorization`. */
  headers?: Record<string, string>;
  /** Compare a known input with its stored result before the model is used (default `true`); a checkpoint has none stored. */
  selfTest?: boolean;
  /**
   * Of a Hugging Face checkpoint loaded as it is: the heads to load, by task (`'ner'`, `'qa'`, …), where it has several or its
   * `config.json` does not say which it has (default: all). A model folder has the heads it was converted with.
   */
  heads?: readonly string[];
  /** Folder that holds `cpu/luke_web_bg.wasm` and so on for `relaxed`, `threads` and `webgpu`, when they are not served from the package's own `wasm/`; each is loaded once in a thread, from where the first load says. */
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
  /** Threads that compute, 1 on a GPU. */
  threads: number;
  /** Why `threads: 'auto'` takes one thread of the CPU. */
  threadsReason?: string;
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

/** What nearly every task takes. */
export interface TaskOptions {
  /** What `<mask>`, `</s>` and the like mean in a text: the special token (`match`, the default, as in Hugging Face's tokenizer) or text like any other. */
  specialTokens?: 'match' | 'text';
  /** Drops the call when it has not begun, and ends what it fetches; it rejects with `signal.reason` either way. */
  signal?: AbortSignal;
}

/** Options of `luke.ner`. */
export interface NerOptions extends TaskOptions {
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
  /**
   * Which runs of words are looked at: every one (`all`, as in the paper), or those that look like English names (`likely`):
   * several times as fast. Text whose letters do not tell, such as that without capitals, gets every one. Default from the
   * model, else `all`.
   */
  candidates?: 'all' | 'likely';
  /** Sentences: found by the Unicode rules (`auto`, the default), the whole text as one (`none`), or given. */
  sentences?: 'auto' | 'none' | readonly Span[];
  /** What the model sees around a sentence: nothing, or as much of the document as fits (default from the model). */
  context?: 'sentence' | 'document';
  /** Give the probability of every label too (default `false`). */
  allScores?: boolean;
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
export interface LabelOptions extends TaskOptions {
  /** Give every label, not only those that hold (`typing`; `relation` always gives all). */
  allScores?: boolean;
}

/**
 * An answer that stands in the context: `context.slice(start, end) === answer.answer`, always.
 * Where there is none at all, `answer` is `''`, `answerable` is `false`, and offsets, logits and score are 0.
 */
export interface Answer {
  /** What stands there, without white space around it. */
  answer: string;
  /** First UTF-16 code unit of the context. */
  start: number;
  /** One past the last UTF-16 code unit. */
  end: number;
  /** Share among the `nBest` best answers, 0 to 1. */
  score: number;
  /** The model's score of the first token as a start, before it was made a share. */
  startLogit: number;
  /** The model's score of the last token as an end, before it was made a share. */
  endLogit: number;
  /**
   * Whether the answer stands: with `nullThreshold`, when `nullScore - (startLogit + endLogit)` is not above it (the rule of
   * SQuAD 2.0); without, always.
   */
  answerable: boolean;
  /** The model's score of "no answer", the smallest over all windows; of use with a model that was trained for it. */
  nullScore: number;
  /** The next best answers, best first, without alternatives of their own. */
  alternatives: Answer[];
}

/** Options of `luke.qa`. Tokens are the model's; the defaults are those of the authors' SQuAD code. */
export interface QaOptions extends TaskOptions {
  /** Answers to give: the best one and its alternatives, `nBest` at most (default 1). */
  topK?: number;
  /** Answers that compete for the score; also the starts and the ends that are looked at in a window (default 20). */
  nBest?: number;
  /** Tokens from the start of one window to the start of the next (default 128, or less where that could lose an answer between two windows). */
  docStride?: number;
  /** Tokens of a window, question and special tokens included (default from the model). */
  maxSeqTokens?: number;
  /** Tokens of the question that are read; what is beyond them is left out (default 64). */
  maxQuestionTokens?: number;
  /** Longest answer, in tokens (default 30). */
  maxAnswerTokens?: number;
  /**
   * Entities that the question and the context name, as mention → title: `{ 'the Big Apple': 'New York City' }`. Upper
   * and lower case of a mention are the same. Left out are titles that the model does not know, and mentions that differ
   * in case only and have different titles.
   */
  entities?: Readonly<Record<string, string>>;
  /** How much better than the best answer "no answer" may fit, as a difference of logits, before `answerable` is `false` (default: any). */
  nullThreshold?: number;
}

/** A candidate and how well it fills the placeholder: `passage.slice(start, end) === answer.text`, always. */
export interface ClozeAnswer {
  /** First UTF-16 code unit of the passage. */
  start: number;
  /** One past the last UTF-16 code unit. */
  end: number;
  /** What stands there. */
  text: string;
  /** The model's score, before it was made a probability. */
  logit: number;
  /** Share among all candidates, 0 to 1. */
  score: number;
}

/** Options of `luke.cloze`. Tokens are the model's; the defaults are those of the authors' ReCoRD code. */
export interface ClozeOptions extends TaskOptions {
  /** Tokens from the start of one window to the start of the next (default 128). */
  docStride?: number;
  /** Tokens of a window, query and special tokens included (default from the model). */
  maxSeqTokens?: number;
  /** Tokens of the query that are read: the first, or those around the placeholder where it comes later (default 90). */
  maxQueryTokens?: number;
  /** Tokens of a candidate, its markers included, that its entity gets the positions of (default 30). */
  maxMentionTokens?: number;
}

/** A token and how well it fills a mask. */
export interface TokenScore {
  /** As it would stand in the text, with the space before it where it has one. */
  token: string;
  /** Its row in the model's word table. */
  id: number;
  /** Probability among all tokens, 0 to 1. */
  score: number;
  /** The number before it was made a probability. */
  logit: number;
}

/** Options of `luke.fillMask`. */
export interface FillMaskOptions {
  /** Tokens to give for each mask (default 5). */
  topK?: number;
  /** Drops the call when it has not begun, and ends what it fetches; it rejects with `signal.reason` either way. */
  signal?: AbortSignal;
}

/** An entity and how well it stands for a mention. */
export interface EntityScore {
  /** Title of its Wikipedia page. */
  title: string;
  /** Its row in the model's entity table. */
  id: number;
  /** Probability among all entities, 0 to 1. */
  score: number;
  /** The number before it was made a probability. */
  logit: number;
}

/** Options of `luke.embed`. */
export interface EmbedOptions extends TaskOptions {
  /**
   * What the spans are known to be, one title for each; `null`, or no titles at all, is the unknown entity `[MASK]`.
   * A title that the model does not know is read as `[UNK]`.
   */
  titles?: readonly (string | null)[];
}

/** Options of `luke.predictEntities`. */
export interface PredictEntitiesOptions extends EmbedOptions {
  /** Entities to give for each span (default 5). */
  topK?: number;
}

/** A token of the model and the text it stands for. */
export interface Token {
  /** Its row in the model's word table. */
  id: number;
  /** First UTF-16 code unit of the text, less the space before a word. */
  start: number;
  /** One past the last UTF-16 code unit. */
  end: number;
}

/** Vectors of a text, from the model's last layer. `hidden` is the model's width. */
export interface Embedding {
  /** Tokens of the text in order, without the special tokens around it. */
  tokens: Token[];
  /** A vector for each token: `[tokens.length, hidden]`. */
  words: Tensor;
  /** A vector for each span: `[spans.length, hidden]`. */
  entities: Tensor;
  /** One vector for the text, `[hidden]`, over a long text the mean of its windows; `null` where the checkpoint has no pooler. */
  pooled: Tensor | null;
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
  /** Drops the call when it has not begun, and ends what it fetches; it rejects with `signal.reason` either way. */
  signal?: AbortSignal;
}

/** Numbers in row-major order. */
export interface Tensor {
  shape: number[];
  data: Float32Array;
}

/** The model's own outputs, named as in Hugging Face: `lastHiddenState`, `logits`, `startLogits`, … */
export type ForwardOutputs = Record<string, Tensor>;
