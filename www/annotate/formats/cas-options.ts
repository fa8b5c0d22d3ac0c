// What a person chooses when a CAS is written, as JSON or as XMI.
import { choice } from './choice.js';

export const LAYER = choice('layer', 'Layer of spans', {
  auto: 'named entities; with relations, basic spans',
  entity: 'named entities',
  basic: 'basic spans, which basic relations join',
});
export const TOKENS = choice('tokens', 'Layers of tokens and sentences', { none: 'left to INCEpTION', own: 'written' });
