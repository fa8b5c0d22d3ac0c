// A model in use: starts its engine, starts another one when that was lost, and lets its calls take turns.
import { Client, type Place } from './client.js';
import { LukeError } from './errors.js';
import { headsOf, type LukeHead } from './head.js';
import { engineOptions } from './options.js';
import { withoutUndefined } from './plain.js';
import type { Call, EngineInfo } from './protocol.js';
import { CallQueue } from './queue.js';
import { fetchSource } from './source.js';
import type { CallOptions } from './tasks.js';
import type { Labels, LoadEvent, LoadOptions, RuntimeInfo } from './types.js';

export class Session<L extends Labels> {
  readonly #url: string;
  readonly #options: LoadOptions;
  readonly #queue = new CallQueue();
  /** `undefined` after the worker was lost, until the next call starts another one. */
  #client: Client | undefined;
  #connecting: Promise<void> | undefined;
  /** Why the last worker was lost. */
  #lost: string | undefined;
  #info!: RuntimeInfo<L>;
  #taughtHeads: readonly LukeHead[] = [];
  #closed = false;

  constructor(url: string, options: LoadOptions) {
    this.#url = url;
    this.#options = options;
  }

  /** Facts about the model and the device. They are there after the first load. */
  get info(): RuntimeInfo<L> {
    return this.#info;
  }

  /** Heads of the model folder that were taught. */
  get taughtHeads(): readonly LukeHead[] {
    return this.#taughtHeads;
  }

  /** Starts an engine and loads the model in it. If that fails, the next call tries again. */
  async connect(onProgress?: LoadOptions['onProgress']): Promise<void> {
    const { worker, fetch, headers, device = 'auto', threads = 'auto', selfTest = true, heads = [], passCacheBytes } = this.#options;
    const engine = { ...engineOptions(this.#options), device, threads, selfTest, heads, ...(passCacheBytes !== undefined && { passCacheBytes }) };
    const handlers = {
      onProgress: (event: LoadEvent) => (this.#options.signal?.aborted ? undefined : onProgress?.(event)),
      onInfo: (info: EngineInfo) => this.#setInfo({ ...info, ...client.place }),
      onLost: ({ message }: LukeError) => {
        this.#lost = message;
        if (typeof worker !== 'object' && this.#client === client) this.#client = undefined;
      },
      source: fetch && fetchSource(fetch, headers),
    };
    const client: Client = await Client.connect(worker, handlers, engine.stallMs);
    this.#client = client;
    if (this.#closed) client.close(disposedError());
    try {
      this.#setInfo({ ...(await client.load(this.#url, engine)), ...client.place });
    } catch (error) {
      client.close(error);
      this.#client = undefined;
      throw error;
    }
  }

  /** Queues a call. Removes `signal` and `priority` from its options, because they are not for the model. */
  call<T>(call: Call, onPart?: (part: unknown) => void): Promise<T> {
    const { signal, priority = 'user-visible', ...rest } = call.options as CallOptions;
    const work = async () => {
      if (this.#closed) throw disposedError();
      // While a worker starts, there is a client without a model.
      while (this.#connecting || !this.#client) await (this.#connecting ??= this.connect().finally(() => (this.#connecting = undefined)));
      return this.#client.call({ ...call, options: withoutUndefined(rest) }, priority, signal, onPart) as Promise<T>;
    };
    return this.#queue.add(priority, signal, work);
  }

  /** Frees the model and its worker. Pending calls reject with `reason`, later ones with `disposed`. */
  close(reason: unknown = disposedError()): void {
    this.#closed = true;
    this.#client?.close(reason);
  }

  /** An engine does not know of the one before it, whose worker was lost. */
  #setInfo({ taughtHeads = [], ...info }: EngineInfo & Place): void {
    this.#taughtHeads = headsOf(taughtHeads, this.#taughtHeads);
    this.#info = { ...(this.#lost !== undefined && { reloadReason: this.#lost }), ...info } as RuntimeInfo<L>;
  }
}

function disposedError(): LukeError {
  return new LukeError('disposed', 'this Luke was disposed');
}
