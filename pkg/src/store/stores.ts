// The store for files of models: the backends that work in this browser, and which of them a load uses.
import { LukeError } from '../errors.js';
import { sha256 } from '../hash.js';
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

/** The places where a load looks for files, and the one to which it writes. */
export class Stores {
  /** The backends for new files, of which the first is used. */
  #targets: readonly Store[];
  /** The backends that are read. */
  readonly all: readonly Store[];
  /** Whether the user asked for this backend: then a full disk is an error. */
  readonly isRequired: boolean;

  private constructor(targets: readonly Store[], all: readonly Store[], isRequired: boolean) {
    this.#targets = targets;
    this.all = all;
    this.isRequired = isRequired;
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
      throw new LukeError('quota', `the browser has no room for its store "opfs": ${String(OpfsStore.refusal)}`, { error: String(OpfsStore.refusal) });
    }
    if (!target && isRequired) {
      if (cache === false) throw new LukeError('unsupported', 'with cache: false nothing is stored');
      const why = cache === 'opfs' ? 'it needs a worker and a browser with OPFS' : 'the page is not served securely, or the browser forbids storage';
      throw new LukeError('unsupported', `cache "${cache}" does not work here: ${why}`);
    }
    return new Stores(targets, stores, isRequired);
  }

  /** The backend for new files, or `undefined` if nothing is stored. */
  get target(): Store | undefined {
    return this.#targets[0];
  }

  /** Goes on without the target, which has failed: with the next backend, unless the disk is full. */
  leaveTarget(error: unknown): void {
    this.#targets = isFull(error) ? [] : this.#targets.slice(1);
  }

  /** The same places to read from, without one to write to. */
  withoutTarget(): Stores {
    return new Stores([], this.all, false);
  }

  /** Whether a file is stored with this size. A file of another size is damaged and is deleted. */
  async has(name: string, bytes: number): Promise<boolean> {
    for (const store of this.all) {
      const size = await store.size(name).catch(() => undefined);
      if (size === bytes) return true;
      if (size !== undefined) await store.delete(name).catch(() => {});
    }
    return false;
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
      try {
        const draft = new MemoryDraft((await store.size(name)) ?? 0);
        if (await store.read(name, (piece) => draft.write(piece))) return draft.content();
      } catch {
        // Another backend may have it too.
      }
    }
    return undefined;
  }

  /** The content of a file, if it is still the one of its name. */
  async verified(hash: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = await this.bytes(hash);
    return bytes && (await sha256(bytes)) === hash ? bytes : undefined;
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

  /**
   * Runs `work` while no other tab does anything of this name; without a name, at once. The lock ends with the tab; `signal` ends the wait
   * for it.
   */
  alone<T>(name: string | undefined, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const locks = (globalThis.navigator as Navigator | undefined)?.locks;
    if (name === undefined || !locks || !this.target || this.target.kind === 'memory') return work();
    return locks.request(`luke-web:${name}`, { ...(signal && { signal }) }, work) as Promise<T>;
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

/** Whether the browser refused bytes because it has no room for them. */
export function isFull(error: unknown): boolean {
  return (error as DOMException | undefined)?.name === 'QuotaExceededError';
}
