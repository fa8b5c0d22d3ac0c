// Where the model's files come from. A `Source` is `fetch` cut down to what chunks.ts needs, so that the bytes may as
// well come from the page through a port (remote.ts) when the user gave a `fetch` of their own: functions cannot cross
// into a worker. Without one the engine fetches by itself and the page never touches a byte.
import { LukeError } from './errors.js';

/** A part of a file. */
export interface ByteRange {
  offset: number;
  bytes: number;
}

/** A response: its status and its bytes as they come. */
export interface Download {
  status: number;
  /** Each piece is good until the next is asked for: its memory is then used again. */
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>;
  /** Ends the download before anything was read of it. */
  cancel: () => void;
}

/** How far to trust the HTTP cache with a file: ask whether it is still the one, or fetch it anew. */
export type Freshness = 'no-cache' | 'reload';

/** Fetches a file, or a part of it; a server that knows no parts answers with status 200 and the whole. */
export type Source = (url: string, signal: AbortSignal, range?: ByteRange, cache?: Freshness) => Promise<Download>;

/** The same source past the HTTP cache. */
export function reloading(source: Source): Source {
  return (url, signal, range) => source(url, signal, range, 'reload');
}

/** The source that calls `fetchFunction`. Rejects with `network`, or with the signal's reason when aborted. */
export function fetchSource(fetchFunction: typeof fetch, headers?: Record<string, string>): Source {
  return async (url, signal, range, cache) => {
    const part = range && { range: `bytes=${range.offset}-${range.offset + range.bytes - 1}` };
    try {
      const response = await fetchFunction(url, { signal, ...(cache && { cache }), ...((headers || part) && { headers: { ...headers, ...part } }) });
      const { status, body } = response;
      return { status, pieces: read(url, body, signal), cancel: () => void body?.cancel().catch(() => {}) };
    } catch (error) {
      throw failure(url, error, signal);
    }
  };
}

/**
 * The bytes of `url` as they come. Rejects with `network` unless the server answers with a success. Where a part was asked
 * for, `status` 206 says that this is it, another one that the file comes whole.
 */
export async function download(source: Source, url: string, signal: AbortSignal, range?: ByteRange, cache?: Freshness): Promise<Download> {
  const answer = await source(url, signal, range, cache);
  const { status } = answer;
  if (status < 200 || status > 299) {
    answer.cancel();
    throw new LukeError('network', `${url} answered with status ${status}`, { url, status });
  }
  return answer;
}

/** A file, or a part of it, whole. */
export async function readBytes(source: Source, url: string, signal: AbortSignal, range?: ByteRange, cache?: Freshness): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let left = range?.bytes ?? Infinity;
  for await (const piece of (await download(source, url, signal, range, cache)).pieces) {
    pieces.push(piece.slice(0, left));
    left -= piece.length;
    if (left <= 0) break; // ends the download
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/** A text file, as the server has it now. */
export async function readText(source: Source, url: string, signal: AbortSignal): Promise<string> {
  return new TextDecoder().decode(await readBytes(source, url, signal, undefined, 'no-cache'));
}

const PIECE_BYTES = 1 << 18;

/**
 * Reads into one buffer of its own where the stream can: otherwise a browser makes a new one for each piece, and a model is loaded
 * before it thinks of throwing them away. Readers, because Safari cannot iterate over a ReadableStream.
 */
async function* read(url: string, body: ReadableStream<Uint8Array<ArrayBuffer>> | null, signal: AbortSignal) {
  if (!body) return;
  const [reader, next] = pieceReader(body);
  try {
    for (let piece = await next(); !piece.done; piece = await next()) yield piece.value;
  } catch (error) {
    throw failure(url, error, signal);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

type Piece = { done: false; value: Uint8Array<ArrayBuffer> } | { done: true };

function pieceReader(body: ReadableStream<Uint8Array<ArrayBuffer>>): [{ cancel: () => Promise<void> }, () => Promise<Piece>] {
  try {
    const reader = body.getReader({ mode: 'byob' });
    let buffer = new ArrayBuffer(PIECE_BYTES);
    const next = async (): Promise<Piece> => {
      const { done, value } = await reader.read(new Uint8Array(buffer));
      if (value) buffer = value.buffer;
      return done ? { done } : { done, value };
    };
    return [reader, next];
  } catch {
    const reader = body.getReader(); // a stream of another kind, or an older browser
    return [reader, () => reader.read() as Promise<Piece>];
  }
}

function failure(url: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof LukeError) return error;
  return new LukeError('network', `cannot fetch ${url}: ${error instanceof Error ? error.message : error}`, { url });
}
