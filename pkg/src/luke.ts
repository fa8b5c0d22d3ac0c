/// <reference lib="esnext.disposable" preserve="true" />
import { abortable } from './abort.js';
import { tell } from './callback.js';
import type { ForwardInputs, ForwardOptions, ForwardOutputs, Runnable } from './forward.js';
import { makeHead, type HeadLabelOptions, type HeadNerOptions, type HeadOrName, type LabelBy, type LukeHead, type NerBy, type NerPartBy, type Ranked, type RankOptions } from './head.js';
import { withHint } from './hub.js';
import { checkTeach } from './lesson.js';
import { persist } from './models.js';
import { withoutUndefined } from './plain.js';
import { finish, finishNer, isWords, setUnit, unitOf, type NerResult } from './results.js';
import { Session } from './session.js';
import { partsOf } from './stream.js';
import type {
  Answer, CallOptions, ClozeAnswer, ClozeOptions, EmbedOptions, Embedding, Entity, EntityScore, FillMaskOptions, LabelOptions, LabelScore, NerFound, NerOptions, NerPart, NonEmpty,
  PooledEmbedding, PoolingOptions, PredictEntitiesOptions, QaOptions, RelationInput, RunnersUpOptions, Span, TokenScore, TypingInput, WithScores, WordEntity, WordList,
} from './tasks.js';
import type { HeadFacts, Taught, TeachInput, TeachOptions, TeachProgress, TeachReport } from './teach.js';
import type { LabelOf, Labels, LoadOptions, RuntimeInfo, Task } from './types.js';
import {
  checkForward, checkHeadBytes, checkLabels, checkLoadOptions, checkNer, checkTask, checkTexts, checkUrl, needHead, takeHead, takeOnProgress, toPairs, withPairs, type AnyNerOptions,
} from './validate.js';

