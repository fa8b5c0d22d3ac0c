// The GPU's own clock: how long each compute pass took, by timestamp queries.

/** Queries of one set, the most that WebGPU allows. A pass needs two. */
const QUERIES = 4096;
/** `GPUBufferUsage` and `GPUMapMode`, which TypeScript's library does not declare. */
const [MAP_READ, COPY_SRC, COPY_DST, QUERY_RESOLVE, READ] = [0x1, 0x4, 0x8, 0x200, 0x1];

/** The methods of WebGPU without hooks, so that the timer's own work is not measured. */
export interface Plain {
  createBuffer: GPUDevice['createBuffer'];
  createCommandEncoder: GPUDevice['createCommandEncoder'];
  submit: GPUQueue['submit'];
}

/** Times the passes of one device during one measurement. */
export class PassTimer {
  /** Passes for which there was no query left. */
  untimed = 0;
  #device: GPUDevice;
  #plain: Plain;
  #set: GPUQuerySet;
  #used = 0;

  constructor(device: GPUDevice, plain: Plain) {
    this.#device = device;
    this.#plain = plain;
    // It is never destroyed: a pass that begins now may be submitted after the measurement.
    this.#set = device.createQuerySet({ type: 'timestamp', count: QUERIES });
  }

  /** Where the next pass writes its two times. */
  next(): GPUComputePassTimestampWrites | undefined {
    if (this.#used + 2 > QUERIES) {
      this.untimed += 1;
      return undefined;
    }
    const first = this.#used;
    this.#used += 2;
    return { querySet: this.#set, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  /** The milliseconds of each pass that has run. */
  async read(): Promise<number[]> {
    if (this.#used === 0) return [];
    const { createBuffer, createCommandEncoder, submit } = this.#plain;
    const size = this.#used * 8;
    const resolved = createBuffer.call(this.#device, { size, usage: QUERY_RESOLVE | COPY_SRC });
    const result = createBuffer.call(this.#device, { size, usage: COPY_DST | MAP_READ });
    const encoder = createCommandEncoder.call(this.#device);
    encoder.resolveQuerySet(this.#set, 0, this.#used, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, result, 0, size);
    submit.call(this.#device.queue, [encoder.finish()]);
    await result.mapAsync(READ);
    const times = [...new BigUint64Array(result.getMappedRange())];
    result.destroy();
    resolved.destroy();
    return passTimes(times);
  }
}

/** Milliseconds between the two times (nanoseconds) of each pass. A pass that has not run has 0 for a time, and is left out. */
export function passTimes(times: readonly bigint[]): number[] {
  const ms: number[] = [];
  for (let i = 0; i + 1 < times.length; i += 2) {
    const [begin, end] = [times[i]!, times[i + 1]!];
    // Drivers may give an end before the beginning when their clock is set back.
    if (begin > 0n && end >= begin) ms.push(Number(end - begin) / 1e6);
  }
  return ms;
}
