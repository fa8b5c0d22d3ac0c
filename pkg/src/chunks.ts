// The model folder: read the manifest, then fetch its files when the model asks for them, counting bytes.
// What is checked here is what fetching needs; the wasm side checks the rest, and every hash.
import { LukeError } from './errors.js';
import { download, type Source } from './source.js';
import type { LoadBytes } from './types.js';

/** A file of the model. */
export interface FileEntry {
  /** Relative to the manifest's folder. */
  path: string;
  bytes: number;
  sha256: string;
}

/** The parts of `manifest.json` that fetching needs. */
export interface Manifest {
  format: 'luke-web';
  version: 1;
  files: { tokenizer: FileEntry; entityVocab: FileEntry };
  chunks: FileEntry[];
  /** Rows that are fetched when a call needs them. */
  entityTable?: { chunks: FileEntry[] } | null;
}

const FORMAT = 'luke-web';
const VERSION = 1;

/** The manifest's URL, from that of the folder (with or without a final slash) or of the manifest itself. */
export function manifestUrl(model: string): string {
  const url = new URL(model);
  url.hash = '';
  if (!url.pathname.endsWith('/manifest.json')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/manifest.json`;
  return url.href;
}

/** Fetches and checks the manifest; `text` is what the server sent. */
export async function fetchManifest(source: Source, url: string, signal: AbortSignal): Promise<{ manifest: Manifest; text: string }> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of await download(source, url, signal)) text += decoder.decode(piece, { stream: true });
  text += decoder.decode();
  return { manifest: checkManifest(url, text), text };
}

/** What the model has asked for so far and in all; rows of the entity table do not count. */
export type OnBytes = (file: string, bytes: LoadBytes) => void;

/**
 * Reads the files of a model. While one is used the next is already on its way, as long as they are asked for in their
 * order. What goes wrong is kept for `takeFailure`: the wasm between here and the caller would lose it.
 */
export class ModelFiles {
  #failure: { error: unknown } | undefined;
  readonly #source: Source;
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #onBytes: OnBytes;
  readonly #places: Map<string, number>;
  readonly #order: FileEntry[];
  /** How many of `#order` make up the model; the others are rows of the entity table. */
  readonly #counted: number;
  readonly #bytes: LoadBytes;
  #next = 0;
  #ahead: { place: number; bytes: Promise<Uint8Array> } | undefined;

  constructor(source: Source, url: string, manifest: Manifest, signal: AbortSignal, onBytes: OnBytes) {
    const counted = [manifest.files.tokenizer, manifest.files.entityVocab, ...manifest.chunks];
    this.#source = source;
    this.#url = url;
    this.#signal = signal;
    this.#onBytes = onBytes;
    this.#order = [...counted, ...(manifest.entityTable?.chunks ?? [])];
    this.#counted = counted.length;
    this.#places = new Map(this.#order.map(({ path }, place) => [path, place]));
    this.#bytes = { loadedBytes: 0, totalBytes: counted.reduce((sum, entry) => sum + entry.bytes, 0) };
  }

  /** Rejects with `integrity` when a file is shorter or longer than the manifest says. */
  readonly read = async (path: string): Promise<Uint8Array> => {
    try {
      const place = this.#places.get(path)!;
      const inOrder = place === this.#next;
      const bytes = this.#ahead?.place === place ? this.#ahead.bytes : this.#fetch(place);
      this.#next = place + 1;
      this.#ahead = inOrder && this.#mayFollow(place) ? { place: place + 1, bytes: this.#fetch(place + 1) } : undefined;
      this.#ahead?.bytes.catch(() => {}); // told when it is asked for
      return await bytes;
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  };

  /** Why the last read failed, once. */
  takeFailure(): { error: unknown } | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }

  /** Whether the file after this one may be fetched unasked: not the first rows of a table that may never be needed. */
  #mayFollow(place: number): boolean {
    return place + 1 < this.#order.length && place + 1 !== this.#counted;
  }

  #fetch(place: number): Promise<Uint8Array> {
    const entry = this.#order[place]!;
    return fetchWhole(this.#source, fileUrl(this.#url, entry.path), entry, this.#signal, (count) => {
      if (place >= this.#counted) return;
      this.#bytes.loadedBytes += count;
      this.#onBytes(entry.path, { ...this.#bytes });
    });
  }
}

async function fetchWhole(source: Source, url: string, entry: FileEntry, signal: AbortSignal, onBytes: (count: number) => void) {
  const bytes = new Uint8Array(entry.bytes);
  let filled = 0;
  for await (const piece of await download(source, url, signal)) {
    if (filled + piece.length > bytes.length) throw wrongLength(url, entry, 'has more bytes than');
    bytes.set(piece, filled);
    filled += piece.length;
    onBytes(piece.length);
  }
  if (filled < bytes.length) throw wrongLength(url, entry, `is cut short at ${filled} of`);
  return bytes;
}

function wrongLength(url: string, { path, bytes }: FileEntry, how: string): LukeError {
  return new LukeError('integrity', `${path} ${how} the ${bytes} bytes that the manifest says (${url})`, { path, url, bytes });
}

/** A file's URL; like the manifest's it keeps the query (a host may want a token in it). */
function fileUrl(manifest: string, path: string): string {
  const url = new URL(path, manifest);
  const folder = new URL('.', manifest);
  folder.search = '';
  if (!url.href.startsWith(folder.href)) {
    throw new LukeError('format', `the manifest at ${manifest} names a file outside its folder: ${path}`, { url: manifest, path });
  }
  url.search = new URL(manifest).search;
  return url.href;
}

function checkManifest(url: string, text: string): Manifest {
  const bad = (why: string) =>
    new LukeError('format', `${url} is no model manifest: ${why}. A model folder has a manifest.json, made by \`luke convert\``, { url });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw bad('it is not JSON');
  }
  if (typeof json !== 'object' || json === null) throw bad('it is not a JSON object');
  const { format, version, files, chunks, entityTable } = json as Partial<Record<keyof Manifest, unknown>>;
  if (format !== FORMAT) throw bad(`its format is not "${FORMAT}"`);
  if (version !== VERSION) {
    throw new LukeError('format', `${url} has manifest version ${String(version)}; this package reads version ${VERSION}`, { url, version });
  }
  const { tokenizer, entityVocab } = (files ?? {}) as Partial<Manifest['files']>;
  if (!isEntry(tokenizer)) throw bad('it lists no tokenizer');
  if (!isEntry(entityVocab)) throw bad('it lists no entity vocabulary');
  if (!Array.isArray(chunks) || !chunks.every(isEntry)) throw bad('a chunk has no path or size');
  const rows = (entityTable as Manifest['entityTable'])?.chunks ?? [];
  if (!Array.isArray(rows) || !rows.every(isEntry)) throw bad('a chunk of the entity table has no path or size');
  return json as Manifest;
}

function isEntry(entry: unknown): entry is FileEntry {
  if (typeof entry !== 'object' || entry === null) return false;
  const { path, bytes } = entry as Partial<FileEntry>;
  return typeof path === 'string' && Number.isSafeInteger(bytes) && bytes! >= 0;
}
