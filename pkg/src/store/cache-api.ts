// Files in the Cache API, which works on the page and in workers. `put` shows a file when it is complete.
import { pieces } from '../source.js';
import { answered, MemoryDraft, STORE_NAME, type Draft, type Store, type StoredFile, type Write } from './store.js';

/** A cache needs URLs as keys. No request ever goes to this one. */
const KEYS = 'https://luke-web.invalid/';

export class CacheApiStore implements Store {
  readonly kind = 'cache-api';
  readonly writable = true;

  /** `undefined` if the browser forbids it: in a page that is not served securely, or in some private windows. */
  static async open(): Promise<CacheApiStore | undefined> {
    try {
      await answered(caches.open(STORE_NAME));
      return new CacheApiStore();
    } catch {
      return undefined;
    }
  }

  async size(name: string): Promise<number | undefined> {
    const response = await this.#match(name);
    return response && sizeOf(response);
  }

  async read(name: string, write: Write): Promise<boolean> {
    const response = await this.#match(name);
    if (!response) return false;
    for await (const piece of pieces(response.body!)) write(piece);
    return true;
  }

  async partBytes(): Promise<number> {
    return 0;
  }

  async draft(_part: string, bytes: number): Promise<Draft> {
    return new MemoryDraft(bytes, this.kind, async (name, content) => {
      const headers = { 'content-length': String(content.length) };
      await (await caches.open(STORE_NAME)).put(KEYS + name, new Response(content, { headers }));
    });
  }

  async delete(name: string): Promise<void> {
    await (await caches.open(STORE_NAME)).delete(KEYS + name);
  }

  async list(): Promise<StoredFile[]> {
    const cache = await caches.open(STORE_NAME);
    const files = (await cache.keys()).map(async (request) => {
      const response = await cache.match(request);
      return { name: request.url.slice(KEYS.length), bytes: response ? sizeOf(response) : 0 };
    });
    return Promise.all(files);
  }

  async deleteParts(): Promise<void> {}

  /** The cache is opened for each use: the browser may have deleted it, and then this makes a new one. */
  async #match(name: string): Promise<Response | undefined> {
    return (await caches.open(STORE_NAME)).match(KEYS + name);
  }
}

function sizeOf(response: Response): number {
  return Number(response.headers.get('content-length'));
}
