// Both ends of a fetch over a port. A `fetch` function that the user passed runs on the page, and the engine may run in a worker.
// The page sends the next piece of a file when the engine asks for it, so that no bytes pile up.
import { toPlain, toLukeError } from './errors.js';
import type { FetchReply, Reply } from './protocol.js';
import type { ResponseFacts, Source } from './source.js';

type FetchRequest = Extract<Reply, { type: 'fetch' }>;

/** The engine's end: a `Source` that sends its requests to the page. The caller passes every `FetchReply` to `receive`. */
export class RemoteSource {
  readonly #post: (message: Reply) => void;
  readonly #inboxes = new Map<number, Inbox<FetchReply>>();
  #nextId = 0;

  constructor(post: (message: Reply) => void) {
    this.#post = post;
  }

  readonly source: Source = async (url, signal, range, cache) => {
    signal.throwIfAborted();
    const id = this.#nextId++;
    const inbox = new Inbox<FetchReply>();
    this.#inboxes.set(id, inbox);
    const end = (cancel: boolean) => {
      signal.removeEventListener('abort', onAbort);
      if (this.#inboxes.delete(id) && cancel) this.#post({ type: 'cancel', id });
    };
    const onAbort = () => {
      inbox.fail(signal.reason);
      end(true);
    };
    signal.addEventListener('abort', onAbort);
    const next = async (): Promise<FetchReply> => {
      const reply = await inbox.next();
      if (reply.type === 'fetch-failed') throw toLukeError(reply.error);
      return reply;
    };
    const more = () => {
      this.#post({ type: 'fetch-more', id });
      return next();
    };
    async function* pieces() {
      let done = false;
      try {
        for (let reply = await more(); reply.type === 'fetch-bytes'; reply = await more()) yield reply.bytes;
        done = true;
      } finally {
        end(!done);
      }
    }

    this.#post({ type: 'fetch', id, url, range, cache });
    try {
      const reply = await next();
      const facts: ResponseFacts = reply.type === 'fetch-response' ? reply.facts : { status: 0 };
      return { ...facts, pieces: pieces() };
    } catch (error) {
      end(true);
      throw error;
    }
  };

  receive(reply: FetchReply): void {
    this.#inboxes.get(reply.id)?.push(reply);
  }
}

/** The page's end: fetches the requested file and posts its facts and bytes. `asked` resolves when the engine asks for the next piece. */
export async function answerFetch(source: Source, { id, url, range, cache }: FetchRequest, signal: AbortSignal, port: MessagePort, asked: () => Promise<void>): Promise<void> {
  const post = (reply: FetchReply, transfer: Transferable[] = []) => port.postMessage(reply, transfer);
  const whenAsked = async () => {
    await asked();
    signal.throwIfAborted();
  };
  try {
    const { pieces, ...facts } = await source(url, signal, range, cache);
    post({ type: 'fetch-response', id, facts });
    await whenAsked();
    for await (const piece of pieces) {
      const bytes = piece.slice(); // a copy, because the source may reuse the piece's memory and a transfer would detach it
      post({ type: 'fetch-bytes', id, bytes }, [bytes.buffer]);
      await whenAsked();
    }
    post({ type: 'fetch-end', id });
  } catch (error) {
    if (signal.aborted) return;
    const plain = toPlain(error);
    try {
      post({ type: 'fetch-failed', id, error: plain });
    } catch {
      post({ type: 'fetch-failed', id, error: { ...plain, detail: undefined } }); // its detail cannot be sent
    }
  }
}

/** A queue whose reader waits for the next value. */
class Inbox<T> {
  #values: T[] = [];
  #failure: { reason: unknown } | undefined;
  #wake: (() => void) | undefined;

  push(value: T): void {
    this.#values.push(value);
    this.#wake?.();
  }

  fail(reason: unknown): void {
    this.#failure = { reason };
    this.#wake?.();
  }

  async next(): Promise<T> {
    while (this.#values.length === 0 || this.#failure) {
      if (this.#failure) throw this.#failure.reason;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#values.shift()!;
  }
}
