// Packs: one record has the texts and the imported annotations of several documents. The time of an import is that of its single records, and
// hardly depends on their sizes: with two of them for each document, 5,000 documents took more than twice as long [measured]. The annotations of
// a document get a record of their own with the first edit, so an edit writes no texts.
import { weightOf } from '../model/parts.js';
import type { AnnotatedDocument } from '../model/types.js';
import {
  keysOf, type BodyRecord, type HeadRecord, type NotesRecord, type PackedDocument, type PackRecord, type Transaction, type WriteTransaction,
} from './schema.js';

/** So large is a pack at most (`weightOf`). Opening a document reads its whole pack. */
const MOST_WEIGHT = 32_000;

/** The documents of each pack, in their order. A document that is alone needs none: it may be too large for a pack with others. */
export function* packsOf(documents: readonly AnnotatedDocument[]): Generator<readonly AnnotatedDocument[]> {
  let pack: AnnotatedDocument[] = [];
  let weight = 0;
  for (const document of documents) {
    const own = weightOf(document);
    if (pack.length && weight + own > MOST_WEIGHT) {
      yield pack;
      pack = [];
      weight = 0;
    }
    pack.push(document);
    weight += own;
  }
  if (pack.length) yield pack;
}

export function packedOf({ id, text, spans, relations, questions, extra }: AnnotatedDocument): PackedDocument {
  return { id, text, spans, relations, questions, ...(extra && { extra }) };
}

/** The id of the next pack of a project. */
export async function nextPack(tx: Transaction, project: string): Promise<number> {
  const last = await tx.objectStore('packs').openKeyCursor(keysOf(project), 'prev');
  return last ? last.primaryKey[1] + 1 : 0;
}

/** Reads packs in one transaction. A pack is read once for documents that follow each other. */
export class PackReader {
  readonly #tx: Transaction;
  #last: { readonly id: number; readonly record: Promise<PackRecord | undefined> } | undefined;

  constructor(tx: Transaction) {
    this.#tx = tx;
  }

  /** What the pack of a document has of it; `undefined`, if it has no pack. */
  async read({ project, id, pack }: HeadRecord): Promise<PackedDocument | undefined> {
    if (pack === undefined) return undefined;
    if (this.#last?.id !== pack) this.#last = { id: pack, record: this.#tx.objectStore('packs').get([project, pack]) };
    return (await this.#last.record)?.documents.find((document) => document.id === id);
  }
}

export function bodyOf(project: string, { id, text, extra }: PackedDocument): BodyRecord {
  return { project, id, text, ...(extra && { extra }) };
}

/** Annotations that were never edited. */
export function notesOf(project: string, { id, spans, relations, questions }: PackedDocument): NotesRecord {
  return { project, id, spans, relations, questions, done: 0 };
}

/** Takes documents out of their packs. A pack without documents is removed. */
export async function removePacked(tx: WriteTransaction, project: string, heads: readonly HeadRecord[]): Promise<void> {
  const store = tx.objectStore('packs');
  const gone = new Map<number, Set<string>>();
  for (const { id, pack } of heads) if (pack !== undefined) gone.set(pack, (gone.get(pack) ?? new Set()).add(id));
  for (const [id, ids] of gone) {
    const record = await store.get([project, id]);
    const documents = record?.documents.filter((document) => !ids.has(document.id)) ?? [];
    if (record && documents.length) await store.put({ ...record, documents });
    else await store.delete([project, id]);
  }
}
