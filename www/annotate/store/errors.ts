// Errors of the store, with codes that the view can explain.

export type StoreErrorCode =
  /** The disk or the quota of the browser is full. Nothing was written. */
  | 'quota'
  /** Another tab edits the project. */
  | 'read-only'
  /** The database was closed, by a newer version of the page or by the browser. */
  | 'closed'
  /** The database was made by a newer version of the page. */
  | 'newer'
  /** The project or document does not exist. */
  | 'missing'
  /** Something to be stored breaks the rules of `types.ts`. */
  | 'invalid'
  /** The project is open in a tab. */
  | 'in-use'
  /** The browser does not let us store anything, or failed to. */
  | 'failed';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The disk is full. */
export function diskFull(cause?: unknown): StoreError {
  return new StoreError('quota', 'The disk is full, or the browser gives this page no more space. Nothing was changed.', cause);
}

export function isDiskFull(error: unknown): boolean {
  return error instanceof StoreError && error.code === 'quota';
}

/** The error of a browser as ours. Errors of our own code (`ChangeError`, `AbortError` of a signal) stay as they are. */
export function storeError(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  switch (error.name) {
    case 'QuotaExceededError':
      return diskFull(error);
    case 'VersionError':
      return new StoreError('newer', 'The data was written by a newer version of this page. Reload the page.', error);
    case 'InvalidStateError':
      return new StoreError('closed', 'The database was closed. Reload the page.', error);
    default:
      return new StoreError('failed', `The browser could not use its database (${error.name}: ${error.message}).`, error);
  }
}
