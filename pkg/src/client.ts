// The page's end of the port: starts the engine in a worker or on this thread, sends requests and receives replies.
import { LukeError, toLukeError } from './errors.js';
import { CONNECT, type Call, type EngineOptions, type Reply, type Request } from './protocol.js';
import { answerFetch } from './remote.js';
import type { Source } from './source.js';
import type { LoadEvent, LoadOptions, RuntimeInfo } from './types.js';

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/** Callbacks for messages that the engine may send at any time. */
export interface Handlers {
  onProgress?: ((event: LoadEvent) => void) | undefined;
  onInfo?: (info: RuntimeInfo) => void;
  /** Fetches the model's files for the engine, if the user passed a `fetch`. */
  source?: Source | undefined;
}

/** A connection to one engine. */
export class Client {
  readonly #port: MessagePort;
  readonly #terminate: () => void;
  readonly #handlers: Handlers;
  readonly #pending = new Map<number, Pending>();
  readonly #fetches = new Map<number, AbortController>();
  #nextId = 0;
  /** Whether any message has arrived: the worker's script has then loaded. */
  #connected = false;
  #closed: { reason: unknown } | undefined;

  private constructor(port: MessagePort, terminate: () => void, handlers: Handlers) {
    this.#port = port;
    this.#terminate = terminate;
    this.#handlers = handlers;
    port.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
  }

  /** Starts an engine in the given worker, or on this thread. Rejects with `unsupported` if it cannot be started. */
  static async connect(worker: LoadOptions['worker'], handlers: Handlers): Promise<Client> {
    try {
      return await Client.#start(worker, handlers);
    } catch (error) {
      if (error instanceof LukeError) throw error;
      const name = worker === false ? 'the engine' : 'the worker';
      const hint = worker === false ? '' : '; you can start it with your own script: worker: () => new Worker(…), see luke-web/worker';
      throw new LukeError('unsupported', `${name} did not start: ${String(error)}${hint}`, { error: String(error) });
    }
  }

  static async #start(worker: LoadOptions['worker'], handlers: Handlers): Promise<Client> {
    const { port1, port2 } = new MessageChannel();
    if (worker === false || (worker === undefined && typeof Worker === 'undefined')) {
      const { serve } = await import('./serve.js');
      serve(port2);
      return new Client(port1, () => {}, handlers);
    }
    if (typeof Worker === 'undefined' && worker === true) throw new LukeError('unsupported', 'Web Workers are not available: use worker: false');
    const isOwned = typeof worker !== 'object';
    const instance = typeof worker === 'function' ? worker() : typeof worker === 'object' ? worker : startWorker();
    const listener = new AbortController();
    const terminate = () => {
      listener.abort();
      if (isOwned) instance.terminate();
    };
    instance.addEventListener('error', (event) => client.#onWorkerError(event), { signal: listener.signal });
    instance.postMessage(CONNECT, [port2]);
    const client = new Client(port1, terminate, handlers);
    return client;
  }

  load(model: string, options: EngineOptions): Promise<RuntimeInfo> {
    return this.#request((id) => ({ type: 'load', id, model, options })) as Promise<RuntimeInfo>;
  }

  /** Runs a task. When `signal` aborts, the engine aborts the fetches of the call; a computation is not interrupted. */
  call(call: Call, signal?: AbortSignal): Promise<unknown> {
    return this.#request((id) => ({ type: 'call', id, call }), signal);
  }

  /** Closes the connection and terminates the worker that it started. Pending requests reject with `reason`. */
  close(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = { reason };
    for (const controller of this.#fetches.values()) controller.abort(reason);
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#post({ type: 'close' });
    // The engine closes the port after it has freed the model. A worker that we started is terminated at once.
    this.#terminate();
    this.#port.onmessage = null;
  }

  #request(message: (id: number) => Request, signal?: AbortSignal): Promise<unknown> {
    const id = this.#nextId++;
    const onAbort = () => this.#post({ type: 'abort', id });
    const answer = new Promise((resolve, reject) => {
      if (this.#closed) throw this.#closed.reason;
      try {
        this.#post(message(id));
      } catch (error) {
        throw new LukeError('input', `an argument is not plain data: ${(error as Error).message}`);
      }
      this.#pending.set(id, { resolve, reject });
      signal?.addEventListener('abort', onAbort);
    });
    return signal ? answer.finally(() => signal.removeEventListener('abort', onAbort)) : answer;
  }

  #receive(reply: Reply): void {
    this.#connected = true;
    switch (reply.type) {
      case 'done':
        this.#settle(reply.id)?.resolve(reply.value);
        break;
      case 'error':
        this.#settle(reply.id)?.reject(toLukeError(reply.error));
        break;
      case 'progress':
        this.#handlers.onProgress?.(reply.event);
        break;
      case 'info':
        this.#handlers.onInfo?.(reply.info);
        break;
      case 'fetch':
        void this.#answerFetch(reply);
        break;
      case 'cancel':
        this.#fetches.get(reply.id)?.abort();
    }
  }

  async #answerFetch(request: Extract<Reply, { type: 'fetch' }>): Promise<void> {
    const { source } = this.#handlers;
    if (!source) return;
    const abort = new AbortController();
    this.#fetches.set(request.id, abort);
    await answerFetch(source, request, abort.signal, this.#port);
    this.#fetches.delete(request.id);
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  /** Closes the connection if the worker's script does not load. Later errors in the worker arrive as replies. */
  #onWorkerError(event: ErrorEvent): void {
    if (this.#connected) return;
    this.close(new LukeError('unsupported', `the worker did not start: ${event.message || 'its script could not be loaded'}`));
  }

  #post(message: Request): void {
    this.#port.postMessage(message);
  }
}

function startWorker(): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'luke-web' });
}
