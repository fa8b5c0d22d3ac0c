// What Node.js has in place of what browsers have (src/host.ts). Deno and Bun have it too.
import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { MessagePort as NodePort } from 'node:worker_threads';
import { LukeError } from '../src/errors.js';
import { fileError, isNeverAsked, networkReason } from './faults.js';

const PIECE_BYTES = 1 << 18;

const { deno, bun, node } = process.versions as Partial<Record<string, string>>;
/** What messages call the engine. */
export const HERE = deno ? `Deno ${deno}` : bun ? `Bun ${bun}` : `Node.js ${node}`;

/** URLs that `fetch` knows here. */
const FETCHED: readonly string[] = ['https:', 'http:', 'data:', 'blob:'];

export const whyNothingCame = networkReason;

/** Fetches a URL, or reads a file: `fetch` of Node.js does not know `file:`. */
export const fetchHere: typeof fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.protocol === 'file:') return readFile(url, init);
  const refused = (why: string, cause?: unknown) => new LukeError('input', `${url.href} cannot be fetched${why}: use a path, or a URL that begins with https:, http: or file:`, {}, { cause });
  if (!FETCHED.includes(url.protocol)) throw refused('');
  return fetch(input, init).catch((error: unknown) => {
    throw isNeverAsked(error) ? refused(` (${networkReason(url.href, error)})`, error) : error;
  });
};

/** A file, or a range of it, as a server would send it. Rejects with `io` at once where it cannot be read. */
async function readFile(url: URL, { headers, signal }: RequestInit = {}): Promise<Response> {
  signal?.throwIfAborted();
  const path = pathOf(url);
  const failed = (error: unknown) => fileError(path, error, url.href);
  const found = await stat(path).catch((error: unknown) => {
    throw failed(error);
  });
  if (found.isDirectory()) throw failed({ code: 'EISDIR' });
  await access(path, constants.R_OK).catch((error: unknown) => {
    throw failed(error);
  });
  signal?.throwIfAborted(); // a stream that begins with an aborted signal has an error that nobody hears, which ends the process
  const { size, mtimeMs } = found;
  const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(headers).get('range') ?? '');
  const [start, end] = range ? [Number(range[1]), Math.min(Number(range[2]), size - 1)] : [0, size - 1];
  if (range && start > end) return new Response(null, { status: 416 });
  const facts = { etag: `"${size}-${mtimeMs}"`, ...(range && { 'content-range': `bytes ${start}-${end}/${size}` }) };
  const stream = createReadStream(path, { start, end: Math.max(end, 0), highWaterMark: PIECE_BYTES, ...(signal && { signal }) });
  stream.on('error', () => {}); // the body tells it
  const body = Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array<ArrayBuffer>>;
  return new Response(failing(body, signal, failed), { status: range ? 206 : 200, headers: facts });
}

/** The stream, whose errors are those of the file. */
function failing(body: ReadableStream<Uint8Array<ArrayBuffer>>, signal: AbortSignal | null | undefined, failed: (error: unknown) => LukeError): ReadableStream {
  const reader = body.getReader();
  const pull = async (controller: ReadableStreamDefaultController) => {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw signal?.aborted ? error : failed(error);
    });
    if (done) controller.close();
    else controller.enqueue(value);
  };
  return new ReadableStream({ pull, cancel: (reason) => reader.cancel(reason) }, { highWaterMark: 0 });
}

/** The path of a URL. One of another machine, or with an escaped slash, has none. */
function pathOf(url: URL): string {
  try {
    return fileURLToPath(url);
  } catch (error) {
    throw new LukeError('input', `${url.href} is no path of this machine: ${(error as Error).message}`, {}, { cause: error });
  }
}

/** An absolute URL. What begins with no scheme is a path; one letter is a drive of Windows. */
export function toUrl(url: string | URL): URL | undefined {
  const text = String(url);
  if (!(url instanceof URL) && !/^[a-z][a-z\d+.-]+:/i.test(text)) return pathToFileURL(/[/\\]$/.test(text) ? `${resolve(text)}/` : resolve(text));
  return URL.canParse(text) ? new URL(text) : undefined;
}

export const cores = (): number => availableParallelism();

export function whyNoThreads(): string | undefined {
  return undefined;
}

/** Deno has `navigator.gpu`, but our module asks for that of a page or of a Web Worker. */
export function whyNoGpu(): string | undefined {
  return 'WebGPU is used in browsers only';
}

type Listener = (error: unknown) => boolean;
const listeners = new Set<Listener>();

/** Without a listener Node.js ends the process, and so it does with ours, unless the error is ours or the program has a listener of its own. */
function hear(event: 'uncaughtException' | 'unhandledRejection'): (error: unknown) => void {
  return (error) => {
    const isOurs = [...listeners].map((listener) => listener(error)).includes(true);
    if (!isOurs && process.listenerCount(event) === 1) throw error;
  };
}

const [onException, onRejection] = [hear('uncaughtException'), hear('unhandledRejection')];

export function onUncaught(listener: Listener): () => void {
  if (listeners.size === 0) process.on('uncaughtException', onException).on('unhandledRejection', onRejection);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) process.off('uncaughtException', onException).off('unhandledRejection', onRejection);
  };
}

/** An uncaught error would end the process. */
export const report = (error: Error): void => console.error(error);

/** The process ends when no request is pending, also without `dispose`. */
export function stayAlive(port: MessagePort, isNeeded: boolean): void {
  const { ref, unref } = port as unknown as Partial<NodePort>;
  (isNeeded ? ref : unref)?.call(port as unknown as NodePort);
}
