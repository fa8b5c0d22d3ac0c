// What models said of all documents, in numbers. How uncertain they are is stored, some values at a time. How many suggestions wait for a
// decision is only known here, from the cache of what was read: it depends on the threshold.
import { computed, signal, type ReadonlySignal } from '@preact/signals-core';
import { suggestedCounter, type Suggestions } from '../model/suggest.js';
import type { LabelSet, Notes } from '../model/types.js';
import { StoreError } from '../store/errors.js';
import type { Project } from '../store/project.js';
import type { HeadRecord } from '../store/schema.js';
import type { Found, Raw } from './found.js';
import { uncertaintyOf } from './order.js';
import type { HeadUse } from './preferences.js';
import type { ProjectSource } from './sources.js';

/** So many values are stored at once: each write is told to all tabs. As many counts are shown at once, so that the list does not jump often. */
const BATCH = 20;
const NO_NOTES: Notes = { spans: [], relations: [], questions: [] };

/** What the numbers depend on, beside the documents; `''` without a model. */
export function scoredBy(sources: readonly ProjectSource[], use: HeadUse, labelSets: readonly LabelSet[]): string {
  const sets = labelSets.map(({ overlap, labels }) => [overlap, ...labels.map(({ id }) => id)]);
  return sources.length ? JSON.stringify([use, sources.map(({ source, labels }) => [source.ref.head ?? '', ...labels]), sets]) : '';
}

export interface ScoresOptions {
  readonly project: Pick<Project, 'document' | 'putUncertainties' | 'role'>;
  readonly found: Found;
  readonly threshold: ReadonlySignal<number>;
  readonly labelSets: () => readonly LabelSet[];
}

export class Scores {
  /** How many suggestions a document has at the threshold, those of files included; `undefined`, if no model has read it. */
  readonly suggested: ReadonlySignal<(id: string) => number | undefined>;
  readonly #options: ScoresOptions;
  readonly #pending = new Map<string, number>();
  readonly #counters = new Map<string, (threshold: number) => number>();
  /** Counts the times that counters were shown. */
  readonly #shown = signal(0);
  #unseen = 0;
  #heads: readonly HeadRecord[] = [];
  #byId: ReadonlyMap<string, HeadRecord> = new Map();
  #run = 0;
  #forgotten = 0;

  constructor(options: ScoresOptions) {
    this.#options = options;
    this.suggested = computed(() => {
      const [, threshold] = [this.#shown.value, options.threshold.value];
      return (id) => this.#counters.get(id)?.(threshold);
    });
  }

  /** Heads with the values that are not stored yet. */
  current(heads: readonly HeadRecord[]): HeadRecord[] {
    return heads.map((head) => {
      const uncertainty = this.#pending.get(head.id);
      return uncertainty === undefined ? head : { ...head, uncertainty };
    });
  }

  /** The heads as they are now. Where annotations changed, suggestions are counted again. */
  async follow(heads: readonly HeadRecord[]): Promise<void> {
    if (heads === this.#heads) return;
    const before = this.#byId;
    this.#heads = heads;
    this.#byId = new Map(heads.map((head) => [head.id, head]));
    await this.#countAll(heads.filter(({ id, counts }) => before.get(id)?.counts !== counts));
  }

  /** After another teaching: what the head before has said is gone. */
  async recount(): Promise<void> {
    this.#counters.clear();
    await this.#countAll(this.#heads);
  }

  async #countAll(changed: readonly HeadRecord[]): Promise<void> {
    const forgotten = this.#forgotten;
    for await (const [head, raw] of this.#options.found.read(changed)) {
      if (forgotten !== this.#forgotten) return;
      const said = this.#options.found.said(raw);
      const notes = said.length ? await this.#notesOf(head) : undefined;
      if (notes) this.#count(head, said, notes);
    }
    this.#show();
  }

  /** Computes documents anew, as far as models have looked at them. A later call ends an earlier one. */
  async score(heads: readonly HeadRecord[], isEnded: () => boolean): Promise<void> {
    const run = ++this.#run;
    for await (const [head, raw] of this.#options.found.read(heads)) {
      if (run !== this.#run || isEnded()) return;
      await this.scoreOne(head, raw);
    }
    await this.flush();
  }

  async scoreOne({ id }: HeadRecord, raw: Raw): Promise<void> {
    const head = this.#byId.get(id);
    if (!head) return; // it was removed meanwhile
    const said = this.#options.found.said(raw);
    const notes = said.length ? await this.#notesOf(head) : undefined;
    if (!notes) return void this.#counters.delete(head.id);
    this.#count(head, said, notes);
    const value = uncertaintyOf(said, notes);
    if (value === undefined || value === (this.#pending.get(head.id) ?? head.uncertainty)) return;
    this.#pending.set(head.id, value);
    if (this.#pending.size >= BATCH) await this.flush();
  }

  /** There is no model any more: what runs ends. */
  forget(): void {
    this.#run++;
    this.#forgotten++;
    this.#counters.clear();
    this.#show();
  }

  /** Shows and stores what is not shown and stored yet. A tab that only reads stores nothing. */
  async flush(): Promise<void> {
    if (this.#unseen) this.#show();
    if (!this.#pending.size || this.#options.project.role !== 'writer') return;
    const values = new Map(this.#pending);
    await this.#options.project.putUncertainties(values);
    for (const [id, value] of values) if (this.#pending.get(id) === value) this.#pending.delete(id);
  }

  /** Not if the document was edited meanwhile: then it is counted again. */
  #count({ id, counts }: HeadRecord, said: readonly Suggestions[], notes: Notes): void {
    if (this.#byId.get(id)?.counts !== counts) return;
    this.#counters.set(id, suggestedCounter(notes, said, this.#options.labelSets()));
    if (++this.#unseen >= BATCH) this.#show();
  }

  #show(): void {
    this.#unseen = 0;
    this.#shown.value++;
  }

  /** The notes of a document; `undefined` if it was removed meanwhile. Most documents of a large project have none: they are not read. */
  async #notesOf({ id, counts: { spans } }: HeadRecord): Promise<Notes | undefined> {
    if (!spans.accepted && !spans.rejected && !spans.suggested) return NO_NOTES;
    try {
      return (await this.#options.project.document(id)).notes;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'missing') return undefined;
      throw error;
    }
  }
}
