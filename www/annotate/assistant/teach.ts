// The project's own labels: teaches a head on the finished documents, keeps it in the settings, and takes it from there.
import { signal, type ReadonlySignal } from '@preact/signals-core';
import { messageOf } from '../formats/problems.js';
import type { ModelRef } from '../model/types.js';
import { sha256 } from '../store/hash.js';
import type { Settings } from '../store/settings.js';
import { untilAbort } from './abort.js';
import type { Examples } from './examples.js';
import { fromBase64, keptJson, readKept, readReport, toBase64, type KeptHead } from './kept-head.js';
import type { Model, ModelHead, TeachProgress } from './model.js';
import type { Notices } from './notices.js';

/** A head that can be used now. */
export interface TaughtHead extends KeptHead {
  readonly head: ModelHead;
  /** Of its bytes: another head of the same name has other results. */
  readonly hash: string;
}

/** What was left out of the examples. */
export type LeftOut = Pick<Examples, 'overlapping' | 'inPieces' | 'documentsLeft'>;

export interface TaughtState {
  readonly head?: TaughtHead;
  /** How far the teaching is that runs now. */
  readonly teaching?: TeachProgress;
  /** By the last teaching since the project was opened. */
  readonly leftOut?: LeftOut;
}

export interface TeacherOptions {
  readonly settings: Pick<Settings, 'get' | 'put' | 'delete'>;
  /** The name of the setting. */
  readonly key: string;
  readonly notices: Notices;
  readonly now: () => number;
}

/** Errors that say that the bytes are no head for this model. */
const NO_HEAD: ReadonlySet<unknown> = new Set(['input', 'format', 'integrity']);

export class Teacher {
  readonly #options: TeacherOptions;
  readonly #state = signal<TaughtState>({});
  #abort = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: TeacherOptions) {
    this.#options = options;
  }

  get state(): ReadonlySignal<TaughtState> {
    return this.#state;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Takes the head that was kept. One that another model was taught is dropped, with a message. */
  async restore(model: Model, ref: ModelRef): Promise<void> {
    const { settings, key, notices } = this.#options;
    const { signal: aborted } = this.#abort;
    const stored = await settings.get(key);
    if (stored === undefined || aborted.aborted) return;
    const kept = readKept(stored);
    const bytes = kept && fromBase64(kept.bytes);
    if (!kept || !bytes) return this.#drop('The labels that were taught could not be read.');
    if (kept.manifestHash !== ref.manifestHash) return this.#drop('The labels were taught with another version of the model.');
    try {
      const head = await untilAbort(model.addHead(bytes), aborted);
      this.#state.value = { head: { ...kept, head, hash: await sha256(kept.bytes) } };
    } catch (error) {
      if (aborted.aborted) return;
      const isNoHead = error instanceof Error && 'code' in error && NO_HEAD.has(error.code);
      if (isNoHead) return this.#drop(`The labels that were taught cannot be used: ${messageOf(error)}`);
      notices.say('teaching', `The labels that were taught could not be loaded: ${messageOf(error)}`);
    }
  }

  /** Teaches a head, unless one is being taught. `done`: how many documents are done. It never rejects. */
  teach(model: Model, ref: ModelRef, name: string, examples: Examples, done: number): Promise<void> {
    return (this.#running ??= this.#teach(model, ref, name, examples, done).finally(() => (this.#running = undefined)));
  }

  /** Ends what runs. The head cannot be used any more, but it stays in the settings. */
  async stop(): Promise<void> {
    this.#abort.abort(new DOMException('The model or the project was closed.', 'AbortError'));
    await this.#running;
    this.#abort = new AbortController();
    this.#state.value = {};
  }

  async #teach(model: Model, ref: ModelRef, name: string, examples: Examples, done: number): Promise<void> {
    const { notices, now } = this.#options;
    const { signal: aborted } = this.#abort;
    const { overlapping, inPieces, documentsLeft, labels } = examples;
    const before = this.#state.peek();
    const onProgress = (teaching: TeachProgress): void => {
      if (!aborted.aborted && this.#state.peek().teaching) this.#state.value = { ...before, teaching };
    };
    this.#state.value = { ...before, teaching: { phase: 'reading', done: 0, total: examples.examples.length } };
    try {
      const input = { task: 'ner', name, labels: labels.map((label) => label.name), examples: examples.examples } as const;
      const head = await untilAbort(model.teach(input, { signal: aborted, priority: 'background', onProgress }), aborted);
      const report = readReport(head.report);
      const bytes = toBase64(head.save());
      const kept: KeptHead = { name, manifestHash: ref.manifestHash, bytes, labels, documents: done, at: now(), ...(report && { report }) };
      const hash = await sha256(bytes);
      if (aborted.aborted) return;
      this.#state.value = { head: { ...kept, head, hash }, leftOut: { overlapping, inPieces, documentsLeft } };
      notices.clear('teaching');
      await this.#keep(kept);
    } catch (error) {
      if (aborted.aborted) return;
      this.#state.value = before;
      notices.say('teaching', `The labels could not be taught: ${messageOf(error)}`);
    }
  }

  async #keep(kept: KeptHead): Promise<void> {
    try {
      await this.#options.settings.put(this.#options.key, keptJson(kept));
    } catch (error) {
      this.#options.notices.say('teaching', `The labels that were taught can be used, but could not be kept for later: ${messageOf(error)}`);
    }
  }

  async #drop(why: string): Promise<void> {
    await this.#options.settings.delete(this.#options.key);
    this.#options.notices.say('teaching', `${why} They are taught again when enough documents are done.`);
  }
}
