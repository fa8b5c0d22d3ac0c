// Writing to a project: only the tab whose token is in the database may. So a tab that lost the project to another one can never write again,
// even if it does not know yet.
import { StoreError } from './errors.js';
import type { Database, ProjectState, StoreName, WriteTransaction } from './schema.js';
import { existing, send, write } from './transaction.js';

/** A project that a tab has open, and the token of the tab. */
export interface Hold {
  readonly database: Database;
  readonly project: string;
  readonly token: string;
}

export interface Written<T> {
  readonly result: T;
  readonly revision: number;
}

/**
 * Runs `work` in one strict transaction, if this tab may write, and counts the revision. The result `undefined` is not counted. Whether the tab
 * may write is asked beside the first requests of `work`; if not, the transaction is aborted with all that `work` has written.
 */
export async function writeProject<T>(
  { database, project, token }: Hold, stores: readonly StoreName[], work: (tx: WriteTransaction) => Promise<T>,
): Promise<Written<T>> {
  return write(database, [...new Set<StoreName>([...stores, 'states'])], async (tx) => {
    const states = tx.objectStore('states');
    const reading = states.get(project);
    const working = work(tx);
    working.catch(() => undefined); // its error counts only if this tab may write
    const state = existing(await reading, 'The project');
    if (state.writer !== token) throw new StoreError('read-only', 'Another tab edits this project.');
    const result = await working;
    if (result === undefined) return { result, revision: state.revision };
    const next: ProjectState = { ...state, revision: state.revision + 1, changed: Date.now() };
    send(() => states.put(next, project));
    return { result, revision: next.revision };
  });
}

/** Takes the project over: from now on, only this tab can write to it. */
export async function claimProject({ database, project, token }: Hold): Promise<void> {
  await write(database, ['states'], async (tx) => {
    const states = tx.objectStore('states');
    const state = existing(await states.get(project), 'The project');
    await states.put({ ...state, writer: token }, project);
  });
}
