// The model folder's manifest. What is checked here is what fetching needs; the wasm side checks the rest, and every hash.
import { LukeError } from './errors.js';
import { readText, type Source } from './source.js';

/** A file of the model, or a part of one. */
export interface FileEntry {
  /** Relative to the manifest's folder. */
  path: string;
  bytes: number;
  /** Where the part begins. */
  offset?: number;
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
  const text = await readText(source, url, signal);
  return { manifest: checkManifest(url, text), text };
}

/** The files that a load reads: all but rows of the entity table, which calls read. */
export function loadFiles({ files, chunks }: Manifest): FileEntry[] {
  return [files.tokenizer, files.entityVocab, ...chunks];
}

/** The URL of a file beside the manifest; like the manifest's it keeps the query (a host may want a token in it). */
export function fileUrl(manifest: string, path: string): string {
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
