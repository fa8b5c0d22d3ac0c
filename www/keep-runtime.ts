// Keeps the runtime of a loaded model in the browser, for visits without network.
import { keepOffline, type RuntimeInfo } from 'luke-web';

/**
 * Keeps the runtime of a model for a page without network. On a host that sends no headers for threads, the service worker adds them, and so
 * the next visit uses the module with threads: it is kept too.
 */
export async function keepRuntime(luke: { info: RuntimeInfo }): Promise<void> {
  await keepOffline(luke);
  if (crossOriginIsolated || !('serviceWorker' in navigator)) return;
  const urls = luke.info.runtimeUrls.map((url) => url.replace(/\/wasm\/(cpu|relaxed)\//, '/wasm/threads/'));
  const { active } = await navigator.serviceWorker.ready;
  active?.postMessage({ type: 'luke-web:keep', urls });
}
