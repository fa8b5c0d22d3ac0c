// Reading documents of a project, and what is not an edit: removing documents, and what a model says of them.
import type { AnnotatedDocument, Corpus } from '../model/types.js';
import { loadProject } from './commit.js';
import { bodyOf, notesOf, PackReader, removePacked } from './packs.js';
import { writeProject, type Hold } from './project-write.js';
import {
  keysOf, type BodyRecord, type Database, type HeadRecord, type NotesRecord, type PackedDocument, type ProjectRecord, type Transaction,
} from './schema.js';
import { existing, read } from './transaction.js';

export async function readHeads(database: Database, project: string): Promise<HeadRecord[]> {
  return read(database, ['heads'], (tx) => headsInOrder(tx, project));
}

async function headsInOrder(tx: Transaction, project: string): Promise<HeadRecord[]> {
  return (await tx.objectStore('heads').getAll(keysOf(project))).sort((a, b) => a.order - b.order);
}

/** A document as it is shown and edited. */
export interface OpenDocument {
  readonly head: HeadRecord;
  readonly body: BodyRecord;
  readonly notes: NotesRecord;
}

export async function readDocument(database: Database, project: string, id: string): Promise<OpenDocument> {
  return read(database, ['heads', 'bodies', 'notes', 'packs'], async (tx) => {
    const key: [string, string] = [project, id];
    const [found, body, notes] = await Promise.all([
      tx.objectStore('heads').get(key), tx.objectStore('bodies').get(key), tx.objectStore('notes').get(key),
    ]);
    const head = existing(found, 'The document');
    return openDocument(head, body, notes, body && notes ? undefined : await new PackReader(tx).read(head));
  });
}

/** A document of its own records, and of its pack where they are absent. */
function openDocument(
  head: HeadRecord, body: BodyRecord | undefined, notes: NotesRecord | undefined, packed: PackedDocument | undefined,
): OpenDocument {
  const { project } = head;
  return {
    head,
    body: existing(body ?? (packed && bodyOf(project, packed)), 'The document'),
    notes: existing(notes ?? (packed && notesOf(project, packed)), 'The document'),
  };
}

/** The project as formats write it, all as it was at one time. With `ids`, only these documents. */
export async function readCorpus(database: Database, project: string, ids?: ReadonlySet<string>): Promise<Corpus> {
  return read(database, ['projects', 'heads', 'bodies', 'notes', 'packs'], async (tx) => {
    const [record, heads, bodies, notes, packs] = await Promise.all([
      loadProject(tx, project), headsInOrder(tx, project), tx.objectStore('bodies').getAll(keysOf(project)),
      tx.objectStore('notes').getAll(keysOf(project)), tx.objectStore('packs').getAll(keysOf(project)),
    ]);
    const bodyById = new Map(bodies.map((body) => [body.id, body]));
    const notesById = new Map(notes.map((each) => [each.id, each]));
    const packedById = new Map(packs.flatMap(({ documents }) => documents.map((document) => [document.id, document] as const)));
    const wanted = heads.filter(({ id }) => ids?.has(id) ?? true);
    const documents = wanted.map((head) => {
      const { id } = head;
      return toDocument(openDocument(head, bodyById.get(id), notesById.get(id), packedById.get(id)));
    });
    return { ...headerOf(record), documents };
  });
}

export function toDocument({ head, body, notes }: OpenDocument): AnnotatedDocument {
  const { id, name, status, note, source, meta } = head;
  const { spans, relations, questions } = notes;
  return {
    id, name, text: body.text, status, ...(note !== undefined && { note }), ...(source && { source }), ...(meta && { meta }),
    spans, relations, questions, ...(body.extra && { extra: body.extra }),
  };
}

function headerOf({ name, labelSets, guide, extra }: ProjectRecord): Omit<Corpus, 'documents'> {
  return { name, labelSets, ...(guide !== undefined && { guide }), ...(extra && { extra }) };
}

/** Texts in the order of the list, a few at a time, for search and for models. Documents that come or go meanwhile may be missed. */
export async function* readTexts(
  database: Database, heads: readonly HeadRecord[], batch = 100,
): AsyncGenerator<readonly [head: HeadRecord, text: string]> {
  for (let start = 0; start < heads.length; start += batch) {
    const part = heads.slice(start, start + batch);
    const texts = await read(database, ['bodies', 'packs'], (tx) => textsOf(tx, part));
    for (const [index, text] of texts.entries()) if (text !== undefined) yield [part[index]!, text];
  }
}

async function textsOf(tx: Transaction, heads: readonly HeadRecord[]): Promise<(string | undefined)[]> {
  const packs = new PackReader(tx);
  return Promise.all(heads.map(async (head) => {
    const { project, id, pack } = head;
    return (await (pack === undefined ? tx.objectStore('bodies').get([project, id]) : packs.read(head)))?.text;
  }));
}

/** Removes documents with all that belongs to them, their history included. */
export async function removeDocuments(hold: Hold, ids: readonly string[]): Promise<number> {
  const { revision } = await writeProject(hold, ['heads', 'bodies', 'notes', 'packs', 'ops'], async (tx) => {
    const heads = await Promise.all(ids.map((id) => tx.objectStore('heads').get([hold.project, id])));
    await removePacked(tx, hold.project, heads.filter((head) => head !== undefined));
    for (const id of ids) {
      const key: [string, string] = [hold.project, id];
      for (const store of ['heads', 'bodies', 'notes'] as const) await tx.objectStore(store).delete(key);
      await tx.objectStore('ops').delete(keysOf(hold.project, id));
    }
    return ids.length;
  });
  return revision;
}

/**
 * Keeps how uncertain a model is of documents. Documents that do not exist any more are left out. It is no change for a backup: it can be
 * computed again.
 */
export async function putUncertainties(hold: Hold, values: ReadonlyMap<string, number>): Promise<{ ids: string[]; revision: number }> {
  const ids: string[] = [];
  const { revision } = await writeProject(hold, ['heads'], async (tx) => {
    const heads = tx.objectStore('heads');
    for (const [id, uncertainty] of values) {
      const head = await heads.get([hold.project, id]);
      if (!head) continue;
      ids.push(id);
      await heads.put({ ...head, uncertainty });
    }
    return undefined;
  });
  return { ids, revision };
}
