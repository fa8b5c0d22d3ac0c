// The store of models, for the page: what is there, and how to fetch, check and delete it. The work is done in a worker (manage.ts).
import { abortable } from './abort.js';
import { Client } from './client.js';
import { LukeError } from './errors.js';
import { repositoryHint, withHint } from './hub.js';
import { engineOptions } from './options.js';
import type { Action } from './protocol.js';
import { fetchSource } from './source.js';
import type { Availability, PrefetchOptions, StorageUsage, StoredModel, StoreOptions, Verification } from './store-types.js';
import type { LoadOptions, RuntimeInfo } from './types.js';
import { checkStore, checkUrl } from './validate.js';

/**
 * Says whether a model is stored, how many bytes there are to fetch, and where it would run. It fetches the manifest only. It does not
 * reject because of the model: `state` is then `unavailable`.
 *
 * @throws {LukeError} `input` for an invalid argument; `unsupported` if `cache` names a store that does not work here.
 * @example
 * const { state, totalBytes, cachedBytes } = await availability('/models/luke-mini-en/');
 * button.textContent = state === 'available' ? 'Load' : `Load (${Math.round((totalBytes - cachedBytes) / 1e6)} MB)`;
 */
export async function availability(model: string | URL, options: StoreOptions & Pick<LoadOptions, 'device'> = {}): Promise<Availability> {
  checkStore('availability', options, ['device']);
  const url = checkUrl('availability', model, options.hub);
  const found = (await run({ action: 'availability', model: url }, options)) as Availability;
  const isOfModel = found.state === 'unavailable' && found.reason?.includes(url);
  return isOfModel ? { ...found, reason: found.reason + repositoryHint(model, undefined) } : found;
}

/**
 * The models in the store. All methods reject with `input` for invalid arguments, and with `unsupported` if `cache` names a store that
 * does not work here.
 */
export const models = {
  /** All models of which something is stored. */
  async list(options: StoreOptions = {}): Promise<StoredModel[]> {
    checkStore('models.list', options);
    return run({ action: 'list' }, options) as Promise<StoredModel[]>;
  },

  /** Whether a model is stored completely, so that it can be loaded without network. It makes no request. */
  async has(model: string | URL, options: StoreOptions = {}): Promise<boolean> {
    checkStore('models.has', options);
    const url = checkUrl('models.has', model, options.hub);
    return run({ action: 'has', model: url }, options) as Promise<boolean>;
  },

  /**
   * Fetches a model into the store without loading it. What is there already is not fetched again.
   *
   * @throws {LukeError} `network`, `integrity` or `format` if the files cannot be fetched or used; `quota` if the browser has no room for
   * them; `unsupported` if nothing can be stored here. After an abort it rejects with `signal.reason`.
   */
  async prefetch(model: string | URL, options: PrefetchOptions = {}): Promise<void> {
    checkStore('models.prefetch', options, ['onProgress', 'persist', 'entityTable']);
    const url = checkUrl('models.prefetch', model, options.hub);
    if (options.persist) void persist();
    await withHint(model, run({ action: 'prefetch', model: url, entityTable: options.entityTable ?? false }, options, options.onProgress));
  },

  /** Reads all stored files of a model and compares their hashes. Damaged files are deleted, and the next load fetches them. */
  async verify(model: string | URL, options: StoreOptions = {}): Promise<Verification> {
    checkStore('models.verify', options);
    const url = checkUrl('models.verify', model, options.hub);
    return run({ action: 'verify', model: url }, options) as Promise<Verification>;
  },

  /**
   * Deletes the files of a model that no other stored model uses. A URL without a query stands for all models under it, unless one was
   * stored under just this URL. False if nothing of it was stored.
   */
  async delete(model: string | URL, options: StoreOptions = {}): Promise<boolean> {
    checkStore('models.delete', options);
    const url = checkUrl('models.delete', model, options.hub);
    return run({ action: 'delete', model: url }, options) as Promise<boolean>;
  },

  /** How much is stored, and how much the browser allows. */
  async usage(options: StoreOptions = {}): Promise<StorageUsage> {
    checkStore('models.usage', options);
    return run({ action: 'usage' }, options) as Promise<StorageUsage>;
  },
};

/** Asks the browser to keep what is stored. Only a page can ask, not a worker. It may say no, and then everything works as before. */
export async function persist(): Promise<void> {
  await (globalThis.navigator as Navigator | undefined)?.storage?.persist?.().catch(() => false);
}

/**
 * Asks the page's service worker, which uses `luke-web/service-worker`, to keep the runtime of a loaded model: a page that is visited for
 * the first time has fetched it before there was a service worker. Does nothing if the page has none.
 */
export async function keepOffline(luke: { info: RuntimeInfo }): Promise<void> {
  try {
    const registration = await navigator.serviceWorker?.getRegistration();
    // One that is being installed gets the message too. The name is `KEEP` of service-worker.ts, which a page does not load.
    (registration?.installing ?? registration?.waiting ?? registration?.active)?.postMessage({ type: 'luke-web:keep', urls: [...luke.info.runtimeUrls] });
  } catch {
    // A frame that may have no service worker.
  }
}

async function run(action: Action, options: StoreOptions & Pick<LoadOptions, 'device'>, onProgress?: LoadOptions['onProgress']): Promise<unknown> {
  const { worker, signal, fetch, headers, device = 'auto' } = options;
  signal?.throwIfAborted();
  const engine = { ...engineOptions(options), device };
  const connecting = Client.connect(worker, { onProgress, source: fetch && fetchSource(fetch, headers) }, engine.stallMs);
  try {
    const client = await abortable(connecting, signal);
    return await abortable(client.manage(action, engine, signal), signal);
  } finally {
    connecting.then((client) => client.close(new LukeError('disposed', 'the request is over')), () => {});
  }
}
