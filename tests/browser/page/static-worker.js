// A service worker that finds entities itself.
import { Luke, LukeError } from '/pkg/dist/static.js';

let loading;

addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('message', (event) => event.waitUntil(answer(event.data, event.ports[0])));

async function answer({ model, text, options, drop }, port) {
  const events = [];
  try {
    loading ??= Luke.load(model, { ...options, onProgress: ({ phase, reason, storedBytes }) => events.push({ phase, reason, storedBytes }) });
    const luke = await loading;
    port.postMessage({ entities: await luke.ner(text), info: { ...luke.info }, events });
  } catch (error) {
    loading = undefined;
    port.postMessage({ error: { code: error instanceof LukeError ? error.code : undefined, message: String(error.message ?? error) }, events });
  }
  if (drop) {
    await (await loading)?.dispose();
    loading = undefined;
  }
}
