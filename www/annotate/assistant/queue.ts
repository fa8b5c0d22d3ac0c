// Pre-annotation in the background: one slice at a time, the documents that matter most first.
import { signal, type ReadonlySignal } from '@preact/signals-core';
import { messageOf } from '../formats/problems.js';
import { show } from '../model/show.js';
import type { Suggestions } from '../model/suggest.js';
import { StoreError } from '../store/errors.js';
import type { HeadRecord } from '../store/schema.js';
import type { SuggestionCache } from '../store/suggestions.js';
import { isLoss } from './model.js';
import type { Notices } from './notices.js';
import { Scan, type Scanning, type Source } from './scan.js';

export interface Progress {
  /** `idle`: all is done. `hidden`: the page is not shown. `low`: the battery is low. `stopped`: too much failed. `resume` goes on with the last two. */
  readonly state: 'idle' | 'running' | 'paused' | 'hidden' | 'low' | 'stopped';
  /** Documents. */
  readonly done: number;
  readonly total: number;
  /** Milliseconds, by the speed so far. */
  readonly left?: number;
}

/** The state of the page, and of the device below it. */
export interface Visibility {
  readonly isHidden: () => boolean;
  /** Whether the battery is low. */
  readonly isLow?: () => boolean;
  /** Calls back after each change; the result ends that. */
  readonly subscribe: (changed: () => void) => () => void;
}

export interface QueueOptions {
  readonly cache: Pick<SuggestionCache, 'missing' | 'put'>;
  readonly text: (head: HeadRecord) => Promise<string>;
  /** A source has looked at these documents, which all have the same text. It does not reject. */
  readonly onFound: (heads: readonly HeadRecord[], source: Source, found: Suggestions) => Promise<void>;
  readonly onLost: (error: unknown) => void;
  readonly notices: Notices;
  readonly visibility?: Visibility | undefined;
  readonly now?: (() => number) | undefined;
  readonly sliceWords?: number | undefined;
}

/** So many documents that fail one after the other stop the queue: the next ones would fail too. */
const MOST_FAILURES = 3;

/** What a source has to do, by the hashes of the texts. */
interface Open {
  readonly missing: Set<string>;
  /** Texts that are begun. */
  readonly scans: Map<string, Scanning>;
}

interface Job {
  readonly head: HeadRecord;
  readonly source: Source;
}

