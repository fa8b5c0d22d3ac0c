// The script of one thread of a pool.
import { runThread } from './pool.js';
import type { ThreadStart } from './wasm.js';

globalThis.addEventListener('message', ({ data }: MessageEvent<ThreadStart>) => runThread(data, (message) => postMessage(message)), { once: true });
