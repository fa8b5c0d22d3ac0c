// The messages between the page (client.ts) and the engine (serve.ts). Both always use a MessagePort, also without a worker.
// So there is one code path to test, and one worker can serve several models.
import type { PlainError } from './errors.js';
import type { ByteRange, Freshness } from './source.js';
import type { ForwardInputs, LoadEvent, LoadOptions, RuntimeInfo, Span, WordList } from './types.js';

/** The first message to a worker. It transfers the port. */
export const CONNECT = 'luke-web:connect';

/** The load options that the engine needs, as plain data. */
export interface EngineOptions {
  device: NonNullable<LoadOptions['device']>;
  threads: NonNullable<LoadOptions['threads']>;
  selfTest: boolean;
  /** Heads to load from a checkpoint. An empty list means all. */
  heads: readonly string[];
  headers?: Record<string, string>;
  /** An absolute URL. */
  wasmUrl?: string;
  /** Whether the page fetches the model's files, because the user passed a `fetch`. */
  remoteFetch: boolean;
}

/** A call of the model. `options` has no `signal`: the page sends an `abort` message with the call's id instead. */
export type Call =
  | { method: 'ner'; input: string | readonly string[] | WordList; options: object }
  | { method: 'typing'; input: { text: string; span: Span }; options: object }
  | { method: 'relation'; input: { text: string; head: Span; tail: Span }; options: object }
  | { method: 'qa'; input: { question: string; context: string }; options: object }
  | { method: 'cloze'; input: { passage: string; query: string; candidates: readonly Span[] }; options: object }
  | { method: 'fillMask'; input: { text: string }; options: object }
  | { method: 'predictEntities'; input: { text: string; spans: readonly Span[] }; options: object }
  | { method: 'embed'; input: { text: string; spans: readonly Span[] }; options: object }
  | { method: 'forward'; input: ForwardInputs | readonly ForwardInputs[]; options: object };

/** Messages from the page to the engine. */
export type Request =
  | { type: 'load'; id: number; model: string; options: EngineOptions }
  | { type: 'call'; id: number; call: Call }
  | { type: 'abort'; id: number }
  | { type: 'close' }
  | FetchReply;

/** Messages from the engine to the page. */
export type Reply =
  | { type: 'hello' }
  | { type: 'done'; id: number; value: unknown }
  | { type: 'error'; id: number; error: PlainError }
  | { type: 'progress'; event: LoadEvent }
  | { type: 'info'; info: RuntimeInfo }
  | { type: 'fetch'; id: number; url: string; range?: ByteRange | undefined; cache?: Freshness | undefined }
  | { type: 'cancel'; id: number };

/** The page's replies to a `fetch` message: the status, the bytes in pieces, the end. A failure may come at any point. */
export type FetchReply =
  | { type: 'fetch-status'; id: number; status: number }
  | { type: 'fetch-bytes'; id: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'fetch-end'; id: number }
  | { type: 'fetch-failed'; id: number; error: PlainError };
