/**
 * Why something failed. Stable: branch on this, never on the message.
 *
 * - `network` – a file of the model or the package could not be fetched
 * - `integrity` – a file came, but not the bytes that the manifest promises
 * - `format` – the URL is no model folder, or one of a version this package cannot read
 * - `quota` – the browser refused to store more
 * - `input` – an argument or an option is wrong, or the `Luke` was disposed
 * - `task-unavailable` – the model has no head for this task
 * - `unsupported` – this browser or device cannot run it, or the runtime broke
 * - `device-lost` – the GPU went away
 * - `out-of-memory` – the tab or the GPU has no room
 */
export type LukeErrorCode = (typeof CODES)[number];

const CODES = [
  'network', 'integrity', 'format', 'quota', 'input', 'task-unavailable', 'unsupported', 'device-lost', 'out-of-memory',
] as const;

/** An error as it crosses the wasm or worker border: `LukeError`'s fields as a plain object. */
export interface PlainError {
  code: LukeErrorCode;
  message: string;
  detail?: unknown;
}

/**
 * Every rejection of this package, except an abort (which rejects with `signal.reason`).
 *
 * @example
 * try {
 *   await luke.ner(text);
 * } catch (error) {
 *   if (error instanceof LukeError && error.code === 'out-of-memory') showSmallerModel();
 * }
 */
export class LukeError extends Error {
  /** What kind of failure it is. */
  readonly code: LukeErrorCode;
  /** Facts about the failure as plain data (a URL, a status, a path, …), where there are any. */
  readonly detail: unknown;

  constructor(code: LukeErrorCode, message: string, detail?: unknown) {
    super(message);
    this.name = 'LukeError';
    this.code = code;
    this.detail = detail;
  }
}

/** True for a trap: the wasm instance that threw it must not be called again. */
export function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError;
}

/** Any thrown value as a `LukeError`: ours unchanged, wasm's plain object typed, anything else named as what it means. */
export function toLukeError(error: unknown): LukeError {
  if (error instanceof LukeError) return error;
  if (isPlainError(error)) return new LukeError(error.code, error.message, error.detail);
  const message = error instanceof Error ? error.message : String(error);
  const detail = { error: error instanceof Error ? error.name : typeof error, message };
  if (/memory(?! access)|allocation failed/i.test(message)) return new LukeError('out-of-memory', `out of memory: ${message}`, detail);
  if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) {
    return new LukeError('unsupported', `this browser cannot run the wasm module: ${message}`, detail);
  }
  return new LukeError('unsupported', `internal error: ${message}`, detail);
}

/** A `LukeError` as a message can carry it. */
export function toPlain(error: unknown): PlainError {
  const { code, message, detail } = toLukeError(error);
  return { code, message, detail };
}

function isPlainError(error: unknown): error is PlainError {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message } = error as Partial<PlainError>;
  return typeof message === 'string' && (CODES as readonly unknown[]).includes(code);
}
