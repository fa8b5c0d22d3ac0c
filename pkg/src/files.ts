// The files of one model: its manifest, or the small files of a checkpoint, and the weights, which are fetched ahead. What is stored is
// used when the network fails.
import { sweepLeftovers } from './contents.js';
import { Downloads } from './downloads.js';
import { LukeError } from './errors.js';
import { Fetcher } from './fetcher.js';
import { canHash, SECURE, sha256 } from './hash.js';
import { checkManifest, fileUrl, loadFiles, totalBytes, type FileEntry, type Manifest } from './manifest.js';
import type { Progress } from './progress.js';
import { readRecord, updateRecord } from './record.js';
import { withinStall, withRetries, type RetryOptions } from './retry.js';
import { download, type Download, type Source } from './source.js';
import type { Write } from './store/store.js';
import type { Stores } from './store/stores.js';

/** How files are fetched and kept. */
export interface FilesOptions extends RetryOptions {
  /** Maximum number of files that are fetched at once. */
  parallelDownloads: number;
  /** SHA-256 of `manifest.json`. */
  manifestHash?: string | undefined;
}

/** As in `src/folder/limits.rs`. */
const MAX_MANIFEST_BYTES = 8 << 20;

/** A manifest and its text. */
export interface Folder {
  text: string;
  manifest: Manifest;
  /** Whether it was stored under another query of the URL: nothing tells whether it is the same model. */
  isOther?: boolean;
}

export class ModelFiles {
  readonly source: Source;
  /** URL of the manifest, or where a manifest would be. */
  readonly url: string;
  readonly options: FilesOptions;
  readonly fetcher: Fetcher;
  readonly downloads: Downloads;
  readonly #progress: Progress;
  readonly #stop = new AbortController();
  #folder: Promise<Folder | undefined> | undefined;
  #keeping: Promise<boolean> | undefined;

  constructor(source: Source, url: string, stores: Stores, options: FilesOptions, progress: Progress) {
    this.source = source;
    this.url = url;
    // A file of this machine is the same at each try.
    this.options = url.startsWith('file:') ? { ...options, retries: 0 } : options;
    this.#progress = progress;
    this.fetcher = new Fetcher(source, (path) => fileUrl(url, path), stores, this.options, progress, this.signal);
    this.downloads = new Downloads(this.fetcher, options.parallelDownloads);
  }

  /** Aborts when the files are no longer wanted. */
  get signal(): AbortSignal {
    return this.#stop.signal;
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
    await (this.#keeping ??= this.#keepManifest(folder)); // before the files, which nobody could delete without it
    await this.wantParts(loadFiles(folder.manifest));
    return folder;
  }

  /** Fetches files that a load reads. */
  async wantParts(parts: readonly FileEntry[]): Promise<void> {
    this.#progress.expect(parts);
    await this.#checkRoom(parts);
    this.downloads.want(parts);
  }

  /** Notes that everything that a load reads is stored, before the load ends: its worker may be terminated then. */
  async complete(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined);
    const { stores, names } = this.fetcher;
    // Another tab may have deleted the model meanwhile.
    const hasLeftovers = folder ? await this.#keepManifest(folder) : await names.complete();
    if (hasLeftovers) await sweepLeftovers(stores, this.url);
  }

  /** Waits until files are in the store. */
  async land(entries: readonly FileEntry[]): Promise<void> {
    this.downloads.want(entries);
    for (const entry of entries) await this.downloads.land(entry);
  }

  /** Lets go of failures to fetch rows of the entity table, and if `isAll` of rows that were fetched ahead and not read. */
  clear(isAll: boolean): void {
    this.downloads.clear(isAll);
  }

  /** Gives `write` a file piece by piece. `ahead` are the files that will be read next; `again` says that the last copy was damaged. */
  read(file: FileEntry, ahead: readonly FileEntry[], again: boolean, write: Write): Promise<void> {
    const reading = this.downloads.read(file, again, write);
    this.downloads.want(ahead);
    return reading;
  }

