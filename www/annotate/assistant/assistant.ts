// The model in a project: loading, pre-annotation, own labels, the next document, questions. The page shows its signals and calls its methods.
import { computed, effect, signal, untracked, type ReadonlySignal } from '@preact/signals-core';
import type { Measured, NextDocument } from '../model/measure.js';
import type { Suggestions } from '../model/suggest.js';
import type { Corpus } from '../model/types.js';
import { toDocument } from '../store/documents.js';
import type { Project } from '../store/project.js';
import type { HeadRecord, ProjectRecord } from '../store/schema.js';
import { settingKey, type Settings } from '../store/settings.js';
import type { SuggestionCache } from '../store/suggestions.js';
import { Ask, askedDocuments, canDo, type AskedDocuments } from './ask.js';
import { doneCounts, examplesOf, headName, isDone, isTimeToTeach, newest } from './examples.js';
import { Found } from './found.js';
import { labelsToOffer } from './mapping.js';
import { ModelLoader, type LabeledTask, type Load, type Model, type ModelState } from './model.js';
import { Notices, type Matter } from './notices.js';
import { nextUncertain, sameTexts, workOrder } from './order.js';
import { Preferences, type Preferred } from './preferences.js';
import { Queue, type Progress, type Visibility } from './queue.js';
import { Ranker } from './ranker.js';
import { Relations } from './relations.js';
import type { DocumentDoubts } from './review.js';
import type { Source } from './scan.js';
import { scoredBy, Scores } from './scores.js';
import { projectSources, type ProjectSource } from './sources.js';
import { withSuggestions, type Suggested } from './suggested.js';
import { Tasks } from './tasks.js';
import { Teacher, type TaughtState } from './teach.js';

export interface AssistantOptions {
  readonly project: Pick<Project, 'id' | 'role' | 'document' | 'texts' | 'putUncertainties'>;
  /** The record and the heads as they are now; the page keeps them up to date. */
  readonly record: ReadonlySignal<ProjectRecord>;
  readonly heads: ReadonlySignal<readonly HeadRecord[]>;
  /** The documents that the list shows, in its order. Default: all. */
  readonly visible?: ReadonlySignal<readonly HeadRecord[]> | undefined;
  readonly cache: SuggestionCache;
  readonly settings: Settings;
  readonly load: Load;
  readonly visibility?: Visibility | undefined;
  readonly now?: (() => number) | undefined;
  readonly random?: (() => number) | undefined;
  readonly sliceWords?: number | undefined;
}

type Ready = ModelState & { readonly kind: 'ready' };

export class Assistant {
  /** Suggestions with a lower score are not shown. */
  readonly threshold: ReadonlySignal<number>;
  /** The taught head, if it is used, and the head of the model, if the project has labels of it. */
  readonly sources: ReadonlySignal<readonly ProjectSource[]>;
  /** Labels of the model, if it is there and the project has none of them. */
  readonly offered: ReadonlySignal<readonly string[]>;
  /** Whether the labels can be taught now: with enough documents that are done, or again. */
  readonly canTeach: ReadonlySignal<boolean>;
  readonly #options: AssistantOptions;
  readonly #notices = new Notices();
  readonly #tasks = new Tasks(this.#notices);
  readonly #preferences: Preferences;
  readonly #loader: ModelLoader;
  readonly #ready: ReadonlySignal<Ready | undefined>;
  readonly #ranker: Ranker;
  readonly #relations: Relations;
  /** All that reads documents in the background. */
  readonly #work: ReadonlySignal<readonly ProjectSource[]>;
  readonly #teacher: Teacher;
  readonly #found: Found;
  readonly #scores: Scores;
  readonly #queue: Queue;
  readonly #open = signal<string | undefined>(undefined);
  readonly #effects: (() => void)[] = [];
  /** The model whose taught head was looked for in the settings. */
  readonly #restored = signal<Model | undefined>(undefined);
  #restoring: Promise<void> = Promise.resolve();
  /** Documents that became done since the project was opened, in this order. */
  readonly #finished: string[] = [];
  #wasDone: ReadonlySet<string> | undefined;
  /** How many documents were done when teaching was tried last. */
  #triedWith: number | undefined;
  #scheduled: { readonly heads: readonly HeadRecord[]; readonly sources: readonly ProjectSource[] } | undefined;
  /** Gives the order of the work. It is asked for when a model works: after each edit it would take time for nothing. */
  #order: () => readonly HeadRecord[] = () => [];
  /** What the scores of documents depend on, beside the documents. */
  #scoredBy = '';
  #headKey: string | undefined;
  #ask: Ask | undefined;
  #isDisposed = false;

