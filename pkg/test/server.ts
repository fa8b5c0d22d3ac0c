// A fake server that answers as real ones do, and misbehaves as a test plans it.
import { turn } from './clock.js';
import { MODEL } from './fakes.js';

/** What is wrong with one response. */
export interface Fault {
  status?: number;
  headers?: Record<string, string>;
  /** The connection is refused. */
  isRefused?: boolean;
  /** The connection ends with an error after this many bytes of the response. */
  cutAt?: number;
  /** The response ends without an error after this many bytes. */
  endAt?: number;
  /** One bit of this byte of the file is wrong. */
  flipAt?: number;
  /** No byte comes after this many bytes; the headers do not come if it is negative. */
  stallAt?: number;
  /** The server sends the whole file in place of a range. */
  ignoresRange?: boolean;
  /** The server sends this file in place of the right one. */
  body?: Uint8Array;
  /** The version that this response says. */
  etag?: string;
  /** The response came from another URL. */
  isRedirected?: boolean;
}

/** A request that came. */
export interface Asked {
  path: string;
  /** `from-to` of the requested range, or `undefined`. */
  range: string | undefined;
  ifRange: string | undefined;
  cache: string | undefined;
  /** Bytes that were sent. */
  sent: number;
  /** Whether the other side ended it. */
  isCancelled: boolean;
  /** Whether its body is over, in whatever way. */
  isOver: boolean;
}

export interface ServerOptions {
  ranges?: boolean;
  etags?: boolean;
  pieceBytes?: number;
  /** Whether a response ends when its request is aborted. A `fetch` of the user need not do so. */
  heedsAborts?: boolean;
  /** Whether bodies are byte streams, as those of browsers are. */
  byteStreams?: boolean;
}

export class FakeServer {
  readonly files: Map<string, Uint8Array>;
  readonly etags = new Map<string, string>();
  readonly asked: Asked[] = [];
  readonly options: Required<ServerOptions>;
  isOffline = false;
  /** Gives the fault of a request, by its path and the number of requests for this path before it. */
  plan: (path: string, before: number) => Fault | undefined = () => undefined;
  readonly #planned = new Map<string, (Fault | undefined)[]>();

  constructor(files: Record<string, string | Uint8Array | Uint8Array[]>, options: ServerOptions = {}) {
    const whole = (body: string | Uint8Array | Uint8Array[]) => new Uint8Array(Buffer.concat([body].flat().map((piece) => Buffer.from(piece as Uint8Array))));
    this.files = new Map(Object.entries(files).map(([path, body]) => [path, whole(body)]));
    this.options = { ranges: true, etags: true, pieceBytes: 1000, heedsAborts: true, byteStreams: true, ...options };
  }

  /** The next requests for a file meet these faults, one each. */
  next(path: string, ...faults: (Fault | undefined)[]): void {
    this.#planned.set(path, [...(this.#planned.get(path) ?? []), ...faults]);
  }

  /** The requests for a file. */
  for(path: string): Asked[] {
    return this.asked.filter((asked) => asked.path === path);
  }

  get sent(): number {
    return this.asked.reduce((sum, { sent }) => sum + sent, 0);
  }

  /** Bytes that were sent of files that are neither the manifest nor a small file. */
  sentOf(prefix: string): number {
    return this.asked.filter(({ path }) => path.startsWith(prefix)).reduce((sum, { sent }) => sum + sent, 0);
  }

