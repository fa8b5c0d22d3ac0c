// Counts the bytes of the buffers of WebGPU that are alive.

/** A buffer, without a reference to it. */
interface Entry {
  bytes: number;
  owner: Set<Entry>;
}

export interface BufferMemory {
  /** Bytes of buffers that were neither destroyed nor collected as garbage. */
  aliveBytes: number;
  aliveBuffers: number;
  /** The largest `aliveBytes` since the last `resetPeak`. */
  peakBytes: number;
  /** Bytes of all buffers that were ever made. */
  createdBytes: number;
  createdBuffers: number;
}

export class BufferCounter {
  #now: BufferMemory = { aliveBytes: 0, aliveBuffers: 0, peakBytes: 0, createdBytes: 0, createdBuffers: 0 };
  #entries = new WeakMap<object, Entry>();
  #owners = new WeakMap<object, Set<Entry>>();
  #collected = new FinalizationRegistry<Entry>((entry) => this.#free(entry));

  get now(): BufferMemory {
    return { ...this.#now };
  }

  resetPeak(): void {
    this.#now.peakBytes = this.#now.aliveBytes;
  }

  /** A device has made a buffer. */
  made(device: object, buffer: object, bytes: number): void {
    const owner = this.#owners.get(device) ?? new Set();
    this.#owners.set(device, owner);
    const entry = { bytes, owner };
    owner.add(entry);
    this.#entries.set(buffer, entry);
    this.#collected.register(buffer, entry);
    const now = this.#now;
    now.createdBuffers += 1;
    now.createdBytes += bytes;
    now.aliveBuffers += 1;
    now.aliveBytes += bytes;
    now.peakBytes = Math.max(now.peakBytes, now.aliveBytes);
  }

  /** A buffer was destroyed. */
  destroyed(buffer: object): void {
    const entry = this.#entries.get(buffer);
    if (entry) this.#free(entry);
  }

  /** A device was destroyed or lost, and with it all of its buffers. */
  gone(device: object): void {
    for (const entry of this.#owners.get(device) ?? []) this.#free(entry);
  }

  #free(entry: Entry): void {
    if (!entry.owner.delete(entry)) return; // it was freed before
    this.#now.aliveBuffers -= 1;
    this.#now.aliveBytes -= entry.bytes;
  }
}
