// transformers.js's way to call a model: its task names, option names and result keys, over `Luke`.
import { LukeError } from './errors.js';
import { Luke } from './luke.js';
import type { EmbedOptions, FillMaskOptions, LoadOptions, NerOptions, QaOptions, Task } from './types.js';

/** What {@link pipeline} can make, by transformers.js's task names. */
export interface Pipelines {
  'token-classification': TokenClassification;
  /** The same as `token-classification`. */
  ner: TokenClassification;
  'question-answering': QuestionAnswering;
  'fill-mask': FillMask;
  'feature-extraction': FeatureExtraction;
}

/** Options of a `token-classification` pipeline; those of `luke.ner` are taken too. */
export interface TokenClassificationOptions extends NerOptions {
  /** LUKE classifies whole entities, so this decides only what the key of the label is: `entity` (`none`, the default) or `entity_group` (`simple`). */
  aggregation_strategy?: 'none' | 'simple';
  /** Labels to leave out (default `[]`). */
  ignore_labels?: readonly string[];
}

/** An entity; `text.slice(start, end) === word`. */
export type TokenClassificationItem<O> = { score: number; word: string; start: number; end: number } & (O extends { aggregation_strategy: 'simple' }
  ? { entity_group: string }
  : { entity: string });

/** Finds the entities in a text, or in each of several. */
export type TokenClassification = <T extends string | readonly string[], const O extends TokenClassificationOptions = {}>(
  texts: T,
  options?: O,
) => Promise<Batch<T, TokenClassificationItem<O>[]>>;

/** Options of a `question-answering` pipeline; those of `luke.qa` are taken too. */
export interface QuestionAnsweringOptions extends Omit<QaOptions, 'topK'> {
  /** How many answers to give; more than one come as an array (default 1). */
  top_k?: number;
}

/** An answer; `context.slice(start, end) === answer`. */
export interface QuestionAnsweringItem {
  answer: string;
  score: number;
  start: number;
  end: number;
}

/** Answers a question from a context, or several each from its own. */
export type QuestionAnswering = <T extends string | readonly string[], const O extends QuestionAnsweringOptions = {}>(
  question: T,
  context: T,
  options?: O,
) => Promise<Batch<T, Answers<O extends { top_k?: infer K } ? (unknown extends K ? 1 : K) : 1>>>;

/** One answer, or several; either when only the program knows how many are asked for. */
type Answers<K> = number extends K ? QuestionAnsweringItem | QuestionAnsweringItem[] : K extends 1 | undefined ? QuestionAnsweringItem : QuestionAnsweringItem[];

/** Options of a `fill-mask` pipeline; those of `luke.fillMask` are taken too. */
export interface FillMaskPipelineOptions extends Omit<FillMaskOptions, 'topK'> {
  /** How many tokens to give (default 5). */
  top_k?: number;
}

/** A token for the mask, and the text with it in the mask's place. */
export interface FillMaskItem {
  score: number;
  token: number;
  token_str: string;
  sequence: string;
}

/** Fills the first mask of a text, or of each of several; `luke.fillMask` fills all of them. */
export type FillMask = <T extends string | readonly string[]>(texts: T, options?: FillMaskPipelineOptions) => Promise<Batch<T, FillMaskItem[]>>;

/** A transformers.js tensor's data: row-major numbers and their shape. */
export interface Features {
  type: 'float32';
  dims: number[];
  data: Float32Array;
}

/** The vector of each token of a text, `[1, tokens, hidden]`, without special tokens; several texts, which differ in length, give a tensor each. */
export type FeatureExtraction = <T extends string | readonly string[]>(texts: T, options?: EmbedOptions) => Promise<Batch<T, Features>>;

type Batch<T, R> = T extends string ? R : R[];

/** What every pipeline has beside the call. */
export interface PipelineExtras {
  /** The model, for what transformers.js has no task for. */
  luke: Luke;
  /** Lets go of the model, unless you passed it. */
  dispose(): Promise<void>;
}

