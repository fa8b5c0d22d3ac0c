// The table of gpu-check.html: the figures of its JSON that people want to see first.
import type { Environment } from './environment.js';
import type { Comparison, Pass, Skipped } from './measure.js';
import type { BufferMemory } from './memory.js';
import type { StepResult } from './steps.js';

/** The schema of the JSON. The number changes when a field gets another meaning. */
export const SCHEMA = 'luke-web/gpu-check';
export const SCHEMA_VERSION = 1;

export interface Report {
  schema: typeof SCHEMA;
  schemaVersion: number;
  date: string;
  /** How the check ended: `done`, or why not. */
  end: string;
  steps: StepResult[];
}

export interface Row {
  what: string;
  value: string;
  isBad?: boolean;
}

type Info = { device: string; adapter?: string; threads: number; loadMs: number; dtype: string; name: string; selfTest?: { maxError: number; tolerance: number } };
type Memory = Partial<Record<'loaded' | 'used' | 'disposed', BufferMemory>>;

/** Rows for the steps that have ended. */
export function rowsOf(steps: readonly StepResult[]): Row[] {
  return steps.flatMap((step) => (step.error ? [{ what: TITLES[step.name] ?? step.name, value: `failed: ${step.error.message}`, isBad: true }] : (FORMATS[step.name]?.(step.result as never) ?? [])));
}

export const TITLES: Record<string, string> = {
  environment: 'Browser and GPU',
  loadCpu: 'Loading on the CPU',
  loadGpu: 'Loading on WebGPU',
  pipelines: 'Pipelines',
  correctness: 'Correctness',
  passesGpu: 'Speed on WebGPU',
  passesCpu: 'Speed on the CPU',
  memory: 'Memory of the GPU',
};

const FORMATS: Record<string, (result: never) => Row[]> = {
  environment: ({ adapter, adapterProblem, cores }: Environment) => [
    { what: 'GPU', value: adapter ? `${adapter.name}${adapter.isSoftware ? ' (software adapter)' : ''}` : `none: ${adapterProblem}`, isBad: !adapter },
    { what: 'Processor cores', value: String(cores) },
  ],
  loadCpu: (info: Info) => [{ what: 'Loading on the CPU', value: `${seconds(info.loadMs)}, ${info.threads} thread${info.threads === 1 ? '' : 's'}` }],
  loadGpu: ({ loadMs, selfTest }: Info) => [
    { what: 'Loading on WebGPU', value: seconds(loadMs) },
    ...(selfTest ? [{ what: 'Self-test', value: `off by ${scientific(selfTest.maxError)}, allowed ${scientific(selfTest.tolerance)}`, isBad: !(selfTest.maxError <= selfTest.tolerance) }] : []),
  ],
  pipelines: ({ count, totalMs }: { count: number; totalMs: number }) => [{ what: 'Pipelines', value: `${count} built in ${Math.round(totalMs)} ms` }],
  correctness: (c: Comparison) => [
    {
      what: 'WebGPU against the CPU',
      value: `${c.entities} entities, ${c.differentTexts} of ${c.texts} texts differ; logits differ by at most ${scientific(c.maxLogitDifference)}, vectors by ${scientific(c.maxHiddenDifference)}`,
      isBad: c.differentTexts > 0,
    },
  ],
  passesGpu: (list: (Pass | Skipped)[]) => list.map((pass) => ({ what: `WebGPU, ${shape(pass)}`, value: speed(pass) })),
  passesCpu: (list: (Pass | Skipped)[]) => list.map((pass) => ({ what: `CPU, ${shape(pass)}`, value: speed(pass) })),
  memory: ({ loaded, used, disposed }: Memory) => [
    { what: 'Buffers of the GPU', value: [loaded && `${megabytes(loaded)} after the load`, used && `${megabytes(used)} after the calls`, disposed && `${megabytes(disposed)} after dispose`].filter(Boolean).join(', ') },
  ],
};

function shape({ words, entities, batch }: Pass | Skipped): string {
  return `${batch > 1 ? `${batch} × ` : ''}${words} words + ${entities} entities`;
}

function speed(pass: Pass | Skipped): string {
  if ('skipped' in pass) return `left out: ${pass.skipped}`;
  const { wallMs, rowsPerSecond, work } = pass;
  const parts = [`${wallMs.median.toFixed(1)} ms`, `${rowsPerSecond} rows a second`];
  if (work?.gpuMs !== undefined) parts.push(`GPU ${work.gpuMs.toFixed(1)} ms`);
  if (work) parts.push(`${work.submits} submits, the longest ${work.submitMs.max.toFixed(1)} ms`);
  return parts.join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function scientific(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}

function megabytes({ aliveBytes }: BufferMemory): string {
  return `${(aliveBytes / 1e6).toFixed(1)} MB`;
}
