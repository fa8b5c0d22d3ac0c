import { Client } from './client.js';
import { LukeError } from './errors.js';
import type { Call } from './protocol.js';
import { fetchSource } from './source.js';
import type {
  Entity, ForwardInputs, ForwardOptions, ForwardOutputs, LabelOptions, LabelScore, LoadOptions, NerOptions, RuntimeInfo, Span, Task, WordList,
} from './types.js';
import { absoluteUrl, checkForward, checkLoadOptions, checkNer, checkSpans } from './validate.js';

/**
 * A LUKE model, loaded and ready.
 *
 * Calls queue: they run one after another in the order they were made, and one that fails leaves the others alone.
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
   * Loads a model folder, which has a `manifest.json` made by `luke convert`.
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
    const { device = 'auto', worker, signal, onProgress, fetch, headers, selfTest = true, wasmUrl } = options;
    const url = absoluteUrl('the model', model);
    const engineOptions = {
      device,
      selfTest,
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

  /** What this model can do. */
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
    const { signal, ...rest } = options;
    const given = typeof input === 'string' || Array.isArray(input) ? input : defined(input as WordList);
    const result = await this.#call({ method: 'ner', input: given, options: defined(rest) }, signal);
    if (typeof input === 'string') restoreHalves(input, result as Entity[]);
    else if (Array.isArray(input)) input.forEach((text: string, i) => restoreHalves(text, (result as Entity[][])[i]!));
    return result as Entity[] | Entity[][];
  }

  /**
   * What kind of thing a mention is: the labels that hold, best first. Labels do not exclude each other.
   *
   * @example
   * const labels = await luke.typing('Beyoncé lives in Los Angeles.', [17, 28]); // [{ label: 'location', … }, …]
   */
  async typing(text: string, span: Span, options: LabelOptions = {}): Promise<LabelScore[]> {
    checkSpans('typing', text, { span }, options);
    const { signal, ...rest } = options;
    return (await this.#call({ method: 'typing', input: { text, span }, options: defined(rest) }, signal)) as LabelScore[];
  }

  /**
   * How the head (subject) relates to the tail (object): every label with its probability, best first.
   *
   * @example
   * const [best] = await luke.relation('Beyoncé lives in Los Angeles.', [0, 7], [17, 28]); // { label: 'per:cities_of_residence', … }
   */
  async relation(text: string, head: Span, tail: Span, options: LabelOptions = {}): Promise<LabelScore[]> {
    checkSpans('relation', text, { head, tail }, options);
    const { signal, ...rest } = options;
    return (await this.#call({ method: 'relation', input: { text, head, tail }, options: defined(rest) }, signal)) as LabelScore[];
  }

  /**
   * Low level: the model's own inputs in, its own outputs out, both named as in Hugging Face's `LukeModel`, for one
   * sequence. Use it to compare with another implementation, or for a head that has no task here.
   *
   * @example
   * const { logits } = await luke.forward({ inputIds: [0, 713, 2], entityIds: [2], entityPositionIds: [[1]] });
   * console.log(logits.shape, logits.data);
   */
  async forward(inputs: ForwardInputs, options: ForwardOptions = {}): Promise<ForwardOutputs> {
    checkForward(inputs, options);
    const { signal, ...rest } = options;
    return (await this.#call({ method: 'forward', input: defined(inputs), options: defined(rest) }, signal)) as ForwardOutputs;
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

  #call(call: Call, signal: AbortSignal | undefined): Promise<unknown> {
    const result = this.#last.then(() => {
      if (this.#disposed) throw disposed();
      signal?.throwIfAborted();
      return this.#client.call(call);
    });
    this.#last = result.catch(() => {});
    return abortable(result, signal);
  }
}

/** An object without the keys that are `undefined`: in JavaScript that means "not given", in the wasm it would mean `null`. */
function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

/** wasm strings cannot hold half a surrogate pair and have U+FFFD there, as long: give back what stands in the text. */
function restoreHalves(text: string, entities: Entity[]): void {
  if (!/\p{Surrogate}/u.test(text)) return;
  for (const entity of entities) entity.text = text.slice(entity.start, entity.end);
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