/**
 * A model as a function that is called as in transformers.js and gives results with its keys, with exact `start` and
 * `end` in UTF-16 code units.
 *
 * @param model URL of a model folder, or a `Luke` that several pipelines share.
 * @param options Of `Luke.load`.
 * @throws {LukeError} what `Luke.load` rejects with; `input` when there is no such task, `task-unavailable` when the
 * model has no head for it.
 * @example
 * const ner = await pipeline('token-classification', '/models/luke-mini-en/');
 * await ner('Ada Lovelace was born in London.', { aggregation_strategy: 'simple' });
 * // [{ entity_group: 'PER', score: 0.99…, word: 'Ada Lovelace', start: 0, end: 12 }, …]
 * await ner.dispose();
 */
export async function pipeline<T extends keyof Pipelines>(task: T, model: string | URL | Luke, options?: LoadOptions): Promise<Pipelines[T] & PipelineExtras> {
  if (!Object.hasOwn(PIPELINES, task)) {
    throw new LukeError('input', `pipeline: there is no task ${JSON.stringify(task)} (there are: ${Object.keys(PIPELINES).join(', ')})`, { task });
  }
  const { needs, make } = PIPELINES[task];
  const shared = model instanceof Luke;
  const luke = shared ? model : await Luke.load(model, options);
  const dispose = async () => (shared ? undefined : luke.dispose());
  const { tasks } = luke;
  if (!tasks.includes(needs)) {
    await dispose();
    throw new LukeError('task-unavailable', `pipeline: this model cannot do "${task}", only: ${tasks.join(', ')}`, { task, available: tasks });
  }
  return Object.assign(make(luke) as Pipelines[T], { luke, dispose });
}

const tokenClassification = (luke: Luke) => async (texts: string | readonly string[], options: TokenClassificationOptions = {}) => {
  const { aggregation_strategy: strategy = 'none', ignore_labels: ignored = [], ...rest } = options;
  if (strategy !== 'none' && strategy !== 'simple') {
    throw new LukeError('input', `pipeline: aggregation_strategy must be "none" or "simple", not ${JSON.stringify(strategy)}`, { argument: 'aggregation_strategy' });
  }
  const key = strategy === 'simple' ? 'entity_group' : 'entity';
  return batch(texts, async (text) =>
    (await luke.ner(text, rest))
      .filter(({ label }) => !ignored.includes(label))
      .map(({ start, end, text: word, label, score }) => ({ [key]: label, score, word, start, end })),
  );
};

const questionAnswering = (luke: Luke) => async (questions: string | readonly string[], contexts: string | readonly string[], options: QuestionAnsweringOptions = {}) => {
  const { top_k: topK = 1, ...rest } = options;
  return batch(questions, async (question, i) => {
    const best = await luke.qa(question, typeof questions === 'string' ? (contexts as string) : contexts[i]!, { ...rest, topK });
    const items = [best, ...best.alternatives].map(({ answer, score, start, end }) => ({ answer, score, start, end }));
    return topK === 1 ? items[0] : items;
  });
};

/** RoBERTa's mask, which takes the white space before it along, and BERT's. */
const MASK = /\s*<mask>|\[MASK\]/;

const fillMask = (luke: Luke) => async (texts: string | readonly string[], options: FillMaskPipelineOptions = {}) => {
  const { top_k: topK, ...rest } = options;
  return batch(texts, async (text) => {
    const [first] = await luke.fillMask(text, topK === undefined ? rest : { ...rest, topK });
    return first!.map(({ token, id, score }) => ({ score, token: id, token_str: token, sequence: text.replace(MASK, () => token) }));
  });
};

const featureExtraction = (luke: Luke) => async (texts: string | readonly string[], options?: EmbedOptions) =>
  batch(texts, async (text) => {
    const { words } = await luke.embed(text, [], options);
    return { type: 'float32', dims: [1, ...words.shape], data: words.data };
  });

/** Each pipeline: what its model must be able to do, and how it is made. */
const PIPELINES: Record<keyof Pipelines, { needs: Task; make: (luke: Luke) => unknown }> = {
  'token-classification': { needs: 'ner', make: tokenClassification },
  ner: { needs: 'ner', make: tokenClassification },
  'question-answering': { needs: 'qa', make: questionAnswering },
  'fill-mask': { needs: 'fillMask', make: fillMask },
  'feature-extraction': { needs: 'embed', make: featureExtraction },
};

/** `work` on one text, or on each of several. */
function batch<R>(texts: string | readonly string[], work: (text: string, i: number) => Promise<R>): Promise<R | R[]> {
  return Array.isArray(texts) ? Promise.all(texts.map(work)) : work(texts as string, 0);
}
