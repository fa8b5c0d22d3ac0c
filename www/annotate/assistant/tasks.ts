// Work that nobody waits for: its errors become messages, and the end of the project waits for it.
import { messageOf } from '../formats/problems.js';
import type { Matter, Notices } from './notices.js';

export class Tasks {
  readonly #notices: Notices;
  readonly #running = new Set<Promise<void>>();
  #isEnded = false;

  constructor(notices: Notices) {
    this.#notices = notices;
  }

  get isIdle(): boolean {
    return !this.#running.size;
  }

  /** Does work that nobody waits for; `settled` does. */
  start(matter: Matter, work: Promise<void>): void {
    const task: Promise<void> = this.guard(matter, work).finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  /** An error becomes a message. */
  async guard(matter: Matter, work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!this.#isEnded) this.#notices.say(matter, messageOf(error));
    }
  }

  /** From now on nobody would read a message. */
  end(): void {
    this.#isEnded = true;
  }

  async settled(): Promise<void> {
    while (this.#running.size) await Promise.all(this.#running);
  }
}
