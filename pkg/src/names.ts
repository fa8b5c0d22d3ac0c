// The names of a checkpoint's files in the store: no manifest has their hashes, so they are kept in its record.
import { key, type FileNames } from './fetcher.js';
import type { FileEntry } from './manifest.js';
import { canHash, hashText } from './hash.js';
import { readRecords, recordOf, updateRecord, withoutQuery, type Found, type ModelRecord, type RecordedFile } from './record.js';
import type { Stores } from './store/stores.js';

/** How long a record that was read is believed. Another tab may change it. */
const FRESH_MS = 100;

export class RecordedNames implements FileNames {
  readonly versions = new Map<string, string>();
  readonly #stores: Stores;
  readonly #url: string;
  #records: Promise<ModelRecord[]> | undefined;
  #readAt = 0;
  /** Files that are not in the record yet. */
  #added: NonNullable<ModelRecord['files']> = {};
  #isComplete = false;
  /** Whether the server gives no version of a weight file: nobody could tell later whether its parts belong together. */
  #isUnversioned = false;
  /** Whether what is read belongs to another query of the URL. It is then not noted. */
  #isOther = false;
  #writing: Promise<boolean> = Promise.resolve(false);
  #queued: Promise<boolean> | undefined;

  /** `url` is that of the manifest, or where a manifest would be. */
  constructor(stores: Stores, url: string) {
    this.#stores = stores;
    this.#url = url;
  }

  /** The record of the model. */
  async record(): Promise<Found | undefined> {
    return recordOf(await this.#read(), this.#url);
  }

  /** Files are read from this record, because the server does not answer. */
  use({ isOther = false }: Found): void {
    this.#isOther ||= isOther;
  }

  /** A part of the same version, also under another query: a token in it may have changed. */
  async find(entry: FileEntry, isFresh = false): Promise<string | undefined> {
    const version = this.versions.get(entry.path);
    if (version === undefined) return undefined;
    const name = key(entry);
    const file = (await this.#read(isFresh)).find(({ versions, files }) => versions?.[entry.path] === version && files?.[name])?.files?.[name];
    if (file) this.#added[name] = file;
    return file?.sha256;
  }

  /** The records under the URL; with `isFresh`, as they are now. */
  #read(isFresh = false): Promise<ModelRecord[]> {
    if (isFresh || !this.#records || performance.now() - this.#readAt > FRESH_MS) {
      this.#readAt = performance.now();
      this.#records = readRecords(this.#stores, this.#url);
    }
    return this.#records;
  }

  async part(entry: FileEntry): Promise<string | undefined> {
    const version = this.versions.get(entry.path);
    if (version === undefined) {
      this.#isUnversioned = true;
      return undefined;
    }
    const name = `${withoutQuery(new URL(entry.path, this.#url).href)} ${version} ${key(entry)}`;
    return canHash() ? hashText(name) : name;
  }

  async add(entry: FileEntry, name: string): Promise<void> {
    if (this.versions.has(entry.path)) await this.note(key(entry), { sha256: name, bytes: entry.bytes });
  }

  /** Adds a file to the record; `null` says that the server does not have it. Files that come while a record is written are written together. */
  async note(name: string, file: RecordedFile | null): Promise<void> {
    this.#added[name] = file;
    await this.#write();
  }

  /** Notes that everything that a load of the checkpoint reads is stored. */
  complete(): Promise<boolean> {
    this.#isComplete = !this.#isUnversioned;
    return this.#write();
  }

  async #write(): Promise<boolean> {
    if (this.#isOther) return false;
    this.#queued ??= this.#writing.then(() => {
      const added = this.#added;
      this.#added = {};
      this.#queued = undefined;
      this.#writing = updateRecord(this.#stores, this.#url, (old) => this.#changed(old, added)).finally(() => (this.#records = undefined));
      return this.#writing;
    });
    return this.#queued;
  }

  #changed(old: ModelRecord | undefined, added: NonNullable<ModelRecord['files']>): Omit<ModelRecord, 'url' | 'query' | 'storedAt' | 'hasLeftovers'> {
    const before = old?.files ?? {};
    const versions = { ...old?.versions, ...Object.fromEntries(this.versions) };
    // Parts of an earlier version of a file are of no use.
    const kept = Object.entries(before).filter(([name]) => {
      const path = name.replace(/ from \d+$/, '');
      return old?.versions?.[path] === versions[path];
    });
    const files = { ...Object.fromEntries(kept), ...added };
    const isSame = JSON.stringify(files) === JSON.stringify(before);
    return { name: nameOf(this.#url), files, versions, isComplete: this.#isComplete || (isSame && !this.#isUnversioned && old?.isComplete === true) };
  }
}

/** The name of a checkpoint: that of its folder, or of its repository on a hub, which is `NAME` in `/ORG/NAME/resolve/main/`. */
export function nameOf(url: string): string {
  const folders = new URL('.', url).pathname.split('/').filter(Boolean);
  const resolve = folders.indexOf('resolve');
  return (resolve > 0 && resolve < folders.length - 1 ? folders[resolve - 1] : folders.at(-1)) ?? 'luke';
}
