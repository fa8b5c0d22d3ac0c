// Files that a person chose, dropped or pasted, as the formats read them.
import { MOST_UNPACKED } from '../../formats/bytes.js';
import type { InputFile } from '../../formats/format.js';
import { show } from '../../model/show.js';
import { countOf } from '../messages.js';

/** The part of `File` that is used. */
export interface ChosenFile {
  readonly name: string;
  readonly size: number;
  /** The path below the chosen folder; empty or absent, if the file was chosen alone. */
  readonly webkitRelativePath?: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** The part of `FileSystemEntry` that is used: a file or a folder that was dropped. */
export interface DroppedEntry {
  readonly name: string;
  /** From the root of what was dropped: `/folder/file.txt`. */
  readonly fullPath: string;
  readonly isDirectory: boolean;
}

interface FileEntry extends DroppedEntry {
  file(done: (file: ChosenFile) => void, failed: (error: unknown) => void): void;
}

interface FolderEntry extends DroppedEntry {
  createReader(): { readEntries(done: (entries: DroppedEntry[]) => void, failed: (error: unknown) => void): void };
}

/** The part of `DataTransfer` that is used. */
export interface Transfer {
  readonly items: ArrayLike<{ readonly kind: string; webkitGetAsEntry?(): DroppedEntry | null; getAsFile(): ChosenFile | null }>;
  getData(type: string): string;
}

/** Bytes of all files together. More does not fit into the memory of a tab with what is made of it. */
const MOST_BYTES = MOST_UNPACKED;

/** Reads files. It rejects, with the names of files, if one cannot be read or if they are too large. */
export async function readChosen(files: readonly ChosenFile[]): Promise<InputFile[]> {
  const wanted = files.map((file) => ({ name: file.webkitRelativePath || file.name, file })).filter(({ name }) => !isOfSystem(name));
  if (!wanted.length) throw new Error('There is no file in what was chosen.');
  const total = wanted.reduce((sum, { file }) => sum + file.size, 0);
  if (total > MOST_BYTES) {
    const [size, most] = [total, MOST_BYTES].map((bytes) => `${Math.ceil(bytes / (1 << 20))} MiB`);
    throw new Error(`${countOf(wanted.length, 'file')} with ${size} are too large: at most ${most} can be opened at a time.`);
  }
  const read: InputFile[] = [];
  for (const { name, file } of wanted) read.push({ name, bytes: new Uint8Array(await bytesOf(name, file)) });
  return read;
}

async function bytesOf(name: string, file: ChosenFile): Promise<ArrayBuffer> {
  try {
    return await file.arrayBuffer();
  } catch (error) {
    throw new Error(`The file ${show(name)} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/**
 * What was dropped or pasted: files, the files of folders, or a text. The transfer is looked at before the first `await`: the browser
 * empties it when the event is over.
 */
export function filesOfTransfer(transfer: Transfer): Promise<InputFile[]> {
  const items = Array.from(transfer.items).filter(({ kind }) => kind === 'file');
  const entries = items.map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile()).filter((entry) => entry !== null);
  const text = transfer.getData('text/plain');
  return entries.length || text.trim() === '' ? readEntries(entries) : Promise.resolve([textFile(text)]);
}

/** A text that was pasted. Its first characters tell whether it is a file of a format with JSON. */
function textFile(text: string): InputFile {
  const name = /^\s*[{[]/.test(text) ? 'pasted.jsonl' : 'pasted.txt';
  return { name, bytes: new TextEncoder().encode(text) };
}

async function readEntries(entries: readonly (DroppedEntry | ChosenFile)[]): Promise<InputFile[]> {
  const files: ChosenFile[] = [];
  for (const entry of entries) files.push(...('isDirectory' in entry ? await filesIn(entry) : [entry]));
  return readChosen(files);
}

async function filesIn(entry: DroppedEntry): Promise<ChosenFile[]> {
  const name = entry.fullPath.replace(/^\//, '');
  if (isFile(entry)) {
    const file = await new Promise<ChosenFile>((done, failed) => entry.file(done, failed)).catch((error: unknown) => {
      throw new Error(`The file ${show(name)} cannot be read.`, { cause: error });
    });
    return [{ name, size: file.size, arrayBuffer: () => file.arrayBuffer() }];
  }
  if (!isFolder(entry)) return [];
  const reader = entry.createReader();
  const found: ChosenFile[] = [];
  // A folder gives its entries in parts; an empty part is the end.
  for (;;) {
    const part = await new Promise<DroppedEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (!part.length) return found;
    for (const inner of part) found.push(...(await filesIn(inner)));
  }
}

function isFile(entry: DroppedEntry): entry is FileEntry {
  return !entry.isDirectory && 'file' in entry;
}

function isFolder(entry: DroppedEntry): entry is FolderEntry {
  return entry.isDirectory && 'createReader' in entry;
}

/** Files that systems put into folders. */
function isOfSystem(path: string): boolean {
  return /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/i.test(path) || path.startsWith('__MACOSX/');
}
