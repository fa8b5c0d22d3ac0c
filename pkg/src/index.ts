export {
  LukeError, type CauseDetail, type FileDetail, type LukeErrorCode, type LukeErrorConstructor, type LukeErrorDetails, type LukeErrorOf, type RequestDetail,
} from './errors.js';
export type { EncoderOutputs, ForwardInputs, ForwardOptions, ForwardOutputs, MaskedOutputs, QaOutputs, Runnable } from './forward.js';
export { LukeHead, type HeadLabelOptions, type HeadNerOptions, type HeadOrName, type LabelBy, type NerBy, type NerPartBy, type Ranked, type RankOptions, type SpansBy } from './head.js';
export { Luke } from './luke.js';
export { availability, keepOffline, models } from './models.js';
export {
  pipeline, type FeatureExtraction, type FeatureExtractionOptions, type Features, type FillMask, type FillMaskItem, type FillMaskPipelineOptions, type PipelineExtras, type Pipelines, type QuestionAnswering,
  type QuestionAnsweringItem, type QuestionAnsweringOptions, type TokenClassification, type TokenClassificationItem, type TokenClassificationOptions,
} from './pipeline.js';
export type { GpuInfo } from './speed.js';
export type { Availability, PrefetchOptions, StorageUsage, StoredModel, StoreOptions, Verification } from './store-types.js';
export type {
  Alternative, Answer, AnswerSpan, CallOptions, ClozeAnswer, ClozeOptions, EmbedOptions, Embedding, Entity, EntityScore, FillMaskOptions, FoundAnswer, LabelOptions, LabelScore,
  LabelScores, NerFound, NerOptions, NerPart, NoAnswer, NonEmpty, OffsetOptions, OffsetUnit, Pair, Place, PooledEmbedding, PoolingOptions, PredictEntitiesOptions, Priority, QaOptions,
  RelationInput, RunnersUpOptions, RunnerUp, Span, TaskOptions, Tensor, Token, TokenScore, TypingInput, WithScores, WordEntity, WordList, WordSpan,
} from './tasks.js';
export type {
  Confusion, Example, ExampleSpan, LabelReport, Lesson, Quality, RelationExample, TaughtTask, TeachInput, TeachOptions, TeachProgress, TeachReport, TypingExample,
} from './teach.js';
export type { Device, Head, LabeledHead, LabelOf, Labels, LoadBytes, LoadEvent, LoadFacts, LoadOptions, LoadPhase, RuntimeInfo, Task, WorkerLike } from './types.js';
