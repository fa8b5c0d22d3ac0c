// The `pipeline` function of transformers.js on top of `Luke`: its task names, option names and result keys.
import { LukeError } from './errors.js';
import { Luke } from './luke.js';
import type { EmbedOptions, FillMaskOptions, NerOptions, QaOptions } from './tasks.js';
import type { LoadOptions, Task } from './types.js';
import { checkObject, show } from './validate.js';

/** The pipelines that {@link pipeline} makes, by the task names of transformers.js. */
export interface Pipelines {
  'token-classification': TokenClassification;
  /** The same as `token-classification`. */
  ner: TokenClassification;
  'question-answering': QuestionAnswering;
  'fill-mask': FillMask;
  'feature-extraction': FeatureExtraction;
}

/** How `token-classification` names the label. */
type Aggregation = 'none' | 'simple';

/** Options of a `token-classification` pipeline, which include those of `luke.ner`. */
export interface TokenClassificationOptions<A extends Aggregation = Aggregation, N extends string = string> extends NerOptions<N> {
  /** Sets the key of the label in the results: `entity` for `none` (default), `entity_group` for `simple`. LUKE classifies whole entities in both cases. */
  aggregation_strategy?: A | undefined;
  /** Labels to leave out (default `[]`). */
  ignore_labels?: readonly string[] | undefined;
}

/** An entity with UTF-16 offsets: `text.slice(start, end) === word`. `score` is a probability, 0 to 1. */
export type TokenClassificationItem<O, N extends string = string> = { score: number; word: string; start: number; end: number } & (O extends { aggregation_strategy: 'simple' }
  ? { entity_group: N }
  : { entity: N });

/** Finds the entities of a text. A list of texts gives a list of results. */
export type TokenClassification = <T extends string | readonly string[], A extends Aggregation = 'none', N extends string = string>(
  texts: T,
  options?: TokenClassificationOptions<A, N>,
) => Promise<Batch<T, (A extends Aggregation ? TokenClassificationItem<{ aggregation_strategy: A }, N> : never)[]>>;

/** Options of a `question-answering` pipeline, which include those of `luke.qa`. */
export interface QuestionAnsweringOptions<K extends number = number> extends Omit<QaOptions, 'topK'> {
  /** Number of answers, at least 1 (default 1). With 1 the result is one answer, otherwise an array. */
  top_k?: K | undefined;
}

/**
 * An answer with UTF-16 offsets: `context.slice(start, end) === answer`. `score` is its share among the `nBest` answers, 0 to 1. If there is
 * no answer, `answer` is empty and the numbers are 0, as in Hugging Face's pipeline.
 */
export interface QuestionAnsweringItem {
  answer: string;
  score: number;
  start: number;
  end: number;
}

/** Answers a question from a context. Lists of questions and contexts are paired by index. */
export type QuestionAnswering = <T extends string | readonly string[], K extends number = 1>(
  question: T,
  context: T,
  options?: QuestionAnsweringOptions<K>,
) => Promise<Batch<T, Answers<K>>>;

/** The result type: one answer, an array, or either if the number is not known at compile time. */
type Answers<K> = number extends K ? QuestionAnsweringItem | QuestionAnsweringItem[] : K extends 1 ? QuestionAnsweringItem : QuestionAnsweringItem[];

/** Options of a `fill-mask` pipeline, which include those of `luke.fillMask`. */
export interface FillMaskPipelineOptions extends Omit<FillMaskOptions, 'topK'> {
  /** Number of tokens, at least 1 (default 5). */
  top_k?: number | undefined;
}

/** A token for the mask. `token` is its id, `score` a probability (0 to 1), and `sequence` the text with the token in place of the mask. */
export interface FillMaskItem {
  score: number;
  token: number;
  token_str: string;
  sequence: string;
}

/** Fills the first mask of a text. A list of texts gives a list of results. `luke.fillMask` fills every mask. */
export type FillMask = <T extends string | readonly string[]>(texts: T, options?: FillMaskPipelineOptions) => Promise<Batch<T, FillMaskItem[]>>;

/** The data of a transformers.js tensor: row-major numbers, and the shape in `dims`. */
export interface Features {
  type: 'float32';
  dims: number[];
  data: Float32Array;
}

/** Options of a `feature-extraction` pipeline, which include those of `luke.embed`, such as `normalize`. */
export interface FeatureExtractionOptions extends Omit<EmbedOptions, 'pooling'> {
  /** As in `luke.embed` (default `none`). `first_token` is another name of `cls`. */
  pooling?: 'none' | 'mean' | 'cls' | 'first_token' | undefined;
}

/**
 * Computes one vector per token, without special tokens: shape `[1, tokens, hidden]`. With `pooling` it is one vector for the text: shape
 * `[1, hidden]`. A list of texts gives one tensor per text.
 */
export type FeatureExtraction = <T extends string | readonly string[]>(texts: T, options?: FeatureExtractionOptions) => Promise<Batch<T, Features>>;

type Batch<T, R> = T extends string ? R : R[];

/** Properties of every pipeline. */
export interface PipelineExtras {
  /** The model, for tasks that transformers.js does not have. */
  luke: Luke;
  /** Disposes the model, unless you passed a `Luke`. */
  dispose(): Promise<void>;
}

