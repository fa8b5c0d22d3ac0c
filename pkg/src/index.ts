export { LukeError, type LukeErrorCode } from './errors.js';
export { Luke } from './luke.js';
export type {
  Device, Entity, ForwardInputs, ForwardOptions, ForwardOutputs, LabelOptions, LabelScore, LoadBytes, LoadEvent, LoadOptions, NerOptions, RuntimeInfo, Span, Task, Tensor,
  WordList,
} from './types.js';
