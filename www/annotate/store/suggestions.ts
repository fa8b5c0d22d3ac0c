// What models said of texts. It belongs to the text, not to a document: the same text in another project has it too. It is a cache: a lost
// entry costs time only.
import type { Suggestions } from '../model/suggest.js';
import type { ModelRef } from '../model/types.js';
import type { Database, SuggestionsRecord } from './schema.js';
import { putAll, read, write } from './transaction.js';

/** The key of what a model says with these options. `options` names all that changes the result. */
export function suggestionsKey({ name, manifestHash, head }: ModelRef, options = ''): string {
  return JSON.stringify([name, manifestHash, head ?? '', options]);
}

export class SuggestionCache {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** For the texts with these hashes, in their order. */
  async get(hashes: readonly string[], key: string): Promise<(Suggestions | undefined)[]> {
    return read(this.#database, ['suggestions'], async (tx) => {
      const records = await Promise.all(hashes.map((sha256) => tx.objectStore('suggestions').get([sha256, key])));
      return records.map((record) => record?.found);
    });
  }

  /** Number of entries of all projects. */
  async count(): Promise<number> {
    return read(this.#database, ['suggestions'], (tx) => tx.objectStore('suggestions').count());
  }

  async put(records: readonly SuggestionsRecord[]): Promise<void> {
    await write(this.#database, ['suggestions'], (tx) => putAll(tx, 'suggestions', records), 'relaxed');
  }

  /** Which of these texts have no entry. */
  async missing(hashes: readonly string[], key: string): Promise<string[]> {
    return read(this.#database, ['suggestions'], async (tx) => {
      const keys = await Promise.all(hashes.map((sha256) => tx.objectStore('suggestions').getKey([sha256, key])));
      return hashes.filter((_, index) => keys[index] === undefined);
    });
  }

  /** Removes all entries with this key. */
  async remove(unwanted: string): Promise<void> {
    await write(this.#database, ['suggestions'], async (tx) => {
      const store = tx.objectStore('suggestions');
      for (const key of await store.getAllKeys()) if (key[1] === unwanted) await store.delete(key);
    }, 'relaxed');
  }

  /** Makes room: removes all entries, or all but those with this key. */
  async clear(keep?: string): Promise<void> {
    await write(this.#database, ['suggestions'], async (tx) => {
      const store = tx.objectStore('suggestions');
      if (keep === undefined) return void (await store.clear());
      for (const key of await store.getAllKeys()) if (key[1] !== keep) await store.delete(key);
    }, 'relaxed');
  }
}
