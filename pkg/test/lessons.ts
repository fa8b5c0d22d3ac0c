// A lesson of each task that can be taught.
import type { TeachInput } from '../src/index.js';

export const INPUT = { task: 'ner', name: 'recipes', examples: [{ text: 'Add salt.', spans: [{ start: 4, end: 8, label: 'FOOD' }] }] } satisfies TeachInput;
export const TYPING = { task: 'typing', name: 'plants', examples: [{ text: 'The old oak fell.', span: [8, 11], labels: ['TREE'] }] } satisfies TeachInput;
export const RELATION = { task: 'relation', name: 'pupils', examples: [{ text: 'Kim taught Lou.', head: [0, 3], tail: [11, 14], label: 'TEACHER' }] } satisfies TeachInput;
