// The check of the page gpu-check.html: which steps there are, and what they measure.
import type { Luke } from 'luke-web';
import { environment } from './environment.js';
import { answers, compareAnswers, passes, type Effort, type Shape } from './measure.js';
import type { GpuMeter } from './meter.js';
import { rounded, summary } from './statistics.js';
import type { Step } from './steps.js';

const SHAPES: readonly Shape[] = [
  { words: 16, entities: 4, batch: 1 },
  { words: 128, entities: 32, batch: 1 },
  { words: 500, entities: 128, batch: 1 },
  { words: 128, entities: 32, batch: 8 },
];
const EFFORT: Effort = { rounds: 10, budgetMs: 700, longestMs: 6000 };
const LIMIT_MS = 30_000;
const LOAD_LIMIT_MS = 120_000;
/** Time for the browser to free what was disposed. */
const QUIET_MS = 500;

/** The steps for the model at an address. */
export function checkSteps(LukeClass: typeof Luke, model: string, meter: GpuMeter | undefined): Step[] {
  const loaded: { wasm?: Luke; webgpu?: Luke } = {};
  const memory: Record<string, unknown> = {};
  const step = (name: string, run: Step['run'], limitMs = LIMIT_MS): Step => ({ name, limitMs, run });
  const need = (device: 'wasm' | 'webgpu'): Luke => {
    const luke = loaded[device];
    if (!luke) throw new Error(`the model is not loaded on ${device}`);
    return luke;
  };
  const load = async (device: 'wasm' | 'webgpu') => {
    // The hooks see WebGPU only in their own thread. The CPU uses several threads only from a worker.
    const luke = (loaded[device] = await LukeClass.load(model, { device, worker: device === 'wasm', retries: 1 }));
    const { tasks: _, runtimeUrls: __, ...info } = luke.info;
    return info;
  };
  return [
    step('environment', environment),
    step('loadCpu', () => load('wasm'), LOAD_LIMIT_MS),
    step('loadGpu', async () => {
      const info = await load('webgpu');
      if (meter) memory.loaded = meter.memory;
      return info;
    }, LOAD_LIMIT_MS),
    step('pipelines', async () => {
      need('webgpu');
      return describePipelines(meter);
    }),
    step('correctness', async () => compareAnswers(await answers(need('webgpu')), await answers(need('wasm')))),
    step('passesGpu', () => passes(need('webgpu'), meter, SHAPES, EFFORT), 2 * LIMIT_MS),
    step('passesCpu', () => passes(need('wasm'), undefined, SHAPES, EFFORT), 2 * LIMIT_MS),
    step('memory', async () => {
      const luke = need('webgpu');
      memory.used = meter?.memory;
      await luke.dispose();
      await loaded.wasm?.dispose();
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      memory.disposed = meter?.memory;
      return memory;
    }),
  ];
}

/** How long each pipeline took, without the text of its shader. */
export function describePipelines(meter: GpuMeter | undefined): unknown {
  const pipelines = (meter?.pipelines ?? []).map(({ code, constants: _, ...record }) => ({ ...record, about: aboutShader(code), codeLength: code.length }));
  const built = pipelines.map(({ builtMs = 0 }) => builtMs);
  return { count: pipelines.length, totalMs: rounded(built.reduce((sum, ms) => sum + ms, 0)), builtMs: summary(built), pipelines };
}

/** The beginning of the comment with which a shader of ours begins; empty for others. */
export function aboutShader(code: string): string {
  return /^\/\/ (.{1,60})(?=[ .:,]|$)/m.exec(code.split('\n')[0] ?? '')?.[1] ?? '';
}
