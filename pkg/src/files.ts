// The files of one model: its manifest, or the small files of a checkpoint, and the weights, which are fetched ahead. What is stored is
// used when the network fails.
import { Downloads } from './downloads.js';
import { LukeError } from './errors.js';
import { Fetcher, key, type FileNames } from './fetcher.js';
import { checkManifest, fileUrl, loadFiles, type FileEntry, type Manifest } from './manifest.js';
import type { Progress } from './progress.js';
import { canHash, readRecord, sha256, withoutQuery, writeRecord, type ModelRecord } from './record.js';
import { withinStall, withRetries, type RetryOptions } from './retry.js';
import { download, type ByteRange, type Download, type Source } from './source.js';
import type { Write } from './store/store.js';
import type { Stores } from './store/stores.js';

/** How files are fetched and kept. */
export interface FilesOptions extends RetryOptions {
  /** Maximum number of files that are fetched at once. */
  parallelDownloads: number;
  /** SHA-256 of `manifest.json`. */
  manifestHash?: string | undefined;
}

/** Bytes of a manifest (`MAX_MANIFEST_BYTES` in `src/folder/limits.rs`), and of a small file of a checkpoint. */
const MAX_MANIFEST_BYTES = 8 << 20;
const MAX_SMALL_BYTES = 1 << 28;

/** A manifest and its text. */
export interface Folder {
  text: string;
  manifest: Manifest;
}

export class ModelFiles {
  readonly #source: Source;
  readonly #url: string;
  readonly #stores: Stores;
  readonly #options: FilesOptions;
  readonly #progress: Progress;
  readonly #stop = new AbortController();
  readonly #fetcher: Fetcher;
  readonly #downloads: Downloads;
  #record: Promise<ModelRecord | undefined>;
  /** Names of a checkpoint's files that are being added to the record. */
  #added: NonNullable<ModelRecord['files']> = {};
  #isComplete = false;
  #isWriteQueued = false;
  #writing: Promise<void> = Promise.resolve();
  #folder: Promise<Folder | undefined> | undefined;

  /** `url` is that of the manifest, or where a manifest would be. */
  constructor(source: Source, url: string, stores: Stores, options: FilesOptions, progress: Progress) {
    this.#source = source;
    this.#url = url;
    this.#stores = stores;
    this.#options = options;
    this.#progress = progress;
    this.#record = readRecord(stores, url);
    this.#record.catch(() => {});
    const { signal } = this.#stop;
    const events = {
      onBytes: (entry: FileEntry, here: number, stored: number) => progress.count(entry, here, stored),
      onVerify: (entry: FileEntry) => progress.event('verify', { file: entry.path }),
      onRetry: (entry: FileEntry, error: LukeError, attempt: number, waitMs: number) => this.#onRetry(entry.path, error, attempt, waitMs),
      onStoreFailed: (error: unknown) => progress.event('quota', { reason: `the model is kept in memory only: ${String(error)}` }),
    };
    this.#fetcher = new Fetcher(source, (path) => fileUrl(url, path), this.#names, stores, options, events, signal);
    const landing = {
      onStored: (entry: FileEntry) => progress.count(entry, entry.bytes, entry.bytes),
      onLost: (entry: FileEntry) => {
        progress.count(entry, 0, 0);
        progress.event('retry', { file: entry.path, reason: `what is here of ${entry.path} is damaged or gone` });
      },
    };
    this.#downloads = new Downloads(this.#fetcher, this.#names, options.parallelDownloads, landing, signal);
  }

  /** Ends all downloads. */
  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /**
   * The manifest; `undefined` if the server has none, as for a checkpoint. Without network it is the one that was stored. With
   * `manifestHash` a stored one needs no request.
   */
  manifest(): Promise<Folder | undefined> {
    this.#folder ??= this.#readManifest();
    this.#folder.catch(() => (this.#folder = undefined));
    return this.#folder;
  }

  /** The manifest, whose files are on their way from then on. */
  async folder(): Promise<Folder | undefined> {
    const folder = await this.manifest();
    if (folder) {
      void this.#keepManifest(folder);
      await this.wantParts(loadFiles(folder.manifest));
    }
    return folder;
  }

