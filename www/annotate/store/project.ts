// One open project: its documents, edits, history, and the right to write.
import type { Corpus } from '../model/types.js';
import { readMessage, type Channel, type ChangedMessage } from './channel.js';
import { commitEdit, LABELS_LOG, loadProject, type Changed, type Edit } from './commit.js';
import { putUncertainties, readCorpus, readDocument, readHeads, readTexts, removeDocuments, type OpenDocument } from './documents.js';
import { diskFull, isDiskFull, StoreError } from './errors.js';
import type { Imported, ImportOptions } from './import.js';
import { claimProject, writeProject, type Hold } from './project-write.js';
import type { Database, HeadRecord, ProjectRecord } from './schema.js';
import { existing, read } from './transaction.js';
import { historyState, moveInHistory, type Direction, type HistoryState, type Scope, type UndoResult } from './undo.js';
import { Writer, type Locks, type Role } from './writer.js';

export interface ProjectOptions {
  readonly locks: Locks | undefined;
  readonly channel: Channel | undefined;
  /** Something was written, by this tab (`own`) or another one. */
  readonly onChange?: (message: ChangedMessage & { readonly own: boolean }) => void;
  /** The role changed. A new writer reads everything again: messages may come later than the right to write. */
  readonly onRole?: (role: Role) => void;
  /** The disk is full: the right to write, which is written too, could not be taken. `tryAgain` takes it when there is space. */
  readonly onFull?: () => void;
  readonly now?: () => number;
}

export class Project {
  readonly id: string;
  readonly #hold: Hold;
  readonly #options: ProjectOptions;
  readonly #writer: Writer;
  #isFull = false;

