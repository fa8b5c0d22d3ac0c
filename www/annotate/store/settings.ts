// Settings of the workspace: small values by name.
import type { Json } from '../model/types.js';
import type { Database, KeptFile } from './schema.js';
import { read, write } from './transaction.js';

/** The name of a setting of a project. It is deleted with the project. */
export function settingKey(project: string, name: string): string {
  return `project:${project}:${name}`;
}

/** The names of all settings of a project. */
export function settingKeysOf(project: string): IDBKeyRange {
  return IDBKeyRange.bound(settingKey(project, ''), settingKey(project, '\uffff'));
}

export class Settings {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The caller checks the value: another version of the page may have written it. */
  async get(key: string): Promise<Json | undefined> {
    return (await read(this.#database, ['settings'], (tx) => tx.objectStore('settings').get(key)))?.value;
  }

  async put(key: string, value: Json): Promise<void> {
    await write(this.#database, ['settings'], (tx) => tx.objectStore('settings').put({ key, value }), 'relaxed');
  }

  /** A file that was put. */
  async file(key: string): Promise<KeptFile | undefined> {
    return (await read(this.#database, ['settings'], (tx) => tx.objectStore('settings').get(key)))?.file;
  }

  async putFile(key: string, file: KeptFile): Promise<void> {
    await write(this.#database, ['settings'], (tx) => tx.objectStore('settings').put({ key, value: null, file }), 'relaxed');
  }

  async delete(key: string): Promise<void> {
    await write(this.#database, ['settings'], (tx) => tx.objectStore('settings').delete(key), 'relaxed');
  }
}
