// Promises and controllers that end with a signal, or after a time.

/** A controller that aborts when `signal` does, for the same reason, until `release` is called. */
export function follow(signal: AbortSignal | undefined): { abort: AbortController; release: () => void } {
  const abort = new AbortController();
  const onAbort = () => abort.abort(signal!.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return { abort, release: () => signal?.removeEventListener('abort', onAbort) };
}

/** The result of `work`, or a rejection with `signal.reason` as soon as the signal aborts. The result of `work` is then ignored. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** The result of `work`, or a rejection with `late()` after `limitMs`. The result of `work` is then ignored. */
export async function within<T>(limitMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(late()), limitMs)));
  return Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
