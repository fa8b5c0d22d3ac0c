// The script of the Web Worker: serves a model on every port it is handed, and leaves other messages alone.
import { CONNECT } from './protocol.js';
import { serve } from './serve.js';

globalThis.addEventListener('message', ({ data, ports }: MessageEvent) => {
  const [port] = ports;
  if (data === CONNECT && port) serve(port);
});
