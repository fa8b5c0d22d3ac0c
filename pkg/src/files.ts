// The files of one model: its manifest, or the small files of a checkpoint, and the weights, which are fetched ahead. What is stored is
// used when the network fails.
import { Downloads } from './downloads.js';
import { LukeError } from './errors.js';
import { Fetcher, key } from './fetcher.js';
import { checkManifest, fileUrl, loadFiles, type FileEntry, type Manifest } from './manifest.js';
import { Names } from './names.js';
import type { Progress } from './progress.js';
import { canHash, sha256, updateRecord } from './record.js';
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
  readonly #options: FilesOptions;
  readonly #progress: Progress;
  readonly #stop = new AbortController();
  readonly #names: Names;
  readonly #fetcher: Fetcher;
  readonly #downloads: Downloads;
  #folder: Promise<Folder | undefined> | undefined;
  #keeping: Promise<void> | undefined;

  /** `url` is that of the manifest, or where a manifest would be. */
  constructor(source: Source, url: string, stores: Stores, options: FilesOptions, progress: Progress) {
    this.#source = source;
    this.#url = url;
    this.#options = options;
    this.#progress = progress;
    this.#names = new Names(stores, url);
    const { signal } = this.#stop;
    const events = {
      onBytes: (entry: FileEntry, here: number, stored: number) => progress.count(entry, here, stored),
      onVerify: (entry: FileEntry) => progress.event('verify', { file: entry.path }),
      onRetry: (entry: FileEntry, error: LukeError, attempt: number, waitMs: number) => this.#onRetry(entry.path, error, attempt, waitMs),
      onStoreFailed: (error: unknown) => progress.event('quota', { reason: `the model is kept in memory only: ${String(error)}` }),
      onStored: (entry: FileEntry) => progress.count(entry, entry.bytes, entry.bytes),
      onLost: (entry: FileEntry) => {
        progress.count(entry, 0, 0);
        progress.event('retry', { file: entry.path, reason: `what is here of ${entry.path} is damaged or gone` });
      },
    };
    this.#fetcher = new Fetcher(source, (path) => fileUrl(url, path), this.#names, stores, options, events, signal);
    this.#downloads = new Downloads(this.#fetcher, this.#names, options.parallelDownloads, events, signal);
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
    return (this.#folder ??= this.#readManifest());
  }

  /** The manifest, whose files are on their way from then on. */
  async folder(): Promise<Folder | undefined> {
    const folder = await this.manifest();
    if (!folder) return undefined;
    await this.wantParts(loadFiles(folder.manifest));
    this.#keeping ??= this.#keepManifest(folder);
    return folder;
  }

  /** Fetches files that a load reads. */
  async wantParts(parts: readonly FileEntry[]): Promise<void> {
    this.#progress.expect(parts);
    await this.#checkRoom(parts);
    this.#downloads.want(parts);
  }

  /** Notes that everything that a load reads is stored. */
  async complete(): Promise<void> {
    await this.#keeping;
    if (!(await this.#folder) && this.#fetcher.stores.target) await this.#names.complete();
  }

  /** Waits until files are in the store. */
  async land(entries: readonly FileEntry[]): Promise<void> {
    this.#downloads.want(entries);
    for (const entry of entries) await this.#downloads.land(entry);
  }

  /** Lets go of failures to fetch rows of the entity table, and if `isAll` of rows that were fetched ahead and not read. */
  clear(isAll: boolean): void {
    this.#downloads.clear(isAll);
  }

  /** Gives `write` a file piece by piece. `ahead` are the files that will be read next; `again` says that the last copy was damaged. */
  read(file: FileEntry, ahead: readonly FileEntry[], again: boolean, write: Write): Promise<void> {
    const reading = this.#downloads.read(file, again, write);
    this.#downloads.want(ahead);
    return reading;
  }

  /** A small file of a checkpoint, or the start of a weight file. Rejects with `network` and the status if the server does not have it. */
  async small(path: string, range?: ByteRange): Promise<Uint8Array<ArrayBuffer>> {
    const name = key({ path, bytes: 0, ...(range && { offset: range.offset }) });
    const fetching = async () => {
      const bytes = await this.#fetchSmall(path, range);
      const hash = await this.#keep(bytes);
      if (hash) await this.#names.note(name, { sha256: hash, bytes: bytes.length });
      return bytes;
    };
    const record = await this.#names.record();
    const stored = record?.files?.[name];
    if (stored === undefined) {
      return this.#retrying(path, fetching).catch(async (error: unknown) => {
        if (isMissing(error)) await this.#names.note(name, null);
        throw error;
      });
    }
    return fetching().catch(async (error: unknown) => {
      if (this.#stop.signal.aborted || isReplaced(error)) throw error;
      if (isMissing(error)) {
        if (stored) await this.#names.note(name, null);
        throw error;
      }
      if (!stored) throw missing(fileUrl(this.#url, path), false);
      const version = record!.versions?.[path];
      if (version !== undefined) this.#names.versions.set(path, version);
      return (await this.#storedBytes(stored.sha256)) ?? this.#retrying(path, fetching);
    });
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
    const { versions } = this.#names;
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
    const fetching = async () => this.#parse(await this.#fetchManifest(manifestHash));
    const retrying = () =>
      this.#retrying(this.#url, fetching).catch((error: unknown) => {
        if (!isMissing(error) || manifestHash !== undefined) throw error;
        return undefined;
      });
    const pinned = await this.#storedText(manifestHash);
    if (pinned !== undefined) return this.#parse(pinned);
    const record = manifestHash === undefined ? await this.#names.record() : undefined;
    if (!record) return retrying();
    // What is stored is used when the first try fails: without network nobody should wait for the others.
    return fetching().catch(async (error: unknown) => {
      if (this.#stop.signal.aborted) throw error;
      if (isMissing(error) && !record.manifest) return undefined;
      const stored = await this.#storedText(record.manifest);
      if (stored === undefined && !record.files) return retrying();
      this.#progress.event('fallback', { file: this.#url, reason: `what is stored is used: ${(error as Error).message}` });
      return stored === undefined ? undefined : this.#parse(stored);
    });
  }

  #parse(text: string): Folder {
    return { text, manifest: checkManifest(this.#url, text) };
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

  /** Keeps the manifest for loads without network. */
  async #keepManifest({ text, manifest }: Folder): Promise<void> {
    const hash = await this.#keep(new TextEncoder().encode(text));
    if (hash) await updateRecord(this.#fetcher.stores, this.#url, () => ({ name: manifest.name ?? '', manifest: hash }));
  }

  /** Stores a file and gives its hash; `undefined` if it cannot be stored. A store that is full is noticed when the weights come. */
  async #keep(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
    const { stores } = this.#fetcher;
    if (!stores.target || !canHash()) return undefined;
    const hash = await sha256(bytes);
    const isStored = (await this.#storedBytes(hash)) !== undefined || (await stores.put(hash, bytes).then(() => true, () => false));
    return isStored ? hash : undefined;
  }

  #storedText(hash: string | undefined): Promise<string | undefined> {
    return this.#storedBytes(hash).then((bytes) => bytes && new TextDecoder().decode(bytes));
  }

  /** A stored file, if its content is still that of its name. */
  async #storedBytes(hash: string | undefined): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (hash === undefined) return undefined;
    const kept: Uint8Array<ArrayBuffer>[] = [];
    const isThere = await this.#fetcher.stores.read(hash, (piece) => kept.push(piece.slice())).catch(() => false);
    const bytes = new Uint8Array(await new Blob(kept).arrayBuffer());
    return isThere && (await sha256(bytes)) === hash ? bytes : undefined;
  }

  #retrying<T>(file: string, attempt: () => Promise<T>): Promise<T> {
    return withRetries(this.#options, this.#stop.signal, (error, tried, waitMs) => this.#onRetry(file, error, tried, waitMs), attempt);
  }

  #onRetry(file: string, error: LukeError, attempt: number, waitMs: number): void {
    this.#progress.event('retry', { file, attempt, waitMs: Math.round(waitMs), reason: error.message });
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
  if (!(error instanceof LukeError && error.code === 'network')) return false;
  const { status = 0, isRedirected } = (error.detail ?? {}) as { status?: number; isRedirected?: boolean };
  return status === 404 || status === 410 || (status === 403 && !isRedirected);
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
