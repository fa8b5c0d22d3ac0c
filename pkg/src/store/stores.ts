// The store for files of models: the backends that work in this browser, and which of them a load uses.
import { follow } from '../abort.js';
import { LukeError } from '../errors.js';
import { canHash, sha256 } from '../hash.js';
import type { LoadOptions } from '../types.js';
import { CacheApiStore } from './cache-api.js';
import { MemoryStore } from './memory.js';
import { OpfsStore } from './opfs.js';
import { MemoryDraft, type Store, type Write } from './store.js';

export type CacheOption = NonNullable<LoadOptions['cache']>;

/** All backends that work here: `auto` writes to the first one that can be written, and to the next one if that fails. It reads from all. */
async function available(): Promise<Store[]> {
  const stores = await Promise.all([OpfsStore.open(), CacheApiStore.open()]);
  return stores.filter((store) => store !== undefined);
}

/** How long nothing may happen under a lock that another tab holds. A browser may have frozen that tab, which then keeps its locks. */
const FROZEN_MS = 15_000;

/** The places where a load looks for files, and the one to which it writes. */
export class Stores {
  /** The backends for new files, of which the first is used. */
  #targets: readonly Store[];
  /** The backends that are read. */
  readonly all: readonly Store[];
  /** Whether the user asked for this backend: then a full disk is an error. */
  readonly isRequired: boolean;
  /** Whether nothing may be kept, neither by the browser's HTTP cache nor by a service worker. */
  readonly isOff: boolean;
  /** Why a backend was left. */
  failure: unknown;

  private constructor(targets: readonly Store[], all: readonly Store[], isRequired: boolean, isOff = false) {
    this.#targets = targets;
    this.all = all;
    this.isRequired = isRequired;
    this.isOff = isOff;
  }

  /**
   * Opens the backends for a `cache` option. Rejects with `unsupported` if the requested backend does not work here, or if nothing can be
   * stored and `isRequired`; with `quota` if the requested one is full.
   */
  static async open(cache: CacheOption, isRequired = cache !== 'auto' && cache !== false): Promise<Stores> {
    const stores = cache === false ? [] : cache === 'memory' ? [MemoryStore.shared] : await available();
    const targets = stores.filter(({ kind, writable }) => writable && (cache === 'auto' || cache === kind));
    const [target] = targets;
    if (!target && cache === 'opfs' && isFull(OpfsStore.refusal)) {
      throw new LukeError('quota', `the browser has no room for its store "opfs": ${String(OpfsStore.refusal)}`, { error: String(OpfsStore.refusal) }, { cause: OpfsStore.refusal });
    }
    if (!target && isRequired) {
      if (cache === false) throw new LukeError('unsupported', 'with cache: false nothing is stored');
      const why = cache === 'opfs' ? 'it needs a worker and a browser with OPFS' : 'the page is not served securely, the browser forbids storage, or this is no browser';
      throw new LukeError('unsupported', `cache "${cache}" does not work here: ${why}`);
    }
    return new Stores(targets, stores, isRequired, cache === false);
  }

  /** The backend for new files, or `undefined` if nothing is stored. */
  get target(): Store | undefined {
    return this.#targets[0];
  }

  /** Goes on without the target, which has failed: with the next backend, unless the disk is full. */
  leaveTarget(error: unknown): void {
    this.failure = error;
    this.#targets = isFull(error) ? [] : this.#targets.slice(1);
  }

  /** The same places to read from, without one to write to. */
  withoutTarget(): Stores {
    return new Stores([], this.all, false, this.isOff);
  }

  /** Whether a file is stored with this size. One of another size is deleted if it is damaged: the manifest that says the size may be wrong. */
  async has(name: string, bytes: number): Promise<boolean> {
    for (const store of this.all) {
      const size = await store.size(name).catch(() => undefined);
      if (size === bytes) return true;
      if (size !== undefined) await deleteIfDamaged(store, name);
    }
    return false;
  }

  /** Deletes the copies of a file that are not the content of its name. Another backend may have a good one, which stays. */
  async deleteDamaged(hash: string): Promise<void> {
    for (const store of this.all) await deleteIfDamaged(store, hash);
  }

