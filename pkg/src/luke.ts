/// <reference lib="esnext.disposable" preserve="true" />
import { abortable } from './abort.js';
import type { NerFound, NerPart, PooledEmbedding, PoolingOptions, RelationInput, RunnersUpOptions, RunnerUp, TypingInput } from './call-types.js';
import { Client } from './client.js';
import { LukeError } from './errors.js';
import { persist } from './models.js';
import { engineOptions } from './options.js';
import type { Call } from './protocol.js';
import { CallQueue } from './queue.js';
import { fetchSource } from './source.js';
import { partsOf } from './stream.js';
import type {
  Answer, CallOptions, ClozeAnswer, ClozeOptions, EmbedOptions, Embedding, Entity, EntityScore, FillMaskOptions, ForwardInputs, ForwardOptions, ForwardOutputs, LabelOptions, LabelScore,
  LoadEvent, LoadOptions, NerOptions, PredictEntitiesOptions, QaOptions, RuntimeInfo, Span, Task, TokenScore, WordList,
} from './types.js';
import { checkBatch, checkForward, checkLoadOptions, checkNer, checkTask, checkTexts, checkUrl } from './validate.js';

/**
 * A loaded LUKE model.
 *
 * Calls of the same priority run one at a time, in the order in which they were made. A call that fails does not affect the others.
 *
 * Offsets count UTF-16 code units: `text.slice(start, end)` is the text of a result. An unpaired surrogate in a text is read as
 * U+FFFD, but results contain the original text.
 *
 * A call rejects with `signal.reason` after an abort, and otherwise with a {@link LukeError} with one of these codes:
 *
 * - `input` – an argument or an option is invalid
 * - `task-unavailable` – the checkpoint has no head for the task
 * - `network`, `integrity` – files of the model could not be fetched, or their bytes are wrong
 * - `device-lost`, `out-of-memory` – the device failed; the next call loads the model again
 * - `worker-lost` – the worker has ended; the next call starts another one, unless the worker is yours
 * - `internal` – an error of this package; after a trap the next call loads the model again
 * - `disposed` – the model was disposed
 *
 * @example
 * const luke = await Luke.load('/models/luke-mini-en/');
 * for (const { text, label, score } of await luke.ner('Ada Lovelace was born in London.')) {
 *   console.log(label, text, score);
 * }
 * await luke.dispose();
 */
export class Luke {
  readonly #url: string;
  readonly #options: LoadOptions;
  readonly #queue = new CallQueue();
  /** `undefined` after the worker was lost, until the next call starts another one. */
  #client: Client | undefined;
  #connecting: Promise<void> | undefined;
  #info!: RuntimeInfo;
  #disposed = false;

  private constructor(url: string, options: LoadOptions) {
    this.#url = url;
    this.#options = options;
  }

