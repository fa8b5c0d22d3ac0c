// The order of calls on the page: one runs at a time for each priority, and a call begins when no call of its priority or a higher one
// runs.
import { rankOf } from './turns.js';
import type { Priority } from './tasks.js';

interface Waiting {
  rank: number;
  start: () => void;
}

export class CallQueue {
  #waiting: Waiting[] = [];
  readonly #running = new Set<number>();

  /**
   * Runs `work` when it is its turn. After an abort it rejects with `signal.reason`, and the next call begins: the engine ends the work of
   * this one at its next pause.
   */
  add<T>(priority: Priority, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const rank = rankOf(priority);
      let isOver = false;
      const entry: Waiting = { rank, start: () => void run() };
      const finish = () => {
        if (isOver) return;
        isOver = true;
        signal?.removeEventListener('abort', onAbort);
        this.#running.delete(rank);
        this.#next();
      };
      const run = async () => {
        this.#running.add(rank);
        try {
          resolve(await work());
        } catch (error) {
          reject(error);
        } finally {
          finish();
        }
      };
      const onAbort = () => {
        reject(signal!.reason);
        if (!this.#waiting.includes(entry)) return finish();
        this.#waiting = this.#waiting.filter((other) => other !== entry);
      };
      if (signal?.aborted) return reject(signal.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(entry);
      this.#next();
    });
  }

  /** Starts the waiting calls whose turn it is, of the highest priority first. */
  #next(): void {
    for (const entry of [...this.#waiting].sort((a, b) => a.rank - b.rank)) {
      if ([...this.#running].some((rank) => rank <= entry.rank)) continue;
      this.#waiting = this.#waiting.filter((other) => other !== entry);
      entry.start();
    }
  }
}
