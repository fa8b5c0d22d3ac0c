// Serves a page without network, with the headers that its server sent, and on request with those for threads. For the script of the
// page's service worker. The models are not kept here but in the store of the package, whose requests pass by.

/** What TypeScript's library for pages does not have. */
interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface MessageEventOfWorker extends ExtendableEvent {
  readonly data: unknown;
}
interface Scope {
  readonly registration: { readonly scope: string };
  addEventListener(type: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
  addEventListener(type: 'message', listener: (event: MessageEventOfWorker) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
}

export interface OfflineOptions {
  /** Changes with every version of the page's files: what an earlier version kept is then deleted (default `'1'`). */
  version?: string | undefined;
  /** URLs to fetch when the service worker is installed. Relative URLs are resolved against its script. */
  precache?: readonly string[] | undefined;
  /** Which requests of the page are answered without network (default: all of its origin). Requests for parts of files never are. */
  handles?: ((request: Request) => boolean) | undefined;
  /** Milliseconds after which the kept copy is used although the network may still answer (default 5,000). */
  networkTimeoutMs?: number | undefined;
  /**
   * Whether to add `Cross-Origin-Opener-Policy` and `Cross-Origin-Embedder-Policy` where the server did not send them (default `false`):
   * on a host that cannot send headers, the CPU module has threads from the second visit of a page on.
   */
  isolate?: boolean | undefined;
}

const PREFIX = 'luke-web-page-';
/** What makes a page cross-origin isolated. */
const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** The message with which `keepOffline` asks to keep files. */
export const KEEP = 'luke-web:keep';
/** The message with which a page asks a new version, which waits, to take over. */
export const UPDATE = 'luke-web:update';

/**
 * Answers the requests of a page from the network, and without network from what it kept. Every response is kept whole, so headers such
 * as those for cross-origin isolation stay.
 *
 * A new version waits until no page of the old one is open, as a page may have work that is not saved. A page that wants it sooner posts
 * `{ type: 'luke-web:update' }` to `registration.waiting`, and reloads itself on `controllerchange`.
 *
 * @example
 * // sw.js, a module: navigator.serviceWorker.register('sw.js', { type: 'module' })
 * import { serveOffline } from 'luke-web/service-worker';
 * serveOffline({ precache: ['./', 'main.js', 'style.css'] });
 */
export function serveOffline({ version = '1', precache = [], handles = () => true, networkTimeoutMs = 5_000, isolate = false }: OfflineOptions = {}): void {
  const scope = globalThis as unknown as Scope;
  // Another page of this origin has another scope, and its files stay.
  const prefix = `${PREFIX}${scope.registration.scope} `;
  const name = prefix + version;

  /** Rejects if one of the files cannot be fetched. */
  const keep = async (urls: readonly string[]): Promise<void> => {
    const cache = await caches.open(name);
    await cache.addAll(urls.map((url) => new Request(new URL(url, location.href), { cache: 'no-cache' })));
  };
  const answer = async (request: Request): Promise<Response> => {
    const opening = caches.open(name);
    const fetching = fetch(request).then((response) => {
      const copy = response.status === 200 ? response.clone() : undefined;
      if (copy) opening.then((cache) => cache.put(request, copy)).catch(() => {}); // the page needs the response, not the copy
      return response;
    });
    fetching.catch(() => {});
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, networkTimeoutMs));
    const response = await Promise.race([fetching, late]).catch(() => undefined);
    // A server that fails is no reason to show its error in place of the page.
    if (response && response.status < 500) return response;
    const kept = await opening.then((cache) => cache.match(request, { ignoreVary: true, ignoreSearch: request.mode === 'navigate' })).catch(() => undefined);
    return kept ?? response ?? fetching;
  };

  scope.addEventListener('install', (event) => event.waitUntil(keep(precache)));
  scope.addEventListener('activate', (event) => event.waitUntil(deleteOthers(prefix, name).then(() => scope.clients.claim())));
  scope.addEventListener('message', (event) => {
    const { type, urls } = (event.data ?? {}) as { type?: unknown; urls?: unknown };
    if (type === UPDATE) event.waitUntil(scope.skipWaiting());
    if (type === KEEP && Array.isArray(urls)) event.waitUntil(Promise.allSettled(urls.filter(isOurs).map((url) => keep([url as string]))));
  });
  scope.addEventListener('fetch', (event) => {
    const { request } = event;
    const isStored = request.cache === 'no-store' || request.headers.has('range');
    if (request.method === 'GET' && isOurs(request.url) && !isStored && handles(request)) event.respondWith(isolate ? answer(request).then(isolated) : answer(request));
  });
}

/** A response with the headers for cross-origin isolation. */
function isolated(response: Response): Response {
  // A redirect of a page, for example, is not readable, and goes on as it is.
  if (response.type !== 'basic' && response.type !== 'default') return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(ISOLATION)) if (!headers.has(name)) headers.set(name, value);
  const { body, status, statusText } = response;
  return new Response(body, { status, statusText, headers });
}

/** Deletes what earlier versions kept. */
async function deleteOthers(prefix: string, name: string): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((other) => other.startsWith(prefix) && other !== name).map((other) => caches.delete(other)));
}

function isOurs(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url, location.href) && new URL(url, location.href).origin === location.origin;
}
