// The relation head of the model as a source of suggestions: for pairs of the spans that a document has now, accepted and suggested ones.
import { computed, type ReadonlySignal } from '@preact/signals-core';
import { allowsEnds, findLabel } from '../model/labels.js';
import { spanKey } from '../model/pieces.js';
import { mergeAll, type SuggestedRelation, type Suggestions } from '../model/suggest.js';
import type { ModelRef, Span } from '../model/types.js';
import type { Project } from '../store/project.js';
import type { HeadRecord, ProjectRecord } from '../store/schema.js';
import { suggestionsKey, type SuggestionCache } from '../store/suggestions.js';
import { checkStored } from './answers.js';
import type { Found } from './found.js';
import { labelMap, labelsOfModel, NO_RELATION, type Choices } from './mapping.js';
import type { Model } from './model.js';
import type { Queue } from './queue.js';
import type { Scanning, Source } from './scan.js';
import type { ProjectSource } from './sources.js';

/** The form of what is kept in the cache; see `sources.ts`. */
const OPTIONS = JSON.stringify({ form: 1, task: 'relation' });
/** Spans that are suggested with a lower score make no pairs, however low the threshold is: the slider calls no model. */
const LEAST_SCORE = 0.5;

export interface RelationsOptions {
  readonly ready: ReadonlySignal<{ readonly model: Model; readonly ref: ModelRef } | undefined>;
  readonly record: ReadonlySignal<ProjectRecord>;
  readonly choices: ReadonlySignal<Choices>;
  readonly project: Pick<Project, 'document'>;
  readonly cache: Pick<SuggestionCache, 'get'>;
  /** What models say of spans. */
  readonly found: () => Found;
}

export class Relations {
  /** Absent, if the model has no relation head, or the project no label of it. */
  readonly source: ReadonlySignal<ProjectSource | undefined>;
  readonly #options: RelationsOptions;
  /** Answers of texts that are not done, by their hashes: a scan that begins anew goes on with them. */
  readonly #answers = new Map<string, SuggestedRelation[]>();
  /** For documents: the spans whose pairs were begun, and the source. */
  readonly #begun = new Map<string, { readonly source: ProjectSource; readonly spans: ReadonlySet<string> }>();

  constructor(options: RelationsOptions) {
    this.#options = options;
    const { ready, record, choices } = options;
    const ofModel = computed(() => (ready.value?.model.tasks.includes('relation') ? this.#sourceOf(ready.value.model, ready.value.ref) : undefined));
    this.source = computed(() => {
      const [source, model] = [ofModel.value, ready.value?.model];
      if (!source || !model) return undefined;
      const labels = labelMap('relation', labelsOfModel(model, 'relation'), record.value.labelSets, choices.value);
      labels.delete(NO_RELATION);
      return labels.size ? { source, labels } : undefined;
    });
  }

  /** Opens a document again in the queue, if it has spans whose pairs were not begun. */
  async lookAgain(head: HeadRecord | undefined, queue: Pick<Queue, 'again'>): Promise<void> {
    const source = this.source.peek();
    if (!source || !head) return;
    const begun = this.#begun.get(begunKey(head));
    const hasNews = begun?.source !== source || (await this.#spansOf(head)).some((span) => !begun.spans.has(spanKey(span)));
    if (hasNews) queue.again(source.source, head.sha256);
  }

  #sourceOf(model: Model, ref: ModelRef): Source {
    const key = suggestionsKey(ref, OPTIONS);
    const begin = async (head: HeadRecord, text: string): Promise<Scanning> => {
      const spans = await this.#spansOf(head);
      const source = this.source.peek();
      if (source) this.#begun.set(begunKey(head), { source, spans: new Set(spans.map(spanKey)) });
      const answers = this.#answers.get(head.sha256) ?? [...((await this.#stored(head, key, ref))?.relations ?? [])];
      this.#answers.set(head.sha256, answers);
      const ask = (part: string, from: readonly [number, number], to: readonly [number, number], signal: AbortSignal): Promise<unknown> =>
        model.relation(part, from, to, { priority: 'background', signal });
      const { RelationScan } = await import('./relation-scan.js'); // the page is opened without it
      return new RelationScan({ text, spans, answers, ref, ask, allows: this.#allows() });
    };
    return { ref, key, begin, find: () => Promise.resolve(undefined) };
  }

  /** Whether a label of the project that the model knows may join two spans. */
  #allows(): (head: Span, tail: Span) => boolean {
    const { labelSets } = this.#options.record.peek();
    const labels = [...(this.source.peek()?.labels.values() ?? [])].flatMap((id) => findLabel(labelSets, id)?.label ?? []);
    return (head, tail) => labels.some((label) => allowsEnds(label, head.label, tail.label));
  }

  async #spansOf(head: HeadRecord): Promise<readonly Span[]> {
    const { project, found, record } = this.#options;
    const { notes } = await project.document(head.id);
    const said: Suggestions[] = [];
    for await (const [, raw] of found().read([head])) said.push(...found().said(raw));
    const { spans } = mergeAll(notes, said, { threshold: LEAST_SCORE, labelSets: record.peek().labelSets });
    return spans.filter(({ state }) => state !== 'rejected');
  }

  async #stored({ sha256, chars }: HeadRecord, key: string, ref: ModelRef): Promise<Suggestions | undefined> {
    const [stored] = await this.#options.cache.get([sha256], key);
    return checkStored(stored, ref, chars);
  }
}

function begunKey({ id, sha256 }: HeadRecord): string {
  return `${id} ${sha256}`;
}
