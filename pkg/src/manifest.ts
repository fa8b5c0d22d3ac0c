// The manifest of a model folder. This file checks the fields that fetching needs; the wasm checks all other fields and the hashes.
import { LukeError } from './errors.js';

/** A file of the model, or a part of a file. */
export interface FileEntry {
  /** Relative to the folder of the manifest. */
  path: string;
  bytes: number;
  /** First byte of the part. Absent for a whole file. */
  offset?: number;
  /** SHA-256 in hexadecimal digits. Absent for the files of a checkpoint. */
  sha256?: string;
}

/** The fields of `manifest.json` that fetching needs. */
export interface Manifest {
  format: 'luke-web';
  version: 1;
  name?: string;
  /** Where the weights come from. */
  source?: string;
  files: { tokenizer: FileEntry; entityVocab: FileEntry };
  chunks: FileEntry[];
  /** The entity table, whose chunks are fetched when a call needs their rows. */
  entityTable?: { chunks: FileEntry[] } | null;
  /** Heads that were taught and added to the folder. */
  taughtHeads?: { file: FileEntry }[];
}

const FORMAT = 'luke-web';
const VERSION = 1;

/** The URL of the manifest. `model` is its URL or that of its folder, with or without a final slash. */
export function manifestUrl(model: string): string {
  const url = new URL(model);
  url.hash = '';
  if (!url.pathname.endsWith('/manifest.json')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/manifest.json`;
  return url.href;
}

/** Bytes of all of these files. */
export function totalBytes(files: readonly FileEntry[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The files that a load reads, in the order in which the wasm reads them. Calls read the chunks of the entity table later. */
export function loadFiles({ files, chunks, taughtHeads = [] }: Manifest): FileEntry[] {
  return [files.tokenizer, files.entityVocab, ...taughtHeads.map(({ file }) => file), ...chunks];
}

/** Every file but the manifest itself. */
export function allFiles(manifest: Manifest): FileEntry[] {
  return [...loadFiles(manifest), ...tableFiles(manifest)];
}

/** The files that a load leaves to the calls. */
export function tableFiles({ entityTable }: Manifest): FileEntry[] {
  return entityTable?.chunks ?? [];
}

/**
 * The URL of a file in the manifest's folder, with the query of the manifest's URL (it may contain a token). Throws `format` if the
 * file is outside the folder.
 */
export function fileUrl(manifest: string, path: string): string {
  const url = new URL(path, manifest);
  const folder = new URL('.', manifest);
  folder.search = '';
  if (!url.href.startsWith(folder.href)) {
    throw new LukeError('format', `the manifest at ${manifest} names a file outside its folder: ${path}`, { url: manifest, file: path });
  }
  url.search = new URL(manifest).search;
  return url.href;
}

/** Parses and checks `manifest.json`. `url` is for messages. Throws `format`. */
export function checkManifest(url: string, text: string): Manifest {
  const invalid = (reason: string) =>
    new LukeError('format', `${url} is not a model manifest: ${reason}. A model folder has a manifest.json, made by \`luke convert\``, { url });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid('it is not JSON');
  }
  if (typeof json !== 'object' || json === null) throw invalid('it is not a JSON object');
  const { format, version, files, chunks, entityTable, taughtHeads = [] } = json as Partial<Record<keyof Manifest, unknown>>;
  if (format !== FORMAT) throw invalid(`its format is not "${FORMAT}"`);
  if (version !== VERSION) {
    throw new LukeError('format', `${url} has manifest version ${String(version)}; this package reads version ${VERSION}`, { url, version });
  }
  const { tokenizer, entityVocab } = (files ?? {}) as Partial<Manifest['files']>;
  if (!isEntry(tokenizer)) throw invalid('it lists no tokenizer');
  if (!isEntry(entityVocab)) throw invalid('it lists no entity vocabulary');
  if (!Array.isArray(chunks) || !chunks.every(isEntry)) throw invalid('a chunk has no path, size or SHA-256');
  const rows = (entityTable as Manifest['entityTable'])?.chunks ?? [];
  if (!Array.isArray(rows) || !rows.every(isEntry)) throw invalid('a chunk of the entity table has no path, size or SHA-256');
  const isHead = (head: Partial<Exclude<Manifest['taughtHeads'], undefined>[number]> | null) => isEntry(head?.file);
  if (!Array.isArray(taughtHeads) || !taughtHeads.every(isHead)) throw invalid('a head that was added has no file with path, size and SHA-256');
  return json as Manifest;
}

function isEntry(entry: unknown): entry is FileEntry {
  if (typeof entry !== 'object' || entry === null) return false;
  const { path, bytes, offset, sha256 } = entry as Partial<FileEntry>;
  const isSize = (size: unknown) => Number.isSafeInteger(size) && (size as number) >= 0;
  return typeof path === 'string' && isSize(bytes) && (offset === undefined || isSize(offset)) && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
}
