// Types of what calls give beyond one result for one input: near misses, streams, batches.
import type { Embedding, EmbedOptions, Entity, NerOptions, Span, Tensor } from './types.js';

/** Options of a `luke.ner` that also gives near misses. */
export interface RunnersUpOptions extends NerOptions {
  /**
   * Gives `runnersUp` too: spans that are no entities, and whose best label has at least this probability. 0 and up; above 1 there are
   * none. There may be 50,000 in a text: with more the call rejects with `input`.
   */
  runnersUp: number;
}

/** A span that is nearly an entity. `label`, `score` and `logit` are those of its best label. */
export interface RunnerUp extends Entity {
  /** Why it is no entity: "no entity" is more probable (`none`), or a span with a higher logit overlaps it (`overlap`). */
  lostTo: 'none' | 'overlap';
}

/**
 * The entities of a text or word list, the same as without `runnersUp`, and the near misses by `start`, then `end`. Both lists have only
 * the `labels` of the options. An entity below `threshold` is in neither.
 */
export interface NerFound {
  entities: Entity[];
  runnersUp: RunnerUp[];
}

/** What `luke.nerStream` found in the text `texts[index]`. */
export interface NerPart {
  index: number;
  entities: Entity[];
}

/** A mention for `luke.typing`. */
export interface TypingInput {
  text: string;
  span: Span;
}

/** A pair of mentions for `luke.relation`. */
export interface RelationInput {
  text: string;
  head: Span;
  tail: Span;
}

/** Options of a `luke.embed` that also gives one vector for the text. */
export interface PoolingOptions extends EmbedOptions {
  pooling: 'mean' | 'cls';
}

/** Vectors of a text, and the one that `pooling` asked for. */
export interface PooledEmbedding extends Embedding {
  vector: Tensor;
}
