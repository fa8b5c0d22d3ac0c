// Measurements of a loaded model. The page and tools/gpu use the same ones, so that their figures can be compared.
import type { Entity, ForwardInputs, Luke } from 'luke-web';
import type { GpuMeter, Work } from './meter.js';
import { maxDifference, summary, type Summary } from './statistics.js';

/** The inputs of a call: `batch` inputs with these numbers of words and entities. */
export interface Shape {
  words: number;
  entities: number;
  batch: number;
}

export interface Pass extends Shape {
  /** Words and entities of the whole call. */
  rows: number;
  /** The first call, which may still build something. */
  firstMs: number;
  wallMs: Summary;
  rowsPerSecond: number;
  /** What one call gave the GPU. Absent on the CPU. */
  work?: Work;
}

export interface Skipped extends Shape {
  /** Why the shape was not measured. */
  skipped: string;
}

export interface Effort {
  /** Rounds of each shape: at least one, and no more when the budget is spent. */
  rounds: number;
  budgetMs: number;
  /** A shape is left out if its first call would take longer than this, judged by the shape before it. */
  longestMs: number;
}

export const TEXTS = [
  'Ada Lovelace worked with Charles Babbage in London.',
  'Shares of Siemens rose in Frankfurt after Olaf Scholz met Emmanuel Macron in Paris on Tuesday.',
  'On Sunday, Ana Ivanovic of Serbia won at Wimbledon, and Reuters said that the European Union had sent nobody.',
  'The vote in Nairobi was won by Maria Okafor, who had lost to Tom Jones of Barclays two years before.',
];

/** Ids that every vocabulary of LUKE has, and mentions of one or two tokens. */
export function inputs({ words, entities, batch }: Shape): ForwardInputs[] {
  const one: ForwardInputs = { inputIds: Array.from({ length: words }, (_, i) => (i === 0 ? 0 : 5 + (i % 50))) };
  if (entities > 0) {
    one.entityIds = Array.from({ length: entities }, () => 1);
    one.entityPositionIds = Array.from({ length: entities }, (_, i) => [i % words, (i + 1) % words]);
  }
  return Array.from({ length: batch }, () => one);
}

/** Times whole forward passes of several shapes, from the smallest to the largest. */
export async function passes(luke: Luke, meter: GpuMeter | undefined, shapes: readonly Shape[], effort: Effort, onPass?: (pass: Pass | Skipped) => void): Promise<(Pass | Skipped)[]> {
  const results: (Pass | Skipped)[] = [];
  let msPerRow = 0;
  for (const shape of shapes) {
    const expected = msPerRow * shape.batch * (shape.words + shape.entities);
    const result = expected > effort.longestMs ? { ...shape, skipped: `it would take about ${Math.round(expected)} ms` } : await pass(luke, meter, shape, effort);
    if ('rows' in result) msPerRow = result.wallMs.min / result.rows;
    results.push(result);
    onPass?.(result);
  }
  return results;
}

async function pass(luke: Luke, meter: GpuMeter | undefined, shape: Shape, { rounds, budgetMs }: Effort): Promise<Pass> {
  const input = inputs(shape);
  const call = async () => {
    const started = performance.now();
    await luke.forward(input, { head: 'model' });
    return performance.now() - started;
  };
  const firstMs = await call();
  const times: number[] = [];
  const until = performance.now() + budgetMs;
  do times.push(await call());
  while (times.length < rounds && performance.now() < until);
  const rows = shape.batch * (shape.words + shape.entities);
  const wallMs = summary(times);
  const result: Pass = { ...shape, rows, firstMs: summary([firstMs]).median, wallMs, rowsPerSecond: Math.round((rows / wallMs.median) * 1000) };
  if (!meter) return result;
  // A call of its own, so that the hooks do not slow down those that are timed.
  meter.start();
  await call();
  return { ...result, work: await meter.stop() };
}

/** What a model answers to the texts, and the numbers behind one answer. */
export interface Answers {
  entities: Entity[][];
  hidden: Float32Array;
}

export async function answers(luke: Luke, texts: readonly string[] = TEXTS): Promise<Answers> {
  const entities: Entity[][] = [];
  if (luke.tasks.includes('ner')) for (const text of texts) entities.push(await luke.ner(text));
  const [outputs] = await luke.forward(inputs({ words: 20, entities: 4, batch: 1 }), { head: 'model' });
  return { entities, hidden: outputs!.lastHiddenState!.data };
}

export interface Comparison {
  texts: number;
  entities: number;
  /** Texts in which the entities or their labels differ. */
  differentTexts: number;
  /** Of entities that both found. */
  maxLogitDifference: number;
  maxHiddenDifference: number;
}

/** Compares the answers of two devices to the same texts. */
export function compareAnswers(a: Answers, b: Answers): Comparison {
  let differentTexts = 0;
  let maxLogitDifference = 0;
  a.entities.forEach((list, i) => {
    const others = b.entities[i] ?? [];
    const key = ({ start, end, label }: Entity) => `${start} ${end} ${label}`;
    if (list.map(key).join() !== others.map(key).join()) differentTexts += 1;
    for (const entity of list) {
      const other = others.find((candidate) => key(candidate) === key(entity));
      if (other) maxLogitDifference = Math.max(maxLogitDifference, maxDifference([entity.logit], [other.logit]));
    }
  });
  const entities = a.entities.flat().length;
  return { texts: a.entities.length, entities, differentTexts, maxLogitDifference, maxHiddenDifference: maxDifference(a.hidden, b.hidden) };
}
