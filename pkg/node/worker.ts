// The script of a worker thread: serves one model on every port that it receives.
import { parentPort } from 'node:worker_threads';
import { CONNECT } from '../src/protocol.js';
import type { Delivery } from './place.js';
import { serve } from './serve.js';

parentPort!.on('message', ({ data, ports: [port] }: Delivery) => {
  if (data === CONNECT && port) void serve(port);
});
