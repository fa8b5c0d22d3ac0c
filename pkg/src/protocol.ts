// The messages between the page (client.ts) and the engine (serve.ts). Both always use a MessagePort, also without a worker.
// So there is one code path to test, and one worker can serve several models.
import type { PlainError } from './errors.js';
import type { FilesOptions } from './files.js';
import type { ByteRange, Freshness, ResponseFacts } from './source.js';
import type { ForwardInputs } from './forward.js';
import type { Pair, Priority, WordList } from './tasks.js';
import type { HeadFile, TeachInput } from './teach.js';
import type { LoadEvent, LoadOptions, RuntimeInfo } from './types.js';

/** The first message to a worker. It transfers the port. */
export const CONNECT = 'luke-web:connect';

/** The load options that the engine needs, as plain data. */
export interface EngineOptions extends FilesOptions {
  cache: NonNullable<LoadOptions['cache']>;
  device: NonNullable<LoadOptions['device']>;
  threads: NonNullable<LoadOptions['threads']>;
  selfTest: boolean;
  /** Heads to load from a checkpoint. An empty list means all. */
  heads: readonly string[];
  passCacheBytes?: number;
  headers?: Readonly<Record<string, string>>;
  /** An absolute URL. */
  wasmUrl?: string;
  /** Whether the page fetches the model's files, because the user passed a `fetch`. */
  remoteFetch: boolean;
}

/** A mention, and a pair of mentions. */
type TypingCall = { text: string; span: Pair };
type RelationCall = { text: string; head: Pair; tail: Pair };

/** The file of a head, which the call uses in place of the model's own. */
type ByHead = { head?: Uint8Array | undefined };

/** A call of the model. `options` has no `signal`: the page sends an `abort` message with the call's id instead. */
export type Call =
  | ({ method: 'ner'; input: string | readonly string[] | WordList; options: object } & ByHead)
  | ({ method: 'nerStream'; input: readonly string[]; options: object } & ByHead)
  | { method: 'teach'; input: TeachInput; options: object }
  | { method: 'addHead'; input: Uint8Array; options: object }
  | ({ method: 'typing'; input: TypingCall | readonly TypingCall[]; options: object } & ByHead)
  | ({ method: 'relation'; input: RelationCall | readonly RelationCall[]; options: object } & ByHead)
  | { method: 'rank'; input: readonly string[]; options: object; head: Uint8Array }
  | { method: 'qa'; input: { question: string; context: string }; options: object }
  | { method: 'cloze'; input: { passage: string; query: string; candidates: readonly Pair[] }; options: object }
  | { method: 'fillMask'; input: { text: string }; options: object }
  | { method: 'predictEntities'; input: { text: string; spans: readonly Pair[] }; options: object }
  | { method: 'embed'; input: { text: string; spans: readonly Pair[] }; options: object }
  | { method: 'forward'; input: ForwardInputs | readonly ForwardInputs[]; options: object };

/** What the engine knows of a loaded model: it does not know in what kind of thread it runs. */
export type EngineInfo = Omit<RuntimeInfo, 'worker' | 'workerReason'> & {
  /** Heads of the model folder that were taught. Absent if there are none. */
  taughtHeads?: readonly HeadFile[] | undefined;
};

/** What `models` and `availability` ask of the store. URLs are absolute. */
export type Action =
  | { action: 'list' }
  | { action: 'usage' }
  | { action: 'has'; model: string }
  | { action: 'prefetch'; model: string; entityTable: boolean }
  | { action: 'verify'; model: string }
  | { action: 'delete'; model: string }
  | { action: 'availability'; model: string };

/** The part of the load options that the store needs. */
export type ManageOptions = Omit<EngineOptions, 'threads' | 'selfTest' | 'heads' | 'passCacheBytes'>;

/** Messages from the page to the engine. */
export type Request =
  | { type: 'load'; id: number; model: string; options: EngineOptions }
  | { type: 'call'; id: number; call: Call; priority: Priority }
  | { type: 'manage'; id: number; action: Action; options: ManageOptions }
  | { type: 'abort'; id: number }
  | { type: 'ping' }
  | { type: 'close' }
  | FetchReply;

/** Messages from the engine to the page. */
export type Reply =
  /** The first message. `lock` is the name of a Web Lock that the engine holds as long as it lives. */
  | { type: 'hello'; lock?: string }
  | { type: 'pong' }
  | { type: 'done'; id: number; value: unknown }
  /** A part of the result of the call `id`, which still runs. They come in order. */
  | { type: 'part'; id: number; value: unknown }
  | { type: 'error'; id: number; error: PlainError }
  | { type: 'progress'; event: LoadEvent }
  | { type: 'info'; info: EngineInfo }
  | { type: 'fetch'; id: number; url: string; range?: ByteRange | undefined; cache?: Freshness | undefined }
  | { type: 'fetch-more'; id: number }
  | { type: 'cancel'; id: number };

/**
 * The page's replies to a `fetch` message: the facts of the response, then one piece of the bytes for each `fetch-more`, then the end. A
 * failure may come at any point.
 */
export type FetchReply =
  | { type: 'fetch-response'; id: number; facts: ResponseFacts }
  | { type: 'fetch-bytes'; id: number; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'fetch-end'; id: number }
  | { type: 'fetch-failed'; id: number; error: PlainError };
