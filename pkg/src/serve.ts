// The engine's end of the port: receives messages, calls the engine and sends its results back.
import { Engine } from './engine.js';
import { toPlain } from './errors.js';
import type { Reply, Request } from './protocol.js';
import { RemoteSource } from './remote.js';
import { fetchSource } from './source.js';

/** Serves one model over `port` until a `close` message arrives. */
export function serve(port: MessagePort, engine = new Engine()): void {
  const post = (message: Reply, transfer: Transferable[] = []) => port.postMessage(message, transfer);
  const remote = new RemoteSource(post);
  const calls = new Map<number, AbortController>();
  post({ type: 'hello' });

  const reply = async (id: number, work: Promise<unknown>): Promise<void> => {
    try {
      const value = await work;
      post({ type: 'done', id, value }, buffersOf(value));
    } catch (error) {
      post({ type: 'error', id, error: toPlain(error) });
    }
  };

  port.onmessage = ({ data }: MessageEvent<Request>) => {
    switch (data.type) {
      case 'load': {
        const { model, options } = data;
        const source = options.remoteFetch ? remote.source : fetchSource((...request) => fetch(...request), options.headers);
        void reply(data.id, engine.load(model, options, source, (event) => post({ type: 'progress', event })));
        break;
      }
      case 'call': {
        const { id, call } = data;
        const abort = new AbortController();
        calls.set(id, abort);
        const work = engine.call(call, (info) => post({ type: 'info', info }), abort).finally(() => calls.delete(id));
        void reply(id, work);
        break;
      }
      case 'abort':
        calls.get(data.id)?.abort();
        break;
      case 'close':
        void engine.dispose().finally(() => port.close());
        break;
      default:
        remote.receive(data);
    }
  };
}

/** The buffers of all tensors in a result. They are transferred instead of copied. */
function buffersOf(value: unknown): ArrayBuffer[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(buffersOf);
  return Object.values(value).flatMap((part: { data?: unknown } | null) => (part?.data instanceof Float32Array ? [part.data.buffer as ArrayBuffer] : []));
}
