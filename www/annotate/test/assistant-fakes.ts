// A model for tests: it answers one call at a time, and what it finds depends on single sentences only, as with luke-web's context `sentence`.
import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import { Browser } from './store-fakes.js';
import { SETS } from './scenes.js';
import type { AnnotatedDocument, Corpus, LabelSet } from '../model/types.js';
import type { HeadRecord, ProjectRecord } from '../store/schema.js';
import type { Project } from '../store/project.js';
import type { Store } from '../store/store.js';
import { Assistant, type AssistantOptions } from '../assistant/assistant.js';
import type { CallOptions, Model, ModelHead, NerOptions, TeachInput, TeachProgress } from '../assistant/model.js';

export const HASH = 'ab'.repeat(32);
const TITLES = /(?:^|[^\p{L}\p{N}.-])(?:Mr|Dr|col|mrs|prof|vol|[A-Z](?:\.[A-Z])*)\.$/u;

/** Sentences by Unicode's rules, but not behind titles and initials, with one line break as a space. */
export function sentencesOf(text: string): { start: number; end: number }[] {
  const joined = text.replace(/[\s\u0085]+/gu, (space) => {
    const breaks = space.match(/\r\n|[\n\r\u0085\u2028]/gu)?.length ?? 0;
    return breaks === 1 && !/[\v\f\u2029]/.test(space) ? ' '.repeat(space.length) : space;
  });
  const sentences: { start: number; end: number }[] = [];
  for (const { index, segment } of new Intl.Segmenter('en', { granularity: 'sentence' }).segment(joined)) {
    const last = sentences.at(-1);
    const before = last && joined.slice(last.start, last.end);
    if (last && before && TITLES.test(before.trimEnd()) && !/[\n\r]\s*$/.test(before)) last.end = index + segment.length;
    else sentences.push({ start: index, end: index + segment.length });
  }
  return sentences;
}

function hash(text: string): number {
  return [...text].reduce((value, character) => (31 * value + (character.codePointAt(0) ?? 0)) >>> 0, 7);
}

export interface FakeEntity {
  readonly start: number;
  readonly end: number;
  readonly label: string;
  readonly score: number;
  readonly lostTo?: 'none';
}

/** Words with a capital letter; label, score and kind depend on the word and its whole sentence. */
export function entitiesOf(text: string): { entities: FakeEntity[]; runnersUp: FakeEntity[] } {
  const [entities, runnersUp]: [FakeEntity[], FakeEntity[]] = [[], []];
  for (const { start, end } of sentencesOf(text)) {
    const sentence = text.slice(start, end);
    for (const { index, 0: word } of sentence.matchAll(/\p{Lu}[\p{L}\p{M}]*/gu)) {
      const value = hash(`${sentence.trim()}|${index - sentence.search(/\S/)}`);
      const label = ['PER', 'LOC', 'ORG'][value % 3] ?? 'PER';
      const entity = { start: start + index, end: start + index + word.length, label, score: ((value >>> 8) % 1000) / 1000 };
      if ((value >>> 4) % 3) entities.push(entity);
      else runnersUp.push({ ...entity, lostTo: 'none' });
    }
  }
  return { entities, runnersUp };
}

export class FakeError extends Error {
  override readonly name = 'LukeError';
  readonly code: string;

  constructor(code: string) {
    super(`the model says ${code}`);
    this.code = code;
  }
}

export class FakeModel implements Model {
  readonly info: Model['info'];
  /** Tests of relations add `relation`: the others count the calls of the background. */
  tasks: readonly string[] = ['ner', 'qa', 'typing'];
  /** What was called, with the text. */
  readonly calls: string[] = [];
  /** In place of an answer of `ner`. */
  answer: (text: string, options: NerOptions) => unknown = (text, { head }) => (head ? { entities: [], runnersUp: [] } : entitiesOf(text));
  answerQa: (question: string, text: string) => unknown = () => ({ answerable: false });
  taught: TeachInput[] = [];
  heads: ModelHead[] = [];
  answerTeach: (input: TeachInput) => unknown = (input) => ({ examples: input.examples.length, spans: 1, labels: [], confusions: [] });
  /** Calls wait while it is closed. */
  gate: Promise<void> = Promise.resolve();
  running = 0;
  disposed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(manifestHash: string | undefined = HASH) {
    this.info = { name: 'fake', manifestHash, labels: { ner: ['PER', 'LOC', 'ORG'], typing: ['person'], relation: ['no_relation', 'works for'] } };
  }

