// What a backend of the store for model files does. A stored file is named by the SHA-256 of its content, so it cannot be stale, and
// models, versions and tabs share it. It becomes visible when it is complete and verified.

import { within } from '../abort.js';

/** How long a browser has to open its storage: a load goes on without one that never answers. */
const OPEN_MS = 5_000;

/** What `open` gives. Rejects if the browser does not answer. */
export function answered<T>(open: Promise<T>): Promise<T> {
  return within(OPEN_MS, open, () => new Error(`the browser did not answer within ${OPEN_MS / 1000} s`));
}

/** Takes bytes, which it must not keep: their memory is used again. */
export type Write = (piece: Uint8Array<ArrayBuffer>) => void;

/** The name of the folder in OPFS and of the cache in the Cache API. */
export const STORE_NAME = 'luke-web';

/** The kinds of backends. */
export type StoreKind = 'opfs' | 'cache-api' | 'memory';

/** A stored file. */
export interface StoredFile {
  name: string;
  bytes: number;
}

/** One backend. Methods reject if the browser refuses, for example with `QuotaExceededError`. */
export interface Store {
  readonly kind: StoreKind;
  /** Whether files can be written here. OPFS is written only in workers. */
  readonly writable: boolean;
  /** The size of a file in bytes, or `undefined` if it is not stored. */
  size(name: string): Promise<number | undefined>;
  /** Sends a file to `write` in pieces. False if it is not stored. */
  read(name: string, write: Write): Promise<boolean>;
  /** Number of bytes of an unfinished part. */
  partBytes(part: string): Promise<number>;
  /** Begins a file of `bytes` bytes. `part` is the name of its unfinished part, which a later draft of the same part may continue. */
  draft(part: string, bytes: number): Promise<Draft>;
  delete(name: string): Promise<void>;
  list(): Promise<StoredFile[]>;
  /** Deletes the parts of files that were not finished, but not those in `kept`. */
  deleteParts(kept: ReadonlySet<string>): Promise<void>;
}

/** A file that is being written. It is not visible before `commit`. */
export interface Draft {
  /** The kind of the store that the file goes to; `undefined` if it only stays in memory. */
  readonly kind: StoreKind | undefined;
  /** Number of bytes that are here, with those of an earlier draft of the same part. */
  readonly length: number;
  write(piece: Uint8Array<ArrayBuffer>): void;
  /** Removes all bytes. */
  reset(): void;
  /** The whole content. It is valid until the next method is called. */
  content(): Uint8Array<ArrayBuffer>;
  /** Makes the file visible under its name. */
  commit(name: string): Promise<void>;
  /** Gives up the file. Its part stays where the backend can keep it. */
  close(): void;
}

/** A draft in memory, which `put` stores as a whole. */
export class MemoryDraft implements Draft {
  readonly kind: StoreKind | undefined;
  length = 0;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #put: (name: string, content: Uint8Array<ArrayBuffer>) => Promise<void>;

  constructor(bytes: number, kind?: StoreKind, put: (name: string, content: Uint8Array<ArrayBuffer>) => Promise<void> = async () => {}) {
    this.kind = kind;
    this.#bytes = new Uint8Array(bytes);
    this.#put = put;
  }

  write(piece: Uint8Array<ArrayBuffer>): void {
    this.#bytes.set(piece, this.length);
    this.length += piece.length;
  }

  reset(): void {
    this.length = 0;
  }

  content(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  commit(name: string): Promise<void> {
    return this.#put(name, this.content());
  }

  close(): void {}
}
