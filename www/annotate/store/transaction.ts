// Transactions that are whole or not at all.
import { StoreError, storeError } from './errors.js';
import type { Database, StoreName, Transaction, WriteTransaction } from './schema.js';

/**
 * Runs `work` in one transaction and waits until it is on the disk (`strict`). If something throws, nothing is written. `work` may await only
 * requests of the transaction: with anything else the browser ends it.
 */
export async function write<T>(
  database: Database, stores: readonly StoreName[], work: (tx: WriteTransaction) => Promise<T>, durability: 'strict' | 'relaxed' = 'strict',
): Promise<T> {
  let tx: WriteTransaction;
  try {
    tx = database.transaction([...stores], 'readwrite', { durability });
  } catch (error) {
    throw storeError(error);
  }
  const ended = tx.done.then(() => undefined, (error: unknown) => error ?? new DOMException('The transaction was aborted.', 'AbortError'));
  try {
    const result = await work(tx);
    const error = await ended;
    if (error) throw error;
    return result;
  } catch (error) {
    abort(tx);
    throw storeError(cause(error, await ended));
  }
}

/** Reads several records as they were at one time. */
export async function read<T>(database: Database, stores: readonly StoreName[], work: (tx: Transaction) => Promise<T>): Promise<T> {
  try {
    const tx = database.transaction([...stores], 'readonly');
    const [result] = await Promise.all([work(tx), tx.done]);
    return result;
  } catch (error) {
    throw storeError(error);
  }
}

/** Runs requests side by side. If one fails at once, the others are still waited for. */
export async function allOf(requests: readonly (() => Promise<unknown>)[]): Promise<void> {
  await Promise.all(requests.map(async (request) => request()));
}

function abort(tx: WriteTransaction): void {
  try {
    tx.abort();
  } catch {
    // It has ended already.
  }
}

/** A request of an aborted transaction only says that it was aborted: then the transaction knows why. */
function cause(error: unknown, ofTransaction: unknown): unknown {
  const isVague = error instanceof DOMException && error.name === 'AbortError';
  return isVague && ofTransaction instanceof Error ? ofTransaction : error;
}

/** Gives a record that must be there. */
export function existing<T>(record: T | undefined, what: string): T {
  if (record === undefined) throw new StoreError('missing', `${what} does not exist any more.`);
  return record;
}
