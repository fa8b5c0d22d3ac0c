// Parts of files that their server only sends as a whole: all parts that are wanted are cut out of the file while it comes once.
import { LukeError } from './errors.js';
import { inStore, key, StoreFault, wrongLength, type Fetcher, type Landed } from './fetcher.js';
import type { FileEntry } from './manifest.js';
import { retrying } from './retry.js';
import type { Draft } from './store/store.js';

export class Cutter {
  readonly #fetcher: Fetcher;
  readonly #stored: (part: FileEntry) => Promise<Landed | undefined>;
  /** The parts of each file that nobody has taken yet, by path and key. */
  readonly #cutting = new Map<string, Promise<Map<string, Landed>>>();

  /** `stored` finds a part in the store. */
  constructor(fetcher: Fetcher, stored: (part: FileEntry) => Promise<Landed | undefined>) {
    this.#fetcher = fetcher;
    this.#stored = stored;
  }

  /** A part of a file. If it is not cut yet, `wanted` gives the parts to cut with it. */
  async land(part: FileEntry, wanted: () => readonly FileEntry[]): Promise<Landed> {
    const { path } = part;
    for (;;) {
      let cutting = this.#cutting.get(path);
      if (!cutting) {
        const parts = new Map([part, ...wanted()].map((entry) => [key(entry), entry] as const));
        cutting = this.#cut(path, [...parts.values()].sort((a, b) => a.offset! - b.offset!));
        this.#cutting.set(path, cutting);
        cutting.catch(() => this.#cutting.delete(path));
      }
      const parts = await cutting;
      const landed = parts.get(key(part));
      parts.delete(key(part));
      if ((parts.size === 0 || !landed) && this.#cutting.get(path) === cutting) this.#cutting.delete(path);
      if (landed) return landed;
    }
  }

  /** These parts, which are in order: those that another tab has stored meanwhile, and the others from the file. */
  async #cut(path: string, parts: readonly FileEntry[]): Promise<Map<string, Landed>> {
    const { stores, names, signal } = this.#fetcher;
    const work = async () => {
      const cut = new Map<string, Landed>();
      for (const part of parts) {
        const landed = await this.#stored(part);
        if (landed) cut.set(key(part), landed);
      }
      if (cut.size < parts.length) await this.#fetch(parts, cut);
      return cut;
    };
    const progress = async () => (await Promise.all(parts.map((part) => this.#fetcher.partBytes(part)))).reduce((sum, bytes) => sum + bytes, 0);
    return stores.alone(await names.part({ path, bytes: 0 }), work, signal, progress);
  }

  /** Adds the parts to `cut` that it does not have. */
  #fetch(parts: readonly FileEntry[], cut: Map<string, Landed>): Promise<void> {
    const { options, progress, signal, url } = this.#fetcher;
    const { path } = parts[0]!;
    const from = url(path);
    return retrying(from, options, signal, (...retry) => progress.retry(path, ...retry), (signal, alive) => this.#fetchOnce(parts, from, cut, signal, alive), () => cut.size);
  }

  async #fetchOnce(parts: readonly FileEntry[], url: string, cut: Map<string, Landed>, signal: AbortSignal, alive: () => void): Promise<void> {
    const fetcher = this.#fetcher;
    const rest = parts.filter((part) => !cut.has(key(part)));
    const { pieces } = await fetcher.open(rest[0]!, signal);
    let draft: Draft | undefined;
    let at = 0;
    try {
      for await (const piece of pieces) {
        signal.throwIfAborted();
        alive();
        for (let part = rest[0]; part && part.offset! < at + piece.length; part = rest[0]) {
          const to = (draft ??= await fetcher.draft(part, true));
          const end = part.offset! + part.bytes - at;
          inStore(() => to.write(piece.subarray(Math.max(part.offset! - at, 0), Math.min(end, piece.length))));
          fetcher.progress.count(part, draft.length, 0);
          if (end > piece.length) break;
          cut.set(key(part), await fetcher.verify(part, draft, () => {}));
          draft.close();
          draft = undefined;
          rest.shift();
        }
        at += piece.length;
        if (rest.length === 0) return; // leaving the loop ends the download
      }
      throw wrongLength(rest[0]!, url, `is cut short at ${at}, before the end of`);
    } catch (error) {
      if (draft) fetcher.progress.count(rest[0]!, 0, 0);
      if (!(error instanceof StoreFault)) throw error;
      fetcher.storeFailed(draft?.kind, error.error);
      throw new LukeError('network', `${url}: the store failed: ${String(error.error)}`, { url }, { cause: error.error });
    } finally {
      draft?.close();
    }
  }
}