  /** Fetches files that a load reads. */
  async wantParts(parts: readonly FileEntry[]): Promise<void> {
    this.#progress.expect(parts);
    await this.#checkRoom(parts);
    this.#downloads.want(parts);
  }

  /** Notes that everything that a load of a checkpoint reads is stored. */
  async complete(): Promise<void> {
    if ((await this.#folder) || !this.#fetcher.stores.target) return;
    this.#isComplete = true;
    await this.#queueWrite();
  }

  /** Waits until files are in the store. */
  async land(entries: readonly FileEntry[]): Promise<void> {
    this.#downloads.want(entries);
    for (const entry of entries) await this.#downloads.land(entry);
  }

  /** A call begins, and `isAlone` if no other call is under way; see `Downloads.begin`. */
  begin(isAlone: boolean): void {
    this.#downloads.begin(isAlone);
  }

  /** Gives `write` a file piece by piece. `ahead` are the files that will be read next; `again` says that the last copy was damaged. */
  read(file: FileEntry, ahead: readonly FileEntry[], again: boolean, write: Write): Promise<void> {
    const reading = this.#downloads.read(file, again, write);
    this.#downloads.want(ahead);
    return reading;
  }

  /** A small file of a checkpoint, or the start of a weight file. Rejects with `network` and the status if the server does not have it. */
  async small(path: string, range?: ByteRange): Promise<Uint8Array<ArrayBuffer>> {
    const entry: FileEntry = { path, bytes: range?.bytes ?? 0, ...(range && { offset: range.offset }) };
    try {
      const bytes = await this.#retrying(path, () => this.#fetchSmall(path, range));
      await this.#keep(key(entry), bytes);
      return bytes;
    } catch (error) {
      if (this.#stop.signal.aborted || isReplaced(error)) throw error;
      const stored = (await this.#record)?.files?.[key(entry)];
      if (isMissing(error)) {
        if (stored !== null) await this.#add(key(entry), null);
        throw error;
      }
      if (stored === null) throw missing(fileUrl(this.#url, path), false);
      const bytes = stored && (await this.#storedBytes(stored.sha256));
      if (!bytes) throw error;
      const version = (await this.#record)?.versions?.[path];
      if (version !== undefined) this.#fetcher.versions.set(path, version);
      return bytes;
    }
  }

  async #fetchSmall(path: string, range?: ByteRange): Promise<Uint8Array<ArrayBuffer>> {
    const url = fileUrl(this.#url, path);
    return withinStall(url, this.#options.stallMs, this.#stop.signal, async (signal, alive) => {
      const response = await download(this.#source, url, signal, range, 'no-cache');
      if (response.html) throw cancelled(response, missing(url, true));
      if (range) this.#see(path, url, response);
      return collect(response, url, range?.bytes, alive);
    });
  }

  /** Remembers the version of a weight file, and whether its server sends parts. */
  #see(path: string, url: string, response: Download): void {
    const { versions } = this.#fetcher;
    const known = versions.get(path);
    if (known !== undefined && response.version !== undefined && known !== response.version) {
      throw cancelled(response, new LukeError('integrity', `${url} was replaced while it was read`, { url, isReplaced: true }));
    }
    if (response.version !== undefined) versions.set(path, response.version);
    if (response.status !== 206) this.#downloads.wholeFiles.add(path);
  }

  /** Looks for room for the files that are not stored yet. Without it, the load goes on in memory. */
  async #checkRoom(entries: readonly FileEntry[]): Promise<void> {
    const { stores } = this.#fetcher;
    if (!stores.target || stores.target.kind === 'memory') return;
    const { usage = 0, quota = Infinity } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
    let missing = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    if (missing <= quota - usage) return;
    for (const entry of entries) {
      const name = await this.#names.find(entry);
      if (name && (await stores.has(name, entry.bytes))) missing -= entry.bytes;
    }
    if (missing > quota - usage) this.#fetcher.storeFailed(new DOMException(`${missing} bytes are needed, and ${quota - usage} are free`, 'QuotaExceededError'));
  }

  async #readManifest(): Promise<Folder | undefined> {
    const { manifestHash } = this.#options;
    const pinned = manifestHash === undefined ? undefined : await this.#storedText(manifestHash);
    if (pinned !== undefined) return this.#parse(pinned);
    const record = await this.#record.catch(() => undefined);
    try {
      // A manifest that is stored is used when the first try fails: without network nobody should wait for the others.
      const fetching = () => this.#fetchManifest(manifestHash);
      const text = record?.manifest ? await fetching() : await this.#retrying(this.#url, fetching);
      return this.#parse(text);
    } catch (error) {
      if (this.#stop.signal.aborted) throw error;
      const stored = manifestHash === undefined && record?.manifest ? await this.#storedText(record.manifest) : undefined;
      if (stored !== undefined) {
        this.#progress.event('fallback', { file: this.#url, reason: `the stored manifest is used: ${(error as Error).message}` });
        return this.#parse(stored);
      }
      if (isMissing(error) && manifestHash === undefined) return undefined;
      throw error;
    }
  }

  #parse(text: string): Folder {
    return { text, manifest: checkManifest(this.#url, text) };
  }

  /** Keeps the manifest for loads without network. */
  async #keepManifest({ text, manifest }: Folder): Promise<void> {
    if (!this.#stores.target || !canHash()) return;
    const bytes = new TextEncoder().encode(text);
    const hash = await sha256(bytes);
    const isStored = await this.#stores.has(hash, bytes.length);
    if (isStored && (await this.#record.catch(() => undefined))?.manifest === hash) return;
    await this.#stores.putText(hash, text).catch(() => {});
    await writeRecord(this.#stores, this.#url, { name: manifest.name ?? '', manifest: hash });
  }

  async #fetchManifest(manifestHash: string | undefined): Promise<string> {
    const url = this.#url;
    return withinStall(url, this.#options.stallMs, this.#stop.signal, async (signal, alive) => {
      const response = await download(this.#source, url, signal, undefined, 'no-cache');
      const bytes = await collect(response, url, undefined, alive, MAX_MANIFEST_BYTES);
      const hash = manifestHash !== undefined && canHash() ? await sha256(bytes) : manifestHash;
      if (hash !== manifestHash) {
        throw new LukeError('integrity', `${url}: the SHA-256 is ${hash}, not ${manifestHash} as manifestHash says`, { url, sha256: hash });
      }
      const text = new TextDecoder().decode(bytes);
      // Many servers answer with a page where they have no file.
      if (response.html && text.trimStart().startsWith('<')) throw missing(url, true);
      return text;
    });
  }

  #storedText(hash: string): Promise<string | undefined> {
    return this.#storedBytes(hash).then((bytes) => bytes && new TextDecoder().decode(bytes));
  }

  /** A stored file, if its content is still that of its name. */
  async #storedBytes(hash: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const kept: Uint8Array<ArrayBuffer>[] = [];
    const isThere = await this.#stores.read(hash, (piece) => kept.push(piece.slice())).catch(() => false);
    const bytes = new Uint8Array(await new Blob(kept).arrayBuffer());
    return isThere && (await sha256(bytes)) === hash ? bytes : undefined;
  }

  #retrying<T>(file: string, attempt: () => Promise<T>): Promise<T> {
    return withRetries(this.#options, this.#stop.signal, (error, tried, waitMs) => this.#onRetry(file, error, tried, waitMs), attempt);
  }

  #onRetry(file: string, error: LukeError, attempt: number, waitMs: number): void {
    this.#progress.event('retry', { file, attempt, waitMs: Math.round(waitMs), reason: error.message });
  }

  readonly #names: FileNames = {
    find: async (entry) => {
      if (entry.sha256 !== undefined) return entry.sha256;
      const version = this.#fetcher.versions.get(entry.path);
      const record = await this.#freshRecord();
      if (version === undefined || record?.versions?.[entry.path] !== version) return undefined;
      return record.files?.[key(entry)]?.sha256;
    },
    part: async (entry) => {
      if (entry.sha256 !== undefined) return entry.sha256;
      // Without a version nobody knows whether the rest of the file still fits: such a part is not continued.
      const version = this.#fetcher.versions.get(entry.path) ?? String(Math.random());
      const name = `${withoutQuery(fileUrl(this.#url, entry.path))} ${version} ${key(entry)}`;
      return canHash() ? sha256(new TextEncoder().encode(name)) : name;
    },
    add: async (entry, name) => {
      if (entry.sha256 === undefined && this.#fetcher.versions.has(entry.path)) await this.#add(key(entry), { sha256: name, bytes: entry.bytes });
    },
  };

  #readAt = 0;
  /** The record, which another tab may have changed. */
  #freshRecord(): Promise<ModelRecord | undefined> {
    if (performance.now() - this.#readAt > 100) {
      this.#readAt = performance.now();
      this.#record = readRecord(this.#stores, this.#url).catch(() => undefined);
    }
    return this.#record;
  }

  async #keep(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { target } = this.#fetcher.stores;
    if (!target || !canHash()) return;
    const hash = await sha256(bytes);
    if ((await target.size(hash)) !== bytes.length) {
      const draft = await target.draft(hash, bytes.length);
      try {
        draft.reset();
        draft.write(bytes);
        await draft.commit(hash);
      } catch {
        return; // a store that is full is noticed when the weights come
      } finally {
        draft.close();
      }
    }
    await this.#add(name, { sha256: hash, bytes: bytes.length });
  }

  /** Adds a file to the record. Files that come while a record is written are written together. */
  #add(name: string, file: { sha256: string; bytes: number } | null): Promise<void> {
    this.#added[name] = file;
    return this.#queueWrite();
  }

  #queueWrite(): Promise<void> {
    if (!this.#isWriteQueued) this.#writing = this.#writing.then(() => this.#writeAdded());
    this.#isWriteQueued = true;
    return this.#writing;
  }

  async #writeAdded(): Promise<void> {
    const added = this.#added;
    this.#added = {};
    this.#isWriteQueued = false;
    const old = await readRecord(this.#stores, this.#url).catch(() => undefined);
    const versions = Object.fromEntries(this.#fetcher.versions);
    // Parts of an earlier version of a file are of no use.
    const isCurrent = (name: string) => {
      const path = name.replace(/ from \d+$/, '');
      return versions[path] === undefined || old?.versions?.[path] === versions[path];
    };
    const kept = Object.entries(old?.files ?? {}).filter(([name]) => isCurrent(name));
    const record = { name: old?.name ?? '', files: { ...Object.fromEntries(kept), ...added }, versions: { ...old?.versions, ...versions }, isComplete: this.#isComplete };
    await writeRecord(this.#stores, this.#url, record);
    this.#readAt = 0;
  }
}

/** All bytes of a response, or the first `wanted`. */
async function collect(response: Download, url: string, wanted: number | undefined, alive: () => void, max = MAX_SMALL_BYTES): Promise<Uint8Array<ArrayBuffer>> {
  const kept: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const piece of response.pieces) {
    alive();
    kept.push(piece.slice(0, (wanted ?? Infinity) - length));
    length += piece.length;
    if (length > max) throw new LukeError('format', `${url} has more than ${max} bytes`, { url });
    if (wanted !== undefined && length >= wanted) break; // leaving the loop ends the download
  }
  return new Uint8Array(await new Blob(kept).arrayBuffer());
}

/** Whether a server said that there is no such file. Buckets whose list is private say that it is forbidden. */
export function isMissing(error: unknown): boolean {
  return error instanceof LukeError && error.code === 'network' && [403, 404, 410].includes((error.detail as { status?: number } | undefined)?.status ?? 0);
}

/** `isPage` says that the server sent a page in place of the file. */
function missing(url: string, isPage: boolean): LukeError {
  return new LukeError('network', `${url} answered with ${isPage ? 'a page instead of the file' : 'status 404'}`, { url, status: 404, isPage });
}

function cancelled(response: Download, error: LukeError): LukeError {
  response.cancel();
  return error;
}

function isReplaced(error: unknown): boolean {
  return error instanceof LukeError && (error.detail as { isReplaced?: boolean } | undefined)?.isReplaced === true;
}