  constructor(options: AssistantOptions) {
    const { project, cache, settings, load, visibility, now = Date.now, sliceWords } = options;
    const notices = this.#notices;
    this.#options = options;
    this.#preferences = new Preferences(settings, settingKey(project.id, 'preferences'), notices);
    this.#loader = new ModelLoader(load);
    this.#ready = computed(() => (this.#loader.state.value.kind === 'ready' ? this.#loader.state.value : undefined));
    this.#teacher = new Teacher({ settings, key: settingKey(project.id, 'head'), notices, now });
    const { threshold, headUse, choices } = this.#preferences;
    const head = computed(() => (headUse.value === 'off' ? undefined : this.#teacher.state.value.head));
    this.threshold = threshold;
    this.sources = projectSources({ ready: this.#ready, head, record: options.record, choices });
    const { record, heads } = options;
    this.offered = computed(() => this.offeredFor('ner'));
    this.canTeach = computed(() => this.#teacher.state.value.head !== undefined || isTimeToTeach(...doneCounts(heads.value), undefined));
    this.#ranker = new Ranker({ ready: this.#ready, record, choices, onLost: (model, error) => this.#lost(model, error) });
    this.#relations = new Relations({ ready: this.#ready, record, choices, project, cache, found: () => this.#found });
    this.#found = new Found(cache, this.sources, headUse, this.#relations.source);
    this.#work = computed(() => [...this.sources.value, ...(this.#relations.source.value ? [this.#relations.source.value] : [])]);
    this.#scores = new Scores({ project, found: this.#found, threshold, labelSets: () => record.peek().labelSets });
    this.#queue = new Queue({
      cache, notices, visibility, now, sliceWords, text: async ({ id }) => (await project.document(id)).body.text,
      onFound: (heads, source, found) => this.#tasks.guard('order', this.#takeOver(heads, source, found)),
      onLost: (error) => this.#lost(this.#ready.peek()?.model, error),
    });
  }

  /** Reads the settings and begins to follow the project. The model is loaded by `loadModel`. */
  async start(): Promise<void> {
    await this.#tasks.guard('settings', this.#preferences.load());
    if (this.#isDisposed) return;
    const follow = (work: () => () => void): void => void this.#effects.push(effect(() => untracked(work())));
    follow(() => this.#followModel());
    follow(() => this.#followDocuments());
    follow(() => this.#followSources());
    follow(() => this.#followDone());
    follow(() => this.#followProgress());
  }

  get modelState(): ReadonlySignal<ModelState> {
    return this.#loader.state;
  }

  get progress(): ReadonlySignal<Progress> {
    return this.#queue.progress;
  }

  /** The head that was taught, how good it is, and whether one is being taught. */
  get taught(): ReadonlySignal<TaughtState> {
    return this.#teacher.state;
  }

  /** What went wrong, one message a matter. */
  get notices(): ReadonlySignal<ReadonlyMap<Matter, string>> {
    return this.#notices.all;
  }

  get preferences(): ReadonlySignal<Preferred> {
    return this.#preferences.all;
  }

  async loadModel(): Promise<void> {
    await this.#loader.load();
  }

  /** How many suggestions wait in a document, at the threshold; `undefined`, if no model has read it. */
  get suggested(): ReadonlySignal<(id: string) => number | undefined> {
    return this.#scores.suggested;
  }

  /** A corpus of the project with what the models suggest from the threshold on, for an export; `undefined` without a model. */
  async withSuggestions(corpus: Corpus): Promise<Suggested | undefined> {
    return this.sources.peek().length ? withSuggestions(corpus, this.#options.heads.peek(), this.#found, this.threshold.peek()) : undefined;
  }

  /** All suggestions for a document, for `mergeAll`, whatever their score. */
  suggestionsOf(id: string): ReadonlySignal<readonly Suggestions[]> {
    return this.#found.of(id);
  }

  dismiss(matter: Matter): void {
    this.#notices.clear(matter);
  }

  /** Changes what is given, and stores it. */
  prefer(fields: Partial<Pick<Preferred, 'threshold' | 'headUse' | 'choices'>>): void {
    this.#preferences.change(fields);
  }

  /** The person works on this document now: it comes first, and the one before is scored by what was decided in it. */
  openDocument(id: string | undefined): void {
    const before = this.#open.peek();
    this.#open.value = id;
    const head = this.#headOf(id);
    if (head) this.#tasks.start('work', this.#found.fill(head).then(() => this.#lookForPairs()));
    if (before !== undefined && before !== id) this.#tasks.start('order', this.#scoreOne(before));
  }

  /** The most uncertain document that is to be done; sometimes one by chance. It is not opened yet. */
  next(): NextDocument<HeadRecord> | undefined {
    const { draws } = this.#preferences.all.peek();
    const random = this.#options.random?.() ?? Math.random();
    const next = nextUncertain(this.#scores.current(this.#options.heads.peek()), this.#open.peek(), draws, random);
    if (next) this.#preferences.change({ draws: draws + 1 });
    return next;
  }

  /** What the models see differently in finished documents: in all, or in one. */
  async secondLook(id?: string): Promise<DocumentDoubts[]> {
    const { doubtsIn, lookOptions } = await import('./review.js'); // as `measure`: when the page is opened, nothing waits for it
    const done = this.#done().filter((head) => id === undefined || head.id === id);
    return doubtsIn(this.#options.project, this.#found, done, lookOptions(this.sources.peek()));
  }

  /** Precision and recall of a source at each threshold, by the decisions in this project; `undefined` with too few of them. */
  async measure(source: ProjectSource): Promise<((threshold: number) => Measured) | undefined> {
    return (await import('./review.js')).measureSource(this.#options.project, this.#found, this.#options.heads.peek(), source);
  }

  pause(): void {
    this.#queue.pause();
  }

  resume(): void {
    this.#queue.resume();
  }

  /** Labels of the model for a task, if it is there and the project has none of them. */
  offeredFor(task: LabeledTask): readonly string[] {
    const ready = this.#ready.value;
    return ready ? labelsToOffer(ready.model, this.#options.record.value.labelSets, this.#preferences.choices.value, task) : [];
  }

  /** Whether the model is there and has the task. */
  can(task: LabeledTask | 'qa'): boolean {
    const ready = this.#ready.value;
    return ready !== undefined && canDo(ready.model, task);
  }

  /** Asks the open document, or all: those that the list shows first. An earlier question ends. `undefined` if the model cannot answer. */
  ask(question: string, scope: 'document' | 'all'): Ask | undefined {
    this.#ask?.stop();
    const ready = this.#ready.peek();
    if (this.#isDisposed || !ready || !canDo(ready.model, 'qa')) return undefined;
    const release = this.#queue.hold();
    const priority = scope === 'all' ? 'background' : 'user-visible';
    const ask = new Ask(ready.model, question, this.#askedDocuments(scope), { priority, onLost: (error) => this.#lost(ready.model, error) });
    this.#ask = ask;
    this.#tasks.start('work', ask.done.then(release));
    return ask;
  }

  readonly types: Ranker['types'] = (...place) => this.#ranker.types(...place);
  readonly relations: Ranker['relations'] = (...place) => this.#ranker.relations(...place);

  /** Teaches the labels of the project on its finished documents. */
  async teachNow(): Promise<void> {
    const ready = this.#ready.peek();
    if (this.#isDisposed || !ready || this.#teacher.isRunning) return;
    const { project, record } = this.#options;
    const done = this.#done();
    this.#triedWith = done.length;
    const chosen = newest(done, this.#finished);
    const documents = await Promise.all(chosen.map(async ({ id }) => toDocument(await project.document(id))));
    if (this.#isDisposed || this.#ready.peek() !== ready) return;
    const { labelSets, name } = record.peek();
    const examples = examplesOf(documents, labelSets, done.length - chosen.length);
    if (!examples.spans) return this.#notices.say('teaching', 'There is nothing to teach: no document with a span is done.');
    await this.#teacher.teach(ready.model, ready.ref, headName(name), examples, done.length);
  }

  /** Resolves when nothing runs: all is done, or waits for `resume`. */
  async settled(): Promise<void> {
    await this.#queue.settled();
    while (!this.#tasks.isIdle) {
      await this.#tasks.settled();
      await this.#queue.settled();
    }
    await this.#preferences.settled();
  }

  /** Ends everything, and waits until nothing runs. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    this.#tasks.end();
    this.#scores.forget();
    for (const end of this.#effects) end();
    this.#ask?.stop();
    await Promise.all([this.#queue.dispose(), this.#teacher.stop()]);
    await this.#loader.dispose();
    await this.#tasks.guard('order', this.#scores.flush());
    await this.settled();
  }

  /** Another model, or none: the taught head of the one before is not used any more. */
  #followModel(): () => void {
    const ready = this.#ready.value;
    return () => {
      this.#restored.value = undefined;
      this.#restoring = this.#restoring.then(async () => {
        await this.#teacher.stop();
        if (!ready || this.#isDisposed || this.#ready.peek() !== ready) return;
        await this.#tasks.guard('teaching', this.#teacher.restore(ready.model, ready.ref));
        if (this.#ready.peek() === ready) this.#restored.value = ready.model;
      });
      this.#tasks.start('teaching', this.#restoring);
    };
  }

  #followDocuments(): () => void {
    const { heads: { value: heads }, visible } = this.#options;
    const sources = this.#work.value;
    const [shown, open] = [visible?.value ?? heads, this.#open.value];
    return () => {
      const before = this.#scheduled;
      this.#order = () => workOrder(heads, shown, open);
      const isSame = before !== undefined && before.sources === sources && (!sources.length || sameTexts(before.heads, heads));
      this.#scheduled = { heads, sources };
      if (before && !isSame) this.#tasks.start('work', this.#found.fillShown(heads)); // an import can change texts
      this.#tasks.start('order', this.#scores.follow(heads));
      if (!isSame) this.#tasks.start('work', this.#schedule(sources));
      else if (sources.length) this.#queue.reorder(this.#order());
      if (isSame) this.#tasks.start('work', this.#lookForPairs());
    };
  }

  async #schedule(sources: readonly ProjectSource[]): Promise<void> {
    await this.#queue.setWork(this.#order(), sources.map(({ source }) => source));
    this.#queue.reorder(this.#order());
    await this.#lookForPairs();
  }

  /** Edits and suggestions bring new spans to the open document: then there are pairs that no relation was looked for. */
  async #lookForPairs(): Promise<void> {
    await this.#relations.lookAgain(this.#headOf(this.#open.peek()), this.#queue);
  }

  /** Other sources or labels: what is shown is read again, and documents are scored again. The results of an older head are of no use. */
  #followSources(): () => void {
    const sources = this.sources.value;
    const headUse = this.#preferences.headUse.value;
    return () => {
      const heads = this.#options.heads.peek();
      this.#tasks.start('work', this.#found.fillShown(heads));
      const key = sources.find(({ source }) => source.ref.head !== undefined)?.source.key;
      if (key !== undefined && this.#headKey !== undefined && key !== this.#headKey) {
        this.#tasks.start('cache', this.#options.cache.remove(this.#headKey));
        this.#tasks.start('order', this.#scores.recount());
      }
      this.#headKey = key ?? this.#headKey;
      const by = scoredBy(sources, headUse, this.#options.record.peek().labelSets);
      if (by === this.#scoredBy) return;
      this.#scoredBy = by;
      if (by) this.#tasks.start('order', this.#scores.score(heads, () => this.#isDisposed));
      else this.#scores.forget();
    };
  }

  /** Teaches when it is time to. */
  #followDone(): () => void {
    const model = this.#restored.value;
    const { head, teaching } = this.#teacher.state.value;
    const done = this.#options.heads.value.filter(isDone);
    const headUse = this.#preferences.headUse.value;
    return () => {
      for (const { id } of done) if (this.#wasDone && !this.#wasDone.has(id)) this.#finished.push(id);
      this.#wasDone = new Set(done.map(({ id }) => id));
      if (!model || teaching || headUse === 'off' || this.#options.project.role !== 'writer') return;
      const before = [head?.documents, this.#triedWith].filter((count) => count !== undefined);
      if (isTimeToTeach(...doneCounts(done), before.length ? Math.max(...before) : undefined)) this.#tasks.start('teaching', this.teachNow());
    };
  }

  /** Scores are stored some at a time, and the rest when the queue rests. */
  #followProgress(): () => void {
    const { state } = this.progress.value;
    return () => {
      if (state !== 'running') this.#tasks.start('order', this.#scores.flush());
    };
  }

  async #takeOver(heads: readonly HeadRecord[], source: Source, found: Suggestions): Promise<void> {
    for (const head of heads) this.#found.add(head, source, found);
    if (source.begin) return; // relations are not in the scores
    if (heads.some(({ id }) => id === this.#open.peek())) await this.#lookForPairs();
    for await (const [head, raw] of this.#found.read(heads)) await this.#scores.scoreOne(head, new Map(raw).set(source.key, found));
  }

  async #scoreOne(id: string): Promise<void> {
    const head = this.#headOf(id);
    if (!head) return;
    for await (const [, raw] of this.#found.read([head])) await this.#scores.scoreOne(head, raw);
  }

  #askedDocuments(scope: 'document' | 'all'): AskedDocuments {
    const open = this.#headOf(this.#open.peek());
    return askedDocuments(this.#options.project, scope === 'all' ? this.#order() : open ? [open] : []);
  }

  #lost(model: Model | undefined, error: unknown): void {
    if (model) this.#tasks.start('work', this.#loader.lost(model, error));
  }

  #headOf(id: string | undefined): HeadRecord | undefined {
    return id === undefined ? undefined : this.#options.heads.peek().find((head) => head.id === id);
  }

  #done(): HeadRecord[] {
    return this.#options.heads.peek().filter(isDone);
  }
}
