// What one thread of a pool does (threads.ts): it shares the memory of the wasm instance that starts it, and helps it.
import { initSync, threadRun } from '../wasm/threads/luke_web.js';
import type { ThreadStart } from './wasm.js';

export function runThread({ module, memory, lost }: ThreadStart, post: (message: string) => void): void {
  initSync({ module, memory });
  post('started');
  try {
    threadRun(); // as long as the thread lives
  } catch {
    // A trap. Whoever waits for this thread sees the flag and traps too, which takes the instance down in wasm.ts. No wasm runs
    // here any more: its stack pointer stays where the trap left it, and that may be the end of the stack.
    Atomics.store(new Int32Array(memory.buffer), lost / Int32Array.BYTES_PER_ELEMENT, 1);
  }
}
