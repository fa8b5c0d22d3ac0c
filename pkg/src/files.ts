// The files of a model, fetched when the model asks for them.
import { LukeError } from './errors.js';
import { fileUrl, type FileEntry, type Manifest } from './manifest.js';
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
 * Reads the files of a model. While one is used the next is already asked for, as long as they come in their order; of rows of the
 * entity table nobody knows which come next. What goes wrong is kept for `takeFailure`: the wasm between here and the caller would lose it.
 */
export class ModelFiles {
  /** Ends what is fetched; each call sets its own, for the rows that it reads. */
  signal: AbortSignal;
  #reloads = false;
  #failure: { error: unknown } | undefined;
  #source: Source;
  readonly #url: string;
  readonly #onBytes: OnBytes;
  readonly #places: Map<string, number>;
  readonly #order: FileEntry[];
  /** How many of `#order` make up the model; the others are rows of the entity table. */
  readonly #counted: number;
  readonly #bytes: LoadBytes;
  /** Files that are here already, and parts that came because a server only sends whole files. */
  readonly #here: Map<string, Blob>;
  /** Whether the server sends parts of files, as it did when the last one was asked for. */
  #ranges = false;
  #next = 0;
  /** What was opened unasked and is not asked for yet. */
  readonly #ahead = new Map<number, Promise<Opened>>();
  readonly #read = new Set<number>();

  constructor(source: Source, url: string, manifest: Manifest, signal: AbortSignal, onBytes: OnBytes, here = new Map<string, Blob>()) {
    const counted = [manifest.files.tokenizer, manifest.files.entityVocab, ...manifest.chunks];
    this.#source = source;
    this.#url = url;
    this.signal = signal;
    this.#onBytes = onBytes;
    this.#here = here;
    this.#order = [...counted, ...(manifest.entityTable?.chunks ?? [])];
    this.#counted = counted.length;
    this.#places = new Map(this.#order.map((entry, place) => [key(entry), place]));
    this.#bytes = { loadedBytes: 0, totalBytes: counted.reduce((sum, entry) => sum + entry.bytes, 0) };
  }

  /** Gives `write` a file piece by piece. Rejects with `integrity` when it is shorter or longer than the manifest says. */
  readonly read = async (path: string, bytes: number, offset: number | undefined, write: Write): Promise<void> => {
    try {
      const place = this.#places.get(key({ path, bytes, ...(offset !== undefined && { offset }) }))!;
      const inOrder = place === this.#next;
      const opening = this.#ahead.get(place) ?? this.#open(place);
      this.#ahead.delete(place);
      this.#read.add(place);
      this.#next = place + 1;
      if (inOrder && this.#mayFollow(place + 1)) {
        const following = this.#open(place + 1);
        following.catch(() => {}); // told when it is asked for
        this.#ahead.set(place + 1, following);
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

  /**
   * Whether a file may be fetched unasked: not rows of a table that may never be needed, nor a part that may come with the
   * one before it, nor what has been read.
   */
  #mayFollow(place: number): boolean {
    const entry = this.#order[place];
    if (entry === undefined || place >= this.#counted || this.#ahead.has(place) || this.#read.has(place)) return false;
    return entry.offset === undefined || this.#ranges;
  }

  async #open(place: number): Promise<Opened> {
    const entry = this.#order[place]!;
    const here = this.#here.get(key(entry));
    if (here) {
      this.#here.delete(key(entry));
      if (entry.offset === undefined) this.#count(entry, here.size); // a part was counted when it came
      return { send: async (write) => write(new Uint8Array(await here.arrayBuffer())), cancel: () => {} };
    }
    const url = fileUrl(this.#url, entry.path);
    const { offset, bytes } = entry;
    const opened = await download(this.#source, url, this.signal, offset === undefined ? undefined : { offset, bytes });
    if (offset !== undefined) this.#ranges = opened.status === 206;
    return { send: (write) => this.#receive(place, url, opened, write), cancel: opened.cancel };
  }

  async #receive(place: number, url: string, { status, pieces }: Download, write: Write): Promise<void> {
    const entry = this.#order[place]!;
    if (entry.offset !== undefined && status !== 206) return this.#cut(place, url, pieces, write);
    const filling = new Filling(entry, url, write);
    for await (const piece of pieces) {
      filling.add(piece);
      if (place < this.#counted) this.#count(entry, piece.length);
    }
    filling.end();
  }

  /** Cuts a file that came whole into the parts that are wanted of it: the one at `place` is written, the others are kept. */
  async #cut(place: number, url: string, pieces: AsyncIterable<Uint8Array<ArrayBuffer>>, write: Write): Promise<void> {
    const wanted = this.#order[place]!;
    const others = place < this.#counted ? this.#order.slice(0, this.#counted) : [];
    const parts = [...others.filter((entry) => entry.path === wanted.path && entry !== wanted), wanted]
      .filter((entry) => !this.#here.has(key(entry)))
      .sort((a, b) => a.offset! - b.offset!);
    let kept: Uint8Array<ArrayBuffer>[] = [];
    const keep: Write = (piece) => kept.push(piece.slice());
    const fillings = parts.map((entry) => new Filling(entry, url, entry === wanted ? write : keep));
    let at = 0;
    let next = 0;
    for await (const piece of pieces) {
      const end = at + piece.length;
      for (let i = next; i < parts.length && parts[i]!.offset! < end; i += 1) {
        const entry = parts[i]!;
        const share = piece.subarray(Math.max(entry.offset! - at, 0), Math.min(entry.offset! + entry.bytes - at, piece.length));
        fillings[i]!.add(share);
        if (place < this.#counted) this.#count(entry, share.length);
        if (entry.offset! + entry.bytes > end) break;
        if (entry !== wanted) this.#here.set(key(entry), new Blob(kept));
        kept = [];
        next = i + 1;
      }
      at = end;
      if (next === parts.length) return; // leaving the loop ends the download
    }
    fillings[next]!.end();
  }

  #count(entry: FileEntry, bytes: number): void {
    this.#bytes.loadedBytes += bytes;
    this.#onBytes(entry.path, { ...this.#bytes });
  }
}

/** Passes a file on, and sees to its length. */
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
