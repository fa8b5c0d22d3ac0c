// The steps of the GPU day, the most valuable first, and what each measures. `--quick` has small shapes, for a rehearsal on a software
// adapter.

/** A step's program is steps/NAME.mjs unless it says otherwise. `minutes` is its time limit. */
const step = (name, minutes, options = {}, more = {}) => ({ name, program: `steps/${name}.mjs`, minutes, options, ...more });

/** The tiles of the linear layer: rows of the result that a workgroup computes. */
const TILES = ['low', 'middle', 'high'];

const FULL = [
  step('env', 1),
  step('correct', 4, { cases: 48, repeats: 3 }),
  step('devices', 3, {}, { tests: ['devices'] }),
  step('cublas', 2, {}, { python: 'cublas.py' }),
  step('linear', 6, { dtypes: ['f32', 'f16', 'q8'], tiles: TILES, targetMs: 30 }),
  ...[['mini', 'real', 'q4'], ['mini', 'synthetic', 'f32'], ['base', 'synthetic', 'f32'], ['base', 'synthetic', 'f16'], ['base', 'synthetic', 'q8'], ['large', 'synthetic', 'f32'], ['large', 'synthetic', 'q8']].map(
    ([size, kind, dtype]) => step(`passes ${size} ${dtype}`, 3, { size, kind, dtype, rounds: 20, budgetMs: 3000, longestMs: 30_000 }, { program: 'steps/passes.mjs' }),
  ),
  step('compile', 2, { models: [['mini', 'q4'], ['mini', 'f32']] }),
  step('memory', 2, { reloads: 10, size: 'base', kind: 'synthetic', dtype: 'f32' }),
  step('faults', 4, {}, { tests: ['faults'] }),
  step('ner', 2, { words: 2000, models: [['mini', 'real', 'q4'], ['base', 'synthetic', 'f32']] }),
];

const QUICK = [
  step('env', 1),
  step('correct', 2, { cases: 2, repeats: 2, fixtures: 2 }),
  step('devices', 1, {}, { tests: ['devices', 'micro-qa'] }),
  step('cublas', 1, {}, { python: 'cublas.py' }),
  step('linear', 2, { dtypes: ['f32', 'f16', 'q8'], tiles: TILES, targetMs: 0 }),
  step('passes mini q4', 2, { size: 'mini', kind: 'real', dtype: 'q4', rounds: 2, budgetMs: 500, longestMs: 5000 }, { program: 'steps/passes.mjs' }),
  step('passes mini f32', 2, { size: 'mini', kind: 'synthetic', dtype: 'f32', rounds: 2, budgetMs: 500, longestMs: 5000 }, { program: 'steps/passes.mjs' }),
  step('compile', 1, { models: [['mini', 'f32']] }),
  step('memory', 1, { reloads: 3, size: 'micro' }),
  step('faults', 1, {}, { tests: ['faults', 'call: out of memory'] }),
  step('ner', 1, { words: 20, models: [['mini', 'real', 'q4']] }),
];

export const WORDS_AND_ENTITIES = {
  full: [[16, 4, 1], [128, 32, 1], [512, 128, 1], [128, 32, 13]],
  quick: [[16, 4, 1], [64, 16, 1]],
};

/** Linear layers `[rows, in, out]`. */
export const LINEAR = {
  full: [16, 160, 640, 2048, 4096].flatMap((rows) => [[768, 768], [768, 3072], [3072, 768], [768, 4608], [1024, 4096], [4096, 1024]].map((shape) => [rows, ...shape])),
  quick: [[16, 384, 384], [64, 384, 768]],
};

/** The plan, with the options that all steps share. `only` keeps the steps whose name begins with one of its words, and `env`, which names the device. */
export function planOf({ quick, only = [] }) {
  const size = quick ? 'quick' : 'full';
  const shared = { quick, linear: LINEAR[size], shapes: WORDS_AND_ENTITIES[size].map(([words, entities, batch]) => ({ words, entities, batch })) };
  return (quick ? QUICK : FULL)
    .filter(({ name }) => name === 'env' || only.length === 0 || only.some((word) => name.startsWith(word)))
    .map(({ options, ...rest }) => ({ ...rest, options: { ...shared, ...options } }));
}
