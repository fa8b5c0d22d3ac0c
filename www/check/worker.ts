// The worker of gpu-check.html. It gets the address of the model and sends the result of each step.
import { checkSteps } from './check.js';
import { GpuMeter } from './meter.js';
import { runStep, type StepResult } from './steps.js';

/** What the worker sends: that a step begins, or how it ended, or that all have ended. */
export type Message = { begins: string; limitMs: number } | { ended: StepResult } | { done: true };

const send = (message: Message): void => (globalThis as unknown as { postMessage(message: Message): void }).postMessage(message);

addEventListener('message', async ({ data }: MessageEvent<{ model: string }>) => {
  const meter = GpuMeter.install(); // before the package makes a device
  // A worker has no import map.
  const { Luke } = (await import(new URL('../luke-web/dist/index.js', import.meta.url).href)) as typeof import('luke-web');
  for (const step of checkSteps(Luke, data.model, meter)) {
    send({ begins: step.name, limitMs: step.limitMs });
    send({ ended: await runStep(step) });
  }
  send({ done: true });
});
