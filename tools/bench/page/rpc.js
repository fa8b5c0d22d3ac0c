// Calls functions of a worker of the bench, one at a time.

/** Starts a module worker that calls `serve`. Returns a function `(method, ...args)` that calls one of its methods. */
export function connect(url) {
  const worker = new Worker(url, { type: 'module' });
  return (method, ...args) =>
    new Promise((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(`${url}: ${event.message}`));
      worker.onmessage = ({ data: { value, error } }) => (error === undefined ? resolve(value) : reject(new Error(error)));
      worker.postMessage({ method, args });
    });
}

/** In the worker: handles calls with the methods of an object. */
export function serve(methods) {
  addEventListener('message', async ({ data: { method, args } }) => {
    try {
      postMessage({ value: await methods[method](...args) });
    } catch (error) {
      postMessage({ error: String(error?.stack ?? error) });
    }
  });
}