  private constructor(database: Database, id: string, options: ProjectOptions) {
    this.id = id;
    this.#hold = { database, project: id, token: crypto.randomUUID() };
    this.#options = options;
    this.#writer = new Writer({
      name: lockName(id), locks: options.locks, claim: () => this.#claim(), onRole: (role) => options.onRole?.(role),
    });
    if (options.channel) options.channel.onmessage = ({ data }) => this.#receive(data);
  }

  static async open(database: Database, id: string, options: ProjectOptions): Promise<Project> {
    const project = new Project(database, id, options);
    try {
      await project.record();
      await project.#start();
      return project;
    } catch (error) {
      project.close();
      throw error;
    }
  }

  get role(): Role {
    return this.#writer.role;
  }

  /** Whether this tab only reads because the disk is full. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Becomes the writer after the disk was full, if no other tab is. It rejects if the disk is still full. */
  async tryAgain(): Promise<void> {
    await this.#writer.start();
  }

  /** Becomes the writer. The other tab becomes a reader; all that it has shown as saved is there. */
  async takeOver(): Promise<void> {
    await this.#writer.takeOver();
  }

  close(): void {
    this.#writer.close();
    this.#options.channel?.close();
  }

  async record(): Promise<ProjectRecord> {
    return read(this.#hold.database, ['projects'], (tx) => loadProject(tx, this.id));
  }

  /** The list of documents, in its order. */
  async heads(): Promise<HeadRecord[]> {
    return readHeads(this.#hold.database, this.id);
  }

  async document(id: string): Promise<OpenDocument> {
    return readDocument(this.#hold.database, this.id, id);
  }

  /** Texts of these documents, a few at a time. */
  texts(heads: readonly HeadRecord[]): AsyncGenerator<readonly [head: HeadRecord, text: string]> {
    return readTexts(this.#hold.database, heads);
  }

  /** For an export: everything, or these documents, as it is now. */
  async corpus(ids?: ReadonlySet<string>): Promise<Corpus> {
    return readCorpus(this.#hold.database, this.id, ids);
  }

  /** Adds the documents of a file: all or none. */
  async import(corpus: Corpus, options?: ImportOptions): Promise<Imported> {
    const { importCorpus } = await import('./import.js'); // a page that is opened to annotate does not wait for it
    const imported = await this.#write(() => importCorpus(this.#hold, corpus, options));
    this.#tell(imported.revision, 'all', true);
    return imported;
  }

  /** Makes an edit. When it resolves, the edit is on the disk. */
  async edit(edit: Edit): Promise<Changed> {
    const changed = await this.#write(() => commitEdit(this.#hold, edit, crypto.randomUUID(), this.#now()));
    this.#tellChanged(changed, changed.revision);
    return changed;
  }

  async undo(document: string, scope: Scope = 'document'): Promise<UndoResult> {
    return this.#move(document, 'undo', scope);
  }

  async redo(document: string, scope: Scope = 'document'): Promise<UndoResult> {
    return this.#move(document, 'redo', scope);
  }

  async undoLabels(): Promise<UndoResult> {
    return this.#move(LABELS_LOG, 'undo', 'group');
  }

  async redoLabels(): Promise<UndoResult> {
    return this.#move(LABELS_LOG, 'redo', 'group');
  }

  /** What can be undone and redone in a document; without one, in the label sets. */
  async history(document: string = LABELS_LOG): Promise<HistoryState> {
    return read(this.#hold.database, ['ops', 'notes', 'projects'], (tx) => historyState(tx, this.id, document));
  }

  async removeDocuments(ids: readonly string[]): Promise<void> {
    this.#tell(await this.#write(() => removeDocuments(this.#hold, ids)), 'all', false);
  }

  /** Changes the name or the guide; these are not in the history. */
  async update(fields: { readonly name?: string; readonly guide?: string }): Promise<ProjectRecord> {
    const { result, revision } = await this.#write(() =>
      writeProject(this.#hold, ['projects'], async (tx) => {
        const record = { ...(await loadProject(tx, this.id)), ...fields };
        await tx.objectStore('projects').put(record);
        return record;
      }),
    );
    this.#tell(revision, [], true);
    return result;
  }

  /** Keeps how uncertain a model is of documents. */
  async putUncertainties(values: ReadonlyMap<string, number>): Promise<void> {
    const { ids, revision } = await this.#write(() => putUncertainties(this.#hold, values));
    this.#tell(revision, ids, false);
  }

  /** How many writes there were since the last backup. `revision` is to be given to `backupDone` for what is read now. */
  async backupState(): Promise<{ readonly revision: number; readonly changes: number }> {
    const state = await read(this.#hold.database, ['states'], (tx) => tx.objectStore('states').get(this.id));
    const { revision, backup } = existing(state, 'The project');
    return { revision, changes: revision - backup };
  }

  async backupDone(revision: number): Promise<void> {
    await this.#write(() =>
      writeProject(this.#hold, ['states'], async (tx) => {
        const state = existing(await tx.objectStore('states').get(this.id), 'The project');
        await tx.objectStore('states').put({ ...state, backup: revision }, this.id);
        return undefined;
      }),
    );
  }

  async #move(document: string, direction: Direction, scope: Scope): Promise<UndoResult> {
    const result = await this.#write(() => moveInHistory(this.#hold, document, direction, scope));
    if (result.kind === 'done') this.#tellChanged(result, result.revision);
    return result;
  }

  /** Refuses at once without the right to write; the database refuses if it was lost without notice. */
  async #write<T>(work: () => Promise<T>): Promise<T> {
    if (this.role !== 'writer') throw this.#isFull ? diskFull() : new StoreError('read-only', 'Another tab edits this project.');
    try {
      return await work();
    } catch (error) {
      if (error instanceof StoreError && error.code === 'read-only') this.#writer.lost();
      throw error;
    }
  }

  /** A full disk refuses also the write that takes the project. Reading needs no space, so the project is opened all the same. */
  async #start(): Promise<void> {
    try {
      await this.#writer.start();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }

  async #claim(): Promise<void> {
    try {
      await claimProject(this.#hold);
    } catch (error) {
      this.#isFull = isDiskFull(error);
      if (this.#isFull) this.#options.onFull?.();
      throw error;
    }
    this.#isFull = false;
    this.#options.channel?.postMessage({ type: 'writer', project: this.id, token: this.#hold.token });
  }

  #receive(data: unknown): void {
    const message = readMessage(data, this.id);
    if (message?.type === 'writer' && message.token !== this.#hold.token) this.#writer.lost();
    if (message?.type === 'changed') this.#options.onChange?.({ ...message, own: false });
  }

  #tellChanged({ documents, project }: Changed, revision: number): void {
    this.#tell(revision, documents.map(({ head }) => head.id), project !== undefined);
  }

  #tell(revision: number, documents: readonly string[] | 'all', header: boolean): void {
    const message: ChangedMessage = { type: 'changed', project: this.id, revision, documents, header };
    this.#options.channel?.postMessage(message);
    this.#options.onChange?.({ ...message, own: true });
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now();
  }
}

/** Name of the lock of a project. */
export function lockName(project: string): string {
  return `luke-annotate:${project}`;
}
