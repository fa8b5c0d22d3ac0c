// The downloads of a model's files: several at once, in the order in which they are needed. A file that one tab has begun is finished,
// and not fetched again, by whoever needs it next.
import { follow } from './abort.js';
import { Cutter } from './cutter.js';
import { LukeError } from './errors.js';
import { key, NoRanges, type Fetcher, type Landed } from './fetcher.js';
import type { FileEntry } from './manifest.js';
import type { Write } from './store/store.js';

/** A file that is here, or on its way. */
interface Landing {
  readonly entry: FileEntry;
  readonly landed: Promise<Landed>;
  /** Ends the download, if it is on its way. */
  readonly abort: AbortController;
  /** There are only so many files on their way or in memory. */
  state: 'on its way' | 'in memory' | 'stored' | 'failed';
}

export class Downloads {
  /** Files that their server sends only as a whole. */
  readonly wholeFiles = new Set<string>();
  readonly #fetcher: Fetcher;
  readonly #parallel: number;
  #queue: FileEntry[] = [];
  /** Files that were not read yet, by key. */
  readonly #landings = new Map<string, Landing>();
  #cutter: Cutter | undefined;

  /** `parallel` is the maximum number of files that are fetched at once. */
  constructor(fetcher: Fetcher, parallel: number) {
    this.#fetcher = fetcher;
    this.#parallel = parallel;
  }

  /** Fetches these files in order, as many at once as the options allow. */
  want(entries: readonly FileEntry[]): void {
    const known = new Set([...this.#landings.keys(), ...this.#queue.map(key)]);
    this.#queue.push(...entries.filter((entry) => !known.has(key(entry))));
    this.#pump();
  }

  /** Files that failed are fetched again if somebody wants them. If `isAll`, nobody waits: downloads end, and their parts may stay. */
  clear(isAll: boolean): void {
    if (isAll) this.#queue = [];
    for (const [name, { state, abort }] of this.#landings) {
      if (state !== 'failed' && !isAll) continue;
      this.#landings.delete(name);
      abort.abort(new DOMException('nobody waits for the file', 'AbortError'));
    }
  }

  /** Waits until a file is here, and then lets go of it. It is fetched now if nobody did so. */
  async land(entry: FileEntry): Promise<Landed> {
    let landing = this.#landings.get(key(entry));
    if (!landing) {
      this.#queue = this.#queue.filter((queued) => key(queued) !== key(entry));
      landing = this.#start(entry);
    }
    try {
      return await landing.landed;
    } finally {
      if (this.#landings.get(key(entry)) === landing) this.#landings.delete(key(entry));
      this.#pump();
    }
  }

  /**
   * Sends a file to `write` when it is here, and then lets go of it. `again` says that the copy that was sent before is damaged: the file
   * is then fetched anew.
   */
  async read(entry: FileEntry, again: boolean, write: Write): Promise<void> {
    if (again) await this.#discard(entry);
    for (let tried = 1; ; tried += 1) {
      if (await this.#send(entry, await this.land(entry), write)) return;
      // The store was wiped, or the file in it is damaged: it is fetched once more.
      if (tried === 2) throw new LukeError('integrity', `${entry.path} cannot be read from the store`, { file: entry.path });
      await this.#discard(entry);
    }
  }

  async #send(entry: FileEntry, { name, content }: Landed, write: Write): Promise<boolean> {
    const { stores } = this.#fetcher;
    // The wasm verifies a file that has a hash in a manifest, and asks again if it ends early.
    if (!content && entry.sha256 !== undefined) return stores.read(name!, write).catch(() => true);
    const bytes = content ? new Uint8Array(await content.arrayBuffer()) : await stores.verified(name!);
    if (bytes) write(bytes);
    return bytes !== undefined;
  }

  /** Lets go of a file that is damaged or gone, so that it is fetched again. */
  async #discard(entry: FileEntry): Promise<void> {
    const { names, stale, stores } = this.#fetcher;
    this.#landings.delete(key(entry));
    stale.add(key(entry));
    this.#fetcher.lost(entry);
    const name = await names.find(entry);
    if (name) await stores.deleteDamaged(name);
  }

  #pump(): void {
    const held = () => [...this.#landings.values()].filter(({ state }) => state === 'on its way' || state === 'in memory');
    while (this.#queue.length > 0 && held().length < this.#parallel) this.#start(this.#queue.shift()!);
  }

  #start(entry: FileEntry): Landing {
    const { abort, release } = follow(this.#fetcher.signal);
    const landed = this.#land(entry, abort.signal).finally(release);
    const landing: Landing = { entry, landed, abort, state: 'on its way' };
    this.#landings.set(key(entry), landing);
    landed.then(
      ({ content }) => {
        landing.state = content ? 'in memory' : 'stored';
        this.#pump();
      },
      () => {
        landing.state = 'failed';
        // Whoever reads this file is told, and does not need the others then.
        if (this.#landings.get(key(entry)) === landing) this.#queue = [];
      },
    );
    return landing;
  }

  async #land(entry: FileEntry, signal: AbortSignal): Promise<Landed> {
    const { stores, names } = this.#fetcher;
    const stored = await this.#stored(entry);
    if (stored) return stored;
    if (entry.offset !== undefined && this.wholeFiles.has(entry.path)) return this.#cut(entry);
    const fetching = stores.alone(await names.part(entry), async () => (await this.#stored(entry, true)) ?? this.#fetcher.fetch(entry, signal), signal);
    return fetching.catch((error: unknown) => {
      if (!(error instanceof NoRanges)) throw error;
      this.wholeFiles.add(entry.path);
      return this.#cut(entry);
    });
  }

  async #stored(entry: FileEntry, isFresh?: boolean): Promise<Landed | undefined> {
    const name = await this.#fetcher.names.find(entry, isFresh);
    if (!name || !(await this.#fetcher.stores.has(name, entry.bytes))) return undefined;
    this.#fetcher.progress.count(entry, entry.bytes, entry.bytes);
    return { name };
  }

  /** A part of a file that its server only sends as a whole, which is read once for all parts that are wanted. */
  #cut(entry: FileEntry): Promise<Landed> {
    this.#cutter ??= new Cutter(this.#fetcher, (part) => this.#stored(part, true));
    const wanted = () => [...[...this.#landings.values()].filter(({ state }) => state === 'on its way').map(({ entry }) => entry), ...this.#queue];
    return this.#cutter.land(entry, () => wanted().filter(({ path, offset }) => path === entry.path && offset !== undefined));
  }
}
