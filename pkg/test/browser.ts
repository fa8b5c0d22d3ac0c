// Fakes of what a browser has and Node.js has not: OPFS, the Cache API and `navigator.storage`; see locks.ts for Web Locks.
import { currentTab, turn, type Tab } from './clock.js';
import { FakeLocks } from './locks.js';

/** What a test may set. */
export interface BrowserOptions {
  /** Bytes that may be stored (default: no limit). */
  quota?: number;
  /** Whether this is a worker: only there OPFS has sync access handles. */
  isWorker?: boolean;
  /** Whether `createSyncAccessHandle` knows the mode `read-only`. Without it, every handle is exclusive. */
  hasReadOnlyMode?: boolean;
  /** Whether `move` replaces a file of the same name. */
  movesOntoFiles?: boolean;
  /** Whether a write beyond the quota throws, or writes less. */
  isQuotaThrown?: boolean;
  /** Whether sync access handles give the number of an error in place of a length, as those of Chromium do. */
  givesNumbers?: boolean;
  opfs?: boolean;
  caches?: boolean;
  locks?: boolean;
}

type Operation = 'open' | 'size' | 'read' | 'write' | 'content' | 'move' | 'put' | 'match' | 'delete' | 'list' | 'handle';

interface FakeFile {
  bytes: Uint8Array;
  /** Sync access handles that are open. */
  open: Set<SyncAccessHandle>;
}

function fault(name: string, message: string = name): DOMException {
  return new DOMException(message, name);
}

export class FakeBrowser {
  readonly folders = new Map<string, Map<string, FakeFile>>();
  readonly caches = new Map<string, Map<string, { bytes: Uint8Array; headers: [string, string][] }>>();
  readonly locks = new FakeLocks();
  readonly options: Required<BrowserOptions>;
  /** Called before each operation. What it throws is what the operation fails with. */
  onOperation: (operation: Operation, name: string) => void = () => {};
  isPersistent = false;

  constructor(options: BrowserOptions = {}) {
    this.options = { quota: Infinity, isWorker: true, hasReadOnlyMode: true, movesOntoFiles: true, isQuotaThrown: true, givesNumbers: false, opfs: true, caches: true, locks: true, ...options };
  }

  /** The files in the folder and the cache of this package, by name. */
  get stored(): Map<string, Uint8Array> {
    const cached = [...(this.caches.get('luke-web') ?? [])].map(([url, { bytes }]) => [url.slice(url.lastIndexOf('/') + 1), bytes] as const);
    return new Map([...cached, ...[...(this.folders.get('luke-web') ?? [])].map(([name, { bytes }]) => [name, bytes] as const)]);
  }

  get used(): number {
    const files = [...this.folders.values(), ...this.caches.values()].flatMap((folder) => [...folder.values()]);
    return files.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** Changes a byte of a stored file. */
  damage(name: string, at = 0): void {
    const bytes = this.stored.get(name)!;
    bytes[at] = bytes[at]! ^ 1;
  }

  /** Deletes everything, as a browser does when the disk is full. */
  wipe(): void {
    this.folders.clear();
    this.caches.clear();
  }

  /** Ends a tab: its locks and handles are released, and its code does not go on. */
  close(tab: Tab): void {
    tab.isClosed = true;
    this.locks.end(tab);
    for (const folder of this.folders.values()) {
      for (const file of folder.values()) file.open.forEach((handle) => handle.tab === tab && handle.close());
    }
  }

  begin(operation: Operation, name: string): void {
    this.onOperation(operation, name);
  }

  /** Throws, or gives the bytes that there is room for. */
  room(bytes: number): number {
    const free = this.options.quota - this.used;
    if (bytes <= free) return bytes;
    if (this.options.isQuotaThrown) throw fault('QuotaExceededError', 'no room');
    return Math.max(free, 0);
  }

  /** Sets the globals of this browser. */
  install(): this {
    const { opfs, caches, locks, isWorker } = this.options;
    const prototype = FileHandle.prototype as Partial<FileHandle>;
    if (isWorker) prototype.createSyncAccessHandle = createSyncAccessHandle;
    else delete prototype.createSyncAccessHandle;
    const storage = {
      estimate: async () => ({ usage: this.used, quota: this.options.quota }),
      persist: async () => (this.isPersistent = true),
      persisted: async () => this.isPersistent,
      getDirectory: async () => {
        if (!opfs) throw fault('SecurityError');
        return new Root(this);
      },
    };
    const navigator = { storage, ...(locks && { locks: this.locks }) };
    const define = (name: string, value: unknown) => Object.defineProperty(globalThis, name, { configurable: true, writable: true, value });
    define('navigator', navigator);
    define('FileSystemFileHandle', FileHandle);
    define('caches', caches ? new Caches(this) : { open: () => Promise.reject(fault('SecurityError')) });
    return this;
  }

  /** Removes the globals of browsers. */
  static uninstall(): void {
    for (const name of ['navigator', 'FileSystemFileHandle', 'caches']) delete (globalThis as Record<string, unknown>)[name];
  }
}

class Root {
  readonly #browser: FakeBrowser;
  constructor(browser: FakeBrowser) {
    this.#browser = browser;
  }

