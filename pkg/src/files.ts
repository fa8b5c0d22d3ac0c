// The files of a model, fetched when the model asks for them.
import { LukeError } from './errors.js';
import { fileUrl, type FileEntry } from './manifest.js';
import { download, reloading, type Download, type Source } from './source.js';
import type { LoadBytes } from './types.js';

/** What the model has asked for so far and in all; rows of the entity table do not count. */
export type OnBytes = (file: string, bytes: LoadBytes) => void;

/** Takes bytes, which it must not keep: their memory is used again. */
type Write = (piece: Uint8Array<ArrayBuffer>) => void;

/** A file whose bytes may be on their way. */
interface Opened {
  send: (write: Write) => Promise<void>;
  cancel: () => void;
}

/**
 * Reads the files of a model. While one is used the next is already on its way: the model says with each which one that will be.
 * What goes wrong is kept for `takeFailure`: the wasm between here and the caller would lose it.
 */
export class ModelFiles {
  /** Ends what is fetched; each call sets its own, for the rows that it reads. */
  signal: AbortSignal;
  #reloads = false;
  #failure: { error: unknown } | undefined;
  #source: Source;
  readonly #url: string;
  readonly #onBytes: OnBytes;
  /** The files of the load, by key; all others are rows of the entity table. */
  readonly #counted: ReadonlyMap<string, FileEntry>;
  readonly #bytes: LoadBytes;
  /** Parts that came because a server only sends whole files. */
  readonly #here = new Map<string, Blob>();
  /** Whether the server sends parts of files, as it did when the last one was asked for. */
  #ranges = false;
  /** What was opened before it was asked for. */
  readonly #ahead = new Map<string, Promise<Opened>>();

  /** `files` are those that the load reads. */
  constructor(source: Source, url: string, files: readonly FileEntry[], signal: AbortSignal, onBytes: OnBytes) {
    this.#source = source;
    this.#url = url;
    this.signal = signal;
    this.#onBytes = onBytes;
    this.#counted = new Map(files.map((entry) => [key(entry), entry]));
    this.#bytes = { loadedBytes: 0, totalBytes: files.reduce((sum, entry) => sum + entry.bytes, 0) };
  }

  /**
   * Gives `write` a file piece by piece, and has `next` fetched meanwhile. Rejects with `integrity` when the file is shorter or
   * longer than the manifest says.
   */
  readonly read = async (file: FileEntry, next: FileEntry | undefined, write: Write): Promise<void> => {
    try {
      const opening = this.#ahead.get(key(file)) ?? this.#open(file);
      this.#ahead.delete(key(file));
      if (next && this.#mayFollow(next)) {
        const following = this.#open(next);
        following.catch(() => {}); // told when it is asked for
        this.#ahead.set(key(next), following);
      }
      await (await opening).send(write);
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  };

  /** From now on fetches past the HTTP cache. False if it does so already. */
  reload(): boolean {
    if (this.#reloads) return false;
    this.#reloads = true;
    this.#source = reloading(this.#source);
    return true;
  }

  /** Ends what is on its way unasked. */
  close(): void {
    for (const opening of this.#ahead.values()) opening.then(({ cancel }) => cancel(), () => {});
    this.#ahead.clear();
  }

  /** Why the last read failed, once. */
  takeFailure(): { error: unknown } | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  /** Whether a file may be fetched before it is asked for: not a part that may come with the one before it. */
  #mayFollow(next: FileEntry): boolean {
    return !this.#ahead.has(key(next)) && (next.offset === undefined || this.#ranges);
  }

  async #open(entry: FileEntry): Promise<Opened> {
    const here = this.#here.get(key(entry));
    if (here) {
      this.#here.delete(key(entry));
      return { send: async (write) => write(new Uint8Array(await here.arrayBuffer())), cancel: () => {} };
    }
    const url = fileUrl(this.#url, entry.path);
    const { offset, bytes } = entry;
    const opened = await download(this.#source, url, this.signal, offset === undefined ? undefined : { offset, bytes });
    if (offset !== undefined) this.#ranges = opened.status === 206;
    return { send: (write) => this.#receive(entry, url, opened, write), cancel: opened.cancel };
  }

  async #receive(entry: FileEntry, url: string, { status, pieces }: Download, write: Write): Promise<void> {
    if (entry.offset !== undefined && status !== 206) return this.#cut(entry, url, pieces, write);
    const filling = new Filling(entry, url, write);
    for await (const piece of pieces) {
      filling.add(piece);
      this.#count(entry, piece.length);
    }
    filling.end();
  }

  /** Cuts a file that came whole into the parts that the load reads of it: `wanted` is written, the others are kept. */
  async #cut(wanted: FileEntry, url: string, pieces: AsyncIterable<Uint8Array<ArrayBuffer>>, write: Write): Promise<void> {
    const isWanted = (entry: FileEntry) => key(entry) === key(wanted);
    const others = this.#counted.has(key(wanted)) ? [...this.#counted.values()] : [];
    const parts = [...others.filter((entry) => entry.path === wanted.path && !isWanted(entry)), wanted]
      .filter((entry) => !this.#here.has(key(entry)))
      .sort((a, b) => a.offset! - b.offset!);
    let kept: Uint8Array<ArrayBuffer>[] = [];
    const keep: Write = (piece) => kept.push(piece.slice());
    const fillings = parts.map((entry) => new Filling(entry, url, isWanted(entry) ? write : keep));
    let at = 0;
    let next = 0;
    for await (const piece of pieces) {
      const end = at + piece.length;
      for (let i = next; i < parts.length && parts[i]!.offset! < end; i += 1) {
        const entry = parts[i]!;
        const share = piece.subarray(Math.max(entry.offset! - at, 0), Math.min(entry.offset! + entry.bytes - at, piece.length));
        fillings[i]!.add(share);
        this.#count(entry, share.length);
        if (entry.offset! + entry.bytes > end) break;
        if (!isWanted(entry)) this.#here.set(key(entry), new Blob(kept));
        kept = [];
        next = i + 1;
      }
      at = end;
      if (next === parts.length) return; // leaving the loop ends the download
    }
    fillings[next]!.end();
  }

  /** Counts bytes of the load when they come; a part that was cut out is not counted again when it is read. */
  #count(entry: FileEntry, bytes: number): void {
    if (!this.#counted.has(key(entry))) return;
    this.#bytes.loadedBytes += bytes;
    this.#onBytes(entry.path, { ...this.#bytes });
  }
}

/** Passes a file on, and checks its length. */
class Filling {
  readonly #entry: FileEntry;
  readonly #url: string;
  readonly #write: Write;
  #filled = 0;

  constructor(entry: FileEntry, url: string, write: Write) {
    this.#entry = entry;
    this.#url = url;
    this.#write = write;
  }

  add(piece: Uint8Array<ArrayBuffer>): void {
    if (this.#filled + piece.length > this.#entry.bytes) throw this.#wrongLength('has more bytes than');
    this.#write(piece);
    this.#filled += piece.length;
  }

  end(): void {
    if (this.#filled < this.#entry.bytes) throw this.#wrongLength(`is cut short at ${this.#filled} of`);
  }

  #wrongLength(how: string): LukeError {
    const { path, bytes } = this.#entry;
    return new LukeError('integrity', `${path} ${how} the ${bytes} bytes that the manifest says (${this.#url})`, { path, url: this.#url, bytes });
  }
}

function key({ path, offset }: FileEntry): string {
  return offset === undefined ? path : `${path} from ${offset}`;
}
