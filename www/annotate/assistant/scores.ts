// How uncertain models are of the documents: computed from what they said and from the decisions of the person, stored some at a time.
import type { Notes } from '../model/types.js';
import { StoreError } from '../store/errors.js';
import type { Project } from '../store/project.js';
import type { HeadRecord } from '../store/schema.js';
import type { Found, Raw } from './found.js';
import { uncertaintyOf } from './order.js';

/** So many values are stored at once: each write is told to all tabs. */
const BATCH = 20;

export class Scores {
  readonly #project: Pick<Project, 'document' | 'putUncertainties' | 'role'>;
  readonly #found: Found;
  readonly #pending = new Map<string, number>();
  #run = 0;

  constructor(project: Pick<Project, 'document' | 'putUncertainties' | 'role'>, found: Found) {
    this.#project = project;
    this.#found = found;
  }

  /** Heads with the values that are not stored yet. */
  current(heads: readonly HeadRecord[]): HeadRecord[] {
    return heads.map((head) => {
      const uncertainty = this.#pending.get(head.id);
      return uncertainty === undefined ? head : { ...head, uncertainty };
    });
  }

  /** Computes documents anew, as far as models have looked at them. A later call ends an earlier one. */
  async score(heads: readonly HeadRecord[], isEnded: () => boolean): Promise<void> {
    const run = ++this.#run;
    for await (const [head, raw] of this.#found.read(heads)) {
      if (run !== this.#run || isEnded()) return;
      await this.scoreOne(head, raw);
    }
    await this.flush();
  }

  async scoreOne(head: HeadRecord, raw: Raw): Promise<void> {
    const said = this.#found.said(raw);
    if (!said.length) return;
    const notes = await this.#notesOf(head.id);
    const value = notes && uncertaintyOf(said, notes);
    if (value === undefined || value === (this.#pending.get(head.id) ?? head.uncertainty)) return;
    this.#pending.set(head.id, value);
    if (this.#pending.size >= BATCH) await this.flush();
  }

  /** Stores what is not stored yet. A tab that only reads stores nothing. */
  async flush(): Promise<void> {
    if (!this.#pending.size || this.#project.role !== 'writer') return;
    const values = new Map(this.#pending);
    await this.#project.putUncertainties(values);
    for (const [id, value] of values) if (this.#pending.get(id) === value) this.#pending.delete(id);
  }

  /** The notes of a document; `undefined` if it was removed meanwhile. */
  async #notesOf(id: string): Promise<Notes | undefined> {
    try {
      return (await this.#project.document(id)).notes;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'missing') return undefined;
      throw error;
    }
  }
}
