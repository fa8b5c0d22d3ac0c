/**
 * The kind of a failure. Codes are stable and messages are not, so programs should compare the code.
 *
 * - `network` – a file of the model or of the package could not be fetched: there is no connection, no such host, or the server answered
 *   with an error, such as status 404 for a wrong URL
 * - `io` – a file of this machine could not be read or written, such as a path in Node.js where no model is
 * - `integrity` – the bytes of a file are not those that the manifest describes
 * - `format` – what came is no model, such as an HTML page that a server sends with status 200 for every URL, or this version of the package
 *   cannot read the model
 * - `quota` – the browser has no room for the model in the store that `cache` names
 * - `input` – an argument or an option is invalid
 * - `task-unavailable` – the model has no head for this task
 * - `unsupported` – this browser or device cannot run the model
 * - `device-lost` – the GPU failed or is no longer available
 * - `out-of-memory` – the browser or the GPU has too little free memory
 * - `worker-lost` – the worker in which the model ran has ended or does not answer
 * - `disposed` – the `Luke` was disposed
 * - `internal` – an error of this package
 */
export type LukeErrorCode = keyof LukeErrorDetails;

const CODES: Record<LukeErrorCode, true> = {
  network: true, io: true, integrity: true, format: true, quota: true, input: true, 'task-unavailable': true, unsupported: true, 'device-lost': true, 'out-of-memory': true,
  'worker-lost': true, disposed: true, internal: true,
};

/** Facts about a failure, by its code. A fact is absent if it is not known. */
export interface LukeErrorDetails {
  network: FileDetail & RequestDetail;
  io: FileDetail & {
    /** The path of the file or folder. */
    path?: string | undefined;
    /** What the system calls it, such as `ENOENT`. */
    error?: string | undefined;
  };
  integrity: FileDetail & {
    /** The hash of the bytes that came. */
    sha256?: string | undefined;
    /** The number of bytes that the manifest says. */
    bytes?: number | undefined;
    /** Whether the server has another version of the file than that of which parts are here. */
    isReplaced?: boolean | undefined;
  };
  format: FileDetail &
    RequestDetail & {
      /** The version in a manifest that this package cannot read. */
      version?: unknown;
    };
  quota: CauseDetail;
  input: {
    /** The argument, or the part of it, that is invalid. */
    argument?: string | undefined;
    /** The option that does not exist. */
    option?: string | undefined;
    /** The start of a URL that is none. */
    value?: string | undefined;
    /** The pipeline that does not exist. */
    task?: string | undefined;
    reason?: string | undefined;
  };
  'task-unavailable': { task: string; available: readonly string[] };
  unsupported: CauseDetail;
  'device-lost': CauseDetail;
  'out-of-memory': CauseDetail;
  'worker-lost': {};
  disposed: {};
  internal: CauseDetail;
}

/** Which file a failure is about. */
export interface FileDetail {
  url?: string | undefined;
  /** Its path in the model folder. */
  file?: string | undefined;
  /** The files of which one is needed. */
  files?: readonly string[] | undefined;
  reason?: string | undefined;
}

/** How a request failed. */
export interface RequestDetail {
  /** Status of the response. A page that came in place of a file counts as 404. */
  status?: number | undefined;
  /** Whether a page came in place of the file. */
  isPage?: boolean | undefined;
  /** Whether the request was redirected, as to a signed URL. */
  isRedirected?: boolean | undefined;
  /** What a hub says of an error, in its header `X-Error-Code`. */
  errorCode?: string | undefined;
  /** What the header `Retry-After` said. */
  retryAfterMs?: number | undefined;
  /** Milliseconds for which no byte came. */
  stallMs?: number | undefined;
}

/** What was thrown; `cause` has more. */
export interface CauseDetail {
  /** The name of the error, or the whole error as text. */
  error?: string | undefined;
  message?: string | undefined;
  reason?: string | undefined;
}

/** The fields of a `LukeError` as a plain object, which can be sent between wasm, workers and the page. */
export interface PlainError {
  code: LukeErrorCode;
  message: string;
  detail?: unknown;
  cause?: PlainCause | undefined;
}

/** An error of the platform as a plain object. */
interface PlainCause {
  name: string;
  message: string;
  stack?: string | undefined;
  cause?: PlainCause | undefined;
}

/** A `LukeError` with this code. */
export interface LukeErrorOf<C extends LukeErrorCode> extends Error {
  readonly name: 'LukeError';
  /** The kind of the failure. */
  readonly code: C;
  /** Facts about the failure as plain data. The code says which there may be. */
  readonly detail: Readonly<LukeErrorDetails[C]>;
  /** The error of the platform that is behind it, if there is one. */
  readonly cause?: unknown;
}

/**
 * The error of every rejection of this package. Only an abort rejects with something else: `signal.reason`. Its `code` says what its
 * `detail` has. `LukeError<'network'>` is an error with this code.
 *
 * @example
 * try {
 *   await luke.ner(text);
 * } catch (error) {
 *   if (!(error instanceof LukeError)) throw error;
 *   if (error.code === 'out-of-memory') showSmallerModel();
 *   if (error.code === 'network') console.log(error.detail.status, error.cause);
 * }
 */
