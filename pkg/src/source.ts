// Where the model's files come from. A `Source` is a small version of `fetch` with two implementations. The engine normally fetches
// the files itself. If the user passed a `fetch`, the page calls it and sends the bytes through a port (remote.ts), because a
// function cannot be sent to a worker.
import { LukeError } from './errors.js';
import { whyNothingCame } from './host.js';

/** A byte range of a file. */
export interface ByteRange {
  offset: number;
  bytes: number;
  /** Sent as `If-Range`: the server sends the whole file if it has changed. */
  ifRange?: string | undefined;
}

/** What the headers of a response say, as far as it is used and visible to the page. */
export interface ResponseFacts {
  status: number;
  /** The version of the file: its `ETag`, or else its `Last-Modified`. */
  version?: string | undefined;
  /** The version, if it can be sent back to this server in `If-Range`. */
  ifRange?: string | undefined;
  /** Milliseconds that the server asks to wait before the next try. */
  retryAfterMs?: number | undefined;
  /** First byte of a partial response. */
  start?: number | undefined;
  /** Whether it came from another URL than was asked for, which may expire. */
  isRedirected?: boolean;
  /** What a hub says of an error, in its header `X-Error-Code`. */
  errorCode?: string;
  /** Whether it may be an HTML page: many servers send one for a file that does not exist. */
  html?: boolean;
}

/** A response: the facts of its headers and a stream of its bytes, which ends when the signal of its request aborts. */
export interface Download extends ResponseFacts {
  /** A piece is valid until the next one is requested, because its memory may be reused. */
  pieces: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/**
 * How to use the HTTP cache, as in `fetch`: `no-cache` revalidates a cached file, `reload` ignores the cached file, `no-store` also
 * keeps the new one out of the cache.
 */
export type Freshness = 'no-cache' | 'reload' | 'no-store';

/** Fetches a file or a range of it. A server without range requests sends the whole file with status 200. */
export type Source = (url: string, signal: AbortSignal, range?: ByteRange, cache?: Freshness) => Promise<Download>;

/** A source that calls `fetchFunction`. It rejects with `network`, or with `signal.reason` after an abort. */
export function fetchSource(fetchFunction: typeof fetch, headers?: Record<string, string>): Source {
  return async (url, signal, range, cache) => {
    const rangeHeaders = range && { range: `bytes=${range.offset}-${range.offset + range.bytes - 1}`, ...(range.ifRange && { 'if-range': range.ifRange }) };
    try {
      const response = await fetchFunction(url, { signal, ...(cache && { cache }), ...((headers || range) && { headers: { ...headers, ...rangeHeaders } }) });
      return { ...facts(response), pieces: read(url, response.body ? pieces(response.body, signal) : [], signal) };
    } catch (error) {
      throw fetchError(url, error, signal);
    }
  };
}

function facts(response: Response): ResponseFacts {
  const header = (name: string) => response.headers.get(name) ?? undefined;
  const version = header('etag') ?? header('last-modified');
  // On another origin `If-Range` needs a preflight, which many hosts refuse.
  const isOurs = URL.canParse(response.url) && new URL(response.url).origin === globalThis.location?.origin;
  const errorCode = header('x-error-code');
  const start = /^bytes (\d+)-/.exec(header('content-range') ?? '')?.[1];
  return {
    status: response.status,
    version,
    ifRange: isOurs && !version?.startsWith('W/') ? version : undefined,
    retryAfterMs: retryAfterMs(header('retry-after')),
    start: start === undefined ? undefined : Number(start),
    ...(response.redirected && { isRedirected: true }),
    ...(errorCode && { errorCode }),
    html: /^text\/html\b/.test(header('content-type') ?? ''),
  };
}

/** `Retry-After` is a number of seconds or a date. */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

/**
 * Starts a download. Rejects with `network` unless the status is 2xx. If `range` was given, status 206 means that the response is
 * this range, and any other status means that it is the whole file.
 */
export async function download(source: Source, url: string, signal: AbortSignal, range?: ByteRange, cache?: Freshness): Promise<Download> {
  const response = await source(url, signal, range, cache);
  const { status, retryAfterMs, isRedirected, errorCode } = response;
  signal.throwIfAborted(); // a `fetch` of the user may have ignored it
  if (status < 200 || status > 299) {
    const detail = { url, status, ...(retryAfterMs !== undefined && { retryAfterMs }), ...(isRedirected && { isRedirected }), ...(errorCode && { errorCode }) };
    throw new LukeError('network', `${url} answered with status ${status}${meaning(detail)}`, detail);
  }
  return response;
}

const TOKEN = "the option headers: { Authorization: 'Bearer …' }";
/** What the error codes of a hub mean for the user. */
const ERROR_CODES: Record<string, string> = {
  GatedRepo: `: the repository is gated. Accept its terms on its page, and pass a token of your account in ${TOKEN}`,
  RepoNotFound: `: there is no such repository, or it is private and needs a token in ${TOKEN}`,
  RevisionNotFound: ': the repository has no such revision',
};

/** What a user can do about an answer. */
function meaning({ status, isRedirected, errorCode }: Pick<ResponseFacts, 'status' | 'isRedirected' | 'errorCode'>): string {
  const known = errorCode !== undefined && Object.hasOwn(ERROR_CODES, errorCode) ? ERROR_CODES[errorCode] : undefined;
  if (known) return known;
  if (isExpired({ status, isRedirected, errorCode })) return ': the URL to which it was redirected has expired, or was refused';
  return status === 401 ? `: it needs a token in ${TOKEN}` : '';
}

/** Whether a store refused the signed URL to which a hub redirected: the hub gives a new one. A hub that refuses by itself says why. */
export function isExpired({ status, isRedirected, errorCode }: { [Key in 'status' | 'isRedirected' | 'errorCode']?: ResponseFacts[Key] | undefined }): boolean {
  return isRedirected === true && errorCode === undefined && (status === 400 || status === 401 || status === 403);
}

const BUFFER_BYTES = 1 << 18;

async function* read(url: string, pieces: AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<never>, signal: AbortSignal) {
  try {
    yield* pieces;
  } catch (error) {
    throw fetchError(url, error, signal);
  }
  signal.throwIfAborted();
}

type Piece = { done: false; value: Uint8Array<ArrayBuffer> } | { done: true };

/**
 * The pieces of a stream, which is cancelled when they are left and when `signal` aborts. It reads them through one reused buffer if the
 * stream supports it. Otherwise the browser allocates a buffer for each piece, and often frees them only after the model is loaded. It
 * uses a reader because Safari cannot iterate over a ReadableStream.
 */
export function pieces(body: ReadableStream<Uint8Array<ArrayBuffer>>, signal?: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const [reader, next] = pieceReader(body);
  const cancel = () => void reader.cancel().catch(() => {});
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  return (async function* () {
    try {
      for (let piece = await next(); !piece.done; piece = await next()) yield piece.value;
    } finally {
      cancel();
    }
  })();
}

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
  return new LukeError('network', `cannot fetch ${url}: ${whyNothingCame(url, error)}`, { url }, { cause: error });
}
