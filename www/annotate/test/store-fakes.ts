// A database in memory and fakes of what Node.js does not have, so that several "tabs" of one browser run in one process.
import 'fake-indexeddb/auto';
import type { Channel } from '../store/channel.js';
import { Store, type StoreOptions } from '../store/store.js';
import type { Locks } from '../store/writer.js';

type Callback = (lock: object | null) => Promise<void>;

interface Request {
  readonly run: Callback;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Web Locks with exclusive locks, `ifAvailable`, `steal` and `signal`. */
export class FakeLocks implements Locks {
  readonly #held = new Map<string, Request>();
  readonly #queues = new Map<string, Request[]>();

  request(name: string, options: { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal }, run: Callback): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request: Request = { run, resolve, reject };
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      const { ifAvailable, steal, signal } = options;
      if (steal) {
        this.#held.get(name)?.reject(new DOMException('The lock was stolen.', 'AbortError'));
        this.#grant(name, request);
      } else if (ifAvailable && this.#held.has(name)) run(null).then(resolve, reject);
      else {
        queue.push(request);
        signal?.addEventListener('abort', () => {
          if (!queue.includes(request)) return;
          queue.splice(queue.indexOf(request), 1);
          reject(signal.reason);
        });
        this.#next(name);
      }
    });
  }

  isHeld(name: string): boolean {
    return this.#held.has(name);
  }

  #next(name: string): void {
    if (this.#held.has(name)) return;
    const request = this.#queues.get(name)!.shift();
    if (request) this.#grant(name, request);
  }

  #grant(name: string, request: Request): void {
    this.#held.set(name, request);
    const ended = Promise.resolve().then(() => request.run({ name }));
    ended.then(request.resolve, request.reject).finally(() => {
      if (this.#held.get(name) !== request) return;
      this.#held.delete(name);
      this.#next(name);
    });
  }
}

/** Channels of one browser: a message goes to all others of the same name. */
export class FakeChannels {
  readonly #open = new Set<{ name: string; channel: Channel }>();

  readonly make = (name: string): Channel => {
    const entry = {
      name,
      channel: {
        onmessage: null,
        postMessage: (message: unknown): void => {
          const data: unknown = structuredClone(message);
          for (const other of this.#open) {
            if (other !== entry && other.name === name) queueMicrotask(() => other.channel.onmessage?.({ data } as MessageEvent));
          }
        },
        close: (): void => void this.#open.delete(entry),
      } as Channel,
    };
    this.#open.add(entry);
    return entry.channel;
  };
}

let count = 0;

/** One browser: a database, locks and channels that its tabs share. */
export class Browser {
  readonly name = `test-${++count}`;
  readonly locks = new FakeLocks();
  readonly channels = new FakeChannels();

  tab(options: StoreOptions = {}): Promise<Store> {
    return Store.open({ name: this.name, locks: this.locks, channel: this.channels.make, ...options });
  }
}

/** Lets promises and the database go on until nothing is left to do for them. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** While `work` runs, the database behaves at the n-th `put` into a store as `fault` does. */
export async function withFault<T>(
  store: string, nth: number, fault: (target: IDBObjectStore) => IDBRequest<IDBValidKey>, work: () => Promise<T>,
): Promise<T> {
  const original = IDBObjectStore.prototype.put;
  let puts = 0;
  IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...values: Parameters<typeof original>): IDBRequest<IDBValidKey> {
    return this.name === store && ++puts === nth ? fault(this) : original.apply(this, values);
  };
  try {
    return await work();
  } finally {
    IDBObjectStore.prototype.put = original;
  }
}

export function quotaExceeded(): never {
  throw new DOMException('full', 'QuotaExceededError');
}

function openRaw(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name);
    request.onsuccess = (): void => resolve(request.result);
    request.onerror = (): void => reject(request.error);
  });
}

/** Writes records past the store. */
export async function putRaw(name: string, records: readonly (readonly [store: string, record: object])[]): Promise<void> {
  const database = await openRaw(name);
  const tx = database.transaction([...new Set(records.map(([store]) => store))], 'readwrite');
  for (const [store, record] of records) tx.objectStore(store).put(record);
  await new Promise((resolve) => (tx.oncomplete = resolve));
  database.close();
}

/** All that is in the database, for comparison. */
export async function dump(name: string): Promise<Record<string, unknown[]>> {
  const database = await openRaw(name);
  const all: Record<string, unknown[]> = {};
  for (const store of database.objectStoreNames) {
    all[store] = await new Promise((resolve) => {
      const request = database.transaction(store).objectStore(store).getAll();
      request.onsuccess = (): void => resolve(request.result as unknown[]);
    });
  }
  database.close();
  return all;
}
