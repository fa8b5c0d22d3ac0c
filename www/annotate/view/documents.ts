// The list of documents of a project as signals: all heads, the filter, and what is in view.
import { computed, signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import type { Status } from '../model/types.js';
import type { Project } from '../store/project.js';
import type { HeadRecord } from '../store/schema.js';
import { filterHeads, NO_FILTER, type DocumentFilter, type Suggested } from './document-filter.js';

/** How many texts are searched before others get a turn. */
const TURN = 200;

export class Documents {
  readonly heads: Signal<readonly HeadRecord[]>;
  readonly filter = signal<DocumentFilter>(NO_FILTER);
  /** What models suggest in documents that they have read. */
  readonly suggested = signal<Suggested>(() => undefined);
  /** Whether texts are being searched. */
  readonly searching = signal(false);
  readonly visible: ReadonlySignal<readonly HeadRecord[]>;
  readonly statusCounts: ReadonlySignal<ReadonlyMap<Status, number>>;
  readonly #inText = signal<ReadonlySet<string>>(new Set());
  readonly #project: Project;
  #search = 0;

  constructor(project: Project, heads: readonly HeadRecord[]) {
    this.#project = project;
    this.heads = signal(heads);
    this.visible = computed(() => filterHeads(this.heads.value, this.filter.value, this.#inText.value, () => this.suggested.value));
    this.statusCounts = computed(() => {
      const counts = new Map<Status, number>();
      for (const { status } of this.heads.value) counts.set(status, (counts.get(status) ?? 0) + 1);
      return counts;
    });
  }

  head(id: string): HeadRecord | undefined {
    return this.heads.value.find((head) => head.id === id);
  }

  /** Takes over heads that changed. */
  put(changed: readonly HeadRecord[]): void {
    if (!changed.length) return;
    const byId = new Map(changed.map((head) => [head.id, head]));
    this.heads.value = this.heads.value.map((head) => byId.get(head.id) ?? head);
  }

  async reload(): Promise<void> {
    this.heads.value = await this.#project.heads();
  }

  /** Changes the filter. Another query searches the texts; names match at once. A later search ends an earlier one. */
  async setFilter(fields: Partial<DocumentFilter>): Promise<void> {
    const before = this.filter.value;
    this.filter.value = { ...before, ...fields };
    const query = this.filter.value.query.trim().toLowerCase();
    if (query === before.query.trim().toLowerCase()) return;
    this.#inText.value = new Set();
    const search = ++this.#search;
    this.searching.value = query !== '';
    if (!query) return;
    try {
      await this.#searchTexts(query, search);
    } finally {
      if (search === this.#search) this.searching.value = false;
    }
  }

  async #searchTexts(query: string, search: number): Promise<void> {
    const found = new Set<string>();
    let searched = 0;
    for await (const [head, text] of this.#project.texts(this.heads.value)) {
      if (search !== this.#search) return;
      if (text.toLowerCase().includes(query)) found.add(head.id);
      if (++searched % TURN === 0) this.#inText.value = new Set(found);
    }
    if (search === this.#search) this.#inText.value = found;
  }
}
