/**
 * The kind of a failure. Codes are stable and messages are not, so programs should compare the code.
 *
 * - `network` – a file of the model or of the package could not be fetched: there is no connection, no such host, or the server answered
 *   with an error, such as status 404 for a wrong URL
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
export type LukeErrorCode = (typeof CODES)[number];

const CODES = [
  'network', 'integrity', 'format', 'quota', 'input', 'task-unavailable', 'unsupported', 'device-lost', 'out-of-memory', 'worker-lost', 'disposed', 'internal',
] as const;

/** The fields of a `LukeError` as a plain object, which can be sent between wasm, workers and the page. */
export interface PlainError {
  code: LukeErrorCode;
  message: string;
  detail?: unknown;
}

/**
 * The error of every rejection of this package. Only an abort rejects with something else: `signal.reason`.
 *
 * @example
 * try {
 *   await luke.ner(text);
 * } catch (error) {
 *   if (error instanceof LukeError && error.code === 'out-of-memory') showSmallerModel();
 * }
 */
export class LukeError extends Error {
  /** The kind of the failure. */
  readonly code: LukeErrorCode;
  /** Facts about the failure as plain data (a URL, a status, a path, …), or `undefined`. */
  readonly detail: unknown;

  constructor(code: LukeErrorCode, message: string, detail?: unknown) {
    super(message);
    this.name = 'LukeError';
    this.code = code;
    this.detail = detail;
  }
}

/** True if the error is a WebAssembly trap. The instance that trapped must not be called again. */
export function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError;
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

/** Converts any thrown value to a `LukeError`. Plain errors keep their code; other values get the code that describes them best. */
export function toLukeError(error: unknown): LukeError {
  if (error instanceof LukeError) return error;
  if (isPlainError(error)) return new LukeError(error.code, error.message, error.detail);
  const message = error instanceof Error ? error.message : String(error);
  const detail = { error: error instanceof Error ? error.name : typeof error, message };
  if (/memory(?! access)|allocation failed/i.test(message)) return new LukeError('out-of-memory', `out of memory: ${message}`, detail);
  if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) {
    return new LukeError('unsupported', `this browser cannot run the wasm module: ${message}`, detail);
  }
  return new LukeError('internal', `internal error: ${message}`, detail);
}

/** Converts any thrown value to a plain object that `postMessage` can send. */
export function toPlain(error: unknown): PlainError {
  const { code, message, detail } = toLukeError(error);
  return { code, message, detail };
}

function isPlainError(error: unknown): error is PlainError {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message } = error as Partial<PlainError>;
  return typeof message === 'string' && (CODES as readonly unknown[]).includes(code);
}
