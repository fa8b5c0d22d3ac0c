// Sends a body: at a pace, with a pause in it, or not to its end.
import { setTimeout as wait } from 'node:timers/promises';

const PIECE = 65_536;
/** So that a slow body comes evenly, and not in a piece each few seconds. */
const PIECES_PER_SECOND = 20;

/** Waits, for ever if `ms` is infinite. False if `signal` ended the wait. */
export async function pause(ms, signal) {
  if (signal.aborted) return false;
  if (ms !== Infinity) return wait(ms, true, { signal }).catch(() => false);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(false), { once: true }));
}

/**
 * Sends `body`, whose first byte is byte `start` of the file. `entry.bytes` counts what has gone to the system, and `entry.cut` says that
 * the connection was ended here. `signal` aborts when the connection has ended.
 */
export async function sendBody(response, { body, start }, how, signal, entry) {
  response.flushHeaders();
  const at = (offset) => (offset === undefined || offset < start || offset - start >= body.length ? Infinity : offset - start);
  const cut = Math.min(at(how.cutAt), how.cutAfter ?? Infinity);
  const stall = at(how.stallAt);
  const pace = how.bytesPerSecond ?? Infinity;
  const piece = Math.max(1, Math.min(PIECE, Math.floor(pace / PIECES_PER_SECOND)));
  const started = performance.now();
  for (let sent = 0; sent < body.length; ) {
    if (sent === cut) {
      if (how.lingerMs && !(await pause(how.lingerMs, signal))) return;
      entry.cut = true;
      return end(response, how.reset);
    }
    if (sent === stall && !(await pause(how.stallMs ?? Infinity, signal))) return;
    const stops = [cut, stall].filter((stop) => stop > sent);
    const next = Math.min(sent + piece, body.length, ...stops);
    const early = pace === Infinity ? 0 : (next / pace) * 1000 - (performance.now() - started);
    if (early > 1 && !(await pause(early, signal))) return;
    if (!(await write(response, body.subarray(sent, next), signal))) return;
    entry.bytes += next - sent;
    sent = next;
  }
  response.end();
}

/** Ends the connection. What was sent before arrives, unless `reset` says that a router has lost it. */
function end({ socket }, reset) {
  if (reset) socket?.resetAndDestroy();
  else socket?.end();
}

/** Resolves when the system has taken the bytes, or to false if the connection has ended. */
function write(response, bytes, signal) {
  return new Promise((resolve) => {
    const gone = () => resolve(false);
    signal.addEventListener('abort', gone, { once: true });
    response.write(bytes, (error) => {
      signal.removeEventListener('abort', gone);
      resolve(!error && !signal.aborted);
    });
  });
}
