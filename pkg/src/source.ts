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
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Fetches a file, or a part of it; a server that knows no parts answers with status 200 and the whole. */
export type Source = (url: string, signal: AbortSignal, range?: ByteRange) => Promise<Download>;

/** The source that calls `fetchFunction`. Rejects with `network`, or with the signal's reason when aborted. */
export function fetchSource(fetchFunction: typeof fetch, headers?: Record<string, string>): Source {
  return async (url, signal, range) => {
    const part = range && { range: `bytes=${range.offset}-${range.offset + range.bytes - 1}` };
    try {
      const response = await fetchFunction(url, { signal, ...((headers || part) && { headers: { ...headers, ...part } }) });
      return { status: response.status, pieces: read(url, response.body, signal) };
    } catch (error) {
      throw failure(url, error, signal);
    }
  };
}

/**
 * The bytes of `url` as they come. Rejects with `network` unless the server answers with a success. Where a part was asked
 * for, `status` 206 says that this is it, another one that the file comes whole.
 */
export async function download(source: Source, url: string, signal: AbortSignal, range?: ByteRange): Promise<Download> {
  const { status, pieces } = await source(url, signal, range);
  if (status < 200 || status > 299) {
    await pieces[Symbol.asyncIterator]().return?.();
    throw new LukeError('network', `${url} answered with status ${status}`, { url, status });
  }
  return { status, pieces };
}

/** A text file. */
export async function readText(source: Source, url: string, signal: AbortSignal): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of (await download(source, url, signal)).pieces) text += decoder.decode(piece, { stream: true });
  return text + decoder.decode();
}

// A reader, because Safari cannot iterate over a ReadableStream.
async function* read(url: string, body: ReadableStream<Uint8Array<ArrayBuffer>> | null, signal: AbortSignal) {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } catch (error) {
    throw failure(url, error, signal);
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function failure(url: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof LukeError) return error;
  return new LukeError('network', `cannot fetch ${url}: ${error instanceof Error ? error.message : error}`, { url });
}
