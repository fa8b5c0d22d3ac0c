// The script of one thread of a pool (threads.ts): shares the memory of the wasm instance that starts it, and helps it.
import { initSync, threadRun } from '../wasm/threads/luke_web.js';
import type { ThreadStart } from './wasm.js';

globalThis.addEventListener('message', ({ data }: MessageEvent<ThreadStart>) => {
  const { module, memory, lost } = data;
  initSync({ module, memory });
  postMessage('started');
  try {
    threadRun(); // as long as the thread lives
  } catch {
    // A trap. Whoever waits for this thread sees the flag and traps too, which takes the instance down in wasm.ts. No wasm runs
    // here any more: its stack pointer stays where the trap left it, and that may be the end of the stack.
    Atomics.store(new Int32Array(memory.buffer), lost / Int32Array.BYTES_PER_ELEMENT, 1);
  }
}, { once: true });
