// Files in the origin private file system (OPFS). A worker reads and writes them through sync access handles, which is the fastest way
// that browsers have. Unfinished parts stay there, so that a download goes on after the tab was closed.
import { pieces } from '../source.js';
import { answered, STORE_NAME, type Draft, type Store, type StoredFile, type Write } from './store.js';

/** What TypeScript's library does not have yet. */
interface AccessHandle {
  read(buffer: Uint8Array, options: { at: number }): number;
  write(buffer: Uint8Array, options: { at: number }): number;
  truncate(bytes: number): void;
  getSize(): number;
  close(): void;
}
type FileHandle = FileSystemFileHandle & {
  createSyncAccessHandle?(options?: { mode: 'read-only' }): Promise<AccessHandle>;
  move?(name: string): Promise<void>;
};
type Folder = FileSystemDirectoryHandle & { entries(): AsyncIterable<[string, FileSystemHandle]> };

const PART = '.part';
const BUFFER_BYTES = 1 << 18;
const DELETE_TRIES = 40;
const DELETE_WAIT_MS = 25;

/** Memory for `content`, used again: a browser frees the buffers of many files late. */
let scratch = new Uint8Array(0);

export class OpfsStore implements Store {
  readonly kind = 'opfs';
  /** Sync access handles and renaming are only in workers, and not in every browser. */
  readonly writable = 'createSyncAccessHandle' in FileSystemFileHandle.prototype && 'move' in FileSystemFileHandle.prototype;

  /** Why the last `open` gave nothing. */
  static refusal: unknown;

  /** The folder as it was opened last: in one that was deleted meanwhile, no file is found. */
  #folder: Folder;

  private constructor(folder: Folder) {
    this.#folder = folder;
  }

  /** `undefined` if the browser forbids it, has no room for a folder, or does not answer. */
  static async open(): Promise<OpfsStore | undefined> {
    try {
      return new OpfsStore(await answered(openFolder()));
    } catch (error) {
      OpfsStore.refusal = error;
      return undefined;
    }
  }

  async size(name: string): Promise<number | undefined> {
    return (await (await find(this.#folder, name))?.getFile())?.size;
  }

  async read(name: string, write: Write): Promise<boolean> {
    const handle = await find(this.#folder, name);
    if (!handle) return false;
    const access = await readOnly(handle);
    if (!access) {
      for await (const piece of pieces((await handle.getFile()).stream())) write(piece);
      return true;
    }
    try {
      const buffer = new Uint8Array(BUFFER_BYTES);
      // Chromium gives an error's number as a huge length, for example when the file is deleted meanwhile.
      const isPiece = (length: number) => length > 0 && length <= buffer.length;
      for (let at = 0, length; isPiece((length = access.read(buffer, { at }))); at += length) write(buffer.subarray(0, length));
    } finally {
      access.close();
    }
    return true;
  }

  async partBytes(part: string): Promise<number> {
    return (await this.size(part + PART)) ?? 0;
  }

  async draft(part: string): Promise<Draft> {
    this.#folder = await openFolder();
    return this.#draft(part).catch((error: unknown) => {
      // Another tab has the part open, and its lock was not waited for: this draft begins a part of its own.
      if (!isInUse(error)) throw error;
      return this.#draft(`${part}-${crypto.randomUUID()}`);
    });
  }

  async #draft(part: string): Promise<Draft> {
    const handle = (await this.#folder.getFileHandle(part + PART, { create: true })) as FileHandle;
    return new OpfsDraft(this.#folder, handle, await handle.createSyncAccessHandle!());
  }

  /** A file that another worker has open cannot be deleted: it is read within milliseconds, and then closed. */
  async delete(name: string): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.#folder.removeEntry(name);
      } catch (error) {
        if (!isInUse(error) || tried === DELETE_TRIES) return ignoreMissing(error);
      }
      await new Promise((resolve) => setTimeout(resolve, DELETE_WAIT_MS));
    }
  }

  async list(): Promise<StoredFile[]> {
    const files: StoredFile[] = [];
    for await (const [name, handle] of (await openFolder()).entries()) {
      const file = name.endsWith(PART) ? undefined : await (handle as FileHandle).getFile().catch(ignoreMissing); // another tab may delete it
      if (file) files.push({ name, bytes: file.size });
    }
    return files;
  }

  async deleteParts(kept: ReadonlySet<string>): Promise<void> {
    for await (const [name] of (await openFolder()).entries()) {
      if (name.endsWith(PART) && !kept.has(name.slice(0, -PART.length))) await this.#folder.removeEntry(name).catch(() => {}); // one that another tab writes stays
    }
  }
}

class OpfsDraft implements Draft {
  readonly kind = 'opfs';
  length: number;
  readonly #folder: Folder;
  readonly #handle: FileHandle;
  #access: AccessHandle;

  constructor(folder: Folder, handle: FileHandle, access: AccessHandle) {
    this.#folder = folder;
    this.#handle = handle;
    this.#access = access;
    const size = access.getSize();
    this.length = Number.isSafeInteger(size) ? size : 0; // of a file that was deleted, Chromium gives 2^64
  }

  write(piece: Uint8Array<ArrayBuffer>): void {
    // A full disk is an error, or fewer bytes, or in Chromium an error's number as a huge length.
    const written = this.#access.write(piece, { at: this.length });
    if (written <= piece.length) this.length += written;
    if (written !== piece.length) throw new DOMException('the disk is full', 'QuotaExceededError');
  }

  reset(): void {
    this.#access.truncate(0);
    this.length = 0;
  }

  content(): Uint8Array<ArrayBuffer> {
    if (scratch.length < this.length) scratch = new Uint8Array(this.length);
    const content = scratch.subarray(0, this.length);
    this.#access.read(content, { at: 0 });
    return content;
  }

  async commit(name: string): Promise<void> {
    this.#access.close();
    try {
      await this.#move(name);
    } catch (error) {
      this.#access = await this.#handle.createSyncAccessHandle!(); // the content can still be used
      throw error;
    }
  }

  async #move(name: string): Promise<void> {
    await this.#handle.move!(name).catch(async (error: unknown) => {
      // Some browsers do not rename a file onto another one.
      if (!(await find(this.#folder, name))) throw error;
      await this.#folder.removeEntry(name);
      await this.#handle.move!(name);
    });
  }

  close(): void {
    this.#access.close();
  }
}

/** Opens the folder. The browser may have deleted it, and then this makes a new one. */
async function openFolder(): Promise<Folder> {
  const root = await navigator.storage.getDirectory();
  return (await root.getDirectoryHandle(STORE_NAME, { create: true })) as Folder;
}

async function find(folder: Folder, name: string): Promise<FileHandle | undefined> {
  return folder.getFileHandle(name).catch(ignoreMissing) as Promise<FileHandle | undefined>;
}

function ignoreMissing(error: unknown): undefined {
  if ((error as DOMException).name !== 'NotFoundError') throw error;
}

function isInUse(error: unknown): boolean {
  return (error as DOMException).name === 'NoModificationAllowedError';
}

/**
 * A handle to read. Browsers without the mode `read-only` open it for one user at a time: while another tab reads the file, this gives
 * `undefined`, and the slower way has to do.
 */
async function readOnly(handle: FileHandle): Promise<AccessHandle | undefined> {
  return handle.createSyncAccessHandle?.({ mode: 'read-only' }).catch(() => undefined);
}
