// Where the model's files come from. A `Source` is a small version of `fetch` with two implementations. The engine normally fetches
// the files itself. If the user passed a `fetch`, the page calls it and sends the bytes through a port (remote.ts), because a
// function cannot be sent to a worker.
import { LukeError } from './errors.js';

/** A byte range of a file. */
export interface ByteRange {
  offset: number;
  bytes: number;
}

/** A response: its HTTP status and a stream of its bytes. */
export interface Download {
  status: number;
  /** A piece is valid until the next one is requested, because its memory may be reused. */
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** Cancels a download of which nothing was read. */
  cancel: () => void;
}

/** How to use the HTTP cache, as in `fetch`: `no-cache` revalidates a cached file, `reload` ignores it. */
export type Freshness = 'no-cache' | 'reload';

/** Fetches a file or a range of it. A server without range requests sends the whole file with status 200. */
export type Source = (url: string, signal: AbortSignal, range?: ByteRange, cache?: Freshness) => Promise<Download>;

/** The same source, which ignores the HTTP cache. */
export function reloading(source: Source): Source {
  return (url, signal, range) => source(url, signal, range, 'reload');
}

/** A source that calls `fetchFunction`. It rejects with `network`, or with `signal.reason` after an abort. */
export function fetchSource(fetchFunction: typeof fetch, headers?: Record<string, string>): Source {
  return async (url, signal, range, cache) => {
    const rangeHeader = range && { range: `bytes=${range.offset}-${range.offset + range.bytes - 1}` };
    try {
      const response = await fetchFunction(url, { signal, ...(cache && { cache }), ...((headers || rangeHeader) && { headers: { ...headers, ...rangeHeader } }) });
      const { status, body } = response;
      return { status, pieces: read(url, body, signal), cancel: () => void body?.cancel().catch(() => {}) };
    } catch (error) {
      throw fetchError(url, error, signal);
    }
  };
}

/**
 * Starts a download. Rejects with `network` unless the status is 2xx. If `range` was given, status 206 means that the response is
 * this range, and any other status means that it is the whole file.
 */
export async function download(source: Source, url: string, signal: AbortSignal, range?: ByteRange, cache?: Freshness): Promise<Download> {
  const response = await source(url, signal, range, cache);
  const { status } = response;
  if (status < 200 || status > 299) {
    response.cancel();
    throw new LukeError('network', `${url} answered with status ${status}`, { url, status });
  }
  return response;
}

/** Reads a file, or a range of it, into memory. */
export async function readBytes(source: Source, url: string, signal: AbortSignal, range?: ByteRange, cache?: Freshness): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let remaining = range?.bytes ?? Infinity;
  for await (const piece of (await download(source, url, signal, range, cache)).pieces) {
    pieces.push(piece.slice(0, remaining));
    remaining -= piece.length;
    if (remaining <= 0) break; // leaving the loop cancels the download
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** Reads a text file. A cached copy is revalidated first. */
export async function readText(source: Source, url: string, signal: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readBytes(source, url, signal, undefined, 'no-cache'));
}

const BUFFER_BYTES = 1 << 18;

/**
 * Reads the body through one reused buffer if the stream supports it. Otherwise the browser allocates a buffer for each piece, and
 * often frees them only after the model is loaded. It uses readers because Safari cannot iterate over a ReadableStream.
 */
async function* read(url: string, body: ReadableStream<Uint8Array<ArrayBuffer>> | null, signal: AbortSignal) {
  if (!body) return;
  const [reader, next] = pieceReader(body);
  try {
    for (let piece = await next(); !piece.done; piece = await next()) yield piece.value;
  } catch (error) {
    throw fetchError(url, error, signal);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

type Piece = { done: false; value: Uint8Array<ArrayBuffer> } | { done: true };

function pieceReader(body: ReadableStream<Uint8Array<ArrayBuffer>>): [{ cancel: () => Promise<void> }, () => Promise<Piece>] {
  try {
    const reader = body.getReader({ mode: 'byob' });
    let buffer = new ArrayBuffer(BUFFER_BYTES);
    const next = async (): Promise<Piece> => {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value) buffer = value.buffer;
      return done ? { done } : { done, value };
    };
    return [reader, next];
  } catch {
    const reader = body.getReader(); // not a byte stream, or an older browser
    return [reader, () => reader.read() as Promise<Piece>];
  }
}

function fetchError(url: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof LukeError) return error;
  return new LukeError('network', `cannot fetch ${url}: ${error instanceof Error ? error.message : error}`, { url });
}
