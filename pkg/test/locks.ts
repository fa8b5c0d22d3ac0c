// A fake of Web Locks, which end with their tab.
import { AsyncLocalStorage } from 'node:async_hooks';
import { currentTab, turn, type Tab } from './clock.js';

interface LockRequest {
  tab: Tab | undefined;
  grant: () => void;
}

/** Web Locks, all of them exclusive. */
export class FakeLocks {
  /** The holder of each lock, and those who wait for it. */
  readonly held = new Map<string, LockRequest>();
  readonly #waiting = new Map<string, LockRequest[]>();

  request<T>(name: string, ...rest: [work: () => T | Promise<T>] | [options: { signal?: AbortSignal }, work: () => T | Promise<T>]): Promise<T> {
    const [{ signal }, work] = rest.length === 1 ? [{} as { signal?: AbortSignal }, rest[0]] : rest;
    return new Promise<T>((resolve, reject) => {
      if (currentTab()?.isClosed) return;
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#waiting.set(name, this.#waitingFor(name).filter((other) => other !== request));
        reject(signal!.reason);
      };
      const inThisTab = AsyncLocalStorage.snapshot();
      const request: LockRequest = {
        tab: currentTab(),
        grant: () => {
          signal?.removeEventListener('abort', onAbort);
          this.held.set(name, request);
          inThisTab(() => turn().then(work).then(resolve, reject).finally(() => this.#release(name, request)));
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.set(name, [...this.#waitingFor(name), request]);
      this.#next(name);
    });
  }

  end(tab: Tab): void {
    for (const [name, requests] of this.#waiting) this.#waiting.set(name, requests.filter((request) => request.tab !== tab));
    for (const [name, request] of this.held) if (request.tab === tab) this.#release(name, request);
  }

  #waitingFor(name: string): LockRequest[] {
    return this.#waiting.get(name) ?? [];
  }

  #release(name: string, request: LockRequest): void {
    if (this.held.get(name) !== request) return;
    this.held.delete(name);
    this.#next(name);
  }

  #next(name: string): void {
    const [first, ...others] = this.#waitingFor(name);
    if (!first || this.held.has(name)) return;
    this.#waiting.set(name, others);
    first.grant();
  }
}
