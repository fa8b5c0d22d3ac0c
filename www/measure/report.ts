// The figures of a measurement: how they are summed up, and the JSON that visitors copy.
import type { RuntimeInfo } from 'luke-web';
import type { Environment } from '../check/environment.js';
import { percentile, rounded } from '../check/statistics.js';
import { describeError, type StepResult } from '../check/steps.js';
import type { Setup, SetupId, Task, TaskId } from './plan.js';

/** The schema of the JSON. The number changes when a field gets another meaning. */
export const SCHEMA = 'luke-web/measure';
export const SCHEMA_VERSION = 1;

/** Times in milliseconds: the median, the quarter below and above it, the smallest and the largest. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** The times of one setup, in the order in which they were taken. */
export interface SetupTimes {
  readonly setup: Setup;
  info?: RuntimeInfo;
  /** A load that fetches every file of the model. */
  coldMs?: number;
  /** Loads from the browser's store. */
  readonly warmMs: number[];
  /** The first call of each task, which is not among the others. */
  readonly firstMs: Partial<Record<TaskId, number>>;
  readonly ms: Partial<Record<TaskId, number[]>>;
  error?: NonNullable<StepResult['error']>;
}

/** How a measurement ended: `done`, `stopped`, or why not. */
export type End = 'running' | 'done' | 'stopped' | { readonly failed: NonNullable<StepResult['error']> };

export interface Report {
  readonly schema: typeof SCHEMA;
  readonly schemaVersion: number;
  readonly date: string;
  readonly end: End;
  /** Whether the page was in the background for a time: browsers then slow it down. */
  readonly wasHidden: boolean;
  /** Why there are no loads from the store. */
  readonly storeProblem?: string;
  readonly rounds: number;
  readonly text: { readonly words: number; readonly mentions: number };
  readonly environment: Environment;
  readonly setups: readonly SetupReport[];
}

export interface SetupReport {
  readonly id: SetupId;
  readonly title: string;
  readonly info?: Omit<RuntimeInfo, 'labels' | 'runtimeUrls'>;
  readonly load: { readonly coldMs?: number; readonly warmMs?: Spread };
  readonly tasks: readonly TaskReport[];
  readonly error?: NonNullable<StepResult['error']>;
}

export interface TaskReport {
  readonly id: TaskId;
  /** What the rate counts. */
  readonly unit: string;
  readonly countPerCall: number;
  readonly firstMs: number;
  readonly callMs: Spread;
  readonly perSecond: number;
}

export function newTimes(setup: Setup): SetupTimes {
  return { setup, warmMs: [], firstMs: {}, ms: {} };
}

/** `undefined` without values. */
export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  const at = (share: number) => rounded(percentile(values, share));
  return { median: at(0.5), low: at(0.25), high: at(0.75), min: at(0), max: at(1), count: values.length };
}

/** How many units a second, by the median of the calls. A call that took no time by the browser's clock counts as its finest step. */
export function rate(count: number, { median }: Spread): number {
  return rounded((count * 1000) / Math.max(median, 0.001));
}

/** The figures of all setups, without what was not measured. */
export function setupReports(all: readonly SetupTimes[], tasks: readonly Task[]): readonly SetupReport[] {
  return all.map(({ setup: { id, title }, info, coldMs, warmMs, firstMs, ms, error }) => {
    const warm = spread(warmMs);
    return {
      id,
      title,
      ...(info && { info: shortInfo(info) }),
      load: { ...(coldMs !== undefined && { coldMs: rounded(coldMs) }), ...(warm && { warmMs: warm }) },
      tasks: tasks.flatMap((task) => taskReport(task, firstMs[task.id], ms[task.id] ?? [])),
      ...(error && { error }),
    };
  });
}

function taskReport({ id, unit, count }: Task, firstMs: number | undefined, ms: readonly number[]): readonly TaskReport[] {
  const callMs = spread(ms);
  if (!callMs || firstMs === undefined) return [];
  return [{ id, unit, countPerCall: count, firstMs: rounded(firstMs), callMs, perSecond: rate(count, callMs) }];
}

function shortInfo({ labels: _, runtimeUrls: __, ...info }: RuntimeInfo): Omit<RuntimeInfo, 'labels' | 'runtimeUrls'> {
  return info;
}

/** How a measurement ended with an error, or was stopped. */
export function endOf(error: unknown, signal: AbortSignal): End {
  return signal.aborted ? 'stopped' : { failed: describeError(error) };
}
