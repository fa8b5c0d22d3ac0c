/// <reference lib="esnext.disposable" preserve="true" />
import { Client } from './client.js';
import { LukeError } from './errors.js';
import type { Call } from './protocol.js';
import { fetchSource } from './source.js';
import type {
  Answer, ClozeAnswer, ClozeOptions, EmbedOptions, Embedding, Entity, EntityScore, FillMaskOptions, ForwardInputs, ForwardOptions, ForwardOutputs, LabelOptions, LabelScore,
  LoadOptions, NerOptions, PredictEntitiesOptions, QaOptions, RuntimeInfo, Span, Task, TokenScore, WordList,
} from './types.js';
import { absoluteUrl, checkForward, checkLoadOptions, checkNer, checkTask } from './validate.js';

/**
 * A LUKE model, loaded and ready.
 *
 * Calls queue: they run one after another in the order they were made, and one that fails leaves the others alone.
 * Every task rejects with `task-unavailable` when the checkpoint has no head for it, and with `input` when an argument
 * or an option is wrong.
 *
 * All offsets count UTF-16 code units, so `text.slice(start, end)` is what a result names. A half surrogate pair in a
 * text is read as U+FFFD; results give back what stands in the text.
 *
 * @example
 * const luke = await Luke.load('/models/luke-mini-en/');
 * for (const { text, label, score } of await luke.ner('Ada Lovelace was born in London.')) {
 *   console.log(label, text, score);
 * }
 * await luke.dispose();
 */
export class Luke {
  readonly #client: Client;
  #info: RuntimeInfo;
  #last: Promise<unknown> = Promise.resolve();
  #disposed = false;

  private constructor(client: Client, info: RuntimeInfo) {
    this.#client = client;
    this.#info = info;
  }