  async getDirectoryHandle(name: string, { create = false } = {}): Promise<FolderHandle> {
    await turn();
    const { folders } = this.#browser;
    if (!folders.has(name) && !create) throw fault('NotFoundError');
    if (!folders.has(name)) folders.set(name, new Map());
    return new FolderHandle(this.#browser, name);
  }
}

class FolderHandle {
  readonly browser: FakeBrowser;
  readonly name: string;
  constructor(browser: FakeBrowser, name: string) {
    this.browser = browser;
    this.name = name;
  }

  /** A folder that was deleted meanwhile is not found. */
  get files(): Map<string, FakeFile> {
    const files = this.browser.folders.get(this.name);
    if (!files) throw fault('NotFoundError');
    return files;
  }

  async getFileHandle(name: string, { create = false } = {}): Promise<FileHandle> {
    if (name === '' || name.includes('/')) throw new TypeError(`"${name}" is not a valid name`);
    await turn();
    this.browser.begin('open', name);
    if (!this.files.has(name) && !create) throw fault('NotFoundError');
    if (!this.files.has(name)) this.files.set(name, { bytes: new Uint8Array(), open: new Set() });
    return new FileHandle(this, name);
  }

  async removeEntry(name: string): Promise<void> {
    await turn();
    this.browser.begin('delete', name);
    const file = this.files.get(name);
    if (!file) throw fault('NotFoundError');
    if (file.open.size > 0) throw fault('NoModificationAllowedError');
    this.files.delete(name);
  }

  async *entries(): AsyncIterable<[string, FileHandle]> {
    for (const name of [...this.files.keys()]) {
      await turn();
      this.browser.begin('list', name);
      yield [name, new FileHandle(this, name)];
    }
  }
}

class FileHandle {
  readonly kind = 'file';
  readonly folder: FolderHandle;
  name: string;
  constructor(folder: FolderHandle, name: string) {
    this.folder = folder;
    this.name = name;
  }

  get file(): FakeFile {
    const file = this.folder.files.get(this.name);
    if (!file) throw fault('NotFoundError');
    return file;
  }

  declare createSyncAccessHandle: typeof createSyncAccessHandle;

  async getFile(): Promise<File> {
    await turn();
    this.folder.browser.begin('size', this.name);
    return new File([this.file.bytes.slice() as Uint8Array<ArrayBuffer>], this.name);
  }

  async move(name: string): Promise<void> {
    await turn();
    const { browser, files } = this.folder;
    browser.begin('move', name);
    const { file } = this;
    const old = files.get(name);
    if (file.open.size > 0 || (old && old.open.size > 0)) throw fault('NoModificationAllowedError');
    if (old && !browser.options.movesOntoFiles) throw fault('InvalidModificationError');
    files.delete(this.name);
    files.set(name, file);
    this.name = name;
  }
}

async function createSyncAccessHandle(this: FileHandle, { mode = 'readwrite' } = {}): Promise<SyncAccessHandle> {
  await turn();
  const { browser } = this.folder;
  browser.begin('handle', this.name);
  const isShared = mode === 'read-only' && browser.options.hasReadOnlyMode;
  const { file } = this;
  if ([...file.open].some((other) => !isShared || !other.isShared)) throw fault('NoModificationAllowedError');
  return new SyncAccessHandle(browser, file, this.name, isShared);
}

class SyncAccessHandle {
  readonly isShared: boolean;
  readonly tab = currentTab();
  readonly #browser: FakeBrowser;
  readonly #file: FakeFile;
  readonly #name: string;

