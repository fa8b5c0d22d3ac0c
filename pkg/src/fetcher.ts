// Brings one file of a model into the store or into memory: by ranges where a part of it is here, verified, and with retries.
import { LukeError } from './errors.js';
import type { FileEntry } from './manifest.js';
import { canHash, sha256 } from './hash.js';
import type { Progress } from './progress.js';
import { withinStall, withRetries, type RetryOptions } from './retry.js';
import { download, type ByteRange, type Download, type Freshness, type Source } from './source.js';
import { MemoryDraft, type Draft, type StoreKind } from './store/store.js';
import { isFull, type Stores } from './store/stores.js';

/** The names of files in the store. In a manifest an entry has its hash; the files of a checkpoint get theirs when they have come. */
export interface FileNames {
  /** The version of each file from which only parts are read. It must not change between two of them. */
  readonly versions: Map<string, string>;
  /** `isFresh` says that another tab may just have stored the file. */
  find(entry: FileEntry, isFresh?: boolean): Promise<string | undefined>;
  /** A name for the unfinished file, which depends on its version; `undefined` if nothing says which version it is: it is then not stored. */
  part(entry: FileEntry): Promise<string | undefined>;
  /** A file has come and is stored under this name. */
  add(entry: FileEntry, name: string): Promise<void>;
  /** Everything that a load reads is stored. Says whether files of an earlier version may still be stored. */
  complete(): Promise<boolean>;
}

/** The names of the files in a manifest. */
const HASHES: FileNames = {
  versions: new Map(),
  find: async ({ sha256 }) => sha256,
  part: async ({ sha256, path }) => sha256 ?? path,
  add: async () => {},
  complete: async () => false,
};

/** A file that is here: in the store under a name, or else in memory. */
export interface Landed {
  name?: string;
  content?: Blob;
}

/** Thrown when a server sends a whole file in place of a part. */
export class NoRanges {}

/** Thrown when the store refuses bytes. */
export class StoreFault {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

export class Fetcher {
  /** Files, by key, of which the HTTP cache or the store had a wrong copy. */
  readonly stale = new Set<string>();
  names = HASHES;
  readonly stores: Stores;
  readonly url: (path: string) => string;
  readonly options: RetryOptions;
  readonly progress: Progress;
  /** Ends all downloads. */
  readonly signal: AbortSignal;
  readonly #source: Source;
  /** What a server takes in `If-Range`, by path. */
  readonly #ifRange = new Map<string, string>();

  /** `url` gives the URL of a path. */
  constructor(source: Source, url: (path: string) => string, stores: Stores, options: RetryOptions, progress: Progress, signal: AbortSignal) {
    this.#source = source;
    this.url = url;
    this.stores = stores;
    this.options = options;
    this.progress = progress;
    this.signal = signal;
  }

  /** How to ask for a file of which no hash is known. */
  get freshness(): Freshness {
    return this.stores.isOff ? 'no-store' : 'no-cache';
  }

  /** Fetches a file, or a part of one. Rejects with `NoRanges` if the server does not send parts. `signal` ends this download alone. */
  async fetch(entry: FileEntry, signal = this.signal): Promise<Landed> {
    let draft = await this.draft(entry);
    /** Bytes of an earlier draft. They are told with the first byte after them, when the server has agreed to go on there. */
    let kept = draft.length;
    const told = () => this.progress.count(entry, draft.length, kept);
    const reset = () => {
      inStore(() => draft.reset());
      kept = 0;
      told();
    };
    const attempt = async (): Promise<Landed> => {
      try {
        if (draft.length > entry.bytes) reset();
        if (draft.length < entry.bytes) await this.#receive(entry, draft, told, reset, signal);
        told();
        return await this.verify(entry, draft, reset);
      } catch (error) {
        if (!(error instanceof StoreFault)) throw error;
        draft = await this.#afterFault(entry, draft, error);
        told();
        return attempt();
      }
    };
    const onRetry = (error: LukeError, tried: number, waitMs: number) => {
      if (error.code === 'integrity') this.stale.add(key(entry)); // perhaps the HTTP cache has an earlier version
      this.progress.retry(entry.path, error, tried, waitMs);
    };
    try {
      return await withRetries(this.options, signal, onRetry, attempt, () => draft.length);
    } finally {
      draft.close();
    }
  }

  async #receive(entry: FileEntry, draft: Draft, told: () => void, reset: () => void, ended: AbortSignal): Promise<void> {
    const url = this.url(entry.path);
    const { offset, bytes } = entry;
    await withinStall(url, this.options.stallMs, ended, async (signal, alive) => {
      const from = draft.length;
      const isRange = offset !== undefined || from > 0;
      const range: ByteRange | undefined = isRange ? { offset: (offset ?? 0) + from, bytes: bytes - from, ifRange: this.#ifRange.get(entry.path) } : undefined;
      const response = await this.open(entry, signal, range).catch((error: unknown) => {
        if (from === 0 || !(error instanceof LukeError && (error.detail as { status?: number } | undefined)?.status === 416)) throw error;
        reset();
        throw wrongLength(entry, url, `is cut short at ${from} of`);
      });
      if (range && response.status !== 206) {
        if (offset !== undefined) {
          throw new NoRanges();
        }
        reset(); // the whole file comes
      } else if (range && response.start !== undefined && response.start !== range.offset) {
        throw new LukeError('network', `${url}: the server sent another range than was requested`, { url });
      }
      for await (const piece of response.pieces) {
        signal.throwIfAborted();
        alive();
        if (draft.length + piece.length > bytes) {
          reset();
          throw wrongLength(entry, url, 'has more bytes than');
        }
        inStore(() => draft.write(piece));
        told();
      }
      if (draft.length < bytes) throw wrongLength(entry, url, `is cut short at ${draft.length} of`);
    });
  }

