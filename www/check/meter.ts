// Hooks in the classes of WebGPU. They see what any library does with the GPU: pipelines, passes, submits and buffers. The hooks
// must be there before the library makes its device. They work in a page, in a worker, and on Dawn in Node.js.
import { BufferCounter, type BufferMemory } from './memory.js';
import { rounded, summary, type Summary } from './statistics.js';
import { PassTimer, type Plain } from './timer.js';

/** A pipeline that was built. */
export interface PipelineRecord {
  label: string;
  code: string;
  entryPoint: string | undefined;
  constants: Record<string, number> | undefined;
  isAsync: boolean;
  /** How long the call took. */
  callMs: number;
  /** Until the device had built it, counted from the call or from the end of the pipeline before it. */
  builtMs?: number;
}

/** What the GPU was given between `start` and `stop`. */
export interface Work {
  submits: number;
  dispatches: number;
  passes: number;
  /** From a submit, or the end of the one before it, until its work was done. */
  submitMs: Summary;
  /** Time of the compute passes by the GPU's clock. Absent where the device has no timestamps. */
  gpuMs?: number;
  longestPassMs?: number;
  /** Passes that are not in `gpuMs`. */
  untimedPasses: number;
}

/** The first moment at which each of several things, which end in the order in which they began, was alone. */
class Chain {
  #last = 0;

  /** Milliseconds of a thing that began at `began` and ends now. */
  end(began: number): number {
    const now = performance.now();
    const ms = now - Math.max(began, this.#last);
    this.#last = now;
    return ms;
  }
}

export class GpuMeter {
  readonly pipelines: PipelineRecord[] = [];
  /** The last device that was made. */
  device: GPUDevice | undefined;
  #buffers = new BufferCounter();
  #plain: Plain;
  #devices = new WeakMap<GPUCommandEncoder, GPUDevice>();
  #codes = new WeakMap<GPUShaderModule, string>();
  #pending = new Set<Promise<void>>();
  #submitChain = new Chain();
  #pipelineChain = new Chain();
  /** The measurement that runs. */
  #running: { submits: number[]; started: number; dispatches: number; passes: number; untimed: number; timers: Map<GPUDevice, PassTimer> } | undefined;

  /** Puts the hooks into the classes of this realm. Nothing happens where the browser has no WebGPU. */
  static install(): GpuMeter | undefined {
    return 'GPUDevice' in globalThis ? new GpuMeter() : undefined;
  }

  private constructor() {
    const { createBuffer, createCommandEncoder } = GPUDevice.prototype;
    this.#plain = { createBuffer, createCommandEncoder, submit: GPUQueue.prototype.submit };
    this.#hookDevice();
    this.#hookPipelines();
    this.#hookWork();
  }

  /** The memory of all buffers. */
  get memory(): BufferMemory {
    return this.#buffers.now;
  }

  resetPeak(): void {
    this.#buffers.resetPeak();
  }

  /** Begins a measurement. */
  start(): void {
    this.#running = { submits: [], started: 0, dispatches: 0, passes: 0, untimed: 0, timers: new Map() };
  }

