export type { NerFound, NerPart, PooledEmbedding, PoolingOptions, RelationInput, RunnersUpOptions, RunnerUp, TypingInput } from './call-types.js';
export { LukeError, type LukeErrorCode } from './errors.js';
export { Luke } from './luke.js';
export { availability, keepOffline, models } from './models.js';
export {
  pipeline, type FeatureExtraction, type FeatureExtractionOptions, type Features, type FillMask, type FillMaskItem, type FillMaskPipelineOptions, type PipelineExtras, type Pipelines, type QuestionAnswering,
  type QuestionAnsweringItem, type QuestionAnsweringOptions, type TokenClassification, type TokenClassificationItem, type TokenClassificationOptions,
} from './pipeline.js';
export type { GpuInfo } from './speed.js';
export type { Availability, PrefetchOptions, StorageUsage, StoredModel, StoreOptions, Verification } from './store-types.js';
export type {
  Answer, CallOptions, ClozeAnswer, ClozeOptions, Device, EmbedOptions, Embedding, Entity, EntityScore, FillMaskOptions, ForwardInputs, ForwardOptions, ForwardOutputs,
  LabelOptions, LabelScore, LoadEvent, LoadOptions, LoadPhase, NerOptions, PredictEntitiesOptions, Priority, QaOptions, RuntimeInfo, Span, Task, TaskOptions, Tensor, Token,
  TokenScore, WordList,
} from './types.js';
