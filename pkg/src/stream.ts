// The parts of a result that come while its call runs, as an async iterator.
import { follow } from './abort.js';

/**
 * Starts a call when the first part is asked for, and gives its parts in order. Parts that are not taken yet wait here. The call is
 * aborted when `signal` is, or when the loop over the parts ends early.
 */
export async function* partsOf<T>(signal: AbortSignal | undefined, start: (onPart: (part: T) => void, signal: AbortSignal) => Promise<unknown>): AsyncGenerator<T, void> {
  const { abort, release } = follow(signal);
  const parts: T[] = [];
  let end: { error?: unknown } | undefined;
  let wake = () => {};
  const onPart = (part: T) => {
    parts.push(part);
    wake();
  };
  start(onPart, abort.signal)
    .then(() => (end = {}), (error: unknown) => (end = { error }))
    .finally(() => wake());
  try {
    for (;;) {
      for (let next = parts.shift(); next !== undefined; next = parts.shift()) {
        signal?.throwIfAborted();
        yield next;
      }
      if (end && 'error' in end) throw end.error;
      if (end) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    release();
    abort.abort();
  }
}
