// What the workspace needs of luke-web, and the state of the loaded model. `load` is given by the page, so that tests run without a model.
import { signal, type ReadonlySignal } from '@preact/signals-core';
import { messageOf } from '../formats/problems.js';
import type { ModelRef } from '../model/types.js';
import { untilAbort } from './abort.js';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  readonly priority?: 'user-blocking' | 'user-visible' | 'background' | undefined;
}

export interface NerOptions extends CallOptions {
  /** Near misses are given from this probability on. */
  readonly runnersUp: number;
  readonly context?: 'sentence' | 'document' | undefined;
  /** A head that was taught, in place of the one of the model. */
  readonly head?: ModelHead | undefined;
}

/** Labels that were taught (`LukeHead` of luke-web). */
export interface ModelHead {
  readonly labels: readonly string[];
  /** How good it is; `readReport` checks it. */
  readonly report?: unknown;
  save(): Uint8Array;
}

export interface TeachExample {
  readonly text: string;
  readonly spans: readonly { readonly start: number; readonly end: number; readonly label: string }[];
}

export interface TeachInput {
  readonly task: 'ner';
  readonly name: string;
  readonly labels: readonly string[];
  readonly examples: readonly TeachExample[];
}

/** How many of the texts were read, or of the heads taught. */
export interface TeachProgress {
  readonly phase: 'reading' | 'teaching';
  readonly done: number;
  readonly total: number;
}

/** The part of `Luke` that is used. What it answers is checked (`answers.ts`), so it may be anything. */
export interface Model {
  readonly info: {
    readonly name: string;
    readonly manifestHash?: string | undefined;
    readonly labels: { readonly [task in LabeledTask]?: readonly string[] | undefined };
  };
  readonly tasks: readonly string[];
  ner(text: string, options: NerOptions): Promise<unknown>;
  qa(question: string, text: string, options: CallOptions & { readonly topK: number }): Promise<unknown>;
  typing(text: string, span: readonly [number, number], options: CallOptions & { readonly allScores: true }): Promise<unknown>;
  relation(text: string, head: readonly [number, number], tail: readonly [number, number], options: CallOptions): Promise<unknown>;
  teach(input: TeachInput, options: CallOptions & { readonly onProgress: (progress: TeachProgress) => void }): Promise<ModelHead>;
  addHead(bytes: Uint8Array): Promise<ModelHead>;
  dispose(): Promise<void>;
}

/** The tasks whose answers are labels. */
export type LabeledTask = 'ner' | 'typing' | 'relation';

export interface LoadProgress {
  readonly loadedBytes: number;
  readonly totalBytes?: number | undefined;
}

export type Load = (options: { readonly onProgress: (progress: LoadProgress) => void; readonly signal: AbortSignal }) => Promise<Model>;

export type ModelState =
  | { readonly kind: 'none' }
  | ({ readonly kind: 'loading' } & LoadProgress)
  | { readonly kind: 'ready'; readonly model: Model; readonly ref: ModelRef }
  | { readonly kind: 'failed'; readonly message: string };

/** Loads the model, and knows how it is. It never rejects: a failure is a state. */
export class ModelLoader {
  readonly #load: Load;
  readonly #state = signal<ModelState>({ kind: 'none' });
  readonly #disposed = new AbortController();
  #loading: Promise<void> | undefined;

  constructor(load: Load) {
    this.#load = load;
  }

  get state(): ReadonlySignal<ModelState> {
    return this.#state;
  }

  /** Loads the model, unless it is loading or ready. After a failure it is tried again. */
  load(): Promise<void> {
    if (this.#disposed.signal.aborted || this.#state.peek().kind === 'ready') return Promise.resolve();
    return (this.#loading ??= this.#run().finally(() => (this.#loading = undefined)));
  }

  /** The model cannot be used any more. */
  async lost(model: Model, error: unknown): Promise<void> {
    const state = this.#state.peek();
    if (state.kind !== 'ready' || state.model !== model) return;
    this.#state.value = { kind: 'failed', message: messageOf(error) };
    await disposeQuietly(model);
  }

  async dispose(): Promise<void> {
    this.#disposed.abort();
    await this.#loading;
    const state = this.#state.peek();
    this.#state.value = { kind: 'none' };
    if (state.kind === 'ready') await disposeQuietly(state.model);
  }

  async #run(): Promise<void> {
    const { signal: disposed } = this.#disposed;
    this.#state.value = { kind: 'loading', loadedBytes: 0 };
    const onProgress = (progress: LoadProgress): void => {
      if (this.#state.peek().kind === 'loading') this.#state.value = { kind: 'loading', ...progress };
    };
    let loading: Promise<Model> | undefined;
    try {
      loading = this.#load({ onProgress, signal: disposed });
      const model = await untilAbort(loading, disposed);
      this.#state.value = { kind: 'ready', model, ref: refOf(model) };
    } catch (error) {
      this.#state.value = disposed.aborted ? { kind: 'none' } : { kind: 'failed', message: messageOf(error) };
      // A model that comes after the end is not used.
      if (disposed.aborted) loading?.then(disposeQuietly, () => undefined);
    }
  }
}

/** A model without a hash (a checkpoint, or a page without HTTPS) has an empty one. */
function refOf({ info }: Model): ModelRef {
  return { name: info.name, manifestHash: info.manifestHash ?? '' };
}

/** The model is given up: that it also fails to end changes nothing for the person. */
async function disposeQuietly(model: Model): Promise<void> {
  await model.dispose().catch(() => undefined);
}

/** Codes of luke-web's errors that are about one text or one call. Other codes say that the model does not work. */
const OF_ONE_CALL: ReadonlySet<unknown> = new Set(['input', 'internal', 'task-unavailable']);

/** Whether an error of a call says that the model cannot be used any more. */
export function isLoss(error: unknown): boolean {
  return error instanceof Error && error.name === 'LukeError' && 'code' in error && !OF_ONE_CALL.has(error.code);
}
