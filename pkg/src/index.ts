export { LukeError, type LukeErrorCode } from './errors.js';
export { Luke } from './luke.js';
export type {
  Answer, ClozeAnswer, ClozeOptions, Device, EmbedOptions, Embedding, Entity, EntityScore, FillMaskOptions, ForwardInputs, ForwardOptions, ForwardOutputs, LabelOptions,
  LabelScore, LoadBytes, LoadEvent, LoadOptions, NerOptions, PredictEntitiesOptions, QaOptions, RuntimeInfo, Span, Task, TaskOptions, Tensor, Token, TokenScore, WordList,
} from './types.js';