  constructor(browser: FakeBrowser, file: FakeFile, name: string, isShared: boolean) {
    this.#browser = browser;
    this.#file = file;
    this.#name = name;
    this.isShared = isShared;
    file.open.add(this);
  }

  /** The file, if this handle is open. */
  #opened(operation?: Operation): FakeFile {
    if (!this.#file.open.has(this)) throw fault('InvalidStateError', 'the handle is closed');
    if (operation) this.#browser.begin(operation, this.#name);
    return this.#file;
  }

  getSize(): number {
    const { bytes } = this.#opened();
    return this.#isGone ? 2 ** 64 : bytes.length;
  }

  /** Whether the file was deleted, in a browser that gives numbers. */
  get #isGone(): boolean {
    const { folders, options } = this.#browser;
    return options.givesNumbers && ![...folders.values()].some((files) => [...files.values()].includes(this.#file));
  }

  read(buffer: Uint8Array, { at = 0 } = {}): number {
    const bytes = this.#opened('read').bytes.subarray(at, at + buffer.length);
    if (this.#isGone) return 2 ** 32 - 8;
    buffer.set(bytes);
    return bytes.length;
  }

  write(buffer: Uint8Array, { at = 0 } = {}): number {
    const file = this.#opened('write');
    if (this.isShared) throw fault('NoModificationAllowedError');
    const more = Math.max(at + buffer.length - file.bytes.length, 0);
    const { quota, givesNumbers } = this.#browser.options;
    if (givesNumbers && (this.#isGone || this.#browser.used + more > quota)) return 2 ** 32 - 28;
    const written = buffer.length - more + this.#browser.room(more);
    const bytes = new Uint8Array(Math.max(file.bytes.length, at + written));
    bytes.set(file.bytes);
    bytes.set(buffer.subarray(0, written), at);
    file.bytes = bytes;
    return written;
  }

  truncate(bytes: number): void {
    const file = this.#opened('write');
    file.bytes = file.bytes.slice(0, bytes);
  }

  close(): void {
    this.#file.open.delete(this);
  }
}

class Caches {
  readonly #browser: FakeBrowser;
  constructor(browser: FakeBrowser) {
    this.#browser = browser;
  }

  async open(name: string): Promise<Cache_> {
    await turn();
    const { caches } = this.#browser;
    if (!caches.has(name)) caches.set(name, new Map());
    return new Cache_(this.#browser, caches.get(name)!);
  }
}

class Cache_ {
  readonly #browser: FakeBrowser;
  readonly #entries: ReturnType<FakeBrowser['caches']['get']> & {};
  constructor(browser: FakeBrowser, entries: ReturnType<FakeBrowser['caches']['get']> & {}) {
    this.#browser = browser;
    this.#entries = entries;
  }

  async put(key: string | Request, response: Response): Promise<void> {
    const url = urlOf(key);
    const headers = [...response.headers];
    const bytes = new Uint8Array(await response.arrayBuffer());
    await turn();
    this.#browser.begin('put', url);
    if (this.#browser.room(bytes.length) < bytes.length) throw fault('QuotaExceededError');
    this.#entries.set(url, { bytes, headers });
  }

  async match(key: string | Request): Promise<Response | undefined> {
    await turn();
    this.#browser.begin('match', urlOf(key));
    const entry = this.#entries.get(urlOf(key));
    return entry && new Response(entry.bytes.slice() as Uint8Array<ArrayBuffer>, { headers: entry.headers });
  }

  async keys(): Promise<Request[]> {
    await turn();
    this.#browser.begin('list', '');
    return [...this.#entries.keys()].map((url) => new Request(url));
  }

  async delete(key: string | Request): Promise<boolean> {
    await turn();
    this.#browser.begin('delete', urlOf(key));
    return this.#entries.delete(urlOf(key));
  }
}

function urlOf(key: string | Request): string {
  return typeof key === 'string' ? key : key.url;
}
