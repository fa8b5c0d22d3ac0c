// The service worker of the site, for all its pages.

/**
 * Installs the service worker, with which the pages open without network. `onUpdate` is called when a new version of the site waits:
 * it takes over, and the page is loaded again, when `reload` is called, or when all pages are closed.
 */
export async function installWorker(script: URL, onUpdate: (reload: () => void) => void): Promise<void> {
  if (!('serviceWorker' in navigator)) return; // a page without HTTPS
  const container = navigator.serviceWorker;
  const registration = await container.register(script);
  const tell = () => {
    const { waiting } = registration;
    if (!waiting || !container.controller) return;
    onUpdate(() => {
      container.addEventListener('controllerchange', () => location.reload(), { once: true });
      waiting.postMessage({ type: 'luke-web:update' });
    });
  };
  const watch = () => registration.installing?.addEventListener('statechange', tell);
  registration.addEventListener('updatefound', watch);
  watch();
  tell();
}
