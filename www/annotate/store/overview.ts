// What the list of projects shows of each.
import { keysOf, type Database, type ProjectRecord } from './schema.js';
import { existing, read } from './transaction.js';

export interface ProjectOverview {
  readonly record: ProjectRecord;
  readonly documents: number;
  /** How many of them are done. */
  readonly done: number;
  /** Length of all texts in UTF-16 code units. */
  readonly characters: number;
  /** When the last write was, in milliseconds since 1970. */
  readonly changed: number;
  /** Writes since the last backup. */
  readonly unsaved: number;
}

/** All projects, that with the last write first. */
export async function readOverview(database: Database): Promise<ProjectOverview[]> {
  const all = await read(database, ['projects', 'states', 'heads'], async (tx) => {
    const found: ProjectOverview[] = [];
    for (const record of await tx.objectStore('projects').getAll()) {
      const { revision, backup, changed = record.created } = existing(await tx.objectStore('states').get(record.id), 'The project');
      const heads = await tx.objectStore('heads').getAll(keysOf(record.id));
      const done = heads.filter(({ status }) => status === 'done').length;
      const characters = heads.reduce((sum, { chars }) => sum + chars, 0);
      found.push({ record, documents: heads.length, done, characters, changed, unsaved: revision - backup });
    }
    return found;
  });
  return all.sort((a, b) => b.changed - a.changed);
}
