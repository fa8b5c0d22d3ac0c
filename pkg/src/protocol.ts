// Every message between the page (client.ts) and the engine (serve.ts). They always talk over a MessagePort, also
// without a worker: one path to write and to test, and a worker of the user's can serve several models.
import type { PlainError } from './errors.js';
import type { ByteRange, Freshness } from './source.js';
import type { ForwardInputs, LoadEvent, LoadOptions, RuntimeInfo, Span, WordList } from './types.js';

/** First message to a worker; it carries the port. */
export const CONNECT = 'luke-web:connect';

/** The part of `LoadOptions` that the engine needs, as plain data. */
export interface EngineOptions {
  device: NonNullable<LoadOptions['device']>;
  threads: NonNullable<LoadOptions['threads']>;
  selfTest: boolean;
  /** Heads to load from a checkpoint; all where there are none. */
  heads: readonly string[];
  headers?: Record<string, string>;
  /** Absolute. */
  wasmUrl?: string;
  /** The page has a `fetch` of the user's: ask it for the model's files. */
  remoteFetch: boolean;
}

/** A task of the model. `options` has no `signal`: the page sends an `abort` with the call's id. */
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

/** Page to engine. */
export type Request =
  | { type: 'load'; id: number; model: string; options: EngineOptions }
  | { type: 'call'; id: number; call: Call }
  | { type: 'abort'; id: number }
  | { type: 'close' }
  | FetchReply;

/** Engine to page. */
export type Reply =
  | { type: 'hello' }
  | { type: 'done'; id: number; value: unknown }
  | { type: 'error'; id: number; error: PlainError }
  | { type: 'progress'; event: LoadEvent }
  | { type: 'info'; info: RuntimeInfo }
  | { type: 'fetch'; id: number; url: string; range?: ByteRange | undefined; cache?: Freshness | undefined }
  | { type: 'cancel'; id: number };

/** The page's answer to `fetch`: the status, the bytes as they come, the end; or a failure at any point. */
export type FetchReply =
  | { type: 'fetch-status'; id: number; status: number }
  | { type: 'fetch-bytes'; id: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'fetch-end'; id: number }
  | { type: 'fetch-failed'; id: number; error: PlainError };