export type LukeError<C extends LukeErrorCode = LukeErrorCode> = { [K in C]: LukeErrorOf<K> }[C];

/** The type of the class `LukeError`. Its instances are a union, so that comparing the code tells the type of `detail`. */
export interface LukeErrorConstructor {
  new <C extends LukeErrorCode>(code: C, message: string, detail?: LukeErrorDetails[C], options?: { cause?: unknown }): LukeError<C>;
  readonly prototype: LukeError;
}

/** The class of all errors of this package; see the type of the same name. It has its name from the constant: a second one would be renamed in a bundle. */
export const LukeError = class extends Error {
  readonly code: LukeErrorCode;
  readonly detail: unknown;

  constructor(code: LukeErrorCode, message: string, detail: unknown = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'LukeError';
    this.code = code;
    this.detail = detail;
  }
} as unknown as LukeErrorConstructor;

/** True if the error is a WebAssembly trap. The instance that trapped must not be called again. */
export function isTrap(error: unknown): boolean {
  return hasWasm() && error instanceof WebAssembly.RuntimeError;
}

/** Whether there is WebAssembly at all: modes for high security and flags switch it off. */
export function hasWasm(): boolean {
  return typeof WebAssembly === 'object';
}

/** How many frames from the top a wasm function may be: a browser's method or a helper, the generated glue, wasm. */
const FRAMES_ABOVE_WASM = 3;

/**
 * True if the error was thrown in what a wasm function called, such as a method that this browser does not have. Rust cannot catch it, so
 * that its future never settles, and the instance must not be called again.
 */
export function isThrownThroughWasm(error: unknown): boolean {
  const { stack } = (error ?? {}) as { stack?: unknown };
  if (typeof stack !== 'string') return false;
  const frames = stack.replace(String(error), '').split('\n').filter(Boolean); // V8's stack begins with the message
  return frames.slice(0, FRAMES_ABOVE_WASM).some((frame) => /wasm-function\[/.test(frame));
}

/** The engines that run our modules (docs/LIMITS.md). */
export const WASM_NEEDS = 'use Chrome or Edge 120, Firefox 115, Safari 17, Node.js 20, or a newer one';

/** Converts any thrown value to a `LukeError`. Plain errors keep their code; other values get the code that describes them best. */
export function toLukeError(error: unknown): LukeError {
  if (error instanceof LukeError) return error;
  // What is in the detail is what our own code put there, on the other side of a port or in the wasm.
  if (isPlainError(error)) return new LukeError(error.code, error.message, (error.detail ?? {}) as never, error.cause && { cause: fromPlainCause(error.cause) });
  const message = error instanceof Error ? error.message : textOf(error);
  const detail = { error: error instanceof Error ? error.name : typeof error, message };
  const options = { cause: error };
  if (/memory(?! access)|allocation failed/i.test(message)) return new LukeError('out-of-memory', `out of memory: ${message}`, detail, options);
  if (hasWasm() && (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError)) {
    const help = /unsafe-eval|CSP|content security policy|embedder/i.test(message) ? "the Content Security Policy needs 'wasm-unsafe-eval' in script-src" : WASM_NEEDS;
    return new LukeError('unsupported', `the wasm module cannot run here: ${message}. For luke-web, ${help}`, detail, options);
  }
  return new LukeError('internal', `internal error: ${message}`, detail, options);
}

/** Converts any thrown value to a plain object that `postMessage` can send. */
export function toPlain(error: unknown): PlainError {
  const { code, message, detail, cause } = toLukeError(error);
  return { code, message, detail, ...(cause !== undefined && { cause: toPlainCause(cause, MAX_CAUSES) }) };
}

/** How many causes of causes are sent. */
const MAX_CAUSES = 4;

/** A cause may be any value, also one that `postMessage` cannot send. */
function toPlainCause(value: unknown, left: number): PlainCause {
  if (!isError(value)) return { name: typeof value, message: textOf(value) };
  const { name, message, stack, cause } = value;
  return { name, message, stack: textOf(stack), ...(cause !== undefined && left > 1 && { cause: toPlainCause(cause, left - 1) }) };
}

/** Any value as text, also one that has no text. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `a thrown ${typeof value}`;
  }
}

function fromPlainCause({ name, message, stack, cause }: PlainCause): Error {
  const error = new Error(message, cause && { cause: fromPlainCause(cause) });
  const own = { configurable: true, writable: true };
  return Object.defineProperties(error, { name: { ...own, value: name }, stack: { ...own, value: stack } });
}

/** A `DOMException` is an `Error` in browsers, but one of another frame is not. */
function isError(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && typeof (value as Error).name === 'string' && typeof (value as Error).message === 'string';
}

function isPlainError(error: unknown): error is PlainError {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message } = error as Partial<PlainError>;
  return typeof message === 'string' && typeof code === 'string' && Object.hasOwn(CODES, code);
}