  /**
   * Loads a model folder, which has a `manifest.json` made by `luke convert`; or a Hugging Face folder as it is (`config.json`,
   * `entity_vocab.json`, tokenizer files and `*.safetensors`), whose bytes nothing vouches for.
   *
   * @param model URL of the folder, or of its manifest; a relative one is taken from the page's.
   * @example
   * const luke = await Luke.load('/models/luke-mini-en/', {
   *   onProgress: ({ loadedBytes, totalBytes }) => bar.value = totalBytes && loadedBytes / totalBytes,
   *   signal: AbortSignal.timeout(60_000),
   * });
   */
  static async load(model: string | URL, options: LoadOptions = {}): Promise<Luke> {
    if (typeof model !== 'string' && !(model instanceof URL)) throw new LukeError('input', 'load: the model must be a URL');
    checkLoadOptions(options);
    const { device = 'auto', worker, threads = 'auto', signal, onProgress, fetch, headers, selfTest = true, heads = [], wasmUrl } = options;
    const url = absoluteUrl('the model', model);
    const engineOptions = {
      device,
      threads,
      selfTest,
      heads,
      ...(headers && { headers }),
      ...(wasmUrl !== undefined && { wasmUrl: absoluteUrl('wasmUrl', wasmUrl) }),
      remoteFetch: fetch !== undefined,
    };
    signal?.throwIfAborted();

    let luke: Luke | undefined;
    const client = await Client.connect(worker, {
      onProgress,
      onInfo: (info) => luke && (luke.#info = info),
      source: fetch && fetchSource(fetch, headers),
    });
    try {
      luke = new Luke(client, await abortable(client.load(url, engineOptions), signal));
      return luke;
    } catch (error) {
      client.close(error);
      throw error;
    }
  }

  /** What this model can do, by the heads of its checkpoint; `embed` needs none. */
  get tasks(): readonly Task[] {
    return this.#info.tasks;
  }

  /** What runs, and on what. */
  get info(): RuntimeInfo {
    return this.#info;
  }

  /**
   * Finds the entities in a text, in the order they stand in it; a text without any gives `[]`.
   * Several texts give a list for each. A word list gives spans of words.
   *
   * @example
   * const entities = await luke.ner(text, { labels: ['PER', 'ORG'], threshold: 0.5 });
   * entities.every(({ start, end, text: piece }) => text.slice(start, end) === piece); // true
   */
  ner(text: string, options?: NerOptions): Promise<Entity[]>;
  ner(texts: readonly string[], options?: NerOptions): Promise<Entity[][]>;
  ner(words: WordList, options?: NerOptions): Promise<Entity[]>;
  async ner(input: string | readonly string[] | WordList, options: NerOptions = {}): Promise<Entity[] | Entity[][]> {
    checkNer(input, options);
    const given = typeof input === 'string' || Array.isArray(input) ? input : defined(input as WordList);
    const result = await this.#call<Entity[] | Entity[][]>({ method: 'ner', input: given, options });
    if (Array.isArray(input)) input.forEach((text: string, i) => restoreHalves(text, (result as Entity[][])[i]!));
    else restoreHalves(typeof input === 'string' ? input : (input as WordList).words, result as Entity[]);
    return result;
  }

  /**
   * What kind of thing a mention is: the labels that hold, best first. Labels do not exclude each other.
   *
   * @example
   * const labels = await luke.typing('Beyoncé lives in Los Angeles.', [17, 28]); // [{ label: 'location', … }, …]
   */
  async typing(text: string, span: Span, options: LabelOptions = {}): Promise<LabelScore[]> {
    checkTask('typing', { strings: { text }, span: { span } }, options);
    return this.#call({ method: 'typing', input: { text, span }, options });
  }

  /**
   * How the head (subject) relates to the tail (object): every label with its probability, best first.
   *
   * @example
   * const [best] = await luke.relation('Beyoncé lives in Los Angeles.', [0, 7], [17, 28]); // { label: 'per:cities_of_residence', … }
   */
  async relation(text: string, head: Span, tail: Span, options: LabelOptions = {}): Promise<LabelScore[]> {
    checkTask('relation', { strings: { text }, span: { head, tail } }, options);
    return this.#call({ method: 'relation', input: { text, head, tail }, options });
  }

  /**
   * Finds the answer to a question in a context of any length; with `topK`, the next best ones too.
   *
   * @example
   * const context = 'Star Wars is a film written and directed by George Lucas.';
   * const { answer, start, end, score } = await luke.qa('Who directed Star Wars?', context);
   * context.slice(start, end) === answer; // true
   * @example
   * // Mentions whose Wikipedia page is known, and questions that may have no answer:
   * const found = await luke.qa(question, context, { entities: { 'Star Wars': 'Star Wars (film)' }, nullThreshold: 0, topK: 3 });
   * if (found.answerable) console.log(found.answer, found.alternatives.map(({ answer }) => answer));
   */
  async qa(question: string, context: string, options: QaOptions = {}): Promise<Answer> {
    checkTask('qa', { strings: { question, context } }, options);
    const answer = await this.#call<Answer>({ method: 'qa', input: { question, context }, options });
    restoreHalves(context, [answer, ...answer.alternatives]);
    return answer;
  }

  /**
   * Which of the candidates, mentions in a passage of any length, fills the `@placeholder` of a query: every candidate,
   * best first. A span given twice is one candidate. As in ReCoRD, `@highlight` in a passage begins a line that sums it up.
   * Rejects a query without exactly one `@placeholder`.
   *
   * @example
   * const passage = 'Ana Ivanovic beat Venus Williams in Paris.';
   * const [best] = await luke.cloze(passage, '@placeholder lost the match', [[0, 12], [18, 32]]); // { text: 'Venus Williams', … }
   */
  async cloze(passage: string, query: string, candidates: readonly Span[], options: ClozeOptions = {}): Promise<ClozeAnswer[]> {
    checkTask('cloze', { strings: { passage, query }, spans: { candidates } }, options);
    const answers = await this.#call<ClozeAnswer[]>({ method: 'cloze', input: { passage, query, candidates }, options });
    restoreHalves(passage, answers);
    return answers;
  }

  /**
   * Which words fit in a text where the model's mask token stands (`<mask>`): a list for each mask, best first.
   * Rejects a text without a mask.
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
   * Which entities of Wikipedia the mentions in a text are: a list for each span, best first. What some of them are
   * known to be can be told with `titles`. Needs a checkpoint that was converted with its whole entity table
   * (`luke convert --entities full`); the table is fetched and read block by block.
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
   * The model's vectors of a text of any length: one for each token, one for each span, and one for the whole.
   *
   * @example
   * const { entities } = await luke.embed('Beyoncé lives in Los Angeles.', [[0, 7], [17, 28]]);
   * const [count, hidden] = entities.shape; // 2 vectors
   * const losAngeles = entities.data.subarray(hidden, 2 * hidden);
   */
  async embed(text: string, spans: readonly Span[] = [], options: EmbedOptions = {}): Promise<Embedding> {
    checkTask('embed', { strings: { text }, spans: { spans } }, options);
    return this.#call({ method: 'embed', input: { text, spans }, options });
  }

  /**
   * Low level: the model's own inputs in, its own outputs out, both named as in Hugging Face's `LukeModel`, for one
   * sequence or for several of any lengths at once. Use it to compare with another implementation, or for a head that has
   * no task here.
   *
   * @example
   * const { logits } = await luke.forward({ inputIds: [0, 713, 2], entityIds: [2], entityPositionIds: [[1]] });
   * console.log(logits.shape, logits.data);
   */
  async forward(inputs: ForwardInputs, options?: ForwardOptions): Promise<ForwardOutputs>;
  async forward(inputs: readonly ForwardInputs[], options?: ForwardOptions): Promise<ForwardOutputs[]>;
  async forward(inputs: ForwardInputs | readonly ForwardInputs[], options: ForwardOptions = {}): Promise<ForwardOutputs | ForwardOutputs[]> {
    checkForward(inputs, options);
    const input = Array.isArray(inputs) ? (inputs as readonly ForwardInputs[]).map(defined) : defined(inputs as ForwardInputs);
    return this.#call({ method: 'forward', input, options });
  }

  /** Lets go of the model and its worker. Calls that have not finished reject, and so does every later one. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#client.close(disposed());
  }

  /** `await using luke = await Luke.load(…)` disposes at the end of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  /** Queues a call; its options may still have the `signal`. */
  #call<T>(call: Call): Promise<T> {
    const { signal, ...rest } = call.options as { signal?: AbortSignal };
    const result = this.#last.then(() => {
      if (this.#disposed) throw disposed();
      signal?.throwIfAborted();
      return this.#client.call({ ...call, options: defined(rest) }, signal);
    });
    this.#last = result.catch(() => {});
    return abortable(result as Promise<T>, signal);
  }
}

/** An object without the keys that are `undefined`: in JavaScript that means "not given", in the wasm it would mean `null`. */
function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/**
 * wasm strings cannot hold half a surrogate pair and have U+FFFD there, as long: give back what stands in the text, or in
 * the words of a word list.
 */
function restoreHalves(text: string | readonly string[], results: readonly (Entity | ClozeAnswer | Answer)[]): void {
  if (!/\p{Surrogate}/u.test(String(text))) return;
  for (const result of results) {
    const piece = text.slice(result.start, result.end);
    const there = typeof piece === 'string' ? piece : piece.join(' ');
    if ('answer' in result) result.answer = there;
    else result.text = there;
  }
}

function disposed(): LukeError {
  return new LukeError('input', 'this Luke is disposed');
}

/** `work`, or a rejection with `signal.reason` as soon as that aborts; `work` is then let run out unheard. */
function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
