// A model in a folder of this machine, which the user opens or drops on the page. Its files are read here and go nowhere: the package
// gets a `fetch` that answers from them.
import { directoryOpen } from 'browser-fs-access';
import { LukeError, type LoadOptions } from 'luke-web';

/** More files than any model has: somebody has chosen a folder with much else in it. */
const MAX_FILES = 10_000;
/** What a model folder or a Hugging Face folder has at its root. */
const ROOT_FILES = ['manifest.json', 'config.json'];

/** The files of a folder by their paths in it. */
export type LocalFiles = ReadonlyMap<string, File>;

/** What `Luke.load` needs for a model of a folder. */
export interface LocalModel {
  name: string;
  url: string;
  options: Pick<LoadOptions, 'fetch' | 'cache'>;
}

/** Lets the user choose a folder. Nothing if no folder was chosen. */
export async function pickFolder(): Promise<LocalFiles | undefined> {
  try {
    const files = await directoryOpen({ recursive: true });
    return new Map(files.flatMap((file) => (file instanceof File ? [[file.webkitRelativePath || file.name, file]] : [])));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return undefined;
    throw error;
  }
}

/** The files of the folders that were dropped. To be called in the handler of the event: a browser forgets them after it. */
export async function droppedFiles(items: DataTransferItemList): Promise<LocalFiles> {
  const files = new Map<string, File>();
  const waiting = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
    if (files.size + waiting.length > MAX_FILES) throw tooMany();
    if (isFolder(entry)) waiting.push(...(await entriesOf(entry)));
    else if (isFile(entry)) files.set(entry.fullPath.replace(/^\//, ''), await fileOf(entry));
  }
  return files;
}

/** The model of a folder, or of the only folder in it that has one. Its files are not stored a second time. */
export function localModel(files: LocalFiles, base: string): LocalModel {
  if (files.size > MAX_FILES) throw tooMany();
  const root = rootOf([...files.keys()]);
  const name = root.split('/').at(-2) ?? 'model';
  const url = new URL(`local/${encodeURIComponent(name)}/`, base).href;
  const inRoot = new Map([...files].flatMap(([path, file]) => (path.startsWith(root) ? [[path.slice(root.length), file]] : [])));
  return { name, url, options: { fetch: localFetch(inRoot, url), cache: false } };
}

/** Answers requests for files below a URL as a server does: with parts, and with 404 for what is not there. */
export function localFetch(files: LocalFiles, base: string): typeof fetch {
  return async (input, init) => {
    init?.signal?.throwIfAborted();
    const file = files.get(pathIn(base, new URL(input instanceof Request ? input.url : input)));
    if (!file) return new Response('', { status: 404 });
    const headers = { etag: `"${file.size}-${file.lastModified}"` };
    const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '');
    if (!range) return new Response(file, { headers });
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, file.size)];
    if (start >= end) return new Response('', { status: 416, headers: { 'content-range': `bytes */${file.size}` } });
    return new Response(file.slice(start, end), { status: 206, headers: { ...headers, 'content-range': `bytes ${start}-${end - 1}/${file.size}` } });
  };
}

/** The path of a URL below another one; `''` if it is not below it. */
function pathIn(base: string, { origin, pathname }: URL): string {
  const url = `${origin}${pathname}`;
  try {
    return url.startsWith(base) ? decodeURIComponent(url.slice(base.length)) : '';
  } catch {
    return ''; // a % that is no escape
  }
}

/** The folder that has a model, with a `/` at its end: the one nearest to the root. */
function rootOf(paths: readonly string[]): string {
  const folders = paths.flatMap((path) => ROOT_FILES.flatMap((name) => (path === name || path.endsWith(`/${name}`) ? [path.slice(0, -name.length)] : [])));
  const depth = (folder: string) => folder.split('/').length;
  const [first, second] = [...new Set(folders)].sort((a, b) => depth(a) - depth(b));
  if (first === undefined) throw new LukeError('input', 'this folder has no model: it has neither a manifest.json nor a config.json');
  if (second !== undefined && depth(second) === depth(first)) throw new LukeError('input', `there are several models: ${first}, ${second}. Open one of them`);
  return first;
}

function tooMany(): LukeError {
  return new LukeError('input', `there are more than ${MAX_FILES} files: open the folder of one model`);
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

/** All entries of a folder. A browser gives them in parts, the last of which is empty. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return all;
    all.push(...part);
    if (all.length > MAX_FILES) throw tooMany();
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