  /** Ends the measurement, after the work that was submitted in it. */
  async stop(): Promise<Work> {
    const running = this.#running;
    if (!running) throw new Error('no measurement runs');
    this.#running = undefined;
    await Promise.all(this.#pending);
    const times: number[] = [];
    for (const timer of running.timers.values()) {
      times.push(...(await timer.read()));
      running.untimed += timer.untimed;
    }
    const gpu = running.timers.size > 0 && { gpuMs: rounded(times.reduce((sum, ms) => sum + ms, 0)), longestPassMs: rounded(Math.max(0, ...times)) };
    const { started, dispatches, passes, submits } = running;
    return { submits: started, dispatches, passes, submitMs: summary(submits), ...gpu, untimedPasses: passes - times.length };
  }

  #hookDevice(): void {
    const meter = this;
    hook(GPUAdapter.prototype, 'requestDevice', (original) => async function (this: GPUAdapter, descriptor) {
      const device = await original.call(this, descriptor);
      meter.device = device;
      void device.lost.then(() => meter.#buffers.gone(device));
      return device;
    });
    hook(GPUDevice.prototype, 'createBuffer', (original) => function (this: GPUDevice, descriptor) {
      const buffer = original.call(this, descriptor);
      meter.#buffers.made(this, buffer, descriptor.size);
      return buffer;
    });
    hook(GPUBuffer.prototype, 'destroy', (original) => function (this: GPUBuffer) {
      meter.#buffers.destroyed(this);
      return original.call(this);
    });
    hook(GPUDevice.prototype, 'destroy', (original) => function (this: GPUDevice) {
      meter.#buffers.gone(this);
      return original.call(this);
    });
  }

  #hookPipelines(): void {
    const meter = this;
    const describe = ({ label, compute }: GPUComputePipelineDescriptor, isAsync: boolean): PipelineRecord => {
      const { module, entryPoint, constants } = compute;
      const record = { label: label ?? '', code: meter.#codes.get(module) ?? '', entryPoint, constants: constants && { ...constants }, isAsync, callMs: 0 };
      meter.pipelines.push(record);
      return record;
    };
    hook(GPUDevice.prototype, 'createShaderModule', (original) => function (this: GPUDevice, descriptor) {
      const module = original.call(this, descriptor);
      meter.#codes.set(module, descriptor.code);
      return module;
    });
    hook(GPUDevice.prototype, 'createComputePipeline', (original) => function (this: GPUDevice, descriptor) {
      const record = describe(descriptor, false);
      // The scope takes no error that the library waits for: no kind of pipeline error is of this filter. It ends when the device has
      // handled the call.
      this.pushErrorScope('out-of-memory');
      const began = performance.now();
      try {
        return original.call(this, descriptor);
      } finally {
        record.callMs = rounded(performance.now() - began);
        meter.#wait(this.popErrorScope(), () => (record.builtMs = rounded(meter.#pipelineChain.end(began))));
      }
    });
    hook(GPUDevice.prototype, 'createComputePipelineAsync', (original) => function (this: GPUDevice, descriptor) {
      const record = describe(descriptor, true);
      const began = performance.now();
      const built = original.call(this, descriptor);
      record.callMs = rounded(performance.now() - began);
      meter.#wait(built, () => (record.builtMs = rounded(performance.now() - began)));
      return built;
    });
  }

  #hookWork(): void {
    const meter = this;
    hook(GPUDevice.prototype, 'createCommandEncoder', (original) => function (this: GPUDevice, descriptor) {
      const encoder = original.call(this, descriptor);
      meter.#devices.set(encoder, this);
      return encoder;
    });
    hook(GPUCommandEncoder.prototype, 'beginComputePass', (original) => function (this: GPUCommandEncoder, descriptor) {
      return original.call(this, meter.#timed(this, descriptor));
    });
    hook(GPUComputePassEncoder.prototype, 'dispatchWorkgroups', (original) => function (this: GPUComputePassEncoder, ...args) {
      if (meter.#running) meter.#running.dispatches += 1;
      return original.apply(this, args);
    });
    hook(GPUQueue.prototype, 'submit', (original) => function (this: GPUQueue, commands) {
      const result = original.call(this, commands);
      const running = meter.#running;
      if (running) {
        running.started += 1;
        const began = performance.now();
        meter.#wait(this.onSubmittedWorkDone(), () => running.submits.push(meter.#submitChain.end(began)));
      }
      return result;
    });
  }

  /** The descriptor of a pass with timestamps, if a measurement runs and the device has them. */
  #timed(encoder: GPUCommandEncoder, descriptor: GPUComputePassDescriptor | undefined): GPUComputePassDescriptor | undefined {
    const running = this.#running;
    const device = this.#devices.get(encoder);
    if (!running || !device) return descriptor;
    running.passes += 1;
    if (descriptor?.timestampWrites || !device.features.has('timestamp-query')) return descriptor;
    let timer = running.timers.get(device);
    if (!timer) running.timers.set(device, (timer = new PassTimer(device, this.#plain)));
    const timestampWrites = timer.next();
    return timestampWrites ? { ...descriptor, timestampWrites } : descriptor;
  }

  /** Calls `done` when `work` has ended well. `stop` waits for it. */
  #wait(work: Promise<unknown>, done: () => void): void {
    const waiting: Promise<void> = work.then(done, () => {}).finally(() => this.#pending.delete(waiting));
    this.#pending.add(waiting);
  }
}

/** Replaces a method of a class, if the browser has it. */
function hook<T extends object, K extends keyof T>(prototype: T, name: K, make: (original: T[K]) => T[K]): void {
  const original = prototype[name];
  if (typeof original === 'function') prototype[name] = make(original);
}
