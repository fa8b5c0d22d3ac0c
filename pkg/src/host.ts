// What browsers have and Node.js has in another form. The entry for Node.js replaces this file by node/host.ts (bundle.mjs).
import { LukeError } from './errors.js';

/** What messages call the engine. */
export const HERE = 'this browser';

/** URLs that no `fetch` knows. Others may be those of an extension, or of a program around the page. */
const UNFETCHED = /^(ftps?|wss?|mailto|javascript|about|tel):/;

/** Fetches a file of the package or of a model. */
export const fetchHere: typeof fetch = async (input, init) => {
  const url = String(input instanceof Request ? input.url : input);
  if (UNFETCHED.test(url)) throw new LukeError('input', `${url} cannot be fetched: use a URL that begins with https: or http:`);
  return fetch(input, init);
};

/** Why nothing came from a URL. A browser does not tell a page. */
export function whyNothingCame(url: string, error: unknown): string {
  const { message } = error as Partial<Error>;
  const here = globalThis.location?.origin;
  const isElsewhere = error instanceof TypeError && here && URL.canParse(url) && new URL(url).origin !== here;
  const hint = isElsewhere ? '. It is on another origin: its server, or the one to which it redirects, is not there or does not allow this page (CORS)' : '';
  return `${message ?? String(error)}${hint}`;
}

/** An absolute URL; a relative one is taken from the page's. `undefined` if it is no URL. */
export function toUrl(url: string | URL): URL | undefined {
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  return URL.canParse(url, base) ? new URL(url, base) : undefined;
}

/** Threads that can run at once. */
export const cores = (): number => navigator.hardwareConcurrency || 1;

/** Why threads cannot share memory with this one. */
export function whyNoThreads(): string | undefined {
  if (!globalThis.crossOriginIsolated) return 'the page is not cross-origin isolated: it needs the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  if (typeof document !== 'undefined') return 'the model runs on the thread of the page, which must not wait for others';
  if (typeof Worker === 'undefined') return 'workers cannot start workers here';
  return undefined;
}

/** Why WebGPU cannot be asked for. */
export function whyNoGpu(): string | undefined {
  const { gpu } = (globalThis.navigator ?? {}) as { gpu?: GPU };
  return gpu ? undefined : 'this browser has no WebGPU';
}

/** Calls `listener` with each error that nobody catches, until the function is called that this gives. The listener says whether it is ours. */
export function onUncaught(listener: (error: unknown) => boolean): () => void {
  // The events are not stopped: the error may be of another library.
  const hear = (event: Event) => void listener((event as ErrorEvent).error ?? (event as PromiseRejectionEvent).reason);
  const types = ['error', 'unhandledrejection'];
  for (const type of types) globalThis.addEventListener?.(type, hear);
  return () => types.forEach((type) => globalThis.removeEventListener?.(type, hear));
}

/** Tells the developer of an error in their code that stops nothing of ours. */
export const report = (error: Error): void => reportError(error);

/** Node.js ends when nobody waits for anything. A page lives as long as its user wants. */
export function stayAlive(_port: MessagePort, _isNeeded: boolean): void {}