  readonly fetch = async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const { signal } = init;
    signal?.throwIfAborted();
    const headers = new Headers(init.headers);
    const path = String(url).replace(MODEL, '').replace(/\?.*/, '');
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.get('range') ?? '');
    const asked: Asked = {
      path, range: range ? `${range[1]}-${range[2]}` : undefined, ifRange: headers.get('if-range') ?? undefined, cache: init.cache, sent: 0, isCancelled: false, isOver: false,
    };
    const before = this.for(path).length;
    this.asked.push(asked);
    await turn();
    if (signal?.aborted) throw this.#over(asked, signal.reason);
    if (this.isOffline) throw this.#over(asked, new TypeError('Failed to fetch'));
    const planned = this.#planned.get(path);
    const fault = (planned?.length ? planned.shift() : this.plan(path, before)) ?? {};
    if (fault.isRefused) throw this.#over(asked, new TypeError('Failed to fetch'));
    if ((fault.stallAt ?? 0) < 0) await this.#forever(asked, signal);
    const file = fault.body ?? this.files.get(path);
    if (!file || fault.status) return this.#answer(asked, new TextEncoder().encode('no'), fault, signal, fault.status ?? 404, {}, String(url));
    const etag = fault.etag ?? this.etags.get(path) ?? `"${path}"`;
    const facts = this.options.etags ? { etag } : ({} as Record<string, string>);
    const isCurrent = asked.ifRange === undefined || asked.ifRange === etag;
    if (!range || !this.options.ranges || fault.ignoresRange || !isCurrent) return this.#answer(asked, file, fault, signal, 200, facts, String(url));
    const [start, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, file.length)];
    if (start >= file.length) return this.#answer(asked, new Uint8Array(), fault, signal, 416, {}, String(url));
    const part = { ...facts, 'content-range': `bytes ${start}-${end - 1}/${file.length}` };
    const flip = fault.flipAt === undefined ? {} : { flipAt: fault.flipAt - start };
    return this.#answer(asked, file.subarray(start, end), { ...fault, ...flip }, signal, 206, part, String(url));
  };

  #answer(asked: Asked, file: Uint8Array, fault: Fault, signal: AbortSignal | null | undefined, status: number, facts: Record<string, string>, url: string): Response {
    const bytes = file.slice();
    const { flipAt, cutAt = Infinity, endAt = Infinity, stallAt = Infinity } = fault;
    if (flipAt !== undefined && flipAt >= 0 && flipAt < bytes.length) bytes[flipAt] = bytes[flipAt]! ^ 4;
    const { pieceBytes, heedsAborts, byteStreams } = this.options;
    let fail = (_error: unknown) => {};
    if (heedsAborts) signal?.addEventListener('abort', () => fail(signal.reason), { once: true });
    const source = {
      start: (controller: ReadableStreamDefaultController<Uint8Array> | ReadableByteStreamController) => {
        fail = (error) => {
          if (!asked.isOver) controller.error(error);
          asked.isCancelled ||= !asked.isOver;
          asked.isOver = true;
        };
      },
      pull: async (controller: ReadableStreamDefaultController<Uint8Array> | ReadableByteStreamController) => {
        await turn();
        if (asked.isOver) return;
        if (asked.sent >= stallAt) return void (await new Promise(() => {}));
        if (asked.sent >= cutAt) return controller.error(this.#over(asked, new TypeError('network error')));
        if (this.isOffline) return controller.error(this.#over(asked, new TypeError('network error')));
        const piece = bytes.subarray(asked.sent, Math.min(asked.sent + pieceBytes, stallAt, cutAt, endAt)).slice();
        asked.sent += piece.length;
        if (piece.length > 0) return (controller as ReadableStreamDefaultController<Uint8Array>).enqueue(piece);
        asked.isOver = true;
        controller.close();
        (controller as Partial<ReadableByteStreamController>).byobRequest?.respond(0);
      },
      cancel: () => {
        asked.isCancelled = asked.isOver = true;
      },
    };
    const body = byteStreams ? new ReadableStream({ ...source, type: 'bytes' } as UnderlyingByteSource) : new ReadableStream(source as UnderlyingDefaultSource, { highWaterMark: 0 });
    const response = new Response([204, 304].includes(status) ? null : body, { status, headers: { ...facts, ...fault.headers } });
    Object.defineProperty(response, 'url', { value: url });
    if (fault.isRedirected) Object.defineProperty(response, 'redirected', { value: true });
    return response;
  }

  #over(asked: Asked, error: unknown): unknown {
    asked.isOver = true;
    return error;
  }

  #forever(asked: Asked, signal: AbortSignal | null | undefined): Promise<never> {
    return new Promise((_, reject) => {
      if (this.options.heedsAborts) signal?.addEventListener('abort', () => reject(this.#over(asked, signal.reason)), { once: true });
    });
  }
}
