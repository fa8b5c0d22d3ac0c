// How calls share one engine: a call stops at its pauses when it was aborted, and while a call of a higher priority runs.
import { abortable } from './abort.js';
import type { Priority } from './tasks.js';

/** Priorities of the web platform's Prioritized Task Scheduling API, highest first. */
const RANKS: readonly Priority[] = ['user-blocking', 'user-visible', 'background'];

/** How long a call may compute before messages to this thread are read: an abort, or the next call. */
const TURN_MS = 16;

/** A call that is under way. The wasm hands it back when it reads a file or pauses. */
export interface RunningCall {
  readonly signal: AbortSignal;
  readonly rank: number;
  /** Why its last read failed: the wasm between here and the caller would lose it. */
  failure?: { error: unknown };
}

export function rankOf(priority: Priority): number {
  return RANKS.indexOf(priority);
}

export class Turns {
  readonly #running = new Set<RunningCall>();
  #pausedAt = performance.now();
  #wake: (() => void)[] = [];

  /** Runs `work` as a call. */
  async run<T>(call: RunningCall, work: () => Promise<T>): Promise<T> {
    this.#running.add(call);
    this.#pausedAt = performance.now();
    try {
      return await work();
    } finally {
      this.#running.delete(call);
      for (const wake of this.#wake.splice(0)) wake();
    }
  }

  /** Called between pieces of work. Throws, or rejects with, the reason of an abort; waits if it is another's turn. */
  pause(call: RunningCall | undefined): Promise<void> | undefined {
    call?.signal.throwIfAborted();
    if (performance.now() - this.#pausedAt < TURN_MS && !this.#mustWait(call)) return undefined;
    return this.#wait(call);
  }

  async #wait(call: RunningCall | undefined): Promise<void> {
    await nextTask();
    this.#pausedAt = performance.now();
    call?.signal.throwIfAborted();
    while (this.#mustWait(call)) {
      await abortable(new Promise<void>((resolve) => this.#wake.push(resolve)), call!.signal);
    }
  }

  #mustWait(call: RunningCall | undefined): boolean {
    return call !== undefined && [...this.#running].some(({ rank }) => rank < call.rank);
  }
}

/** Only Node.js has it, whose ports handle up to a thousand messages before anything else. */
const { setImmediate } = globalThis as { setImmediate?: (work: () => void) => void };
const channel = setImmediate ? undefined : new MessageChannel();

/** Lets the event loop handle what has arrived. Timers would wait for 4 ms each time. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    if (setImmediate) return setImmediate(resolve);
    channel!.port1.addEventListener('message', () => resolve(), { once: true });
    channel!.port1.start();
    channel!.port2.postMessage(undefined);
  });
}
