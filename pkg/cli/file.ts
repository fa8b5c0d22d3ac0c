// Brings one file into a folder: under another name until all of its bytes are here and right. A part that is there goes on.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LukeError } from '../src/errors.js';
import { checkVersion } from '../src/fetcher.js';
import type { FileEntry } from '../src/manifest.js';
import { withinStall, withRetries, type OnRetry, type RetryOptions } from '../src/retry.js';
import { download, type ByteRange, type Source } from '../src/source.js';
import type { Remote } from './follow.js';

/** A file to fetch, with what is known of it. */
export interface Wanted extends Omit<Remote, 'commit'> {
  path: string;
  url: string;
}

/** How files are fetched. */
export interface Pulling {
  source: Source;
  options: RetryOptions;
  signal: AbortSignal;
  onBytes: (file: Wanted, here: number, stored: number) => void;
  onRetry: (file: Wanted, ...retry: Parameters<OnRetry>) => void;
}

/** What a file was compared with; `length` if nothing but its length is known. */
export type Verified = 'sha256' | 'git' | 'length';

const PART = /\.[0-9a-f]{16}\.part$/;

/** Fetches a file to the path `to`, unless it is there. */
export async function pullFile(file: Wanted, to: string, pulling: Pulling): Promise<Verified> {
  const how = file.sha256 ? 'sha256' : file.git ? 'git' : 'length';
  if (await isThere(file, to)) {
    pulling.onBytes(file, file.bytes ?? 0, file.bytes ?? 0);
    return how;
  }
  await mkdir(dirname(to), { recursive: true });
  const identity = file.sha256 ?? file.git ?? file.version;
  const part = `${to}.${createHash('sha256').update(identity ?? '').digest('hex').slice(0, 16)}.part`;
  if (identity === undefined) await rm(part, { force: true }); // nothing says whether it is of the same file
  let here = 0;
  const attempt = async () => {
    const handle = await open(part, 'a').then(async (made) => (await made.close(), open(part, 'r+')));
    try {
      here = await receive(file, handle, pulling, (bytes) => (here = bytes));
      await check(file, part).catch(async (error: unknown) => {
        await handle.truncate(0);
        here = 0;
        throw error;
      });
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
  await withRetries(pulling.options, pulling.signal, (...retry) => pulling.onRetry(file, ...retry), attempt, () => here);
  if (file.modified) await utimes(part, file.modified, file.modified);
  await rename(part, to);
  await removeParts(to);
  return how;
}

/** Whether the file is there: by its hash, or where nobody knows one, by its length and the time of its last change. */
async function isThere(file: Wanted, to: string): Promise<boolean> {
  const found = await stat(to).catch(() => undefined);
  if (!found?.isFile() || file.bytes === undefined || found.size !== file.bytes) return false;
  if (file.sha256 ?? file.git) return check(file, to).then(() => true, () => false);
  return file.modified !== undefined && found.mtimeMs === file.modified.getTime();
}

/** Adds what is missing to the part. Gives its length. */
async function receive(file: Wanted, handle: FileHandle, pulling: Pulling, told: (here: number) => void): Promise<number> {
  const { url, bytes = Infinity } = file;
  const { source, options, signal, onBytes } = pulling;
  let here = (await handle.stat()).size;
  let stored = here;
  const say = () => {
    told(here);
    onBytes(file, here, stored);
  };
  const reset = async () => {
    await handle.truncate(0);
    here = stored = 0;
    say();
  };
  if (here > bytes || (here > 0 && file.bytes === undefined)) await reset();
  say();
  if (here === bytes) return here;
  await withinStall(url, options.stallMs, signal, async (signal, alive) => {
    const range: ByteRange | undefined = here > 0 ? { offset: here, bytes: bytes - here } : undefined;
    const response = await download(source, url, signal, range).catch(async (error: unknown) => {
      if (((error as LukeError).detail as { status?: number } | undefined)?.status === 416) await reset();
      throw error;
    });
    if (response.html) throw new LukeError('network', `${url} answered with a page instead of the file`, { url });
    if (!file.sha256 && !file.git) checkVersion(url, file.version, response.version);
    if (range && response.status !== 206) await reset();
    else if (range && response.start !== undefined && response.start !== range.offset) throw new LukeError('network', `${url}: the server sent another range than was requested`, { url });
    for await (const piece of response.pieces) {
      signal.throwIfAborted();
      alive();
      if (here + piece.length > bytes) {
        await reset();
        throw new LukeError('integrity', `${url} has more than ${bytes} bytes`, { url });
      }
      await writeAll(handle, piece, here);
      here += piece.length;
      say();
    }
    if (here < bytes && bytes !== Infinity) throw new LukeError('integrity', `${url} is cut short at ${here} of ${bytes} bytes`, { url });
  });
  return here;
}

async function writeAll(handle: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < piece.length; ) done += (await handle.write(piece, done, piece.length - done, position + done)).bytesWritten;
}

/** Rejects with `integrity` if the hash of a file is wrong. */
async function check({ path, url, sha256, git, bytes }: Wanted, file: string): Promise<void> {
  const wanted = sha256 ?? git;
  if (wanted === undefined) return;
  const hash: Hash = sha256 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes ?? (await stat(file)).size}\0`);
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  const found = hash.digest('hex');
  if (found !== wanted) throw new LukeError('integrity', `${path}: the ${sha256 ? 'SHA-256' : 'git hash'} is ${found}, not ${wanted} (${url})`, { file: path, url });
}

/** Removes parts of other versions of a file that is here. */
async function removeParts(to: string): Promise<void> {
  const folder = dirname(to);
  const name = basename(to);
  const isPart = (other: string) => other.startsWith(`${name}.`) && PART.test(other) && other.replace(PART, '') === name;
  for (const other of (await readdir(folder)).filter(isPart)) await rm(join(folder, other), { force: true });
}

export function entryOf({ path, bytes = 0 }: Wanted): FileEntry {
  return { path, bytes };
}
