// Work of a dialog that takes time and may fail.
import { useSignal, type Signal } from '@preact/signals';
import { errorMessage } from '../messages.js';

export interface Task {
  readonly isBusy: Signal<boolean>;
  /** What went wrong, in words; empty, if nothing. */
  readonly error: Signal<string>;
  /** Runs work, one at a time: while it is busy, nothing is run. `what` names it: "Saving the file". What was aborted is no error. */
  run(what: string, work: () => Promise<void>): void;
}

export function useTask(): Task {
  const isBusy = useSignal(false);
  const error = useSignal('');
  const run = async (what: string, work: () => Promise<void>): Promise<void> => {
    if (isBusy.value) return;
    isBusy.value = true;
    error.value = '';
    try {
      await work();
    } catch (reason) {
      if (!isAbort(reason)) error.value = errorMessage(reason, what).text;
    } finally {
      isBusy.value = false;
    }
  };
  return { isBusy, error, run: (what, work) => void run(what, work) };
}

/** Whether a person ended the work: with Cancel, or by closing the dialog of the system. */
function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
