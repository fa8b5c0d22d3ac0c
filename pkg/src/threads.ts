// How many threads the CPU module gets, and the pool of them. A thread is a worker of the worker that the model runs in.
import { hasWasm, LukeError, WASM_NEEDS } from './errors.js';
import { cores, HERE, whyNoThreads } from './host.js';
import { startThreadWorker } from './place.js';
import type { LoadOptions } from './types.js';
import type { ThreadStart } from './wasm.js';

/** The threads to try, and why `auto` takes only one. */
export interface ThreadChoice {
  threads: number;
  reason?: string;
}

/** Most that `auto` takes: kernels wait for each other's ends a hundred times a pass, and share the memory's bandwidth. */
const MOST = 8;

/** A module of one instruction that not every engine has: `i8x16.relaxed_swizzle`. */
const RELAXED = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11,
]);

/** Whether the engine has relaxed SIMD. */
export function hasRelaxedSimd(): boolean {
  return hasWasm() && WebAssembly.validate(RELAXED);
}

/** A module of one instruction of 128-bit SIMD, without which none of our modules compiles: `i8x16.popcnt`. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** What this engine does not have of what every module needs, and what to do. Rejects with `unsupported`. */
export function checkEngine(): void {
  if (!hasWasm()) {
    throw new LukeError('unsupported', `${HERE} has no WebAssembly, which luke-web needs: it is switched off, as by the lockdown mode of a browser or the option --jitless of Node.js. Switch it on for this page or program`);
  }
  if (WebAssembly.validate(SIMD)) return;
  throw new LukeError('unsupported', `${HERE} has no SIMD for WebAssembly, which luke-web needs: ${WASM_NEEDS}, on a processor that has SSE4.1 (x86) or NEON (ARM)`);
}

/** How many threads to use. Rejects with `unsupported` when some were asked for by number and there cannot be any. */
export function chooseThreads(wanted: NonNullable<LoadOptions['threads']>): ThreadChoice {
  if (wanted === 1) return { threads: 1 };
  const reason = whyNoThreads() ?? whatIsMissing();
  if (reason === undefined) return { threads: wanted === 'auto' ? Math.min(cores(), MOST) : wanted };
  if (wanted === 'auto') return { threads: 1, reason };
  throw new LukeError('unsupported', `threads ${wanted}: ${reason}. Without the option "threads" the model uses one thread here`);
}

function whatIsMissing(): string | undefined {
  if (!hasRelaxedSimd()) return `${HERE} has no relaxed SIMD for WebAssembly`;
  if (!('waitAsync' in Atomics)) return `${HERE} has no Atomics.waitAsync`;
  return undefined;
}

interface Thread {
  worker: Worker;
  started: Promise<void>;
  stop: (reason: LukeError) => void;
}

/** The threads of one wasm instance besides the one that calls it. */
export class ThreadPool {
  #threads: Thread[] = [];

  /** Threads in all, the caller's too. */
  get size(): number {
    return this.#threads.length + 1;
  }

  /**
   * Has at least so many threads in all; rejects when one does not start within `limitMs`. Those that have started stay: another model may
   * compute with them.
   */
  async grow(size: number, start: () => ThreadStart, limitMs: number): Promise<void> {
    while (this.size < size) {
      const thread = startThread(start(), limitMs);
      this.#threads.push(thread);
      thread.started.catch(() => (this.#threads = this.#threads.filter((other) => other !== thread)));
    }
    await Promise.all(this.#threads.map(({ started }) => started));
  }

  /** Ends them at once. */
  stop(): void {
    for (const { stop } of this.#threads) stop(new LukeError('unsupported', 'the thread was stopped'));
    this.#threads = [];
  }
}

function startThread(start: ThreadStart, limitMs: number): Thread {
  const worker = startThreadWorker();
  let stop!: Thread['stop'];
  const started = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => stop(new LukeError('unsupported', `a thread did not start within ${limitMs / 1000} s`)), limitMs);
    stop = (reason) => {
      clearTimeout(timer);
      worker.terminate();
      reject(reason);
    };
    worker.onmessage = () => {
      clearTimeout(timer);
      resolve();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      stop(new LukeError('unsupported', `a thread did not start: ${event.message || 'its script could not be loaded'}`));
    };
  });
  worker.postMessage(start);
  return { worker, started, stop };
}
