// The script of a worker thread: serves one model on every port that it receives.
import { EventEmitter } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { CONNECT } from '../src/protocol.js';
import type { Delivery } from './place.js';
import { serve } from './serve.js';

EventEmitter.defaultMaxListeners = 0; // the downloads of a model share a signal, which Node.js would take for a leak

parentPort!.on('message', ({ data, ports: [port] }: Delivery) => {
  if (data === CONNECT && port) void serve(port);
});