  ner(text: string, options: NerOptions): Promise<unknown> {
    return this.#call(`${options.head ? 'head' : 'ner'} ${text}`, options, () => this.answer(text, options));
  }

  qa(question: string, text: string, options: CallOptions): Promise<unknown> {
    return this.#call(`qa ${text}`, options, () => this.answerQa(question, text));
  }

  typing(text: string, span: readonly [number, number], options: CallOptions): Promise<unknown> {
    return this.#call(`typing ${text.slice(...span)}`, options, () => [{ label: 'other', score: 0.9 }, { label: 'person', score: 0.4 }]);
  }

  relation(text: string, head: readonly [number, number], tail: readonly [number, number], options: CallOptions): Promise<unknown> {
    const answer = [{ label: 'no_relation', score: 0.6 }, { label: 'works for', score: 0.3 }];
    return this.#call(`relation ${text.slice(...head)} ${text.slice(...tail)}`, options, () => answer);
  }

  teach(input: TeachInput, options: CallOptions & { readonly onProgress: (progress: TeachProgress) => void }): Promise<ModelHead> {
    return this.#call('teach', options, () => {
      this.taught.push(input);
      options.onProgress({ phase: 'teaching', done: 1, total: 1 });
      const head = { labels: input.labels, report: this.answerTeach(input), save: () => Uint8Array.of(1, 2, this.taught.length) };
      this.heads.push(head);
      return head;
    });
  }

  async addHead(bytes: Uint8Array): Promise<ModelHead> {
    this.calls.push('addHead');
    if (bytes[0] !== 1) throw new FakeError('integrity');
    return { labels: [], save: () => bytes };
  }

  async dispose(): Promise<void> {
    this.disposed = true;
  }

  /** One call at a time, in their order. A call that was aborted and has not begun is not begun. */
  #call<T>(name: string, { signal: aborted }: CallOptions, answer: () => T): Promise<T> {
    const run = this.#last.then(async () => {
      aborted?.throwIfAborted();
      this.calls.push(name);
      this.running++;
      try {
        await this.gate;
        await new Promise((resolve) => setImmediate(resolve));
        aborted?.throwIfAborted();
        return answer();
      } finally {
        this.running--;
      }
    });
    this.#last = run.catch(() => undefined);
    return run;
  }
}

/** A gate that is closed until `open` is called. */
export function gate(): { readonly closed: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const closed = new Promise<void>((resolve) => (open = resolve));
  return { closed, open };
}

/** Resolves when a signal has such a value. */
export function until<T>(values: ReadonlySignal<T>, isWanted: (value: T) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = effect(() => {
      if (isWanted(values.value)) queueMicrotask(() => (end(), resolve()));
    });
  });
}

/** A project in a database with all that an assistant needs, as a page would have it. */
export class Bench {
  readonly model = new FakeModel();
  readonly store: Store;
  readonly project: Project;
  readonly record: Signal<ProjectRecord>;
  readonly heads: Signal<readonly HeadRecord[]>;
  readonly #changed: { call: () => void };

  private constructor(store: Store, project: Project, record: ProjectRecord, heads: readonly HeadRecord[], changed: { call: () => void }) {
    this.store = store;
    this.project = project;
    this.record = signal(record);
    this.heads = signal(heads);
    this.#changed = changed;
  }

  static async open(documents: readonly AnnotatedDocument[], labelSets: readonly LabelSet[] = SETS): Promise<Bench> {
    const corpus: Corpus = { name: 'file', labelSets, documents };
    const store = await new Browser().tab();
    const { id } = await store.createProject({ name: 'My project' });
    const changed = { call: (): void => undefined };
    const project = await store.openProject(id, { now: () => 7, onChange: () => changed.call() });
    await project.import(corpus);
    const bench = new Bench(store, project, await project.record(), await project.heads(), changed);
    bench.#changed.call = () => void bench.refresh();
    return bench;
  }

  async refresh(): Promise<void> {
    const [record, heads] = await Promise.all([this.project.record(), this.project.heads()]);
    this.record.value = record;
    this.heads.value = heads;
  }

  assistant(options: Partial<AssistantOptions> = {}): Assistant {
    const { project, record, heads, store } = this;
    return new Assistant({
      project, record, heads, cache: store.suggestions, settings: store.settings, load: async () => this.model, now: () => 7, random: () => 0, ...options,
    });
  }

  /** Waits until the assistant has nothing to do, and the heads are those of the database. */
  async quiet(assistant: Assistant): Promise<void> {
    await assistant.settled();
    await this.refresh();
    await assistant.settled();
  }
}
