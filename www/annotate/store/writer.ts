// Which of several tabs may write to a project. The lock of the browser says it; the token in the database makes sure.
import { StoreError } from './errors.js';

/** The part of `navigator.locks` that is used. */
export interface Locks {
  request(
    name: string, options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal }, callback: (lock: object | null) => Promise<void>,
  ): Promise<unknown>;
}

export type Role = 'writer' | 'reader';

export interface WriterOptions {
  /** Name of the lock. */
  readonly name: string;
  /** Absent in old browsers: then the tab that opened the project last is the writer. */
  readonly locks: Locks | undefined;
  /** Writes the token of this tab into the database. From then on no other tab can write. */
  readonly claim: () => Promise<void>;
  readonly onRole: (role: Role) => void;
}

/** The right to write, of one tab. A tab that does not get it waits, and gets it when the other tab is closed. */
export class Writer {
  readonly #options: WriterOptions;
  #role: Role = 'reader';
  /** Gives the lock back. */
  #release: (() => void) | undefined;
  /** Ends waiting for the lock. */
  #waiting: AbortController | undefined;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  get role(): Role {
    return this.#role;
  }

  /** Becomes the writer, if no other tab is. Else it is a reader that waits. */
  async start(): Promise<void> {
    if (!this.#options.locks) return this.#become();
    if (!(await this.#request({ ifAvailable: true }))) this.#wait();
  }

  /** Becomes the writer at once. What the other tab has written stays; it becomes a reader. */
  async takeOver(): Promise<void> {
    if (this.#closed) throw new StoreError('closed', 'The project is closed.');
    if (this.#role === 'writer') return;
    this.#waiting?.abort();
    if (this.#options.locks) await this.#request({ steal: true });
    else await this.#become();
  }

  /** Another tab has become the writer. */
  lost(): void {
    if (this.#role !== 'writer') return;
    this.#role = 'reader';
    this.#release?.();
    this.#options.onRole('reader');
  }

  close(): void {
    this.#closed = true;
    this.#waiting?.abort();
    this.#release?.();
    this.#role = 'reader';
  }

  /** Resolves when the lock is held, or cannot be had now. It is held until `#release` is called. */
  #request(options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal }): Promise<boolean> {
    return new Promise<boolean>((resolve, reject) => {
      let isGranted = false;
      let isStolen = false;
      const held = this.#options.locks!.request(this.#options.name, options, async (lock) => {
        if (!lock || this.#closed) return resolve(false);
        isGranted = true;
        const released = new Promise<void>((release) => (this.#release = release));
        try {
          await this.#become(() => isStolen);
        } catch (error) {
          return reject(error);
        }
        resolve(true);
        await released;
      });
      // It ends with an error if another tab steals the lock: then this one waits for its turn. Or waiting was ended.
      held.catch((error: unknown) => {
        isStolen = isGranted;
        if (!isStolen) return reject(error);
        resolve(false);
        this.lost();
        this.#wait();
      });
    });
  }

  #wait(): void {
    if (!this.#options.locks || this.#closed) return;
    this.#waiting?.abort();
    this.#waiting = new AbortController();
    // A tab that cannot write stays a reader, and says so at its next edit.
    this.#request({ signal: this.#waiting.signal }).catch(() => undefined);
  }

  /** Meanwhile, another tab may have stolen the lock, or the project may have been closed. */
  async #become(isStolen: () => boolean = () => false): Promise<void> {
    await this.#options.claim();
    if (isStolen() || this.#closed) return;
    this.#role = 'writer';
    this.#options.onRole('writer');
  }
}
