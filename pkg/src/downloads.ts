// The downloads of a model's files: several at once, in the order in which they are needed. A file that one tab has begun is finished,
// and not fetched again, by whoever needs it next.
import { LukeError } from './errors.js';
import { key, NoRanges, type Fetcher, type FileNames, type Landed } from './fetcher.js';
import type { FileEntry } from './manifest.js';
import { sha256 } from './record.js';
import { MemoryDraft, type Write } from './store/store.js';

/** What a download tells whoever reads the files. */
export interface LandingEvents {
  /** A file was found in the store. */
  onStored(entry: FileEntry): void;
  /** A file that was here is damaged or gone, and is fetched again. */
  onLost(entry: FileEntry): void;
}

/** A file that is here, or on its way. */
interface Landing {
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
  readonly #names: FileNames;
  readonly #parallel: number;
  readonly #events: LandingEvents;
  readonly #signal: AbortSignal;
  #queue: FileEntry[] = [];
  /** Files that were not read yet, by key. */
  readonly #landings = new Map<string, Landing>();
  /** Parts that are wanted of each of `wholeFiles`. */
  readonly #parts = new Map<string, Map<string, FileEntry>>();
  /** The parts that were cut out of a whole file. */
  readonly #cutting = new Map<string, Promise<Map<string, Landed>>>();

  /** `parallel` is the maximum number of files that are fetched at once; `signal` ends what waits for another tab. */
  constructor(fetcher: Fetcher, names: FileNames, parallel: number, events: LandingEvents, signal: AbortSignal) {
    this.#fetcher = fetcher;
    this.#names = names;
    this.#parallel = parallel;
    this.#events = events;
    this.#signal = signal;
  }

  /** Fetches these files in order, as many at once as the options allow. */
  want(entries: readonly FileEntry[]): void {
    const known = new Set([...this.#landings.keys(), ...this.#queue.map(key)]);
    this.#queue.push(...entries.filter((entry) => !known.has(key(entry))));
    entries.forEach((entry) => this.#addPart(entry));
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
      this.#addPart(entry);
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
      if (tried === 2) throw new LukeError('integrity', `${entry.path} cannot be read from the store`, { path: entry.path });
      await this.#discard(entry);
    }
  }

  async #send(entry: FileEntry, { name, content }: Landed, write: Write): Promise<boolean> {
    if (content) {
      write(new Uint8Array(await content.arrayBuffer()));
      return true;
    }
    if (entry.sha256 === undefined) return this.#sendVerified(entry, name!, write);
    // The wasm verifies the file, and asks again if this ends early.
    return this.#fetcher.stores.read(name!, write).catch(() => true);
  }

  /** The wasm cannot verify a file that has no hash in a manifest. */
  async #sendVerified(entry: FileEntry, name: string, write: Write): Promise<boolean> {
    const draft = new MemoryDraft(entry.bytes);
    const isThere = await this.#fetcher.stores.read(name, (piece) => draft.write(piece)).catch(() => false);
    if (!isThere || (await sha256(draft.content())) !== name) return false;
    write(draft.content());
    return true;
  }

  async #discard(entry: FileEntry): Promise<void> {
    this.#landings.delete(key(entry));
    this.#fetcher.stale.add(key(entry));
    this.#events.onLost(entry);
    const name = await this.#names.find(entry);
    if (name) await this.#fetcher.stores.delete(name).catch(() => {});
  }

  #pump(): void {
    const held = () => [...this.#landings.values()].filter(({ state }) => state === 'on its way' || state === 'in memory');
    while (this.#queue.length > 0 && held().length < this.#parallel) this.#start(this.#queue.shift()!);
  }

  #start(entry: FileEntry): Landing {
    const abort = new AbortController();
    const onAbort = () => abort.abort(this.#signal.reason);
    if (this.#signal.aborted) onAbort();
    this.#signal.addEventListener('abort', onAbort);
    const landed = this.#land(entry, abort.signal).finally(() => this.#signal.removeEventListener('abort', onAbort));
    const landing: Landing = { landed, abort, state: 'on its way' };
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
    const stored = await this.#stored(entry);
    if (stored) return stored;
    if (this.#isCut(entry)) return this.#landPart(entry);
    const part = await this.#names.part(entry);
    const fetching = this.#alone(part, async () => (await this.#stored(entry, true)) ?? this.#fetcher.fetch(entry, signal), signal);
    return fetching.catch((error: unknown) => {
      if (!(error instanceof NoRanges)) throw error;
      this.wholeFiles.add(entry.path);
      return this.#landPart(entry);
    });
  }

  async #stored(entry: FileEntry, isFresh?: boolean): Promise<Landed | undefined> {
    const name = await this.#names.find(entry, isFresh);
    if (!name || !(await this.#fetcher.stores.has(name, entry.bytes))) return undefined;
    this.#events.onStored(entry);
    return { name };
  }

  /** Runs `work` while no other tab fetches the same file. */
  #alone<T>(part: string, work: () => Promise<T>, signal = this.#signal): Promise<T> {
    return this.#fetcher.stores.alone(part, work, signal);
  }

  #isCut({ path, offset }: FileEntry): boolean {
    return offset !== undefined && this.wholeFiles.has(path);
  }

  #addPart(entry: FileEntry): void {
    if (entry.offset === undefined) return;
    const parts = this.#parts.get(entry.path) ?? new Map<string, FileEntry>();
    this.#parts.set(entry.path, parts.set(key(entry), entry));
  }

  /** A part of a file that its server sends only as a whole. All parts that are wanted are cut out of it at once. */
  async #landPart(entry: FileEntry): Promise<Landed> {
    for (;;) {
      let cutting = this.#cutting.get(entry.path);
      if (!cutting) {
        this.#addPart(entry);
        const parts = [...this.#parts.get(entry.path)!.values()].sort((a, b) => a.offset! - b.offset!);
        this.#parts.delete(entry.path);
        cutting = this.#cut(entry.path, parts);
        this.#cutting.set(entry.path, cutting);
        cutting.catch(() => this.#cutting.delete(entry.path));
      }
      const parts = await cutting;
      const landed = parts.get(key(entry));
      parts.delete(key(entry));
      if ((parts.size === 0 || !landed) && this.#cutting.get(entry.path) === cutting) this.#cutting.delete(entry.path);
      if (landed) return landed;
    }
  }

  /** The parts of a file: those that another tab has stored meanwhile, and the others from the file. */
  async #cut(path: string, parts: readonly FileEntry[]): Promise<Map<string, Landed>> {
    return this.#alone(await this.#names.part({ path, bytes: 0 }), async () => {
      const stored = new Map<string, Landed>();
      for (const part of parts) {
        const landed = await this.#stored(part, true);
        if (landed) stored.set(key(part), landed);
      }
      const missing = parts.filter((part) => !stored.has(key(part)));
      return new Map([...stored, ...(missing.length > 0 ? await this.#fetcher.cut(missing) : [])]);
    });
  }
}
