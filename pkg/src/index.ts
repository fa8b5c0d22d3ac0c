export { LukeError, type LukeErrorCode } from './errors.js';
export { Luke } from './luke.js';
export {
  pipeline, type FeatureExtraction, type Features, type FillMask, type FillMaskItem, type FillMaskPipelineOptions, type PipelineExtras, type Pipelines, type QuestionAnswering,
  type QuestionAnsweringItem, type QuestionAnsweringOptions, type TokenClassification, type TokenClassificationItem, type TokenClassificationOptions,
} from './pipeline.js';
export type {
  Answer, ClozeAnswer, ClozeOptions, Device, EmbedOptions, Embedding, Entity, EntityScore, FillMaskOptions, ForwardInputs, ForwardOptions, ForwardOutputs, LabelOptions,
  LabelScore, LoadBytes, LoadEvent, LoadOptions, NerOptions, PredictEntitiesOptions, QaOptions, RuntimeInfo, Span, Task, TaskOptions, Tensor, Token, TokenScore, WordList,
} from './types.js';
