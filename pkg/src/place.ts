// Where an engine and its threads can run. The entry for service workers replaces this file by place-static.ts (bundle.mjs).

export const hasWorkers = (): boolean => typeof Worker !== 'undefined';

/** Serves a model on this thread. */
export async function serveHere(port: MessagePort): Promise<void> {
  const { serve } = await import('./serve.js');
  void serve(port);
}

/** The ways to start a worker of the package, in the order in which they are tried. A browser may refuse each, by an exception or an event. */
export function workerStarts(): (() => Worker)[] {
  const start = () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'luke-web' });
  return [start, ...importing('./worker.js', 'luke-web')];
}

/** Starts a worker for one more thread of a module. */
export function startThreadWorker(): Worker {
  const [start] = globalThis.location?.protocol === 'blob:' ? importing('./thread.js', 'luke-web-thread') : [];
  return start ? start() : new Worker(new URL('./thread.js', import.meta.url), { type: 'module', name: 'luke-web-thread' });
}

/** URLs of scripts of the page's origin that import one of another origin, by its URL. They are small, and stay for the next worker. */
const importers = new Map<string, string>();

/**
 * The way to start a script of another origin, such as a content delivery network: a worker's script must be of the page's origin, but what
 * it imports need not be. `path` is that of the script without a bundler: a bundler that saw a URL of it here would copy it alone.
 */
function importing(path: string, name: string): (() => Worker)[] {
  const here = import.meta.url; // a constant, because webpack would take the URL below for that of a file whose name it must know
  const { origin, href } = new URL(path, here);
  if (origin === globalThis.location?.origin) return [];
  const start = () => {
    const script = importers.get(href) ?? URL.createObjectURL(new Blob([`import ${JSON.stringify(href)};`], { type: 'text/javascript' }));
    importers.set(href, script);
    return new Worker(script, { type: 'module', name });
  };
  return [start];
}
