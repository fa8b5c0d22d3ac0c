// Where an engine and its threads can run. The entry for service workers replaces this file by place-static.ts (bundle.mjs).

export const hasWorkers = (): boolean => typeof Worker !== 'undefined';

/** Serves a model on this thread. */
export async function serveHere(port: MessagePort): Promise<void> {
  const { serve } = await import('./serve.js');
  void serve(port);
}

/** Starts a worker of the package. Throws if the browser does not allow its script. */
export function startWorker(): Worker {
  try {
    return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'luke-web' });
  } catch (error) {
    const url = scriptUrl('./worker.js');
    if (url.origin === globalThis.location?.origin) throw error;
    // A worker's script must be of the page's origin, but what it imports may be of another one, such as a content delivery network.
    const script = URL.createObjectURL(new Blob([`import ${JSON.stringify(url.href)};`], { type: 'text/javascript' }));
    try {
      return new Worker(script, { type: 'module', name: 'luke-web' });
    } finally {
      setTimeout(() => URL.revokeObjectURL(script), REVOKE_MS);
    }
  }
}

/** Starts a worker for one more thread of a module. */
export function startThreadWorker(): Worker {
  return new Worker(new URL('./thread.js', import.meta.url), { type: 'module', name: 'luke-web-thread' });
}

/** By then the script has been read: it is in memory. */
const REVOKE_MS = 60_000;

/** The URL of a script beside this one. A bundler that saw its name here would copy it without what it imports. */
function scriptUrl(path: string): URL {
  return new URL(path, import.meta.url);
}
