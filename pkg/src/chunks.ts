// The model folder: read the manifest, then fetch its files in their order, counting bytes.
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
  files: { tokenizer: FileEntry; entityVocab?: FileEntry | null };
  chunks: FileEntry[];
}

/** A whole file of the model: one of `manifest.files` by name, or a chunk by its index. */
export type ModelFile = { bytes: Uint8Array<ArrayBuffer> } & ({ name: 'tokenizer' | 'entityVocab' } | { chunk: number });

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

/**
 * The files of the model in the manifest's order, each one whole. `onBytes` is called as bytes come in.
 * Rejects with `integrity` when a file is shorter or longer than the manifest says.
 */
export async function* fetchFiles(
  source: Source,
  url: string,
  manifest: Manifest,
  signal: AbortSignal,
  onBytes: (file: string, bytes: LoadBytes) => void,
): AsyncGenerator<ModelFile> {
  const { tokenizer, entityVocab } = manifest.files;
  const totalBytes = fileEntries(manifest).reduce((sum, entry) => sum + entry.bytes, 0);
  let loadedBytes = 0;
  const fetchFile = (entry: FileEntry) =>
    fetchWhole(source, fileUrl(url, entry.path), entry, signal, (count) => {
      loadedBytes += count;
      onBytes(entry.path, { loadedBytes, totalBytes });
    });

  yield { name: 'tokenizer', bytes: await fetchFile(tokenizer) };
  if (entityVocab) yield { name: 'entityVocab', bytes: await fetchFile(entityVocab) };
  for (const [chunk, entry] of manifest.chunks.entries()) yield { chunk, bytes: await fetchFile(entry) };
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

function fileEntries({ files, chunks }: Manifest): FileEntry[] {
  return [files.tokenizer, ...(files.entityVocab ? [files.entityVocab] : []), ...chunks];
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
  const { format, version, files, chunks } = json as Partial<Record<keyof Manifest, unknown>>;
  if (format !== FORMAT) throw bad(`its format is not "${FORMAT}"`);
  if (version !== VERSION) {
    throw new LukeError('format', `${url} has manifest version ${String(version)}; this package reads version ${VERSION}`, { url, version });
  }
  const { tokenizer, entityVocab } = (files ?? {}) as Partial<Manifest['files']>;
  if (!isEntry(tokenizer)) throw bad('it lists no tokenizer');
  if (entityVocab != null && !isEntry(entityVocab)) throw bad('its entity vocabulary has no path or size');
  if (!Array.isArray(chunks) || !chunks.every(isEntry)) throw bad('a chunk has no path or size');
  return json as Manifest;
}

function isEntry(entry: unknown): entry is FileEntry {
  if (typeof entry !== 'object' || entry === null) return false;
  const { path, bytes } = entry as Partial<FileEntry>;
  return typeof path === 'string' && Number.isSafeInteger(bytes) && bytes! >= 0;
}
