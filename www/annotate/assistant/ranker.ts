// What the model says of labels while a person chooses one: at once, before all work in the background.
import type { ReadonlySignal } from '@preact/signals-core';
import type { ProjectRecord } from '../store/schema.js';
import { canDo, rankRelations, rankTypes, type RankedLabel, type RankOptions } from './ask.js';
import type { Choices } from './mapping.js';
import { isLoss, type LabeledTask, type Model } from './model.js';

export interface RankerOptions {
  readonly ready: ReadonlySignal<{ readonly model: Model } | undefined>;
  readonly record: ReadonlySignal<ProjectRecord>;
  readonly choices: ReadonlySignal<Choices>;
  readonly onLost: (model: Model, error: unknown) => void;
}

type Place = Parameters<typeof rankTypes>[2];
type End = Parameters<typeof rankRelations>[2];

export class Ranker {
  readonly #options: RankerOptions;

  constructor(options: RankerOptions) {
    this.#options = options;
  }

  /** The types or the labels of a span, best first; none, if the model cannot tell. */
  types(text: string, span: Place, aborted?: AbortSignal, kind?: 'span'): Promise<RankedLabel[]> {
    return this.#rank('typing', (model, options) => rankTypes(model, text, span, options, kind), aborted);
  }

  /** The labels for a relation of two spans, best first; none, if the model cannot tell. */
  relations(text: string, head: End, tail: End, aborted?: AbortSignal): Promise<RankedLabel[]> {
    return this.#rank('relation', (model, options) => rankRelations(model, text, head, tail, options), aborted);
  }

  async #rank(
    task: LabeledTask, work: (model: Model, options: RankOptions) => Promise<RankedLabel[]>, aborted: AbortSignal | undefined,
  ): Promise<RankedLabel[]> {
    const { ready, record, choices, onLost } = this.#options;
    const model = ready.peek()?.model;
    if (!model || !canDo(model, task)) return [];
    try {
      return await work(model, { labelSets: record.peek().labelSets, choices: choices.peek(), priority: 'user-blocking', signal: aborted });
    } catch (error) {
      if (isLoss(error)) onLost(model, error);
      throw error;
    }
  }
}
