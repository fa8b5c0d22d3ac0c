// The page's end of the port: starts the engine in a worker or on this thread, sends requests and receives replies.
import { tell } from './callback.js';
import { LukeError, toLukeError } from './errors.js';
import { CONNECT, type Action, type Call, type EngineInfo, type EngineOptions, type ManageOptions, type Reply, type Request } from './protocol.js';
import { stayAlive } from './host.js';
import { hasWorkers, serveHere, workerStarts } from './place.js';
import { answerFetch } from './remote.js';
import type { Source } from './source.js';
import type { Priority } from './tasks.js';
import type { LoadEvent, LoadOptions, RuntimeInfo } from './types.js';

interface Pending {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  onPart: ((part: unknown) => void) | undefined;
}

/** A fetch for the engine, and what continues it when the engine asks for the next piece. */
interface Fetching {
  abort: AbortController;
  next: () => void;
}

/** Callbacks for messages that the engine may send at any time. */
export interface Handlers {
  onProgress?: ((event: LoadEvent) => void) | undefined;
  onInfo?: (info: EngineInfo) => void;
  /** The connection has ended by itself, because the worker did. */
  onLost?: (reason: LukeError) => void;
  /** Fetches the model's files for the engine, if the user passed a `fetch`. */
  source?: Source | undefined;
}

/** How often a worker is asked for a sign of life while a request is pending. */
const PING_MS = 10_000;
/** After so many questions without any message it is lost: a forward pass on a slow device takes many seconds, in which it cannot answer. */
const MAX_PINGS = 12;
/** A script that is not in the HTTP cache takes its time, however short the limit for other files is. */
const MIN_HELLO_MS = 5_000;

/** Whether an engine runs in a worker, and why it does not although it could have. */
export type Place = Pick<RuntimeInfo, 'worker' | 'workerReason'>;

/** A connection to one engine. */
export class Client {
  readonly place: Place;
  readonly #port: MessagePort;
  readonly #terminate: () => void;
  readonly #handlers: Handlers;
  readonly #pending = new Map<number, Pending>();
  readonly #fetches = new Map<number, Fetching>();
  /** Ends what watches the worker. */
  readonly #watching = new AbortController();
  #nextId = 0;
  /** Whether a message has arrived: then the worker's script has loaded. */
  #isAlive = false;
  /** Questions for a sign of life since the last message. They are counted, and not the time: a computer that slept asks once. */
  #pings = 0;
  #closed: { reason: unknown } | undefined;
  /** Resolves with the first message, or when the connection is closed. */
  readonly #opened: Promise<void>;
  #open!: () => void;
  /** Why the worker's script could not be loaded. */
  #refusal: LukeError | undefined;

  private constructor(port: MessagePort, terminate: () => void, handlers: Handlers, place: Place) {
    this.#port = port;
    this.#terminate = terminate;
    this.#handlers = handlers;
    this.place = place;
    this.#opened = new Promise((resolve) => (this.#open = resolve));
    port.onmessage = ({ data }: MessageEvent<Reply>) => this.#receive(data);
    // Node.js says so when the thread at the other end is gone, and browsers begin to. It may come before the event of a script that is missing.
    port.addEventListener('close', () => this.#isAlive && this.#lose('it was terminated, or it ended by itself'));
    port.onmessageerror = () => this.#lose('it sent a message that cannot be read');
  }

  /**
   * Starts an engine in the given worker, or on this thread. If nothing is given, it is a new worker where one can be started, and this
   * thread otherwise. Rejects with `unsupported` if it cannot be started. If a worker does not answer within `helloMs`, or 5 s, pending
   * requests reject with `unsupported`.
   */
  static async connect(worker: LoadOptions['worker'], handlers: Handlers, helloMs: number): Promise<Client> {
    try {
      if (worker === false || (worker === undefined && !hasWorkers())) return await Client.#here(handlers, { worker: false });
      if (worker === true && !hasWorkers()) throw new LukeError('unsupported', 'Web Workers are not available: use worker: false');
      if (worker === undefined) return await Client.#anywhere(handlers, helloMs);
      return worker === true ? await Client.#inOwnWorker(handlers, helloMs) : Client.#inWorker(worker, handlers, helloMs);
    } catch (error) {
      if (error instanceof LukeError) throw error;
      const name = worker === false ? 'the engine' : 'the worker';
      const hint = worker === false ? '' : '; you can start it with your own script: worker: () => new Worker(…), see luke-web/worker';
      throw new LukeError('unsupported', `${name} did not start: ${String(error)}${hint}`, { error: String(error) }, { cause: error });
    }
  }

  /** On this thread. */
  static async #here(handlers: Handlers, place: Place): Promise<Client> {
    const { port1, port2 } = new MessageChannel();
    try {
      await serveHere(port2);
    } catch (error) {
      port1.close();
      throw error;
    }
    return new Client(port1, () => {}, handlers, place);
  }

