// The service worker of a page, in a fake of its global scope.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { KEEP, serveOffline, UPDATE, type OfflineOptions } from '../src/service-worker.js';

const PAGE = 'https://page.example/app/';
const ISOLATION = ['cross-origin-opener-policy', 'cross-origin-embedder-policy'];

type Listener = (event: Record<string, unknown>) => void;
type Answer = (request: Request) => Response | Promise<Response>;

const OLD = new Map<string, PropertyDescriptor | undefined>();

function define(name: string, value: unknown): void {
  if (!OLD.has(name)) OLD.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

let listeners: Map<string, Listener>;
let caches: Map<string, Map<string, Response>>;
let skipped: number;
let network: Answer;

beforeEach(() => {
  [listeners, caches, skipped] = [new Map(), new Map(), 0];
  network = () => new Response('of the network');
  const open = async (name: string) => {
    const kept = caches.get(name) ?? new Map<string, Response>();
    caches.set(name, kept);
    const put = async (request: Request, response: Response) => void kept.set(request.url, response);
    return {
      put,
      addAll: async (requests: Request[]) => void (await Promise.all(requests.map(async (request) => put(request, await network(request))))),
      match: async (request: Request) => kept.get(request.url)?.clone(),
    };
  };
  define('caches', { open, keys: async () => [...caches.keys()], delete: async (name: string) => caches.delete(name) });
  define('location', new URL(`${PAGE}sw.js`));
  define('registration', { scope: PAGE });
  define('clients', { claim: async () => {} });
  define('skipWaiting', async () => void (skipped += 1));
  define('addEventListener', (type: string, listener: Listener) => listeners.set(type, listener));
  define('fetch', async (request: Request) => network(request));
});

afterEach(() => {
  for (const [name, descriptor] of OLD) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else Reflect.deleteProperty(globalThis, name);
  }
  OLD.clear();
});

/** Sends an event, and waits for the work that it starts; gives the response, if there is one. */
async function send(type: string, event: Record<string, unknown> = {}): Promise<Response | undefined> {
  const work: Promise<unknown>[] = [];
  let response: Promise<Response> | undefined;
  listeners.get(type)?.({ ...event, waitUntil: (promise: Promise<unknown>) => work.push(promise), respondWith: (answer: Promise<Response>) => (response = answer) });
  await Promise.all(work);
  return response;
}

function get(path: string): Promise<Response | undefined> {
  return send('fetch', { request: new Request(new URL(path, PAGE)) });
}

async function start(options: OfflineOptions): Promise<void> {
  serveOffline(options);
  await send('install');
}

/** A response as the network gives it. */
function basic(body: string, headers: Record<string, string> = {}): Response {
  return Object.defineProperty(new Response(body, { headers, status: 200 }), 'type', { value: 'basic' });
}

test('a new version waits, and takes over when a page asks for it', async () => {
  await start({ version: '2' });
  assert.equal(skipped, 0, 'it waits');
  await send('message', { data: { type: KEEP, urls: [] } });
  await send('message', { data: null });
  assert.equal(skipped, 0, 'another message is no wish for it');
  await send('message', { data: { type: UPDATE } });
  assert.equal(skipped, 1);
});

test('what the old version kept stays while the new one waits', async () => {
  await start({ version: '1', precache: ['./'] });
  await start({ version: '2', precache: ['./'] });
  assert.deepEqual([...caches.keys()], [`luke-web-page-${PAGE} 1`, `luke-web-page-${PAGE} 2`]);
  await send('activate');
  assert.deepEqual([...caches.keys()], [`luke-web-page-${PAGE} 2`]);
});

test('headers for threads are added with `isolate` only, to what comes from the network and to what was kept', async () => {
  for (const isolate of [undefined, true]) {
    network = () => basic('a script', { 'content-type': 'text/javascript' });
    await start({ version: String(isolate), isolate });
    for (const where of ['network', 'kept']) {
      const response = await get('main.js');
      assert.deepEqual(ISOLATION.map((name) => response?.headers.get(name) ?? null), isolate ? ['same-origin', 'require-corp'] : [null, null], where);
      assert.equal(response?.headers.get('content-type'), 'text/javascript');
      assert.equal(await response?.text(), 'a script');
      network = () => Promise.reject(new TypeError('Failed to fetch'));
    }
  }
});

test('headers that the server sent stay as they are', async () => {
  network = () => basic('a page', { 'cross-origin-embedder-policy': 'credentialless' });
  await start({ isolate: true });
  const response = await get('./');
  assert.deepEqual(ISOLATION.map((name) => response?.headers.get(name)), ['same-origin', 'credentialless']);
});

test('with `isolate`, a status and an empty body stay, and so does a response that cannot be read', async () => {
  await start({ isolate: true });
  for (const response of [new Response(null, { status: 204 }), new Response('gone', { status: 404 })]) {
    network = () => response;
    assert.equal((await get('x'))?.status, response.status);
  }
  const redirect = Object.defineProperty(new Response(), 'type', { value: 'opaqueredirect' });
  network = () => redirect;
  assert.equal(await get('folder'), redirect);
});
