// The script of the Web Worker: serves one model on every port that it receives. It ignores other messages.
import { CONNECT } from './protocol.js';
import { serve } from './serve.js';

globalThis.addEventListener('message', ({ data, ports }: MessageEvent) => {
  const [port] = ports;
  if (data === CONNECT && port) void serve(port);
});
