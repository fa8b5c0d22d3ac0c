// The engine's end of the port: receives messages, calls the engine and sends its results back.
import { Engine } from './engine.js';
import { toPlain } from './errors.js';
import { fetchHere } from './host.js';
import { manage } from './manage.js';
import type { Reply, Request } from './protocol.js';
import { RemoteSource } from './remote.js';
import { fetchSource, type Source } from './source.js';

/** Serves one model over `port` until a `close` message arrives. */
export async function serve(port: MessagePort, engine = new Engine()): Promise<void> {
  const post = (message: Reply, transfer: Transferable[] = []) => port.postMessage(message, transfer);
  const remote = new RemoteSource(post);
  const calls = new Map<number, AbortController>();
  let release = () => {};
  const lock = await holdLock(new Promise<void>((resolve) => (release = resolve)));
  const sourceOf = ({ remoteFetch, headers }: { remoteFetch: boolean; headers?: Record<string, string> }): Source =>
    remoteFetch ? remote.source : fetchSource(fetchHere, headers);

  const reply = async (id: number, work: (abort: AbortController) => Promise<unknown>): Promise<void> => {
    const abort = new AbortController();
    calls.set(id, abort);
    try {
      const value = await work(abort);
      post({ type: 'done', id, value }, buffersOf(value));
    } catch (error) {
      post({ type: 'error', id, error: toPlain(error) });
    } finally {
      calls.delete(id);
    }
  };
  const progress = (event: Extract<Reply, { type: 'progress' }>['event']) => post({ type: 'progress', event });

  port.onmessage = ({ data }: MessageEvent<Request>) => {
    switch (data.type) {
      case 'load':
        void reply(data.id, () => engine.load(data.model, data.options, sourceOf(data.options), progress));
        break;
      case 'call':
        void reply(data.id, (abort) => engine.call(data.call, (info) => post({ type: 'info', info }), abort, data.priority, (value) => post({ type: 'part', id: data.id, value })));
        break;
      case 'manage':
        void reply(data.id, ({ signal }) => manage(data.action, data.options, sourceOf(data.options), progress, signal));
        break;
      case 'abort':
        calls.get(data.id)?.abort();
        break;
      case 'ping':
        post({ type: 'pong' });
        break;
      case 'close':
        for (const abort of calls.values()) abort.abort();
        void engine.dispose().finally(() => {
          release();
          port.close();
        });
        break;
      default:
        remote.receive(data);
    }
  };
  post({ type: 'hello', ...(lock && { lock }) });
}

/** Holds a new Web Lock until `over`. Gives its name, or `undefined` where there are no locks. */
async function holdLock(over: Promise<void>): Promise<string | undefined> {
  const locks = (globalThis.navigator as Navigator | undefined)?.locks;
  if (!locks || !globalThis.crypto?.randomUUID) return undefined;
  const name = `luke-web:engine:${crypto.randomUUID()}`;
  return new Promise((resolve) => {
    locks.request(name, () => {
      resolve(name);
      return over;
    }).catch(() => resolve(undefined)); // some private windows forbid locks
  });
}

/** The buffers of all tensors in a result. They are transferred instead of copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(buffersOf);
  return Object.values(value).flatMap((part: { data?: unknown } | null) => (part?.data instanceof Float32Array ? [part.data.buffer as ArrayBuffer] : []));
}
