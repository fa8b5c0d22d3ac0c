import { useCallback, useEffect, useMemo, useState } from 'react';
import type { Luke } from '../index.js';

/** The newest result of a hook, and the input that it belongs to. */
export interface LastResult<Input, Data> {
  readonly input: Input;
  readonly data: Data;
}

/**
 * The state of a call. `data` belongs to the input of this render: while a changed input is read, the status is `pending` and there is no
 * `data`. A page that shows the earlier result until then takes it from `last`, with the input in which its offsets count.
 */
export type CallState<Input, Data> = {
  /** The newest result. It stays while the next call runs, and after a call that failed. */
  readonly last: LastResult<Input, Data> | undefined;
  /** Makes the call again, for example after an error. */
  readonly retry: () => void;
} & (
  | { readonly status: 'idle' | 'pending'; readonly data: undefined; readonly error: undefined }
  | { readonly status: 'ready'; readonly data: Data; readonly error: undefined }
  | { readonly status: 'error'; readonly data: undefined; readonly error: unknown }
);

interface Settled<Input, Data> {
  /** What the call was made with. */
  readonly changes: readonly unknown[];
  readonly outcome: { readonly data: Data } | { readonly error: unknown };
  readonly last: LastResult<Input, Data> | undefined;
}

/**
 * Makes a call of a model whenever one of `keys` changes, and aborts the call before it. Without a model or an input the hook is idle.
 * All state changes follow from effects, so that a render that React throws away leaves nothing behind.
 */
export function useCall<Input, Data>(
  luke: Luke | null | undefined,
  input: Input | null | undefined,
  keys: readonly unknown[],
  call: (luke: Luke, input: Input, signal: AbortSignal) => Promise<Data>,
): CallState<Input, Data> {
  const [attempt, setAttempt] = useState(0);
  const [settled, setSettled] = useState<Settled<Input, Data>>();
  const isIdle = !luke || input === null || input === undefined;
  const changes = [luke, isIdle, attempt, ...keys];

  useEffect(() => {
    if (!luke || input === null || input === undefined) return undefined;
    const abort = new AbortController();
    const settle = (outcome: Settled<Input, Data>['outcome']) => {
      if (abort.signal.aborted) return;
      setSettled((before) => ({ changes, outcome, last: 'data' in outcome ? { input, data: outcome.data } : before?.last }));
    };
    call(luke, input, abort.signal).then((data) => settle({ data }), (error: unknown) => settle({ error }));
    return () => abort.abort();
  }, changes);

  const retry = useCallback(() => setAttempt((before) => before + 1), []);
  // The result of another input is not shown for this one.
  const outcome = !isIdle && settled?.changes.every((value, i) => Object.is(value, changes[i])) ? settled.outcome : undefined;
  const last = settled?.last;
  return useMemo(() => {
    const none = { data: undefined, error: undefined, last, retry };
    if (!outcome) return { ...none, status: isIdle ? 'idle' : 'pending' };
    return 'data' in outcome ? { ...none, status: 'ready', data: outcome.data } : { ...none, status: 'error', error: outcome.error };
  }, [isIdle, outcome, last, retry]);
}