/**
 * Makes a function that is called as in transformers.js and returns results with the same keys. `start` and `end` are exact, in
 * UTF-16 code units.
 *
 * @param model URL of a model folder or name of a repository, as for `Luke.load`, or a `Luke` that several pipelines share.
 * @param options Options of `Luke.load`, used if `model` is not a `Luke`.
 * @throws {LukeError} `input` if the task does not exist, `task-unavailable` if the model has no head for it, and the errors of
 * `Luke.load`.
 * @example
 * const ner = await pipeline('token-classification', '/models/luke-mini-en/');
 * await ner('Ada Lovelace was born in London.', { aggregation_strategy: 'simple' });
 * // [{ entity_group: 'PER', score: 0.96…, word: 'Ada Lovelace', start: 0, end: 12 }, …]
 * await ner.dispose();
 */
export async function pipeline<T extends keyof Pipelines>(task: T, model: string | URL | Luke, options?: LoadOptions): Promise<Pipelines[T] & PipelineExtras> {
  if (!Object.hasOwn(PIPELINES, task)) {
    throw new LukeError('input', `pipeline: there is no task ${show(task)} (there are: ${Object.keys(PIPELINES).join(', ')})`, { task });
  }
  const { requires, create } = PIPELINES[task];
  const isShared = model instanceof Luke;
  const luke = isShared ? model : await Luke.load(model, options);
  const dispose = async () => (isShared ? undefined : luke.dispose());
  const { tasks } = luke;
  if (!tasks.includes(requires)) {
    await dispose();
    throw new LukeError('task-unavailable', `pipeline: this model cannot do "${task}", only: ${tasks.join(', ')}`, { task, available: tasks });
  }
  return Object.assign(create(luke) as Pipelines[T], { luke, dispose });
}

const tokenClassification = (luke: Luke) => async (texts: string | readonly string[], options: TokenClassificationOptions = {}) => {
  checkObject('pipeline', 'options', options);
  const { aggregation_strategy: strategy = 'none', ignore_labels: ignored = [], ...rest } = options;
  if (strategy !== 'none' && strategy !== 'simple') {
    throw new LukeError('input', `pipeline: aggregation_strategy must be "none" or "simple", not ${show(strategy)}`, { argument: 'aggregation_strategy' });
  }
  if ((rest as { runnersUp?: unknown }).runnersUp !== undefined) throw new LukeError('input', 'pipeline: there is no option "runnersUp": use luke.ner', { option: 'runnersUp' });
  const key = strategy === 'simple' ? 'entity_group' : 'entity';
  return batch(texts, async (text) =>
    (await luke.ner(text, rest))
      .filter(({ label }) => !ignored.includes(label))
      .map(({ start, end, text: word, label, score }) => ({ [key]: label, score, word, start, end })),
  );
};

const questionAnswering = (luke: Luke) => async (questions: string | readonly string[], contexts: string | readonly string[], options: QuestionAnsweringOptions = {}) => {
  checkObject('pipeline', 'options', options);
  if (typeof questions !== 'string' && !Array.isArray(questions)) {
    throw new LukeError('input', `pipeline: question-answering takes (question, context, options), not ${show(questions)}`, { argument: 'question' });
  }
  if (Array.isArray(questions) && (!Array.isArray(contexts) || contexts.length !== questions.length)) {
    throw new LukeError('input', `pipeline: there must be as many contexts as questions, ${questions.length}`, { argument: 'context' });
  }
  const { top_k: topK = 1, ...rest } = options;
  return batch(questions, async (question, i) => {
    const best = await luke.qa(question, typeof questions === 'string' ? (contexts as string) : contexts[i]!, { ...rest, topK });
    const answers = best.answerable ? [best, ...best.alternatives.filter(({ answerable }) => answerable)] : [NOTHING];
    const items = answers.map(({ answer, score, start, end }) => ({ answer, score, start, end }));
    return topK === 1 ? items[0] : items;
  });
};

const NOTHING: QuestionAnsweringItem = { answer: '', score: 0, start: 0, end: 0 };

/** The masks of RoBERTa and BERT. RoBERTa's mask token includes the white space before it. */
const MASK = /\s*<mask>|\[MASK\]/;

const fillMask = (luke: Luke) => async (texts: string | readonly string[], options: FillMaskPipelineOptions = {}) => {
  checkObject('pipeline', 'options', options);
  const { top_k: topK, ...rest } = options;
  return batch(texts, async (text) => {
    const [first] = await luke.fillMask(text, topK === undefined ? rest : { ...rest, topK });
    return first.map(({ token, id, score }) => ({ score, token: id, token_str: token, sequence: text.replace(MASK, () => token) }));
  });
};

const featureExtraction = (luke: Luke) => async (texts: string | readonly string[], given: FeatureExtractionOptions = {}) => {
  checkObject('pipeline', 'options', given);
  const { pooling, ...rest } = given;
  const options: EmbedOptions = pooling === undefined ? rest : { ...rest, pooling: pooling === 'first_token' ? 'cls' : pooling };
  return batch(texts, async (text) => {
    const { words, vector = words } = await luke.embed(text, [], options);
    return { type: 'float32', dims: [1, ...vector.shape], data: vector.data };
  });
};

/** For each pipeline the task that the model must have, and the function that creates it. */
const PIPELINES: Record<keyof Pipelines, { requires: Task; create: (luke: Luke) => unknown }> = {
  'token-classification': { requires: 'ner', create: tokenClassification },
  ner: { requires: 'ner', create: tokenClassification },
  'question-answering': { requires: 'qa', create: questionAnswering },
  'fill-mask': { requires: 'fillMask', create: fillMask },
  'feature-extraction': { requires: 'embed', create: featureExtraction },
};

/** Calls `run` for one text, or for each text of a list. */
function batch<R>(texts: string | readonly string[], run: (text: string, i: number) => Promise<R>): Promise<R | R[]> {
  return Array.isArray(texts) ? Promise.all(texts.map(run)) : run(texts as string, 0);
}
