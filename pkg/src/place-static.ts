// The place of engines in `luke-web/static`: this thread only. A service worker has no workers, and its scripts cannot use `import()`.
import { serve } from './serve.js';

export const hasWorkers = (): boolean => false;

export async function serveHere(port: MessagePort): Promise<void> {
  void serve(port);
}

export function workerStarts(): (() => Worker)[] {
  return [];
}

export function startThreadWorker(): Worker {
  throw new TypeError('luke-web/static starts no workers');
}
