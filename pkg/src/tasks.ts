// The arguments, options and results of the tasks, as in the structs of `src/tasks/`: pkg/test/rust.test.ts compares them.

/** At least one of them. */
export type NonEmpty<T> = [T, ...T[]];

/** What offsets count: UTF-16 code units as `text.slice` does, code points as Python does, or bytes of UTF-8. */
export type OffsetUnit = 'utf16' | 'codepoint' | 'byte';

/**
 * A half-open range of a text: `[start, end]`, or an object with `start` and `end` such as an entity. Offsets count UTF-16 code units,
 * or what the option `offsets` of the call says. An entity of a word list is none, because it counts words.
 */
export type Span = Pair | { readonly start: number; readonly end: number; readonly unit?: OffsetUnit | undefined };

/** A half-open range of a list of words: `[start, end]`, or an object with `start` and `end`. */
export type WordSpan = Pair | { readonly start: number; readonly end: number; readonly unit?: 'word' | undefined };

export type Pair = readonly [start: number, end: number];

/** A place in a text, from the first unit to one past the last. */
export interface Place {
  start: number;
  end: number;
  /** What `start` and `end` count, if the option `offsets` was not `utf16`. */
  unit?: 'codepoint' | 'byte' | undefined;
}

/** The priority of a call, with the names of the web platform's Prioritized Task Scheduling API. */
export type Priority = 'user-blocking' | 'user-visible' | 'background';

/** Options of all calls. */
export interface CallOptions {
  /**
   * Aborts the call, which rejects with `signal.reason`. A queued call is not started. A call that runs ends before its next forward
   * pass, and the next call begins then.
   */
  signal?: AbortSignal | undefined;
  /**
   * A call overtakes calls of a lower priority that wait, and interrupts one that runs, between two of its forward passes (default
   * `user-visible`). Calls of the same priority run one at a time, in the order in which they were made.
   */
  priority?: Priority | undefined;
}

/** Options of all tasks. */
export interface TaskOptions extends CallOptions {
  /** How to read `<mask>`, `</s>` etc. in a text: as special tokens (`match`, the default, as in Hugging Face's tokenizer) or as plain text (`text`). */
  specialTokens?: 'match' | 'text' | undefined;
}

/** Options of the tasks that have offsets. */
export interface OffsetOptions {
  /** What the offsets of the call count, in arguments and results (default `utf16`). */
  offsets?: OffsetUnit | undefined;
}

/** A text that is already split into words. `sentences` are ordered word ranges; without it, the list is one sentence. */
export interface WordList {
  words: readonly string[];
  sentences?: readonly WordSpan[] | undefined;
}

/** Probabilities of labels. Those in `N` are surely there. */
export type LabelScores<N extends string = string> = Readonly<Record<string, number>> & Readonly<Record<N, number>>;

/** What all entities have. */
interface Found<N extends string> {
  label: N;
  /** Probability of the label, 0 to 1. */
  score: number;
  /** Logit of the label. */
  logit: number;
  /** Probabilities of all labels, if `allScores` is set. */
  scores?: LabelScores<N> | undefined;
}

/** A named entity of a text: `text.slice(start, end) === entity.text`. `N` are its labels. */
export interface Entity<N extends string = string> extends Place, Found<N> {
  text: string;
}

/** A named entity of a word list. */
export interface WordEntity<N extends string = string> extends Found<N> {
  /** First word. */
  start: number;
  /** One past the last word. */
  end: number;
  unit: 'word';
  /** The words joined by spaces. */
  text: string;
}

/** With `allScores`, an entity has its scores. */
export type WithScores<N extends string, S extends boolean> = S extends true ? { scores: LabelScores<N> } : unknown;

/** Options of `luke.ner` and `luke.nerStream`. */
export interface NerOptions<N extends string = string, S extends boolean = boolean, R extends number | undefined = undefined> extends TaskOptions, OffsetOptions {
  /** Minimum score of an entity, 0 to 1 (default 0). */
  threshold?: number | undefined;
  /** Labels to return (default: all). A label that the model does not have rejects with `input`. */
  labels?: readonly N[] | undefined;
  /** Maximum length of an entity in tokens, 1 to 65,536 (default: from the model). */
  maxSpanTokens?: number | undefined;
  /** Maximum number of spans in one pass, 1 to 16,384 (default 128). `null` means 16,384. */
  maxEntitiesPerPass?: number | null | undefined;
  /** Maximum number of tokens in one pass, special tokens included: 4 to the model's maximum (default: from the model). */
  maxSeqTokens?: number | undefined;
  /**
   * Which spans are scored: all (`all`, as in the paper) or only those that look like English names (`likely`), which is several times
   * faster. Without capital letters or not in English: all spans with a letter or a digit. Default: from the model, else `all`.
   */
  candidates?: 'all' | 'likely' | undefined;
  /**
   * The sentences: by Unicode's rules (UAX 29), but not behind initials, titles and abbreviations, and one line break is a space (`auto`,
   * the default); by Unicode's rules alone (`unicode`); the whole text (`none`); or these ranges.
   */
  sentences?: 'auto' | 'unicode' | 'none' | readonly Span[] | undefined;
  /** The context of a sentence: none (`sentence`) or as much of the document as fits (`document`). Default: from the model. */
  context?: 'sentence' | 'document' | undefined;
  /**
   * How a sentence without a small letter is read: as it is (`keep`) or in small letters (`lower`). Offsets and texts of entities are
   * those of the input. Default: from the model, else `keep`.
   */
  capitals?: 'keep' | 'lower' | undefined;
  /** Whether to return the probabilities of all labels (default `false`). */
  allScores?: S | undefined;
  /**
   * Gives near misses too: spans that are no entities, and whose best label has at least this probability. 0 and up; above 1 there are
   * none. There may be 50,000 in a text: with more the call rejects with `input`. With it the result is a {@link NerFound}.
   */
  runnersUp?: R | undefined;
}

