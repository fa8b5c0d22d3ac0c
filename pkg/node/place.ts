// Where an engine and its threads run in Node.js: in worker threads, which look like Web Workers to the rest of the package.
import { Worker as WorkerThread, type Transferable as NodeTransferable } from 'node:worker_threads';
import { stayAlive } from './host.js';

export const hasWorkers = (): boolean => true;

/** Serves a model on this thread. */
export async function serveHere(port: MessagePort): Promise<void> {
  const { serve } = await import('./serve.js');
  await serve(port);
  stayAlive(port, false);
}

export function workerStarts(): (() => Worker)[] {
  return [() => start(new URL('./node-worker.js', import.meta.url))];
}

export function startThreadWorker(): Worker {
  return start(new URL('./node-thread.js', import.meta.url));
}

/** What a worker receives (node/worker.ts, node/thread.ts). Ports have a place of their own, as in the events of the web. */
export interface Delivery {
  data: unknown;
  ports: readonly MessagePort[];
}

function start(script: URL): Worker {
  return new ThreadAsWorker(script) as unknown as Worker;
}

/** The part of a Web Worker that the package uses. */
class ThreadAsWorker extends EventTarget {
  onmessage: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  readonly #thread: WorkerThread;

  constructor(script: URL) {
    super();
    this.#thread = new WorkerThread(script, { name: 'luke-web' });
    this.#thread.on('message', (data) => this.onmessage?.(new MessageEvent('message', { data })));
    this.#thread.on('error', (error) => {
      const event = Object.assign(new Event('error', { cancelable: true }), { error, message: error instanceof Error ? error.message : String(error) });
      this.dispatchEvent(event);
      this.onerror?.(event);
    });
    this.#thread.unref(); // after the listeners, which hold it; requests keep the process alive, by their port
  }

  postMessage(data: unknown, ports: readonly MessagePort[] = []): void {
    const delivery: Delivery = { data, ports };
    this.#thread.postMessage(delivery, ports as unknown as NodeTransferable[]);
  }

  terminate(): void {
    void this.#thread.terminate();
  }
}