export class Queue {
  readonly #options: QueueOptions;
  readonly #progress = signal<Progress>({ state: 'idle', done: 0, total: 0 });
  readonly #disposed = new AbortController();
  readonly #unsubscribe: (() => void) | undefined;
  #heads: readonly HeadRecord[] = [];
  #sources: readonly Source[] = [];
  #open = new Map<Source, Open>();
  /** Aborts the running call when the work changes. */
  #abort = new AbortController();
  #working: Promise<void> | undefined;
  #change = 0;
  #isPaused = false;
  #isStopped = false;
  /** The person wants to go on although the battery is low. */
  #usesBattery = false;
  #holds = 0;
  #failures = 0;
  #dropped = 0;
  /** What was done so far: milliseconds and code units. */
  #spent = { ms: 0, chars: 0 };

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#unsubscribe = options.visibility?.subscribe(() => this.#wake());
  }

  get progress(): ReadonlySignal<Progress> {
    return this.#progress;
  }

  /** Sets what is to be done, in this order. What the cache has is done. A source that was there before goes on where it was. */
  async setWork(heads: readonly HeadRecord[], sources: readonly Source[]): Promise<void> {
    const change = ++this.#change;
    const hashes = [...new Set(heads.map(({ sha256 }) => sha256))];
    const missing = await Promise.all(sources.map(({ key }) => this.#options.cache.missing(hashes, key)));
    if (change !== this.#change || this.#disposed.signal.aborted) return;
    const isSame = sources.length === this.#sources.length && sources.every((source, index) => source === this.#sources[index]);
    this.#heads = heads;
    this.#sources = sources;
    const scansOf = (source: Source): Open['scans'] => this.#open.get(source)?.scans ?? new Map();
    this.#open = new Map(sources.map((source, index) => [source, { missing: new Set(missing[index]), scans: scansOf(source) }]));
    if (!isSame) this.#restart();
    this.#wake();
  }

  /** The same documents in another order. The slice that runs comes to its end. */
  reorder(heads: readonly HeadRecord[]): void {
    this.#heads = heads;
  }

  /** There is more to be seen in a text: what was begun begins anew, and what was done is open again. */
  again(source: Source, sha256: string): void {
    const open = this.#open.get(source);
    if (!open) return;
    open.missing.add(sha256);
    open.scans.delete(sha256);
    this.#wake();
  }

  pause(): void {
    this.#isPaused = true;
    this.#wake();
  }

  /** Goes on after a pause or with a low battery, or tries again after failures. */
  resume(): void {
    this.#isPaused = false;
    this.#isStopped = false;
    this.#usesBattery = true;
    this.#failures = 0;
    this.#wake();
  }

  /** Nothing is begun until the result is called: something else of the person needs the model for long. */
  hold(): () => void {
    let isHeld = true;
    this.#holds++;
    this.#wake();
    return () => {
      if (isHeld) this.#holds--;
      isHeld = false;
      this.#wake();
    };
  }

  /** Resolves when nothing runs. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async dispose(): Promise<void> {
    this.#unsubscribe?.();
    this.#disposed.abort(new DOMException('The project was closed.', 'AbortError'));
    this.#abort.abort(this.#disposed.signal.reason);
    await this.settled();
  }

  /** Ends the call that runs. */
  #restart(): void {
    this.#abort.abort(new DOMException('Another model is used now.', 'AbortError'));
    this.#abort = new AbortController();
    this.#isStopped = false;
    this.#failures = 0;
    this.#spent = { ms: 0, chars: 0 };
  }

  get #canRun(): boolean {
    const hidden = this.#options.visibility?.isHidden() ?? false;
    return !this.#disposed.signal.aborted && !this.#isPaused && !this.#isStopped && !this.#holds && !hidden && !this.#isLow;
  }

  get #isLow(): boolean {
    return !this.#usesBattery && (this.#options.visibility?.isLow?.() ?? false);
  }

  #wake(): void {
    if (!this.#options.visibility?.isLow?.()) this.#usesBattery = false; // the next low battery is another one
    if (!this.#working && this.#canRun && this.#next()) {
      this.#working = this.#work().finally(() => {
        this.#working = undefined;
        this.#wake();
      });
    }
    this.#tell();
  }

  async #work(): Promise<void> {
    for (let job = this.#next(); job && this.#canRun; job = this.#next()) {
      this.#tell();
      await this.#step(job, this.#abort.signal);
    }
  }

  /** The first document that a source has to look at. */
  #next(): Job | undefined {
    const [first] = this.#heads;
    return (first && this.#jobOf(first)) ?? this.#firstOf((source) => !source.begin) ?? this.#firstOf(() => true);
  }

  #firstOf(isMeant: (source: Source) => boolean): Job | undefined {
    for (const head of this.#heads) {
      const job = this.#jobOf(head, isMeant);
      if (job) return job;
    }
    return undefined;
  }

  #jobOf(head: HeadRecord, isMeant: (source: Source) => boolean = () => true): Job | undefined {
    for (const [source, { missing }] of this.#open) if (missing.has(head.sha256) && isMeant(source)) return { head, source };
    return undefined;
  }

  /** One slice of a document. It never throws. */
  async #step(job: Job, aborted: AbortSignal): Promise<void> {
    const { head, source } = job;
    try {
      const scan = await this.#scanOf(job);
      if (aborted.aborted) return;
      const [place, started] = [scan.place, this.#now()];
      await scan.step(aborted);
      this.#spent = { ms: this.#spent.ms + this.#now() - started, chars: this.#spent.chars + scan.place - place };
      if (scan.isDone && !aborted.aborted) await this.#finish(job, scan);
    } catch (error) {
      if (aborted.aborted) return;
      if (isLoss(error)) {
        this.#isStopped = true;
        this.#options.onLost(error);
        return;
      }
      this.#leave(source, head.sha256);
      if (error instanceof StoreError && error.code === 'missing') return;
      this.#options.notices.say('documents', `The model could not read the document ${show(head.name)}: ${messageOf(error)}`);
      if (++this.#failures >= MOST_FAILURES) this.#isStopped = true;
    }
  }

  /** The text may come late: then the source may be gone, and what is begun is forgotten with it. */
  async #scanOf({ head, source }: Job): Promise<Scanning> {
    const scans = this.#open.get(source)?.scans;
    const begun = scans?.get(head.sha256);
    if (begun) return begun;
    const text = await this.#options.text(head);
    const scan = (await source.begin?.(head, text)) ?? new Scan(text, source, this.#options.sliceWords);
    scans?.set(head.sha256, scan);
    return scan;
  }

  async #finish({ head, source }: Job, scan: Scanning): Promise<void> {
    const { sha256 } = head;
    const open = this.#open.get(source);
    if (open && open.scans.get(sha256) !== scan) return; // it began anew meanwhile
    const found = scan.result(this.#now());
    this.#failures = 0;
    this.#leave(source, sha256);
    if (scan.dropped) this.#sayDropped(scan.dropped, source);
    try {
      await this.#options.cache.put([{ sha256, key: source.key, found }]);
    } catch (error) {
      this.#options.notices.say('cache', `Suggestions could not be kept for later: ${messageOf(error)}`);
    }
    await this.#options.onFound(this.#heads.filter((other) => other.sha256 === sha256), source, found);
  }

  #leave(source: Source, sha256: string): void {
    const open = this.#open.get(source);
    open?.missing.delete(sha256);
    open?.scans.delete(sha256);
  }

  #sayDropped(count: number, { ref }: Source): void {
    this.#dropped += count;
    const what = this.#dropped === 1 ? 'One answer' : `${this.#dropped} answers`;
    this.#options.notices.say('answers', `${what} of the model ${show(ref.name)} could not be used and were left out: a place or a score is wrong.`);
  }

  #tell(): void {
    const isOpen = ({ sha256 }: HeadRecord): boolean => [...this.#open.values()].some(({ missing }) => missing.has(sha256));
    const open = this.#sources.length ? this.#heads.filter(isOpen) : [];
    const chars = open.reduce((sum, head) => sum + head.chars, 0);
    const { ms, chars: read } = this.#spent;
    const total = this.#sources.length ? this.#heads.length : 0;
    this.#progress.value = {
      state: this.#stateWith(open.length), done: total - open.length, total, ...(read && open.length && { left: (chars * ms) / read }),
    };
  }

  #stateWith(open: number): Progress['state'] {
    if (this.#isStopped) return 'stopped';
    if (!open) return 'idle';
    if (this.#isPaused || this.#holds) return 'paused';
    if (this.#options.visibility?.isHidden()) return 'hidden';
    return this.#isLow ? 'low' : 'running';
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }
}