/** Options of a `luke.ner` that also gives near misses. */
export interface RunnersUpOptions<N extends string = string, S extends boolean = boolean> extends NerOptions<N, S, number | undefined> {
  runnersUp: number;
}

/**
 * A span that is nearly an entity. `label`, `score` and `logit` are those of its best label. `lostTo` says why it is no entity: "no entity"
 * is more probable (`none`), or a span with a higher logit overlaps it (`overlap`).
 */
export type RunnerUp<E extends Entity | WordEntity = Entity> = E & { lostTo: 'none' | 'overlap' };

/**
 * The entities of a text or word list, the same as without `runnersUp`, and the near misses by `start`, then `end`. Both lists have only
 * the `labels` of the options. An entity below `threshold` is in neither.
 */
export interface NerFound<E extends Entity | WordEntity = Entity> {
  entities: E[];
  runnersUp: RunnerUp<E>[];
}

/** What `luke.nerStream` found in the text `texts[index]`. */
export interface NerPart<E extends Entity = Entity> {
  index: number;
  entities: E[];
  /** With the option `runnersUp`, the near misses. */
  runnersUp?: RunnerUp<E>[] | undefined;
}

/** A mention for `luke.typing`. */
export interface TypingInput {
  readonly text: string;
  readonly span: Span;
}

/** A pair of mentions for `luke.relation`: head (subject) and tail (object). */
export interface RelationInput {
  readonly text: string;
  readonly head: Span;
  readonly tail: Span;
}

/** A label and its score. */
export interface LabelScore<N extends string = string> {
  label: N;
  /** Probability, 0 to 1: a sigmoid for `typing`, a softmax over all labels for `relation`, and where a taught head gives exactly one label. */
  score: number;
  /** Logit of the label. */
  logit: number;
}

/** Options of `luke.typing` and `luke.relation`. */
export interface LabelOptions extends TaskOptions, OffsetOptions {
  /**
   * Whether `typing` returns all labels (default `false`: those with a positive logit, or the likeliest one if a taught head gives exactly one).
   * `relation` always returns all.
   */
  allScores?: boolean | undefined;
}

/** A span of the context with its scores: `context.slice(start, end) === answer`. */
export interface AnswerSpan extends Place {
  /** Text of the answer, without surrounding white space. */
  answer: string;
  /** Probability, 0 to 1: a softmax over the `nBest` best answers. */
  score: number;
  /** Start logit of the first token. */
  startLogit: number;
  /** End logit of the last token. */
  endLogit: number;
  /** Logit of "no answer": the minimum over all windows. It is only useful if the model was trained for it. */
  nullScore: number;
}

/** Another answer. With `nullThreshold`, `answerable` says whether it would be one by itself. */
export interface Alternative extends AnswerSpan {
  answerable: boolean;
}

/** An answer. */
export interface FoundAnswer extends AnswerSpan {
  answerable: true;
  /** The next best answers, best first: `topK - 1` at most. */
  alternatives: Alternative[];
}

/**
 * The context has no answer: it is empty, or with `nullThreshold`, `nullScore - (startLogit + endLogit)` of the best span is above that
 * threshold (SQuAD 2.0's rule). To see the best span nevertheless, leave `nullThreshold` out and compare with `nullScore`.
 */
export interface NoAnswer {
  answerable: false;
  nullScore: number;
}

/** The result of `luke.qa`: look at `answerable` first. */
export type Answer = FoundAnswer | NoAnswer;

