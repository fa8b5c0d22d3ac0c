// Where an engine and its threads can run. The entry for service workers replaces this file by place-static.ts (bundle.mjs).

export const hasWorkers = (): boolean => typeof Worker !== 'undefined';

/** Serves a model on this thread. */
export async function serveHere(port: MessagePort): Promise<void> {
  const { serve } = await import('./serve.js');
  void serve(port);
}

/** Starts a worker of the package. Throws if the browser does not allow its script. */
export function startWorker(): Worker {
  return fromAnyOrigin(() => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'luke-web' }), './worker.js', 'luke-web');
}

/** Starts a worker for one more thread of a module. */
export function startThreadWorker(): Worker {
  return fromAnyOrigin(() => new Worker(new URL('./thread.js', import.meta.url), { type: 'module', name: 'luke-web-thread' }), './thread.js', 'luke-web-thread');
}

/** URLs of scripts of the page's origin that import one of another origin, by its URL. They are small, and stay for the next worker. */
const importers = new Map<string, string>();

/**
 * A worker's script must be of the page's origin, but what it imports may be of another one, such as a content delivery network. `path` is
 * that of the script without a bundler: a bundler that saw a URL of it here would copy it without what it imports.
 */
function fromAnyOrigin(start: () => Worker, path: string, name: string): Worker {
  try {
    return start();
  } catch (error) {
    const { origin, href } = new URL(path, import.meta.url);
    if (origin === globalThis.location?.origin) throw error;
    const script = importers.get(href) ?? URL.createObjectURL(new Blob([`import ${JSON.stringify(href)};`], { type: 'text/javascript' }));
    importers.set(href, script);
    return new Worker(script, { type: 'module', name });
  }
}
