// The entry of the store: projects, suggestions, settings.
import type { Corpus, LabelSet } from '../model/types.js';
import type { Channel } from './channel.js';
import { StoreError } from './errors.js';
import type { ImportOptions } from './import.js';
import { readOverview, type ProjectOverview } from './overview.js';
import { lockName, Project, type ProjectOptions } from './project.js';
import { DATABASE, keysOf, openDatabase, OWNED_STORES, type Database, type OpenOptions, type ProjectRecord } from './schema.js';
import { settingKeysOf, Settings } from './settings.js';
import { SuggestionCache } from './suggestions.js';
import { read, write } from './transaction.js';
import type { Locks } from './writer.js';

export interface StoreOptions extends OpenOptions {
  /** Default: those of the browser. */
  readonly locks?: Locks | undefined;
  /** Makes a channel with this name. Default: a `BroadcastChannel`. */
  readonly channel?: (name: string) => Channel | undefined;
}

export interface NewProject {
  readonly name: string;
  readonly labelSets?: readonly LabelSet[];
  readonly guide?: string;
}

export class Store {
  readonly suggestions: SuggestionCache;
  readonly settings: Settings;
  readonly #database: Database;
  readonly #locks: Locks | undefined;
  readonly #channel: (name: string) => Channel | undefined;

  private constructor(database: Database, options: StoreOptions) {
    this.#database = database;
    this.#locks = 'locks' in options ? options.locks : globalThis.navigator?.locks;
    this.#channel = options.channel ?? ((name) => (typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel(name)));
    this.suggestions = new SuggestionCache(database);
    this.settings = new Settings(database);
  }

  static async open(options: StoreOptions = {}): Promise<Store> {
    return new Store(await openDatabase(options), options);
  }

  close(): void {
    this.#database.close();
  }

  /** All projects, the oldest first. */
  async projects(): Promise<ProjectRecord[]> {
    const records = await read(this.#database, ['projects'], (tx) => tx.objectStore('projects').getAll());
    return records.sort((a, b) => a.created - b.created);
  }

  /** What the list of projects shows of each: that with the last write first. */
  async overview(): Promise<ProjectOverview[]> {
    return readOverview(this.#database);
  }

  async createProject({ name, labelSets = [], guide }: NewProject, now = Date.now()): Promise<ProjectRecord> {
    const record: ProjectRecord = { id: crypto.randomUUID(), name, labelSets, done: 0, created: now, ...(guide !== undefined && { guide }) };
    await write(this.#database, ['projects', 'states'], async (tx) => {
      await tx.objectStore('projects').add(record);
      await tx.objectStore('states').add({ writer: '', revision: 0, backup: 0 }, record.id);
    });
    return record;
  }

  /** Makes a project with the documents of a corpus: all of it or nothing. */
  async importProject(project: NewProject, corpus: Corpus, options?: ImportOptions): Promise<ProjectRecord> {
    const { id } = await this.createProject(project);
    const opened = await this.openProject(id);
    try {
      return (await opened.import(corpus, options)).project;
    } catch (error) {
      await this.#delete(id);
      throw error;
    } finally {
      opened.close();
    }
  }

  /** Opens a project. If another tab edits it, this one only reads. */
  async openProject(id: string, options: Omit<ProjectOptions, 'locks' | 'channel'> = {}): Promise<Project> {
    return Project.open(this.#database, id, { ...options, locks: this.#locks, channel: this.#channel(DATABASE) });
  }

  /** Deletes a project with all documents. It may not be open for writing in a tab. */
  async deleteProject(id: string): Promise<void> {
    if (!this.#locks) return this.#delete(id);
    let isFree = false;
    await this.#locks.request(lockName(id), { ifAvailable: true }, async (lock) => {
      isFree = lock !== null;
      if (isFree) await this.#delete(id);
    });
    if (!isFree) throw new StoreError('in-use', 'The project is open in a tab. Close it there first.');
  }

  async #delete(id: string): Promise<void> {
    await write(this.#database, ['projects', 'states', 'settings', ...OWNED_STORES], async (tx) => {
      await tx.objectStore('projects').delete(id);
      await tx.objectStore('states').delete(id);
      await tx.objectStore('settings').delete(settingKeysOf(id));
      for (const name of OWNED_STORES) await tx.objectStore(name).delete(keysOf(id));
    });
  }
}