  /** In a worker of the package, or on this thread if the page's origin or its policy allows no such worker. */
  static async #anywhere(handlers: Handlers, helloMs: number): Promise<Client> {
    try {
      return await Client.#inOwnWorker(handlers, helloMs);
    } catch (error) {
      const workerReason = error instanceof LukeError ? error.message : `the worker did not start: ${String(error)}`;
      const client = await Client.#here(handlers, { worker: false, workerReason });
      void tell(handlers.onProgress, { phase: 'fallback', reason: `the model runs on the thread of the page: ${workerReason}`, loadedBytes: 0, totalBytes: 0, storedBytes: 0 });
      return client;
    }
  }

  /** In a worker of the package. Rejects if the browser refuses its script. */
  static async #inOwnWorker(handlers: Handlers, helloMs: number): Promise<Client> {
    let refusal: unknown;
    for (const start of workerStarts()) {
      try {
        const client = Client.#inWorker(start, handlers, helloMs);
        await client.#opened;
        if (!client.#refusal) return client;
        refusal = client.#refusal;
      } catch (error) {
        refusal = error;
      }
    }
    throw refusal;
  }

  static #inWorker(worker: Exclude<LoadOptions['worker'], boolean | undefined>, handlers: Handlers, helloMs: number): Client {
    const isOwned = typeof worker !== 'object';
    const instance = typeof worker === 'function' ? worker() : worker;
    const { port1, port2 } = new MessageChannel();
    const client = new Client(port1, () => isOwned && instance.terminate(), handlers, { worker: true });
    const { signal } = client.#watching;
    try {
      instance.addEventListener('error', (event) => client.#onWorkerError(event as ErrorEvent), { signal });
      instance.postMessage(CONNECT, [port2]);
    } catch (error) {
      port1.close(); // an open port would keep Node.js alive
      throw error;
    }
    client.#watch(Math.max(helloMs, MIN_HELLO_MS));
    return client;
  }

  load(model: string, options: EngineOptions): Promise<EngineInfo> {
    return this.#request((id) => ({ type: 'load', id, model, options })) as Promise<EngineInfo>;
  }

  /** Runs a task. When `signal` aborts, the engine ends it at its next pause. `onPart` gets the parts of a result before its end. */
  call(call: Call, priority: Priority, signal?: AbortSignal, onPart?: (part: unknown) => void): Promise<unknown> {
    return this.#request((id) => ({ type: 'call', id, call, priority }), signal, onPart);
  }

  /** Reads or changes the store. */
  manage(action: Action, options: ManageOptions, signal?: AbortSignal): Promise<unknown> {
    return this.#request((id) => ({ type: 'manage', id, action, options }), signal);
  }

  /** Closes the connection and terminates the worker that it started. Pending requests reject with `reason`. */
  close(reason: unknown): void {
    if (this.#closed) return;
    this.#closed = { reason };
    this.#open();
    this.#watching.abort();
    for (const { abort, next } of this.#fetches.values()) {
      abort.abort(reason);
      next();
    }
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    this.#post({ type: 'close' });
    // The engine closes the port after it has freed the model. A worker that we started is terminated at once.
    this.#terminate();
    this.#port.onmessage = null;
  }

  #request(message: (id: number) => Request, signal?: AbortSignal, onPart?: (part: unknown) => void): Promise<unknown> {
    const id = this.#nextId++;
    const onAbort = () => this.#post({ type: 'abort', id });
    const answer = new Promise((resolve, reject) => {
      if (this.#closed) throw this.#closed.reason;
      signal?.throwIfAborted();
      try {
        this.#post(message(id));
      } catch (error) {
        throw new LukeError('input', `an argument is not plain data: ${(error as Error).message}`, {}, { cause: error });
      }
      this.#pending.set(id, { resolve, reject, onPart });
      stayAlive(this.#port, true);
      signal?.addEventListener('abort', onAbort);
    });
    return signal ? answer.finally(() => signal.removeEventListener('abort', onAbort)) : answer;
  }

  #receive(reply: Reply): void {
    this.#isAlive = true;
    this.#open();
    this.#pings = 0;
    switch (reply.type) {
      case 'hello':
        if (reply.lock) this.#watchLock(reply.lock);
        break;
      case 'done':
        this.#settle(reply.id)?.resolve(reply.value);
        break;
      case 'part':
        this.#pending.get(reply.id)?.onPart?.(reply.value);
        break;
      case 'error':
        this.#settle(reply.id)?.reject(toLukeError(reply.error));
        break;
      case 'progress':
        void tell(this.#handlers.onProgress, reply.event);
        break;
      case 'info':
        this.#handlers.onInfo?.(reply.info);
        break;
      case 'fetch':
        void this.#answerFetch(reply);
        break;
      case 'fetch-more':
        this.#fetches.get(reply.id)?.next();
        break;
      case 'cancel':
        this.#fetches.get(reply.id)?.abort.abort();
        this.#fetches.get(reply.id)?.next();
    }
  }

  async #answerFetch(request: Extract<Reply, { type: 'fetch' }>): Promise<void> {
    const { source } = this.#handlers;
    if (!source) return;
    let asked = 0;
    let wake = () => {};
    const fetching: Fetching = { abort: new AbortController(), next: () => { asked += 1; wake(); } };
    this.#fetches.set(request.id, fetching);
    const whenAsked = async () => {
      while (asked === 0) await new Promise<void>((resolve) => (wake = resolve));
      asked -= 1;
    };
    await answerFetch(source, request, fetching.abort.signal, this.#port, whenAsked);
    this.#fetches.delete(request.id);
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) stayAlive(this.#port, false);
    return pending;
  }

  /** Closes the connection if the worker's script does not load. Later errors in the worker arrive as replies. */
  #onWorkerError(event: ErrorEvent): void {
    if (this.#isAlive) return;
    this.#refusal = new LukeError('unsupported', `the worker did not start: ${event.message || 'its script could not be loaded'}`);
    this.close(this.#refusal);
    this.#port.close(); // nobody is at the other end
  }

  /** Waits for the worker's first message, and later for its answers while requests are pending. */
  #watch(helloMs: number): void {
    const hello = setTimeout(() => {
      if (!this.#isAlive) this.close(new LukeError('unsupported', `the worker did not start within ${helloMs / 1000} s: its script must import luke-web/worker`));
    }, helloMs);
    const ping = setInterval(() => {
      if (!this.#isAlive || this.#pending.size === 0) this.#pings = 0;
      else if (this.#pings === MAX_PINGS) this.#lose(`it did not answer for ${(MAX_PINGS * PING_MS) / 1000} s`);
      else {
        this.#pings += 1;
        this.#post({ type: 'ping' });
      }
    }, PING_MS);
    for (const timer of [hello, ping]) (timer as { unref?: () => void }).unref?.(); // Node.js would wait for them
    this.#watching.signal.addEventListener('abort', () => {
      clearTimeout(hello);
      clearInterval(ping);
    });
  }

  /** The engine holds a Web Lock as long as it lives: when it can be had, the worker has ended. */
  #watchLock(lock: string): void {
    navigator.locks?.request(lock, { signal: this.#watching.signal }, () => this.#lose('it was terminated, or the browser ended it')).catch(() => {});
  }

  #lose(why: string): void {
    if (this.#closed) return;
    const reason = new LukeError('worker-lost', `the worker is lost: ${why}`);
    this.close(reason);
    this.#handlers.onLost?.(reason);
  }

  #post(message: Request): void {
    this.#port.postMessage(message);
  }
}
