// What the fault specs do in a page: load with a fault, ask, let go, and load again; and look into the store.
import * as lukeWeb from 'luke-web';
import './drive.js';

const TEXT = 'Ana Ivanovic won at Wimbledon.';
/** Longer than any test waits for a good reason: what takes as long hangs. */
const HANG_MS = 30_000;
const STORE = 'luke-web';

globalThis.lukeWeb = lukeWeb;

/** A worker that the loads of this page share, so that the runtime is compiled once. */
const sharedWorker = () => (globalThis.worker ??= new Worker('/pkg/dist/worker.js', { type: 'module' }));

/** The outcome of a promise as plain data: `{ value }`, `{ error }`, or `{ hangs: true }`; and the milliseconds it took. */
globalThis.outcome = async (promise, hangMs = HANG_MS) => {
  const started = performance.now();
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, hangMs, { hangs: true })));
  const settled = Promise.resolve(promise).then(
    (value) => ({ value }),
    (error) => ({ error: error instanceof lukeWeb.LukeError ? { code: error.code, message: error.message, detail: plain(error.detail) } : { foreign: String(error), message: String(error) } }),
  );
  const result = await Promise.race([settled, late]);
  clearTimeout(timer);
  return { ...result, ms: performance.now() - started };
};

/**
 * Loads a model in the shared worker, finds the entities of a text and disposes the model. Gives the outcome, whose value are the
 * entities, with the events of the load. `shared: false` has the package start its own worker; `abortOn` aborts at an event.
 */
globalThis.attempt = async (model, { shared = true, abortOn, abortAfterMs, ...options } = {}) => {
  const events = [];
  const abort = new AbortController();
  if (abortAfterMs < 0) abort.abort('enough');
  else if (abortAfterMs !== undefined) setTimeout(() => abort.abort('enough'), abortAfterMs);
  const onProgress = (event) => {
    events.push(event);
    if (abortOn && matches(event, abortOn)) abort.abort('enough');
  };
  const worker = shared && options.worker === undefined ? { worker: sharedWorker() } : {};
  const work = async () => {
    const luke = await lukeWeb.Luke.load(model, { device: 'wasm', ...worker, signal: abort.signal, onProgress, ...options });
    try {
      return await luke.ner(TEXT);
    } finally {
      await luke.dispose();
    }
  };
  return { ...(await outcome(work())), events };
};

/** Whether an event has these fields; a function of the event may decide too. */
function matches(event, wanted) {
  return Object.entries(wanted).every(([name, value]) => (name === 'atLeastBytes' ? event.loadedBytes >= value : event[name] === value));
}

/** A text of so many sentences, which are all different: the same sentence would be computed once. */
globalThis.longText = (sentences) => Array.from({ length: sentences }, (_, i) => `Angela Merkel met Emmanuel Macron in Paris for the ${i + 1}th time.`).join(' ');

/** What is stored: files by name, with their sizes; parts of files too. */
globalThis.stored = async () => {
  const files = {};
  const folder = await storeFolder();
  if (folder) for await (const [name, handle] of folder.entries()) files[name] = (await handle.getFile()).size;
  const cache = await caches.open(STORE);
  for (const request of await cache.keys()) files[request.url.replace('https://luke-web.invalid/', '')] = (await (await cache.match(request)).arrayBuffer()).byteLength;
  return files;
};

