// The script of one thread of a pool (threads.ts): shares the memory of the wasm instance that starts it, and helps it.
import { initSync, threadFailed, threadRun } from '../wasm/threads/luke_web.js';
import type { ThreadStart } from './wasm.js';

globalThis.addEventListener('message', ({ data }: MessageEvent<ThreadStart>) => {
  initSync(data);
  postMessage('started');
  try {
    threadRun(); // as long as the thread lives
  } catch {
    threadFailed(); // a trap: whoever waits for this thread traps too, and takes the instance down in wasm.ts
  }
}, { once: true });
