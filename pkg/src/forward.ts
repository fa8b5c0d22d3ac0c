// The arguments and results of `luke.forward`, as in `src/inputs.rs` and `src/model/output.rs`: pkg/test/rust.test.ts compares them.
import type { CallOptions, Tensor } from './tasks.js';
import type { Head } from './types.js';

/**
 * The inputs of the model for one sequence, named as in Hugging Face's `LukeModel`; see `luke.forward`. Arrays have one number per token
 * or per entity. Masks default to 1 and token types to 0.
 */
export interface ForwardInputs {
  /** Token ids: at least one, at most the model's maximum. */
  inputIds: readonly number[];
  /** 1 for tokens that are attended to, 0 for others. */
  attentionMask?: readonly number[] | undefined;
  tokenTypeIds?: readonly number[] | undefined;
  /** Entity ids (default: no entities). */
  entityIds?: readonly number[] | undefined;
  /** 1 for entities that are attended to, 0 for others. */
  entityAttentionMask?: readonly number[] | undefined;
  /** Token positions of each entity, shape `[entities, any length]`. Required with `entityIds`; a position of -1 is padding. */
  entityPositionIds?: readonly (readonly number[])[] | undefined;
  entityTokenTypeIds?: readonly number[] | undefined;
  /** Position of the first token of each entity, for span classification. */
  entityStartPositions?: readonly number[] | undefined;
  /** Position of the last token of each entity (inclusive), for span classification. */
  entityEndPositions?: readonly number[] | undefined;
}

/** What `luke.forward` can run: a head, or the encoder alone. */
export type Runnable = Head | 'model';

/** Options of `luke.forward`. */
export interface ForwardOptions<H extends Runnable = Runnable> extends CallOptions {
  /** The head to run, or `model` for the encoder alone. Required if the model has several heads; by default its only head runs. */
  head?: H | undefined;
}

/** The outputs of the encoder. */
export interface EncoderOutputs {
  lastHiddenState: Tensor;
  /** Absent without entities. */
  entityLastHiddenState?: Tensor | undefined;
  /** Absent if the checkpoint has no pooler. */
  poolerOutput?: Tensor | undefined;
}

/** The outputs of a head of `LukeForMaskedLM`. */
export interface MaskedOutputs {
  logits: Tensor;
  /** Absent without entities. */
  entityLogits?: Tensor | undefined;
}

/** The outputs of a head for question answering. */
export interface QaOutputs {
  startLogits: Tensor;
  endLogits: Tensor;
}

/** The outputs of the model, named as in Hugging Face. Which there are depends on the head; if it is not known at compile time, any may be absent. */
export type ForwardOutputs<H extends Runnable = Runnable> = Runnable extends H ? Partial<EncoderOutputs & MaskedOutputs & QaOutputs> : OutputsOf<H>;

type OutputsOf<H> = H extends 'model' ? EncoderOutputs : H extends 'mlm' ? MaskedOutputs : H extends 'qa' ? QaOutputs : { logits: Tensor };
