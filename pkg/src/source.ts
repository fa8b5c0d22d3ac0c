// Where the model's files come from. A `Source` is `fetch` cut down to what chunks.ts needs, so that the bytes may as
// well come from the page through a port (remote.ts) when the user gave a `fetch` of their own: functions cannot cross
// into a worker. Without one the engine fetches by itself and the page never touches a byte.
import { LukeError } from './errors.js';

/** A response: its status and its bytes as they come. */
export interface Download {
  status: number;
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

export type Source = (url: string, signal: AbortSignal) => Promise<Download>;

/** The source that calls `fetchFunction`. Rejects with `network`, or with the signal's reason when aborted. */
export function fetchSource(fetchFunction: typeof fetch, headers?: Record<string, string>): Source {
  return async (url, signal) => {
    try {
      const response = await fetchFunction(url, { signal, ...(headers && { headers }) });
      return { status: response.status, pieces: read(url, response.body, signal) };
    } catch (error) {
      throw failure(url, error, signal);
    }
  };
}

/** The bytes of `url` as they come. Rejects with `network` unless the server answers with a success. */
export async function download(source: Source, url: string, signal: AbortSignal): Promise<Download['pieces']> {
  const { status, pieces } = await source(url, signal);
  if (status < 200 || status > 299) {
    await pieces[Symbol.asyncIterator]().return?.();
    throw new LukeError('network', `${url} answered with status ${status}`, { url, status });
  }
  return pieces;
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
