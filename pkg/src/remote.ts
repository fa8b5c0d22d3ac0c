// A `fetch` of the user's lives on the page, and the engine may not: the two ends of a fetch over a port.
// Nothing holds the page back, but the engine asks for one file at a time, so at most one file is under way.
import { toPlain, toLukeError } from './errors.js';
import type { FetchReply, Reply } from './protocol.js';
import type { Source } from './source.js';

type FetchRequest = Extract<Reply, { type: 'fetch' }>;

/** The engine's end: a `Source` that asks the page. Give it every `FetchReply` that comes. */
export class RemoteSource {
  readonly #post: (message: Reply) => void;
  readonly #waiting = new Map<number, (reply: FetchReply) => void>();
  #nextId = 0;

  constructor(post: (message: Reply) => void) {
    this.#post = post;
  }

  readonly source: Source = async (url, signal, range, cache) => {
    signal.throwIfAborted();
    const id = this.#nextId++;
    const inbox = new Inbox<FetchReply>();
    this.#waiting.set(id, (reply) => inbox.put(reply));
    const onAbort = () => inbox.fail(signal.reason);
    signal.addEventListener('abort', onAbort);
    const end = (cancel: boolean) => {
      signal.removeEventListener('abort', onAbort);
      if (this.#waiting.delete(id) && cancel) this.#post({ type: 'cancel', id });
    };
    const next = async (): Promise<FetchReply> => {
      const reply = await inbox.take();
      if (reply.type === 'fetch-failed') throw toLukeError(reply.error);
      return reply;
    };
    async function* pieces() {
      let done = false;
      try {
        for (let reply = await next(); reply.type === 'fetch-bytes'; reply = await next()) yield reply.bytes;
        done = true;
      } finally {
        end(!done);
      }
    }

    this.#post({ type: 'fetch', id, url, range, cache });
    try {
      const reply = await next();
      return { status: reply.type === 'fetch-status' ? reply.status : 0, pieces: pieces(), cancel: () => end(true) };
    } catch (error) {
      end(true);
      throw error;
    }
  };

  receive(reply: FetchReply): void {
    this.#waiting.get(reply.id)?.(reply);
  }
}

/** The page's end: fetches what was asked for and posts what comes. */
export async function answerFetch(source: Source, { id, url, range, cache }: FetchRequest, signal: AbortSignal, port: MessagePort): Promise<void> {
  const post = (reply: FetchReply, transfer: Transferable[] = []) => port.postMessage(reply, transfer);
  try {
    const { status, pieces } = await source(url, signal, range, cache);
    post({ type: 'fetch-status', id, status });
    for await (const piece of pieces) {
      const bytes = piece.slice(); // the piece's memory is used again, or the user's; and a moved buffer is gone
      post({ type: 'fetch-bytes', id, bytes }, [bytes.buffer]);
    }
    post({ type: 'fetch-end', id });
  } catch (error) {
    if (!signal.aborted) post({ type: 'fetch-failed', id, error: toPlain(error) });
  }
}

/** Values put now and taken later, in order. */
class Inbox<T> {
  #values: T[] = [];
  #failed: { reason: unknown } | undefined;
  #wake: (() => void) | undefined;

  put(value: T): void {
    this.#values.push(value);
    this.#wake?.();
  }

  fail(reason: unknown): void {
    this.#failed = { reason };
    this.#wake?.();
  }

  async take(): Promise<T> {
    while (this.#values.length === 0 || this.#failed) {
      if (this.#failed) throw this.#failed.reason;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#values.shift()!;
  }
}
