// The import of documents: all of a file or nothing, in one transaction.
import { documentChecker, labelSetFaults } from '../model/check.js';
import { headOf } from '../model/heads.js';
import { FreeIds } from '../model/ids.js';
import { mergeLabelSets, withKeys, withLabelIds } from '../model/labels.js';
import { partsOf } from '../model/parts.js';
import { show } from '../model/show.js';
import type { AnnotatedDocument, Corpus } from '../model/types.js';
import { commitIn, EDIT_STORES, loadProject, type Edit } from './commit.js';
import { StoreError } from './errors.js';
import { sha256 } from './hash.js';
import { bodyOf, nextPack, notesOf, packedOf, packsOf } from './packs.js';
import { writeProject, type Hold } from './project-write.js';
import { keysOf, type BodyRecord, type HeadRecord, type NotesRecord, type PackRecord, type ProjectRecord, type WriteTransaction } from './schema.js';
import { putAll } from './transaction.js';

/** Texts of so many characters are hashed at a time, in another thread. */
const HASHED = 200_000;

export interface ImportOptions {
  /** How many of the documents are done. The import counts only when it has returned. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** So many documents are written at a time, so that not all are copied at once, and the page does not stand still (default 250). */
  readonly batch?: number;
  /** An edit of documents of the project, written in the same transaction. */
  readonly edit?: Edit;
}

export interface Imported {
  readonly revision: number;
  /** Ids of the documents, in their order. An id that was taken in the project is another one now. */
  readonly ids: readonly string[];
  readonly project: ProjectRecord;
}

/** Adds a corpus at the end of a project. Its labels join those of the project by name. Nothing is written if a document breaks a rule. */
export async function importCorpus(hold: Hold, corpus: Corpus, options: ImportOptions = {}): Promise<Imported> {
  try {
    return await importAll(hold, corpus, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    throw error;
  }
}

async function importAll(hold: Hold, corpus: Corpus, { onProgress, signal, batch: size = 250, edit }: ImportOptions): Promise<Imported> {
  refuse(labelSetFaults(corpus.labelSets)[0]);
  const hashes = await checkAndHash(corpus, signal);
  const { result, revision } = await writeProject(hold, EDIT_STORES, async (tx) => {
    const before = await loadProject(tx, hold.project);
    const { labelSets, ids: labelIds } = mergeLabelSets(before.labelSets, corpus.labelSets);
    const project = withCorpus({ ...before, labelSets: withKeys(labelSets) }, corpus);
    await tx.objectStore('projects').put(project);
    const heads = await tx.objectStore('heads').getAll(keysOf(hold.project));
    const freeIds = new FreeIds(heads.map(({ id }) => id));
    let place = { order: heads.reduce((next, { order }) => Math.max(next, order + 1), 0), pack: await nextPack(tx, hold.project) };
    const ids: string[] = [];
    /** The batch before: while it is written, the next one is made. */
    let writing: Promise<void> | undefined;
    for (let start = 0; start < corpus.documents.length; start += size) {
      signal?.throwIfAborted();
      const batch = corpus.documents.slice(start, start + size).map((document) => {
        return { ...withLabelIds(document, labelIds), id: freeIds.take(document.id || 'document') };
      });
      const records = newRecords(hold.project, batch, hashes.slice(start, start + size), place);
      const written = putNew(tx, records).then(() => onProgress?.(start + batch.length, corpus.documents.length));
      written.catch(() => undefined); // it is waited for below
      await writing;
      writing = written;
      place = { order: place.order + batch.length, pack: place.pack + records.packs.length };
      for (const { id } of batch) ids.push(id);
    }
    await writing;
    if (edit) await commitIn(tx, hold.project, edit, crypto.randomUUID(), Date.now());
    signal?.throwIfAborted();
    return { ids, project };
  });
  return { ...result, revision };
}

/** The hashes of all texts. Between two parts the page can do other work. */
async function checkAndHash({ documents, labelSets }: Corpus, signal: AbortSignal | undefined): Promise<string[]> {
  const faultsOf = documentChecker(labelSets);
  const hashes: string[] = [];
  for (const part of partsOf(documents, HASHED)) {
    signal?.throwIfAborted();
    for (const [index, document] of part.entries()) {
      const [fault] = faultsOf(document, 1);
      refuse(fault && `document ${hashes.length + index + 1} (${show(document.name)}): ${fault}`);
    }
    hashes.push(...(await Promise.all(part.map(({ text }) => sha256(text)))));
  }
  return hashes;
}

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw new StoreError('invalid', `Nothing was imported: ${fault}.`);
}

/** Guide and unknown fields of the file, where the project has none. */
function withCorpus(project: ProjectRecord, { guide, extra }: Corpus): ProjectRecord {
  return { ...(guide !== undefined && { guide }), ...(extra && { extra }), ...project };
}

interface NewRecords {
  readonly heads: readonly HeadRecord[];
  readonly packs: readonly PackRecord[];
  readonly bodies: readonly BodyRecord[];
  readonly notes: readonly NotesRecord[];
}

/** Where the first of some new documents is: in the list, and in the packs. */
interface Place {
  readonly order: number;
  readonly pack: number;
}

function newRecords(project: string, documents: readonly AnnotatedDocument[], hashes: readonly string[], place: Place): NewRecords {
  const heads: HeadRecord[] = [];
  const packs: PackRecord[] = [];
  const bodies: BodyRecord[] = [];
  const notes: NotesRecord[] = [];
  for (const members of packsOf(documents)) {
    const packed = members.map(packedOf);
    const [alone] = packed.length === 1 ? packed : [];
    const pack = { project, id: place.pack + packs.length, documents: packed };
    for (const document of members) {
      const head = headOf(document, place.order + heads.length, hashes[heads.length]!);
      heads.push({ project, ...head, ...(!alone && { pack: pack.id }) });
    }
    if (alone) {
      bodies.push(bodyOf(project, alone));
      notes.push(notesOf(project, alone));
    } else packs.push(pack);
  }
  return { heads, packs, bodies, notes };
}

async function putNew(tx: WriteTransaction, { heads, packs, bodies, notes }: NewRecords): Promise<void> {
  await Promise.all([putAll(tx, 'packs', packs), putAll(tx, 'bodies', bodies), putAll(tx, 'notes', notes), putAll(tx, 'heads', heads)]);
}