  /** Starts the download of a file. Rejects with `integrity` if it is another version than before. */
  async open(entry: FileEntry, signal: AbortSignal, range?: ByteRange): Promise<Download> {
    const url = this.url(entry.path);
    // What is stored here need not be in the HTTP cache too.
    const freshness = this.stores.target || this.stores.isOff ? 'no-store' : this.stale.has(key(entry)) ? 'reload' : undefined;
    const response = await download(this.#source, url, signal, range, freshness);
    if (entry.offset !== undefined) checkVersion(url, this.names.versions.get(entry.path), response.version);
    // A page to log in, or of a server that has a page for every address: it may be over at the next try.
    if (response.html) throw new LukeError('network', `${url} answered with a page instead of the file`, { url });
    if (response.ifRange) this.#ifRange.set(entry.path, response.ifRange);
    return response;
  }

  /** Checks the bytes of a draft, and stores them. Calls `reset` if they are wrong. */
  async verify(entry: FileEntry, draft: Draft, reset: () => void): Promise<Landed> {
    this.progress.event('verify', { file: entry.path });
    const content = inStore(() => draft.content());
    const hash = canHash() ? await sha256(content) : undefined;
    if (entry.sha256 !== undefined && hash !== undefined && hash !== entry.sha256) {
      reset();
      throw new LukeError('integrity', `${entry.path}: the SHA-256 is ${hash}, not ${entry.sha256} as the manifest says (${this.url(entry.path)})`, { file: entry.path, sha256: hash });
    }
    const name = entry.sha256 ?? hash;
    if (draft.kind === undefined || name === undefined) return { content: new Blob([inStore(() => draft.content())]) };
    await draft.commit(name).catch((error: unknown) => {
      throw new StoreFault(error);
    });
    await this.names.add(entry, name);
    return { name };
  }

  /** Number of bytes of an unfinished file that are in the store. */
  async partBytes(entry: FileEntry): Promise<number> {
    const part = await this.names.part(entry);
    return (part !== undefined && (await this.stores.target?.partBytes(part).catch(() => 0))) || 0;
  }

  /** A draft in the store, or in memory if there is no store. */
  async draft(entry: FileEntry, isEmpty = false): Promise<Draft> {
    const { target } = this.stores;
    if (target) {
      let draft: Draft | undefined;
      try {
        const part = await this.names.part(entry);
        if (part === undefined) return new MemoryDraft(entry.bytes);
        draft = await target.draft(part, entry.bytes);
        if (isEmpty) draft.reset();
        return draft;
      } catch (error) {
        draft?.close();
        this.storeFailed(target.kind, error);
        return this.draft(entry, isEmpty);
      }
    }
    return new MemoryDraft(entry.bytes);
  }

  /** The bytes that have come so far, in the next store or in memory. */
  async #afterFault(entry: FileEntry, draft: Draft, { error }: StoreFault): Promise<Draft> {
    this.storeFailed(draft.kind, error);
    const copy = await this.draft(entry, true);
    try {
      copy.write(draft.content());
      draft.reset();
    } catch {
      this.lost(entry);
    }
    draft.close();
    return copy;
  }

  /** Takes back the bytes of a file that has to be fetched again. */
  lost(entry: FileEntry): void {
    this.progress.count(entry, 0, 0);
    this.progress.event('retry', { file: entry.path, reason: `what is here of ${entry.path} is damaged or gone` });
  }

  /**
   * Goes on with the next store, or in memory, if it is still this one that is written. Throws `quota` if the user asked for this store by
   * name and it is full.
   */
  storeFailed(kind: StoreKind | undefined, error: unknown): void {
    const { target, isRequired } = this.stores;
    if (!target || target.kind !== kind) return;
    if (isRequired && isFull(error)) {
      throw new LukeError('quota', `the browser has no room for the model in its store "${target.kind}": ${String(error)}`, { error: String(error) }, { cause: error });
    }
    this.stores.leaveTarget(error);
    const next = this.stores.target;
    if (next) this.progress.event('fallback', { reason: `the store "${kind}" does not work, so "${next.kind}" is used: ${String(error)}` });
    else this.progress.event('quota', { reason: `the model is kept in memory only: ${String(error)}` });
  }
}

/** Runs an operation of the store. */
export function inStore<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw new StoreFault(error);
  }
}

/** Throws `integrity` if a file has another version than the parts of it that are here. */
export function checkVersion(url: string, known: string | undefined, version: string | undefined): void {
  if (known === undefined || version === undefined || known === version) return;
  throw new LukeError('integrity', `${url} was replaced while it was read`, { url, isReplaced: true });
}

export function wrongLength({ path, bytes }: FileEntry, url: string, how: string): LukeError {
  return new LukeError('integrity', `${path} ${how} the ${bytes} bytes that the manifest says (${url})`, { file: path, url, bytes });
}

/** A file, or a part of one. */
export function key({ path, offset }: FileEntry): string {
  return offset === undefined ? path : `${path} from ${offset}`;
}