/** Options of `luke.qa`. Lengths are in tokens of the model. The defaults are those of the authors' SQuAD code. */
export interface QaOptions extends TaskOptions, OffsetOptions {
  /** Number of answers, alternatives included: 1 to 1,000 (default 1). There are no more than `nBest`. */
  topK?: number | undefined;
  /** Number of answers over which scores are computed, and of starts and ends that are tried in each window: 1 to 1,000 (default 20). */
  nBest?: number | undefined;
  /** Distance between the starts of two windows in tokens, 1 to 65,536 (default: 128, or less if an answer could be cut). */
  docStride?: number | undefined;
  /** Maximum length of a window, question and special tokens included: 4 to the model's maximum (default: from the model). */
  maxSeqTokens?: number | undefined;
  /** Maximum length of the question, 1 to 65,536 (default 64). Further tokens are ignored. */
  maxQuestionTokens?: number | undefined;
  /** Maximum length of an answer, 1 to 65,536 (default 30). */
  maxAnswerTokens?: number | undefined;
  /**
   * Wikipedia titles of mentions in the question and the context, 100,000 at most: `{ 'the Big Apple': 'New York City' }`. The case of a mention is
   * ignored. Titles that the model does not know are ignored, and also mentions that differ only in case and have different titles.
   */
  entities?: Readonly<Record<string, string>> | undefined;
  /** The largest `nullScore - (startLogit + endLogit)` with which a span is an answer (default: no limit). */
  nullThreshold?: number | undefined;
}

/** A candidate and its score: `passage.slice(start, end) === answer.text`. */
export interface ClozeAnswer extends Place {
  /** Text of the candidate. */
  text: string;
  /** Logit of the candidate: the maximum over all windows that contain it. */
  logit: number;
  /** Probability, 0 to 1: a softmax over all candidates. */
  score: number;
}

/** Options of `luke.cloze`. Lengths are in tokens of the model. The defaults are those of the authors' ReCoRD code. */
export interface ClozeOptions extends TaskOptions, OffsetOptions {
  /** Distance between the starts of two windows in tokens, 1 to 65,536 (default 128). */
  docStride?: number | undefined;
  /** Maximum length of a window, query and special tokens included: 4 to the model's maximum (default: from the model). */
  maxSeqTokens?: number | undefined;
  /** Maximum length of the query, 1 to 65,536 (default 90). The first tokens of a longer query are read, or those around a later placeholder. */
  maxQueryTokens?: number | undefined;
  /** Maximum number of token positions of a candidate's entity, markers included, 1 to 65,536 (default 30). */
  maxMentionTokens?: number | undefined;
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

/** Options of `luke.fillMask`. With `specialTokens: 'text'` a text has no masks. */
export interface FillMaskOptions extends TaskOptions {
  /** Number of tokens per mask, 1 to 1,000 (default 5). */
  topK?: number | undefined;
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
export interface EmbedOptions extends TaskOptions, OffsetOptions {
  /**
   * The known Wikipedia title of each span, or `null` for the entity `[MASK]` (default: `null` for all). A title that the model does
   * not know is read as `[UNK]`.
   */
  titles?: readonly (string | null)[] | undefined;
  /**
   * Gives one `vector` for the text: the mean of the vectors of all tokens (`mean`) or the vector of the first token (`cls`). As in
   * transformers.js, the special tokens that the model adds count. In a text of several windows each of them is the mean over the windows.
   * Default `none`: no such vector.
   */
  pooling?: 'none' | 'mean' | 'cls' | undefined;
  /** Whether all vectors are divided by their length, so that a dot product is the cosine (default `false`). */
  normalize?: boolean | undefined;
}

/** Options of a `luke.embed` that also gives one vector for the text. */
export interface PoolingOptions extends EmbedOptions {
  pooling: 'mean' | 'cls';
}

/** Options of `luke.predictEntities`. */
export interface PredictEntitiesOptions extends Omit<EmbedOptions, 'pooling' | 'normalize'> {
  /** Number of entities per span, 1 to 1,000 (default 5). */
  topK?: number | undefined;
}

/** A token and its place in the text, without the space before a word. */
export interface Token extends Place {
  /** Token id: a row of the word table. */
  id: number;
}

/** An array of numbers in row-major order. `D` are its dimensions. */
export interface Tensor<D extends readonly number[] = number[]> {
  /** Size of each dimension. */
  shape: D;
  data: Float32Array;
}

/** Vectors of a text from the last layer of the model. `hidden` is the size of a vector. */
export interface Embedding {
  /** Tokens of the text in order, without the special tokens that the model adds. */
  tokens: Token[];
  /** One vector per token. */
  words: Tensor<[tokens: number, hidden: number]>;
  /** One vector per span. */
  entities: Tensor<[spans: number, hidden: number]>;
  /** One vector for the text: the mean over the windows of a long text. `null` if the checkpoint has no pooler. */
  pooled: Tensor<[hidden: number]> | null;
  /** With `pooling`, the vector of the text. */
  vector?: Tensor<[hidden: number]> | undefined;
}

/** Vectors of a text, and the one that `pooling` asked for. */
export interface PooledEmbedding extends Embedding {
  vector: Tensor<[hidden: number]>;
}
