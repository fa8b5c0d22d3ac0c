// When a failed request is tried again, and after how long.
import { abortable, follow } from './abort.js';
import { LukeError } from './errors.js';
import { isExpired } from './source.js';

/** What a caller may set, and the defaults. */
export interface RetryOptions {
  /** How many times a file is tried again. */
  retries: number;
  /** Milliseconds without a byte after which a try ends. */
  stallMs: number;
}

/** Is told of each try that failed, before the wait for the next one. */
export type OnRetry = (error: LukeError, attempt: number, waitMs: number) => void;

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 60_000;
const GRACE_MS = 50;

/** What the detail of an error may say. */
interface Detail {
  status?: number;
  retryAfterMs?: number;
  isReplaced?: boolean;
  isRedirected?: boolean;
  errorCode?: string;
}

/** Whether another try may help: not after a status such as 404, which will be the same again. */
export function mayRetry(error: unknown): error is LukeError {
  if (!(error instanceof LukeError)) return false;
  const { status, isReplaced, ...redirect } = (error.detail ?? {}) as Detail;
  if (error.code === 'integrity') return !isReplaced; // of a file that was replaced, other parts are here already
  if (isExpired({ status, ...redirect })) return error.code === 'network';
  return error.code === 'network' && (status === undefined || status === 408 || status === 429 || status >= 500);
}

/** Milliseconds before the next try: what the server asked for, or a time that doubles, with jitter so that clients spread out. */
export function waitMs(error: LukeError, attempt: number): number {
  const asked = ((error.detail ?? {}) as Detail).retryAfterMs;
  return Math.min(asked ?? FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2), MAX_WAIT_MS);
}

/** Waits. Rejects with `signal.reason` after an abort. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Runs `work` with a signal that aborts when `signal` does, or when `alive` was not called for `stallMs`. The reason is then a `network`
 * error about `url`. After `alive(true)`, when all bytes are here, there is no limit any more.
 */
export async function withinStall<T>(
  url: string,
  stallMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal, alive: (isDone?: boolean) => void) => Promise<T>,
): Promise<T> {
  const { abort, release } = follow(signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stall = () => abort.abort(new LukeError('network', `${url}: no byte came for ${stallMs / 1000} s`, { url, stallMs }));
  const alive = (isDone = false) => {
    clearTimeout(timer);
    if (isDone || abort.signal.aborted) return;
    // A thread that was busy until the limit gets the bytes that came meanwhile a moment later.
    timer = setTimeout(() => (timer = setTimeout(stall, GRACE_MS)), stallMs);
  };
  alive();
  try {
    abort.signal.throwIfAborted();
    // A stream need not end when its signal aborts: the page may have given us a `fetch` of its own.
    return await abortable(work(abort.signal, alive), abort.signal);
  } finally {
    clearTimeout(timer);
    release();
    abort.abort(); // ends what is left of the work
  }
}

/** Calls `attempt` until it succeeds, fails for good, or has failed too often. `onRetry` is told why before each wait. */
export async function withRetries<T>(
  options: RetryOptions,
  signal: AbortSignal,
  onRetry: OnRetry,
  attempt: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let best = 0;
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!mayRetry(error)) throw error;
      // A connection that drops again and again, but brings bytes each time, gets to the end.
      if (progress() > best) {
        best = progress();
        tried = 1;
      }
      if (tried > options.retries) throw error;
      const ms = waitMs(error, tried);
      onRetry(error, tried, ms);
      await sleep(ms, signal);
    }
  }
}

/** Runs `work` within the limit for stalls, as often as the options say; see `withRetries` and `withinStall`. */
export function retrying<T>(
  url: string,
  options: RetryOptions,
  signal: AbortSignal,
  onRetry: OnRetry,
  work: (signal: AbortSignal, alive: (isDone?: boolean) => void) => Promise<T>,
  progress?: () => number,
): Promise<T> {
  return withRetries(options, signal, onRetry, () => withinStall(url, options.stallMs, signal, work), progress);
}
