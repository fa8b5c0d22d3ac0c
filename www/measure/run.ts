// Takes the times. All setups take turns in each round, so what slows the machine down for a while slows all of them down.
import { describeError } from '../check/steps.js';
import type { Model, Setup, Task } from './plan.js';
import { newTimes, type SetupTimes } from './report.js';

/** How the model is loaded. The page uses the package, and tests use models of their own. */
export interface Loader {
  /** Loads the model: every file anew (`cold`), or from the browser's store. */
  load(setup: Setup, from: 'network' | 'store', signal: AbortSignal): Promise<Model>;
  /** Puts the model into the browser's store. It rejects if the browser does not keep it. */
  store(signal: AbortSignal): Promise<void>;
  now(): number;
}

export interface Effort {
  readonly warmLoads: number;
  /** Calls of each task with each setup, without the first one. */
  readonly rounds: number;
}

/** What the page shows while it measures. */
export interface Progress {
  readonly what: string;
  readonly done: number;
  readonly total: number;
}

/** How many steps there are, if none fails. */
export function stepCount(setups: number, tasks: number, { warmLoads, rounds }: Effort): number {
  return 1 + setups * (1 + warmLoads + tasks * (1 + rounds));
}

/** A list that begins with another element in each round. */
export function rotated<T>(list: readonly T[], round: number): readonly T[] {
  const at = list.length === 0 ? 0 : round % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}

/** One measurement. `times` grows while it runs, so that a measurement that was stopped keeps what it has. */
export class Measurement {
  readonly times: readonly SetupTimes[];
  /** Why the model could not be stored; loads from the store are then missing. */
  storeProblem?: string;
  readonly #loader: Loader;
  readonly #tasks: readonly Task[];
  readonly #effort: Effort;
  readonly #signal: AbortSignal;
  readonly #onProgress: (progress: Progress) => void;
  readonly #models = new Map<SetupTimes, Model>();
  #done = 0;

  constructor(
    setups: readonly Setup[],
    tasks: readonly Task[],
    effort: Effort,
    loader: Loader,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
  ) {
    this.times = setups.map(newTimes);
    this.#tasks = tasks;
    this.#effort = effort;
    this.#loader = loader;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  /** Rejects when it is stopped, or when no setup works. Models are disposed in every case. */
  async run(): Promise<void> {
    try {
      await this.#coldLoads();
      await this.#warmLoads();
      await this.#calls();
    } finally {
      await Promise.allSettled(Array.from(this.#models.values(), (model) => model.dispose())); // the first error counts
    }
    if (this.#working().length === 0) throw new Error(this.times[0]?.error?.message ?? 'no device was chosen');
  }

  async #coldLoads(): Promise<void> {
    for (const times of this.times) {
      await this.#step(times, 'loading from the network', async () => (times.coldMs = await this.#load(times, 'network')));
    }
  }

  async #warmLoads(): Promise<void> {
    if (this.#working().length === 0) return;
    await this.#store();
    const isStored = this.storeProblem === undefined;
    // The models of the cold loads serve the calls if there is no store.
    for (let round = 0; isStored && round < this.#effort.warmLoads; round += 1) {
      for (const times of rotated(this.#working(), round)) {
        await this.#step(times, 'loading from the store', async () => times.warmMs.push(await this.#load(times, 'store')));
      }
    }
  }

  async #store(): Promise<void> {
    this.#signal.throwIfAborted();
    this.#tell('storing the model');
    try {
      await this.#loader.store(this.#signal);
    } catch (error) {
      this.#signal.throwIfAborted();
      this.storeProblem = describeError(error).message;
    }
    this.#done += 1;
  }

  /** Loads a model in the place of the one before, and gives the milliseconds. */
  async #load(times: SetupTimes, from: 'network' | 'store'): Promise<number> {
    await this.#models.get(times)?.dispose();
    this.#models.delete(times);
    const started = this.#loader.now();
    const model = await this.#loader.load(times.setup, from, this.#signal);
    const ms = this.#loader.now() - started;
    this.#models.set(times, model);
    times.info = model.info;
    return ms;
  }

  async #calls(): Promise<void> {
    for (const task of this.#tasks) {
      for (const times of this.#having(task)) {
        await this.#step(times, task.title, async () => (times.firstMs[task.id] = await this.#call(times, task)));
      }
    }
    for (let round = 0; round < this.#effort.rounds; round += 1) {
      for (const task of this.#tasks) {
        for (const times of rotated(this.#having(task), round)) {
          await this.#step(times, task.title, async () => (times.ms[task.id] ??= []).push(await this.#call(times, task)));
        }
      }
    }
  }

  async #call(times: SetupTimes, { call }: Task): Promise<number> {
    const model = this.#models.get(times);
    if (!model) throw new Error('the model is not loaded');
    const started = this.#loader.now();
    await call(model, this.#signal);
    return this.#loader.now() - started;
  }

  /** Runs a step of one setup. If it fails, this setup is left out from then on; if the measurement is stopped, it rejects. */
  async #step(times: SetupTimes, what: string, run: () => Promise<unknown>): Promise<void> {
    this.#signal.throwIfAborted();
    this.#tell(`${times.setup.title}: ${what}`);
    try {
      if (!times.error) await run();
    } catch (error) {
      this.#signal.throwIfAborted();
      times.error = describeError(error);
    }
    this.#done += 1;
  }

  #tell(what: string): void {
    this.#onProgress({ what, done: this.#done, total: stepCount(this.times.length, this.#tasks.length, this.#effort) });
  }

  #working(): readonly SetupTimes[] {
    return this.times.filter(({ error }) => !error);
  }

  #having({ id }: Task): readonly SetupTimes[] {
    return this.#working().filter((times) => this.#models.get(times)?.tasks.includes(id));
  }
}
