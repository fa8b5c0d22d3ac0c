// What can be measured in this browser: one thread of the CPU, several threads, the GPU; and the calls that are timed.
import type { LoadOptions, Luke } from 'luke-web';
import type { Environment } from '../check/environment.js';
import { MENTIONS, QUESTION, TEXT, WORDS } from './text.js';

export type SetupId = 'one-thread' | 'threads' | 'webgpu';

/** A way to run the model. */
export interface Setup {
  readonly id: SetupId;
  readonly title: string;
  readonly options: Pick<LoadOptions, 'device' | 'threads'>;
}

/** A setup that the page offers, or why it does not. */
export interface Offer {
  readonly setup: Setup;
  /** Why this browser cannot run it. */
  readonly missing?: string;
  /** Whether it is chosen before a person has chosen. */
  readonly isChosen: boolean;
  readonly note?: string;
}

export type TaskId = 'ner' | 'qa' | 'typing';

/** A call that is timed. `count` is how many units one call handles. */
export interface Task {
  readonly id: TaskId;
  readonly title: string;
  readonly unit: string;
  readonly count: number;
  readonly call: (model: Model, signal: AbortSignal) => Promise<unknown>;
}

/** The part of a loaded model that is measured. */
export type Model = Pick<Luke, 'info' | 'tasks' | 'ner' | 'qa' | 'typing' | 'dispose'>;

export const TASKS: readonly Task[] = [
  { id: 'ner', title: 'Named entities', unit: 'words', count: WORDS, call: (model, signal) => model.ner(TEXT, { signal }) },
  { id: 'qa', title: 'Questions', unit: 'questions', count: 1, call: (model, signal) => model.qa(QUESTION, TEXT, { signal }) },
  {
    id: 'typing', title: 'Types of mentions', unit: 'mentions', count: MENTIONS.length,
    call: (model, signal) => model.typing(MENTIONS.map((span) => ({ text: TEXT, span })), { signal }),
  },
];

/** The package uses no more threads than this by itself. */
const MOST_THREADS = 8;

/** The setups for a browser, those that it cannot run included. */
export function offersFor({ cores, crossOriginIsolated, adapter, adapterProblem }: Environment): readonly Offer[] {
  const threads = Math.min(cores, MOST_THREADS);
  const noIsolation = crossOriginIsolated ? undefined : 'this page is not cross-origin isolated';
  const noThreads = cores < 2 ? 'this browser says that there is one core' : noIsolation;
  return [
    { setup: { id: 'one-thread', title: 'CPU, one thread', options: { device: 'wasm', threads: 1 } }, isChosen: true },
    offer(
      { id: 'threads', title: `CPU, ${noThreads === undefined ? threads : 'several'} threads`, options: { device: 'wasm', threads: Math.max(threads, 2) } },
      noThreads,
    ),
    offer(
      { id: 'webgpu', title: 'GPU (WebGPU)', options: { device: 'webgpu' } },
      adapter ? undefined : (adapterProblem ?? 'the browser found no WebGPU adapter'),
      adapter?.isSoftware ? 'This is a software adapter, slower than any GPU.' : undefined,
    ),
  ];
}

function offer(setup: Setup, missing: string | undefined, note?: string): Offer {
  const isChosen = missing === undefined && note === undefined;
  return { setup, isChosen, ...(missing !== undefined && { missing }), ...(note !== undefined && { note }) };
}
