// Functions of the page that are told something, and have no say in it.
import { report } from './host.js';

/**
 * Calls the user's `onProgress`. What it throws is reported as an uncaught error of the page, and the work goes on. It is wrapped: with
 * `worker: false` an uncaught `WebAssembly.RuntimeError` would be taken for a trap of our module.
 */
export async function tell<T>(onProgress: ((event: T) => unknown) | undefined, event: T): Promise<void> {
  try {
    await onProgress?.(event);
  } catch (cause) {
    report(new Error('onProgress threw', { cause }));
  }
}