  /**
   * Loads a model folder, which has a `manifest.json` made by `luke convert`. It also loads a Hugging Face folder without conversion
   * (`config.json`, `entity_vocab.json`, tokenizer files and `*.safetensors`); such a folder has no hashes to check its files.
   *
   * @param model URL of the folder or of its manifest. A relative URL is resolved against the page's URL.
   * @throws {LukeError} `input` if an argument or option is invalid; `network` if the files cannot be fetched, as from a wrong URL;
   * `integrity` or `format` if they cannot be used; `unsupported`, `device-lost` or `out-of-memory` if the model cannot run here. After an
   * abort it rejects with `signal.reason`.
   * @example
   * const luke = await Luke.load('/models/luke-mini-en/', {
   *   onProgress: ({ loadedBytes, totalBytes }) => bar.value = totalBytes && loadedBytes / totalBytes,
   *   signal: AbortSignal.timeout(60_000),
   * });
   */
  static async load(model: string | URL, options: LoadOptions = {}): Promise<Luke> {
    const url = checkUrl('load', model);
    checkLoadOptions(options);
    options.signal?.throwIfAborted();
    if (options.persist) void persist(); // a browser may ask the user, who may not answer
    const luke = new Luke(url, options);
    try {
      await abortable(luke.#connect(options.onProgress), options.signal);
      return luke;
    } catch (error) {
      luke.#disposed = true;
      luke.#client?.close(error);
      throw error;
    }
  }

  /** Starts an engine and loads the model in it. If that fails, the next call tries again. */
  async #connect(onProgress?: LoadOptions['onProgress']): Promise<void> {
    const { worker, fetch, headers, device = 'auto', threads = 'auto', selfTest = true, heads = [], passCacheBytes } = this.#options;
    const engine = { ...engineOptions(this.#options), device, threads, selfTest, heads, ...(passCacheBytes !== undefined && { passCacheBytes }) };
    const handlers = {
      onProgress: (event: LoadEvent) => (this.#options.signal?.aborted ? undefined : onProgress?.(event)),
      onInfo: (info: RuntimeInfo) => (this.#info = info),
      onLost: () => typeof worker !== 'object' && this.#client === client && (this.#client = undefined),
      source: fetch && fetchSource(fetch, headers),
    };
    const client: Client = await Client.connect(worker, handlers, engine.stallMs);
    this.#client = client;
    if (this.#disposed) client.close(disposedError());
    try {
      this.#info = await client.load(this.#url, engine);
    } catch (error) {
      client.close(error);
      this.#client = undefined;
      throw error;
    }
  }

  /** The tasks for which the model has a head. `embed` needs no head. */
  get tasks(): readonly Task[] {
    return this.#info.tasks;
  }

  /** Facts about the model and the device. They are updated when a call has to load the model again. */
  get info(): RuntimeInfo {
    return this.#info;
  }

  /**
   * Finds the named entities of a text, ordered by `start`. A list of texts gives one list of entities per text. For a word list,
   * `start` and `end` count words.
   *
   * @example
   * const entities = await luke.ner(text, { labels: ['PER', 'ORG'], threshold: 0.5 });
   * entities.every((entity) => text.slice(entity.start, entity.end) === entity.text); // true
   * @example
   * // For somebody who corrects the entities: also the spans that were nearly entities.
   * const { entities, runnersUp } = await luke.ner(text, { runnersUp: 0.2 });
   */
  ner(text: string | WordList, options: RunnersUpOptions): Promise<NerFound>;
  ner(texts: readonly string[], options: RunnersUpOptions): Promise<NerFound[]>;
  ner(text: string, options?: NerOptions): Promise<Entity[]>;
  ner(texts: readonly string[], options?: NerOptions): Promise<Entity[][]>;
  ner(words: WordList, options?: NerOptions): Promise<Entity[]>;
  async ner(input: string | readonly string[] | WordList, options: NerOptions = {}): Promise<Ner | Ner[]> {
    checkNer(input, options);
    const plainInput = typeof input === 'string' || Array.isArray(input) ? input : withoutUndefined(input as WordList);
    const result = await this.#call<Ner | Ner[]>({ method: 'ner', input: plainInput, options });
    if (Array.isArray(input)) input.forEach((text: string, i) => restoreSurrogates(text, entitiesOf((result as Ner[])[i]!)));
    else restoreSurrogates(typeof input === 'string' ? input : (input as WordList).words, entitiesOf(result as Ner));
    return result;
  }

  /**
   * Finds the named entities of many texts, and gives those of each text as soon as its forward passes have run. Texts come in their
   * order, each after the texts before it. They share forward passes, so several may come at once. Results are those of `luke.ner`.
   *
   * The call starts with the first step of the loop. Leaving the loop ends the call, as does `signal`. Results wait in memory until the
   * loop takes them.
   *
   * @example
   * for await (const { index, entities } of luke.nerStream(paragraphs)) {
   *   show(paragraphs[index], entities);
   *   bar.value = (index + 1) / paragraphs.length;
   * }
   */
  nerStream(texts: readonly string[], options: RunnersUpOptions): AsyncGenerator<NerPart & NerFound, void>;
  nerStream(texts: readonly string[], options?: NerOptions): AsyncGenerator<NerPart, void>;
  async *nerStream(texts: readonly string[], options: NerOptions = {}): AsyncGenerator<NerPart, void> {
    checkTexts(texts, options);
    const input = [...texts];
    const start = (onPart: (part: Ner) => void, signal: AbortSignal) => this.#call({ method: 'nerStream', input, options: { ...options, signal } }, onPart as (part: unknown) => void);
    let index = 0;
    for await (const found of partsOf<Ner>(options.signal, start)) {
      restoreSurrogates(input[index]!, entitiesOf(found));
      yield { index, ...(Array.isArray(found) ? { entities: found } : found) };
      index += 1;
    }
  }

  /**
   * Classifies the mention at `span`. Returns the labels with a positive logit, best first. Labels do not exclude each other.
   *
   * @example
   * const labels = await luke.typing('Beyoncé lives in Los Angeles.', [17, 28]); // [{ label: 'location', … }, …]
   * @example
   * // Several mentions share forward passes, and have the same results as one by one.
   * const each = await luke.typing([{ text, span: [0, 7] }, { text, span: [17, 28] }]);
   */
  typing(text: string, span: Span, options?: LabelOptions): Promise<LabelScore[]>;
  typing(inputs: readonly TypingInput[], options?: LabelOptions): Promise<LabelScore[][]>;
  async typing(text: string | readonly TypingInput[], second?: Span | LabelOptions, third: LabelOptions = {}): Promise<LabelScore[] | LabelScore[][]> {
    if (Array.isArray(text)) return this.#batch('typing', text as readonly TypingInput[], ['span'], second as LabelOptions);
    const span = second as Span;
    checkTask('typing', { strings: { text }, span: { span } }, third);
    return this.#call({ method: 'typing', input: { text: text as string, span }, options: third });
  }

  /**
   * Classifies the relation of the head (subject) to the tail (object). Returns all labels with their probabilities, best first.
   *
   * @example
   * const [best] = await luke.relation('Beyoncé lives in Los Angeles.', [0, 7], [17, 28]); // { label: 'per:cities_of_residence', … }
   * @example
   * const each = await luke.relation([{ text, head: [0, 7], tail: [17, 28] }, { text, head: [17, 28], tail: [0, 7] }]);
   */
  relation(text: string, head: Span, tail: Span, options?: LabelOptions): Promise<LabelScore[]>;
  relation(inputs: readonly RelationInput[], options?: LabelOptions): Promise<LabelScore[][]>;
  async relation(text: string | readonly RelationInput[], second?: Span | LabelOptions, tail?: Span, options: LabelOptions = {}): Promise<LabelScore[] | LabelScore[][]> {
    if (Array.isArray(text)) return this.#batch('relation', text as readonly RelationInput[], ['head', 'tail'], second as LabelOptions);
    const head = second as Span;
    checkTask('relation', { strings: { text }, span: { head, tail } }, options);
    return this.#call({ method: 'relation', input: { text: text as string, head, tail: tail! }, options });
  }

  async #batch<T extends 'typing' | 'relation'>(method: T, inputs: readonly (TypingInput | RelationInput)[], spans: readonly string[], options: LabelOptions = {}): Promise<LabelScore[][]> {
    checkBatch(method, inputs, spans, options);
    return this.#call({ method, input: inputs, options } as Call);
  }

  /**
   * Finds the answer to a question in a context of any length. With `topK`, `alternatives` contains the next best answers.
   *
   * @example
   * const context = 'Star Wars is a film written and directed by George Lucas.';
   * const { answer, start, end, score } = await luke.qa('Who directed Star Wars?', context);
   * context.slice(start, end) === answer; // true
   * @example
   * // With known Wikipedia titles of mentions, for a question that may have no answer:
   * const found = await luke.qa(question, context, { entities: { 'Star Wars': 'Star Wars (film)' }, nullThreshold: 0, topK: 3 });
   * if (found.answerable) console.log(found.answer, found.alternatives.map(({ answer }) => answer));
   */
  async qa(question: string, context: string, options: QaOptions = {}): Promise<Answer> {
    checkTask('qa', { strings: { question, context } }, options);
    const answer = await this.#call<Answer>({ method: 'qa', input: { question, context }, options });
    restoreSurrogates(context, [answer, ...answer.alternatives]);
    return answer;
  }

  /**
   * Scores the candidates for the `@placeholder` of a query. Returns all candidates, best first. Candidates are spans of the passage,
   * which may have any length; equal spans are one candidate. There may be 10,000 candidates, of which 64 may overlap at one place.
   * As in ReCoRD, `@highlight` in the passage starts a line of its summary.
   * Rejects with `input` unless the query contains exactly one `@placeholder`.
   *
   * @example
   * const passage = 'Ana Ivanovic beat Venus Williams in Paris.';
   * const [best] = await luke.cloze(passage, '@placeholder lost the match', [[0, 12], [18, 32]]); // { text: 'Venus Williams', … }
   */
  async cloze(passage: string, query: string, candidates: readonly Span[], options: ClozeOptions = {}): Promise<ClozeAnswer[]> {
    checkTask('cloze', { strings: { passage, query }, spans: { candidates } }, options);
    const answers = await this.#call<ClozeAnswer[]>({ method: 'cloze', input: { passage, query, candidates }, options });
    restoreSurrogates(passage, answers);
    return answers;
  }

  /**
   * Predicts the token at each mask of a text. The mask is `<mask>`, or `[MASK]` for a BERT vocabulary. Returns one list per mask,
   * best first. Rejects with `input` if the text has no mask, or more than 1,000.
   *
   * @example
   * const [tokens] = await luke.fillMask('Beyoncé <mask> in Los Angeles.', { topK: 3 });
   * console.log(tokens.map(({ token, score }) => [token, score])); // [[' lives', 0.6…], …]
   */
  async fillMask(text: string, options: FillMaskOptions = {}): Promise<TokenScore[][]> {
    checkTask('fillMask', { strings: { text } }, options);
    return this.#call({ method: 'fillMask', input: { text }, options });
  }

  /**
   * Predicts the Wikipedia entity of each span. Returns one list per span, best first. `titles` gives the entities that are known.
   * Needs a checkpoint with its whole entity table (`luke convert --entities full`). The table is fetched and scored in blocks.
   * There may be 1,000 spans.
   *
   * @example
   * const [who, where] = await luke.predictEntities('Beyoncé lives in Los Angeles.', [[0, 7], [17, 28]]);
   * console.log(who[0].title, where[0].title);
   */
  async predictEntities(text: string, spans: readonly Span[], options: PredictEntitiesOptions = {}): Promise<EntityScore[][]> {
    checkTask('predictEntities', { strings: { text }, spans: { spans } }, options);
    return this.#call({ method: 'predictEntities', input: { text, spans }, options });
  }

  /**
   * Computes vectors for a text of any length: one per token, one per span (10,000 at most), and one for the whole text.
   *
   * @example
   * const { entities } = await luke.embed('Beyoncé lives in Los Angeles.', [[0, 7], [17, 28]]);
   * const [count, hidden] = entities.shape; // 2 vectors
   * const losAngeles = entities.data.subarray(hidden, 2 * hidden);
   * @example
   * const { vector } = await luke.embed(text, [], { pooling: 'mean', normalize: true }); // for a search by dot products
   */
  embed(text: string, spans: readonly Span[] | undefined, options: PoolingOptions): Promise<PooledEmbedding>;
  embed(text: string, spans?: readonly Span[], options?: EmbedOptions): Promise<Embedding>;
  async embed(text: string, spans: readonly Span[] = [], options: EmbedOptions = {}): Promise<Embedding> {
    checkTask('embed', { strings: { text }, spans: { spans } }, options);
    return this.#call({ method: 'embed', input: { text, spans }, options });
  }

  /**
   * Runs the model on token ids (low level). Inputs and outputs are named as in Hugging Face's `LukeModel`. A list of sequences, which
   * may differ in length, shares forward passes. Use this to compare with another implementation, or for a head without a task.
   * Rejects with `input` if an id is out of range or if the lengths of the arrays do not agree.
   *
   * @example
   * const { logits } = await luke.forward({ inputIds: [0, 713, 2], entityIds: [2], entityPositionIds: [[1]] });
   * console.log(logits.shape, logits.data);
   */
  async forward(inputs: ForwardInputs, options?: ForwardOptions): Promise<ForwardOutputs>;
  async forward(inputs: readonly ForwardInputs[], options?: ForwardOptions): Promise<ForwardOutputs[]>;
  async forward(inputs: ForwardInputs | readonly ForwardInputs[], options: ForwardOptions = {}): Promise<ForwardOutputs | ForwardOutputs[]> {
    checkForward(inputs, options);
    const input = Array.isArray(inputs) ? (inputs as readonly ForwardInputs[]).map(withoutUndefined) : withoutUndefined(inputs as ForwardInputs);
    return this.#call({ method: 'forward', input, options });
  }

  /** Frees the model and its worker. Pending and later calls reject with `disposed`. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#client?.close(disposedError());
  }

  /** Disposes the model at the end of a block with `await using luke = await Luke.load(…)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** Queues a call. Removes `signal` and `priority` from its options, because they are not for the model. */
  #call<T>(call: Call, onPart?: (part: unknown) => void): Promise<T> {
    const { signal, priority = 'user-visible', ...rest } = call.options as CallOptions;
    const work = async () => {
      if (this.#disposed) throw disposedError();
      // While a worker starts, there is a client without a model.
      while (this.#connecting || !this.#client) await (this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined)));
      return this.#client.call({ ...call, options: withoutUndefined(rest) }, priority, signal, onPart) as Promise<T>;
    };
    return this.#queue.add(priority, signal, work);
  }
}

/** The result of `ner` for one input. */
type Ner = Entity[] | NerFound;

function entitiesOf(found: Ner): readonly (Entity | RunnerUp)[] {
  return Array.isArray(found) ? found : [...found.entities, ...found.runnersUp];
}

/** Removes keys whose value is `undefined`: the wasm would read them as `null`. */
function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/**
 * Replaces the texts of results by slices of the original text or words. A wasm string cannot contain an unpaired surrogate and has
 * U+FFFD instead, so that offsets stay the same.
 */
function restoreSurrogates(text: string | readonly string[], results: readonly (Entity | ClozeAnswer | Answer)[]): void {
  if (!/\p{Surrogate}/u.test(String(text))) return;
  for (const result of results) {
    const slice = text.slice(result.start, result.end);
    const original = typeof slice === 'string' ? slice : slice.join(' ');
    if ('answer' in result) result.answer = original;
    else result.text = original;
  }
}

function disposedError(): LukeError {
  return new LukeError('disposed', 'this Luke was disposed');
}