  /** Looks for room for the files that are not stored yet. Without it, the load goes on in memory. */
  async #checkRoom(entries: readonly FileEntry[]): Promise<void> {
    const { stores, names } = this.fetcher;
    const { target } = stores;
    if (!target || target.kind === 'memory') return;
    const { usage = 0, quota = Infinity } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
    let missing = totalBytes(entries);
    if (missing <= quota - usage) return;
    for (const entry of entries) {
      const name = await names.find(entry);
      const isStored = name !== undefined && (await stores.has(name, entry.bytes));
      missing -= isStored ? entry.bytes : Math.min(entry.bytes, await this.fetcher.partBytes(entry));
    }
    if (missing > quota - usage) this.fetcher.storeFailed(target.kind, new DOMException(`${missing} bytes are needed, and ${quota - usage} are free`, 'QuotaExceededError'));
  }

  async #readManifest(): Promise<Folder | undefined> {
    const { manifestHash } = this.options;
    const fetching = async () => this.#parse(await this.#fetchManifest(manifestHash));
    const trying = () =>
      this.trying(this.url, fetching).catch((error: unknown) => {
        if (!isMissing(error) || manifestHash !== undefined) throw error;
        return undefined;
      });
    const pinned = await this.#storedText(manifestHash);
    if (pinned !== undefined) return this.#parse(pinned);
    const record = manifestHash === undefined ? await readRecord(this.fetcher.stores, this.url) : undefined;
    if (!record) return trying();
    // What is stored is used when the first try fails: without network nobody should wait for the others.
    return (record.isOther ? trying() : fetching()).catch(async (error: unknown) => {
      if (this.signal.aborted || (record.isOther && hasAnswered(error))) throw error;
      if (isMissing(error) && !record.manifest) return undefined;
      const stored = await this.#storedText(record.manifest);
      if (stored === undefined && !record.files) return trying();
      this.#progress.event('fallback', { file: this.url, reason: `what is stored is used: ${(error as Error).message}` });
      return stored === undefined ? undefined : { ...this.#parse(stored), isOther: record.isOther === true };
    });
  }

  #parse(text: string): Folder {
    return { text, manifest: checkManifest(this.url, text) };
  }

  async #fetchManifest(manifestHash: string | undefined): Promise<string> {
    const url = this.url;
    return withinStall(url, this.options.stallMs, this.signal, async (signal, alive) => {
      if (manifestHash !== undefined && !canHash()) throw new LukeError('unsupported', `manifestHash: ${SECURE}`);
      const response = await download(this.source, url, signal, undefined, this.fetcher.freshness);
      const bytes = await collect(response, url, alive, MAX_MANIFEST_BYTES);
      const hash = manifestHash !== undefined ? await sha256(bytes) : undefined;
      if (hash !== manifestHash) {
        throw new LukeError('integrity', `${url}: the SHA-256 is ${hash}, not ${manifestHash} as manifestHash says`, { url, sha256: hash });
      }
      const text = new TextDecoder().decode(bytes);
      // Many servers answer with a page where they have no file.
      if ((response.html && text.trimStart().startsWith('<')) || isPage(bytes)) throw missing(url, true);
      return text;
    });
  }

  /** Keeps the manifest for loads without network. */
  async #keepManifest({ text, manifest, isOther }: Folder): Promise<boolean> {
    if (isOther) return false;
    return updateRecord(this.fetcher.stores, this.url, async () => {
      const hash = await this.keep(new TextEncoder().encode(text));
      return hash === undefined ? undefined : { name: manifest.name ?? '', manifest: hash };
    });
  }

  /** Stores a file and gives its hash; `undefined` if it cannot be stored. A store that is full is noticed when the weights come. */
  async keep(bytes: Uint8Array<ArrayBuffer>): Promise<string | undefined> {
    const { stores } = this.fetcher;
    if (!stores.target || !canHash()) return undefined;
    const hash = await sha256(bytes);
    const isStored = (await stores.verified(hash)) !== undefined || (await stores.put(hash, bytes).then(() => true, () => false));
    return isStored ? hash : undefined;
  }

  async #storedText(hash: string | undefined): Promise<string | undefined> {
    const bytes = hash === undefined ? undefined : await this.fetcher.stores.verified(hash);
    return bytes && new TextDecoder().decode(bytes);
  }

  /** Tries something as often as the options say. */
  trying<T>(file: string, attempt: () => Promise<T>): Promise<T> {
    return withRetries(this.options, this.signal, (...retry) => this.#progress.retry(file, ...retry), attempt);
  }
}

/** All bytes of a response, or the first `wanted`. */
export async function collect(response: Download, url: string, alive: () => void, max: number, wanted = Infinity): Promise<Uint8Array<ArrayBuffer>> {
  const kept: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const piece of response.pieces) {
    alive();
    kept.push(piece.slice(0, wanted - length));
    length += piece.length;
    if (length > max) throw new LukeError('format', `${url} has more than ${max} bytes`, { url });
    if (length >= wanted) break; // leaving the loop ends the download
  }
  return new Uint8Array(await new Blob(kept).arrayBuffer());
}

/** Whether a server has answered, although not with the file. What is stored under another query of the URL then takes its place no more. */
export function hasAnswered(error: unknown): boolean {
  return ((error as LukeError).detail as { status?: number } | undefined)?.status !== undefined;
}

/** Whether a server or the disk said that there is no such file. Buckets whose list is private say that it is forbidden. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof LukeError)) return false;
  if (error.code === 'io') return error.detail.error === 'ENOENT' || error.detail.error === 'ENOTDIR';
  if (error.code !== 'network') return false;
  const { status = 0, isRedirected, errorCode } = error.detail;
  return status === 404 || status === 410 || (status === 403 && !isRedirected && errorCode === undefined);
}

/** Whether bytes are the start of an HTML page. Some servers send one of any type in place of a file that does not exist. */
export function isPage(bytes: Uint8Array): boolean {
  return /^\s*<(!doctype html|html)\b/i.test(new TextDecoder().decode(bytes.subarray(0, 1024)));
}

/** `isPage` says that the server sent a page in place of the file. */
export function missing(url: string, isPage: boolean): LukeError {
  return new LukeError('network', `${url} answered with ${isPage ? 'a page instead of the file' : 'status 404'}`, { url, status: 404, isPage });
}