/**
 * A loaded LUKE model.
 *
 * Calls of the same priority run one at a time, in the order in which they were made. A call that fails does not affect the others.
 *
 * Offsets count UTF-16 code units: `text.slice(start, end)` is the text of a result. An unpaired surrogate in a text is read as
 * U+FFFD, but results contain the original text. A result is an argument: `luke.typing(text, entity)`.
 *
 * A call rejects with `signal.reason` after an abort, and otherwise with a {@link LukeError} with one of these codes:
 *
 * - `input` – an argument or an option is invalid
 * - `task-unavailable` – the checkpoint has no head for the task
 * - `network`, `io`, `integrity` – files of the model could not be fetched or read, or their bytes are wrong
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
export class Luke<L extends Labels = Labels> {
  readonly #session: Session<L>;

  private constructor(session: Session<L>) {
    this.#session = session;
  }

  /**
   * Loads a model folder, which has a `manifest.json` made by `luke convert`. It also loads a Hugging Face folder without conversion
   * (`config.json`, `entity_vocab.json`, tokenizer files and `*.safetensors`); such a folder has no hashes to check its files.
   *
   * @param model URL of the folder or of its manifest; a relative URL is resolved against the page's URL, and in Node.js it is a path. Or the
   * name of a repository on a hub, `org/name` or `org/name@revision`, which stands for `{hub}/org/name/resolve/{revision}/`; the revision is
   * `main` if none is given. A string with exactly one `/`, neither at its start nor at its end, is such a name. `models/mini/` and
   * `./models/mini` are URLs.
   * @throws {LukeError} `input` if an argument or option is invalid; `network` if the files cannot be fetched, as from a wrong URL;
   * `integrity` or `format` if they cannot be used; `unsupported`, `device-lost` or `out-of-memory` if the model cannot run here. After an
   * abort it rejects with `signal.reason`.
   * @example
   * const luke = await Luke.load('/models/luke-mini-en/', {
   *   onProgress: ({ loadedBytes, totalBytes }) => (bar.value = totalBytes && loadedBytes / totalBytes),
   *   signal: AbortSignal.timeout(60_000),
   * });
   * @example
   * // TypeScript: with the labels of the model, those of results have a type.
   * const luke = await Luke.load<{ ner: 'PER' | 'LOC' | 'ORG' | 'MISC' }>('/models/luke-mini-en/');
   * const people = await luke.ner(text, { labels: ['PER'] });
   */
  static async load<L extends Labels = Labels>(model: string | URL, options: LoadOptions = {}): Promise<Luke<L>> {
    checkLoadOptions(options);
    const url = checkUrl('load', model, options.hub);
    options.signal?.throwIfAborted();
    if (options.persist) void persist(); // a browser may ask the user, who may not answer
    const session = new Session<L>(url, options);
    try {
      await abortable(withHint(model, session.connect(options.onProgress)), options.signal);
      return new Luke(session);
    } catch (error) {
      session.close(error);
      throw error;
    }
  }

  /** The tasks for which the model has a head. `embed` needs no head. */
  get tasks(): readonly Task[] {
    return this.#session.info.tasks;
  }

  /** Facts about the model and the device. They are updated when a call has to load the model again. */
  get info(): RuntimeInfo<L> {
    return this.#session.info;
  }

  /**
   * Heads in the model folder that were taught (`luke convert --add-head`). Options of calls may name them: `luke.ner(text, { head: 'recipes' })`.
   */
  get taughtHeads(): readonly LukeHead[] {
    return this.#session.taughtHeads;
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
   * @example
   * // By a head that was taught: the spans of your own labels.
   * const dishes = await luke.ner(text, { head, labels: ['FOOD'] });
   */
  ner<I extends string | readonly string[] | WordList, H extends HeadOrName | undefined, R extends number | undefined = undefined>(
    input: I,
    options: HeadNerOptions<H, LabelBy<H, LabelOf<L, 'ner'>>, R>,
  ): Promise<NerBy<I, LabelBy<H, LabelOf<L, 'ner'>>, R>>;
  ner<T extends string | readonly string[], N extends LabelOf<L, 'ner'> = LabelOf<L, 'ner'>, S extends boolean = false>(
    text: T,
    options: RunnersUpOptions<N, S>,
  ): Promise<T extends string ? NerFound<Entity<N> & WithScores<N, S>> : NerFound<Entity<N> & WithScores<N, S>>[]>;
  ner<N extends LabelOf<L, 'ner'> = LabelOf<L, 'ner'>, S extends boolean = false>(words: WordList, options: RunnersUpOptions<N, S>): Promise<NerFound<WordEntity<N> & WithScores<N, S>>>;
  ner<T extends string | readonly string[], N extends LabelOf<L, 'ner'> = LabelOf<L, 'ner'>, S extends boolean = false>(
    text: T,
    options?: NerOptions<N, S>,
  ): Promise<T extends string ? (Entity<N> & WithScores<N, S>)[] : (Entity<N> & WithScores<N, S>)[][]>;
  ner<N extends LabelOf<L, 'ner'> = LabelOf<L, 'ner'>, S extends boolean = false>(words: WordList, options?: NerOptions<N, S>): Promise<(WordEntity<N> & WithScores<N, S>)[]>;
  ner<N extends LabelOf<L, 'ner'> = LabelOf<L, 'ner'>>(input: string | readonly string[] | WordList, options?: NerOptions<N>): Promise<Entity<N>[] | Entity<N>[][] | WordEntity<N>[]>;
  ner<N extends LabelOf<L, 'ner'> = LabelOf<L, 'ner'>>(
    input: string | readonly string[] | WordList,
    options: NerOptions<N, boolean, number | undefined>,
  ): Promise<Entity<N>[] | Entity<N>[][] | WordEntity<N>[] | NerFound<Entity<N>> | NerFound<Entity<N>>[] | NerFound<WordEntity<N>>>;
  async ner(input: string | readonly string[] | WordList, given: AnyNerOptions = {}): Promise<unknown> {
    const { head, options } = takeHead('ner', this.taughtHeads, given);
    const plain = checkNer(input, options);
    const call = { method: 'ner', input: isWords(plain) ? withoutUndefined(plain) : plain, options: withPairs('ner', options), head } as const;
    const result = await this.#session.call<NerResult | NerResult[]>(call);
    finishNer(plain, unitOf(options), result);
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
   *   console.log(paragraphs[index], entities);
   *   bar.value = (index + 1) / paragraphs.length;
   * }
   */
  nerStream<H extends HeadOrName | undefined, R extends number | undefined = undefined>(
    texts: readonly string[],
    options: HeadNerOptions<H, LabelBy<H, LabelOf<L, 'ner'>>, R>,
  ): AsyncGenerator<NerPartBy<LabelBy<H, LabelOf<L, 'ner'>>, R>, void>;
  nerStream<N extends LabelOf<L, 'ner'> = LabelOf<L, 'ner'>, S extends boolean = false>(
    texts: readonly string[],
    options: RunnersUpOptions<N, S>,
  ): AsyncGenerator<NerFound<Entity<N> & WithScores<N, S>> & { index: number }, void>;
  nerStream<N extends LabelOf<L, 'ner'> = LabelOf<L, 'ner'>, S extends boolean = false>(
    texts: readonly string[],
    options?: NerOptions<N, S, number | undefined>,
  ): AsyncGenerator<NerPart<Entity<N> & WithScores<N, S>>, void>;
  async *nerStream(texts: readonly string[], given: AnyNerOptions = {}): AsyncGenerator<any, void> {
    const { head, options } = takeHead('nerStream', this.taughtHeads, given);
    const input = checkTexts('nerStream', texts, options);
    const plain = withPairs('nerStream', options);
    const start = (onPart: (part: NerResult) => void, signal: AbortSignal) =>
      this.#session.call({ method: 'nerStream', input, options: { ...plain, signal }, head }, onPart as (part: unknown) => void);
    let index = 0;
    for await (const found of partsOf<NerResult>(options.signal, start)) {
      finishNer(input[index]!, unitOf(options), found);
      yield { index, ...(Array.isArray(found) ? { entities: found } : found) };
      index += 1;
    }
  }

  /**
   * Teaches a head for your own labels on a handful of marked texts: of spans (`ner`), of mentions (`typing`) or of pairs (`relation`). The
   * model itself does not change. The head is a file of a few ten kilobytes; the method that has the name of its task takes it, as in
   * `luke.ner(text, { head })`. Its `report` says how good it is, by cross-validation, and what it confuses. The same examples give the same
   * head on the same device. What the model has read of the examples is kept in memory (64 MiB at most) until it is disposed, so that
   * teaching again with one more example reads only this one.
   *
   * @example
   * const examples = [{ text: 'Whisk two eggs.', spans: [{ start: 6, end: 9, label: 'QUANTITY' }, { start: 10, end: 14, label: 'FOOD' }] }];
   * const head = await luke.teach({ task: 'ner', name: 'recipes', examples }, { onProgress: ({ done, total }) => (bar.value = done / total) });
   * console.log(head.report.all?.f1, head.report.labels, head.report.confusions);
   * for (const { label, text: words } of await luke.ner('Add a pinch of salt.', { head })) console.log(label, words);
   */
  async teach<N extends string>(input: TeachInput<N>, options: TeachOptions = {}): Promise<LukeHead<N, TeachReport<N>>> {
    const { onProgress, options: rest } = takeOnProgress('teach', options);
    const plain = checkTeach(input, rest);
    const onPart = (progress: unknown) => void (rest.signal?.aborted || tell(onProgress, progress as TeachProgress));
    const { bytes, head, report } = await this.#session.call<Taught<N>>({ method: 'teach', input: plain, options: rest }, onPart);
    return makeHead(bytes, head, report);
  }

  /**
   * Takes a head that was saved: the bytes of `head.save()`, or of a file of `luke teach`. Rejects with `format` or `integrity` if they are
   * no head or were changed, and with `input` if the head was taught on another model, or on another version of this one.
   *
   * @example
   * const bytes = head.save(); // to store, or to send to somebody else
   * const same = await luke.addHead(bytes);
   * console.log(same.name, same.labels, await luke.ner(text, { head: same }));
   */
  async addHead<N extends string = string>(bytes: Uint8Array | ArrayBuffer, options: CallOptions = {}): Promise<LukeHead<N, undefined>> {
    const copy = checkHeadBytes(bytes, options);
    return makeHead(copy, await this.#session.call<HeadFacts<N>>({ method: 'addHead', input: copy, options }), undefined);
  }

  /**
   * Says which texts to mark next, so that a head for `ner` learns most: those of which it is least sure, and that are not like those before
   * them. Gives the most useful first. There may be 10,000 texts.
   *
   * @example
   * for (const { index, score } of await luke.rank(paragraphs, { head, topK: 10 })) console.log(paragraphs[index], score);
   */
  async rank(texts: readonly string[], options: RankOptions): Promise<Ranked[]> {
    const { head, options: rest } = needHead('rank', this.taughtHeads, options);
    return this.#session.call({ method: 'rank', input: checkTexts('rank', texts, rest), options: rest, head });
  }

  /**
   * Classifies the mention at `span`. Returns the labels with a positive logit, best first. Labels do not exclude each other, unless a head
   * that was taught gives exactly one. A list of mentions gives one list of labels per mention.
   *
   * @example
   * const labels = await luke.typing('Beyoncé lives in Los Angeles.', [17, 28]); // [{ label: 'location', … }, …]
   * @example
   * // Several mentions share forward passes, and have the same results as one by one.
   * const entities = await luke.ner(text);
   * const labels = await luke.typing(entities.map((span) => ({ text, span })));
   * for (const [i, { text: name }] of entities.entries()) console.log(name, labels[i]);
   */
  typing<const I extends readonly unknown[], H extends HeadOrName | undefined>(
    inputs: { readonly [K in keyof I]: TypingInput },
    options: HeadLabelOptions<H>,
  ): Promise<{ -readonly [K in keyof I]: LabelScore<LabelBy<H, LabelOf<L, 'typing'>>>[] }>;
  typing<H extends HeadOrName | undefined>(text: string, span: Span, options: HeadLabelOptions<H>): Promise<LabelScore<LabelBy<H, LabelOf<L, 'typing'>>>[]>;
  typing<const I extends readonly unknown[]>(inputs: { readonly [K in keyof I]: TypingInput }, options?: LabelOptions): Promise<{ -readonly [K in keyof I]: LabelScore<LabelOf<L, 'typing'>>[] }>;
  typing(text: string, span: Span, options?: LabelOptions): Promise<LabelScore<LabelOf<L, 'typing'>>[]>;
  async typing(text: string | readonly TypingInput[], ...rest: unknown[]): Promise<unknown> {
    return this.#session.call({ method: 'typing', ...checkLabels<'span'>('typing', ['span'], this.taughtHeads, text, rest) });
  }

  /**
   * Classifies the relation of the head (subject) to the tail (object). Returns all labels with their probabilities, best first. A list
   * of pairs gives one list of labels per pair.
   *
   * @example
   * const [best] = await luke.relation('Beyoncé lives in Los Angeles.', [0, 7], [17, 28]);
   * console.log(best.label); // 'per:cities_of_residence'
   * @example
   * // Several pairs share forward passes, and have the same results as one by one.
   * const [there, back] = await luke.relation([{ text, head: [0, 7], tail: [17, 28] }, { text, head: [17, 28], tail: [0, 7] }]);
   * console.log(there[0].label, back[0].label);
   */
  relation<const I extends readonly unknown[], H extends HeadOrName | undefined>(
    inputs: { readonly [K in keyof I]: RelationInput },
    options: HeadLabelOptions<H>,
  ): Promise<{ -readonly [K in keyof I]: NonEmpty<LabelScore<LabelBy<H, LabelOf<L, 'relation'>>>> }>;
  relation<H extends HeadOrName | undefined>(text: string, head: Span, tail: Span, options: HeadLabelOptions<H>): Promise<NonEmpty<LabelScore<LabelBy<H, LabelOf<L, 'relation'>>>>>;
  relation<const I extends readonly unknown[]>(inputs: { readonly [K in keyof I]: RelationInput }, options?: LabelOptions): Promise<{ -readonly [K in keyof I]: NonEmpty<LabelScore<LabelOf<L, 'relation'>>> }>;
  relation(text: string, head: Span, tail: Span, options?: LabelOptions): Promise<NonEmpty<LabelScore<LabelOf<L, 'relation'>>>>;
  async relation(text: string | readonly RelationInput[], ...rest: unknown[]): Promise<unknown> {
    return this.#session.call({ method: 'relation', ...checkLabels<'head' | 'tail'>('relation', ['head', 'tail'], this.taughtHeads, text, rest) });
  }

  /**
   * Finds the answer to a question in a context of any length. `answerable` says whether there is one. With `topK`, `alternatives`
   * contains the next best answers.
   *
   * @example
   * const context = 'Star Wars is a film written and directed by George Lucas.';
   * const found = await luke.qa('Who directed Star Wars?', context);
   * if (found.answerable) console.log(found.answer, context.slice(found.start, found.end) === found.answer); // 'George Lucas', true
   * @example
   * // With known Wikipedia titles of mentions, for a question that may have no answer:
   * const found = await luke.qa(question, context, { entities: { 'Star Wars': 'Star Wars (film)' }, nullThreshold: 0, topK: 3 });
   * if (found.answerable) console.log(found.answer, found.alternatives.map(({ answer }) => answer));
   */
  async qa(question: string, context: string, options: QaOptions = {}): Promise<Answer> {
    checkTask('qa', { question, context }, options);
    const found = await this.#session.call<Answer>({ method: 'qa', input: { question, context }, options });
    // Also a span that is no answer has a text and a place, for callers without types.
    const best = found as Extract<Answer, { answerable: true }>;
    finish(context, unitOf(options), [best, ...best.alternatives]);
    return found;
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
    checkTask('cloze', { passage, query }, options);
    const pairs = toPairs('cloze', 'candidates', candidates, unitOf(options));
    const answers = await this.#session.call<ClozeAnswer[]>({ method: 'cloze', input: { passage, query, candidates: pairs }, options });
    finish(passage, unitOf(options), answers);
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
  async fillMask(text: string, options: FillMaskOptions = {}): Promise<NonEmpty<NonEmpty<TokenScore>>> {
    checkTask('fillMask', { text }, options);
    return this.#session.call({ method: 'fillMask', input: { text }, options });
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
  async predictEntities<const S extends readonly Span[]>(text: string, spans: S, options: PredictEntitiesOptions = {}): Promise<{ -readonly [I in keyof S]: NonEmpty<EntityScore> }> {
    checkTask('predictEntities', { text }, options);
    return this.#session.call({ method: 'predictEntities', input: { text, spans: toPairs('predictEntities', 'spans', spans, unitOf(options)) }, options });
  }

  /**
   * Computes vectors for a text of any length: one per token, one per span (10,000 at most), and one for the whole text.
   *
   * @example
   * const { entities } = await luke.embed('Beyoncé lives in Los Angeles.', [[0, 7], [17, 28]]);
   * const [count, hidden] = entities.shape; // 2 vectors
   * const losAngeles = entities.data.subarray(hidden, count * hidden);
   * @example
   * const { vector } = await luke.embed(text, [], { pooling: 'mean', normalize: true }); // for a search by dot products
   */
  embed(text: string, spans: readonly Span[] | undefined, options: PoolingOptions): Promise<PooledEmbedding>;
  embed(text: string, spans?: readonly Span[], options?: EmbedOptions): Promise<Embedding>;
  async embed(text: string, spans: readonly Span[] = [], options: EmbedOptions = {}): Promise<Embedding> {
    checkTask('embed', { text }, options);
    const pairs = toPairs('embed', 'spans', spans, unitOf(options));
    const embedding = await this.#session.call<Embedding>({ method: 'embed', input: { text, spans: pairs }, options });
    setUnit(unitOf(options), embedding.tokens);
    return embedding;
  }

  /**
   * Runs the model on token ids (low level). Inputs and outputs are named as in Hugging Face's `LukeModel`. A list of sequences, which
   * may differ in length, shares forward passes. Use this to compare with another implementation, or for a head without a task.
   * Rejects with `input` if an id is out of range or if the lengths of the arrays do not agree.
   *
   * @example
   * const { logits } = await luke.forward({ inputIds: [0, 713, 2], entityIds: [2], entityPositionIds: [[1]] }, { head: 'typing' });
   * console.log(logits.shape, logits.data);
   */
  forward<H extends Runnable = Runnable>(inputs: ForwardInputs, options?: ForwardOptions<H>): Promise<ForwardOutputs<H>>;
  forward<H extends Runnable = Runnable>(inputs: readonly ForwardInputs[], options?: ForwardOptions<H>): Promise<ForwardOutputs<H>[]>;
  forward<H extends Runnable = Runnable>(inputs: ForwardInputs | readonly ForwardInputs[], options?: ForwardOptions<H>): Promise<ForwardOutputs<H> | ForwardOutputs<H>[]>;
  async forward(inputs: ForwardInputs | readonly ForwardInputs[], options: ForwardOptions = {}): Promise<unknown> {
    checkForward(inputs, options);
    const input = Array.isArray(inputs) ? (inputs as readonly ForwardInputs[]).map(withoutUndefined) : withoutUndefined(inputs as ForwardInputs);
    return this.#session.call({ method: 'forward', input, options });
  }

  /** Frees the model and its worker. Pending and later calls reject with `disposed`. */
  async dispose(): Promise<void> {
    this.#session.close();
  }

  /** Disposes the model at the end of a block with `await using luke = await Luke.load(…)`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}