  /** Sends a file to `write`. False if it is not stored. */
  async read(name: string, write: Write): Promise<boolean> {
    let isBegun = false;
    const begin: Write = (piece) => {
      isBegun = true;
      write(piece);
    };
    for (const store of this.all) {
      const isThere = await store.read(name, begin).catch((error: unknown) => {
        if (isBegun) throw error;
      });
      if (isThere) return true;
    }
    return false;
  }

  /** The content of a file; `undefined` if it is not stored or cannot be read. */
  async bytes(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (const store of this.all) {
      const bytes = await bytesIn(store, name);
      if (bytes) return bytes;
    }
    return undefined;
  }

  /** The content of a file, if it is still the one of its name. */
  async verified(hash: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (const store of this.all) {
      const bytes = await verifiedIn(store, hash);
      if (bytes) return bytes;
    }
    return undefined;
  }

  /** Stores a file, if there is a place to write to. */
  async put(name: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
    const { target } = this;
    if (!target) return;
    const putting = this.alone(name, async () => {
      const draft = await target.draft(name, content.length);
      try {
        draft.reset();
        draft.write(content);
        await draft.commit(name);
      } finally {
        draft.close();
      }
    });
    return putting.catch((error: unknown) => {
      const next = this.target === target ? this.#targets[1] : this.target;
      if (!next || isFull(error)) throw error;
      if (next !== this.target) this.leaveTarget(error);
      return this.put(name, content);
    });
  }

  /** Stores a file whose name says nothing about its content. A copy in another backend is then an old one. */
  async replace(name: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.put(name, content);
    const { target } = this;
    if (target) await Promise.all(this.all.filter((store) => store !== target).map((store) => store.delete(name).catch(() => {})));
  }

  /**
   * Runs `work` while no other tab does anything of this name; without a name, at once. The lock ends with the tab; `signal` ends the wait
   * for it. So does a holder whose `progress` stays the same, and a browser that refuses locks: `work` then runs without the lock, and
   * bytes may be fetched twice.
   */
  async alone<T>(name: string | undefined, work: () => Promise<T>, signal?: AbortSignal, progress?: () => Promise<number>): Promise<T> {
    const locks = (globalThis.navigator as Navigator | undefined)?.locks;
    const { target } = this;
    if (name === undefined || !locks || !target || target.kind === 'memory') return work();
    const { abort, release } = follow(signal);
    let [hasBegun, before] = [false, 0];
    const timer = setInterval(async () => {
      const now = await (progress?.() ?? target.partBytes(name)).catch(() => 0);
      if (now === before) abort.abort();
      before = now;
    }, FROZEN_MS);
    const begin = () => {
      clearInterval(timer);
      hasBegun = true;
      return work();
    };
    try {
      return (await locks.request(`luke-web:${name}`, { signal: abort.signal }, begin)) as T;
    } catch (error) {
      if (hasBegun || signal?.aborted) throw error;
      return begin();
    } finally {
      clearInterval(timer);
      release();
    }
  }

  async delete(name: string): Promise<void> {
    await Promise.all(this.all.map((store) => store.delete(name)));
  }

  /** All files, each once. */
  async list(): Promise<Map<string, number>> {
    const lists = await Promise.all(this.all.map((store) => store.list()));
    return new Map(lists.flat().map(({ name, bytes }) => [name, bytes]));
  }
}

/** The content of a file in one backend; `undefined` if it is not there or cannot be read. */
async function bytesIn(store: Store, name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const draft = new MemoryDraft((await store.size(name)) ?? 0);
    return (await store.read(name, (piece) => draft.write(piece))) ? draft.content() : undefined;
  } catch {
    return undefined;
  }
}

async function deleteIfDamaged(store: Store, hash: string): Promise<void> {
  if (!(await verifiedIn(store, hash))) await store.delete(hash).catch(() => {});
}

async function verifiedIn(store: Store, hash: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = canHash() ? await bytesIn(store, hash) : undefined;
  return bytes && (await sha256(bytes)) === hash ? bytes : undefined;
}

/** Whether the browser refused bytes because it has no room for them. */
export function isFull(error: unknown): boolean {
  return (error as DOMException | undefined)?.name === 'QuotaExceededError';
}