/** Deletes the store, as a browser does that needs the room. */
globalThis.wipe = async () => {
  await caches.delete(STORE);
  const root = await navigator.storage?.getDirectory?.().catch(() => undefined);
  // The engine of a model that was just disposed may have a file open for some more milliseconds.
  for (let i = 0; root; i++) {
    try {
      await root.removeEntry(STORE, { recursive: true });
      return;
    } catch (error) {
      if (error.name === 'NotFoundError') return;
      if (i === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};

/** Damages a stored file, wherever it is: `how` is `flip`, `cut`, `empty` or `delete`. Gives the number of places where it was. */
globalThis.damage = async (name, how) => {
  let places = 0;
  const folder = await storeFolder();
  const handle = await folder?.getFileHandle(name).catch(() => undefined);
  if (handle) {
    places += 1;
    const wrong = damaged(new Uint8Array(await (await handle.getFile()).arrayBuffer()), how);
    if (wrong) await inWorker(writeFile, { store: STORE, name, bytes: wrong });
    else await folder.removeEntry(name);
  }
  const cache = await caches.open(STORE);
  const url = `https://luke-web.invalid/${name}`;
  const response = await cache.match(url);
  if (response) {
    places += 1;
    const wrong = damaged(new Uint8Array(await response.arrayBuffer()), how);
    if (wrong) await cache.put(url, new Response(wrong, { headers: { 'content-length': String(wrong.length) } }));
    else await cache.delete(url);
  }
  return places;
};

function damaged(bytes, how) {
  if (how === 'delete') return undefined;
  if (how === 'empty') return new Uint8Array();
  if (how === 'cut') return bytes.slice(0, bytes.length >> 1);
  bytes[bytes.length >> 1] ^= 1;
  return bytes;
}

async function storeFolder() {
  const root = await navigator.storage?.getDirectory?.().catch(() => undefined);
  return root?.getDirectoryHandle(STORE).catch(() => undefined);
}

/** Writes a file of the store. Safari has sync access handles in workers only, and no other way to write. */
async function writeFile({ store, name, bytes }) {
  const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(store);
  const access = await (await folder.getFileHandle(name)).createSyncAccessHandle();
  access.truncate(0);
  access.write(bytes, { at: 0 });
  access.close();
}

/** Makes a stored file longer. */
globalThis.lengthen = async (name, length) => {
  const folder = await storeFolder();
  const bytes = new Uint8Array(length);
  bytes.set(new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer()));
  await inWorker(writeFile, { store: STORE, name, bytes });
};

/** A worker of the package whose disk is full after so many bytes. */
globalThis.fullWorker = (after) =>
  workerAfter(`let room = ${after};
    const take = (bytes) => { if ((room -= bytes) < 0) throw new DOMException('no room', 'QuotaExceededError'); };
    const { put } = Cache.prototype;
    Cache.prototype.put = async function (key, response) { take((await response.clone().arrayBuffer()).byteLength); return put.call(this, key, response); };
    if (globalThis.FileSystemSyncAccessHandle) {
      const { write } = FileSystemSyncAccessHandle.prototype;
      FileSystemSyncAccessHandle.prototype.write = function (bytes, options) { take(bytes.byteLength); return write.call(this, bytes, options); };
    }`);

/** A worker of the package that closes itself when `closeWorkers` is called. */
globalThis.closingWorker = () => workerAfter(`globalThis.closing = new BroadcastChannel('close'); closing.onmessage = () => close();`);
globalThis.closeWorkers = () => new BroadcastChannel('close').postMessage('now');

/**
 * A worker of the package in which sync access handles give numbers in place of errors, as those of Chromium do when the disk is full or the
 * file is gone: -8 or -4 without a sign. `method` does so `times` times after `after` calls.
 */
globalThis.oddHandlesWorker = ({ method, number, after, times }) =>
  workerAfter(`const original = FileSystemSyncAccessHandle.prototype.${method};
    let calls = 0;
    FileSystemSyncAccessHandle.prototype.${method} = function (...args) { return calls++ < ${after} || calls > ${after + times} ? original.apply(this, args) : ${number}; };`);

/** A worker of the package in a browser that forbids all storage, as some private windows do. */
globalThis.lockedWorker = () =>
  workerAfter(`const refuse = async () => { throw new DOMException('The operation is insecure.', 'SecurityError'); };
    if (globalThis.StorageManager?.prototype.getDirectory) StorageManager.prototype.getDirectory = refuse;
    CacheStorage.prototype.open = refuse;
    CacheStorage.prototype.match = refuse;`);

/** A function that starts a worker of the package after some code; the model terminates it. */
function workerAfter(code) {
  const urlOf = (script) => URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  // Imports run in order, before the first message is delivered.
  const url = urlOf(`import ${JSON.stringify(urlOf(code))}; import ${JSON.stringify(new URL('/pkg/dist/worker.js', location.href).href)};`);
  return () => new Worker(url, { type: 'module' });
}

/** The workers that are started from now on, and a function that stops the watch. */
globalThis.ownWorkers = () => {
  const [Original, workers] = [Worker, []];
  globalThis.Worker = class extends Original {
    constructor(...args) {
      super(...args);
      workers.push(this);
    }
  };
  return [workers, () => (globalThis.Worker = Original)];
};

/** Runs a function in a worker of its own. */
globalThis.inWorker = (work, argument) =>
  new Promise((resolve, reject) => {
    const script = `onmessage = async ({ data }) => { try { postMessage({ value: await (${work})(data) }); } catch (error) { postMessage({ error: String(error) }); } }`;
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    const worker = new Worker(url);
    const end = (settle, value) => {
      worker.terminate();
      URL.revokeObjectURL(url);
      settle(value);
    };
    worker.onerror = (event) => end(reject, new Error(event.message || 'the worker failed'));
    worker.onmessage = ({ data }) => (data.error === undefined ? end(resolve, data.value) : end(reject, new Error(data.error)));
    worker.postMessage(argument);
  });

function plain(detail) {
  return JSON.parse(JSON.stringify(detail ?? null));
}
