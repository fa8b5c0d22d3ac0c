// The script of one thread of a pool in Node.js.
import { parentPort } from 'node:worker_threads';
import { runThread } from '../src/pool.js';
import type { ThreadStart } from '../src/wasm.js';
import type { Delivery } from './place.js';

parentPort!.once('message', ({ data }: Delivery) => runThread(data as ThreadStart, (message) => parentPort!.postMessage(message)));
