// Transactions that are whole or not at all.
import { unwrap, wrap, type StoreValue } from 'idb';
import { StoreError, storeError } from './errors.js';
import type { Database, Schema, StoreName, Transaction, WriteTransaction } from './schema.js';

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
  const ended = endOf(tx);
  try {
    const result = await work(tx);
    commit(tx);
    const error = await ended;
    if (error) throw error;
    return result;
  } catch (error) {
    abort(tx);
    throw storeError(cause(error, await ended));
  }
}

/** The error of a transaction when it has ended; `undefined`, if all is written. */
function endOf(tx: WriteTransaction): Promise<unknown> {
  tx.done.catch(() => undefined); // it does not say which request has failed
  const raw = unwrap(tx);
  return new Promise((resolve) => {
    raw.addEventListener('complete', () => resolve(undefined));
    raw.addEventListener('abort', () => resolve(raw.error ?? new DOMException('The transaction was aborted.', 'AbortError')));
  });
}

/** Ends a transaction: the browser need not wait for what is made of the results of its last requests. */
function commit(tx: WriteTransaction): void {
  try {
    tx.commit();
  } catch {
    // It has ended already, or ends by itself.
  }
}

/** Makes requests without waiting for them: the transaction ends when they are done, and one that fails ends it with its error. */
export function send(...requests: readonly (() => Promise<unknown>)[]): void {
  for (const request of requests) request().catch(() => undefined);
}

/** Puts many records, and waits for the last one: requests of a transaction are done in their order. An event for each would take longer. */
export async function putAll<S extends StoreName>(tx: WriteTransaction, name: S, records: readonly StoreValue<Schema, S>[]): Promise<void> {
  const store = unwrap(tx.objectStore(name));
  let last: IDBRequest<IDBValidKey> | undefined;
  for (const record of records) last = store.put(record);
  if (last) await wrap(last);
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
