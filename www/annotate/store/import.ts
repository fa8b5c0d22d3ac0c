// The import of documents: all of a file or nothing, in one transaction.
import { documentFaults, labelSetFaults } from '../model/check.js';
import { headOf } from '../model/heads.js';
import { FreeIds } from '../model/ids.js';
import { mergeLabelSets, withKeys, withLabelIds } from '../model/labels.js';
import { show } from '../model/show.js';
import type { AnnotatedDocument, Corpus } from '../model/types.js';
import { loadProject } from './commit.js';
import { StoreError } from './errors.js';
import { sha256 } from './hash.js';
import { writeProject, type Hold } from './project-write.js';
import { keysOf, type ProjectRecord, type WriteTransaction } from './schema.js';
import { allOf } from './transaction.js';

export interface ImportOptions {
  /** How many of the documents are done. The import counts only when it has returned. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** So many documents are written at a time, so that not all are copied at once (default 500). */
  readonly batch?: number;
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

async function importAll(hold: Hold, corpus: Corpus, { onProgress, signal, batch: size = 500 }: ImportOptions): Promise<Imported> {
  refuse(labelSetFaults(corpus.labelSets)[0]);
  const hashes: string[] = [];
  for (const [index, document] of corpus.documents.entries()) {
    signal?.throwIfAborted();
    const [fault] = documentFaults(document, corpus.labelSets, 1);
    refuse(fault && `document ${index + 1} (${show(document.name)}): ${fault}`);
    hashes.push(await sha256(document.text)); // in another thread: between two documents the page can do other work
  }
  const { result, revision } = await writeProject(hold, ['projects', 'heads', 'bodies', 'notes'], async (tx) => {
    const before = await loadProject(tx, hold.project);
    const { labelSets, ids: labelIds } = mergeLabelSets(before.labelSets, corpus.labelSets);
    const project = withCorpus({ ...before, labelSets: withKeys(labelSets) }, corpus);
    await tx.objectStore('projects').put(project);
    const freeIds = new FreeIds((await tx.objectStore('heads').getAllKeys(keysOf(hold.project))).map(([, id]) => id));
    const first = await nextOrder(tx, hold.project);
    const ids: string[] = [];
    for (let start = 0; start < corpus.documents.length; start += size) {
      signal?.throwIfAborted();
      const batch = corpus.documents.slice(start, start + size).map((document) => {
        return { ...withLabelIds(document, labelIds), id: freeIds.take(document.id || 'document') };
      });
      await allOf(batch.flatMap((document, index) => putNew(tx, hold.project, document, first + start + index, hashes[start + index]!)));
      ids.push(...batch.map(({ id }) => id));
      onProgress?.(ids.length, corpus.documents.length);
    }
    return { ids, project };
  });
  return { ...result, revision };
}

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw new StoreError('invalid', `Nothing was imported: ${fault}.`);
}

/** Guide and unknown fields of the file, where the project has none. */
function withCorpus(project: ProjectRecord, { guide, extra }: Corpus): ProjectRecord {
  return { ...(guide !== undefined && { guide }), ...(extra && { extra }), ...project };
}

async function nextOrder(tx: WriteTransaction, project: string): Promise<number> {
  const last = await tx.objectStore('heads').index('order').openCursor(keysOf(project), 'prev');
  return (last?.value.order ?? -1) + 1;
}

function putNew(tx: WriteTransaction, project: string, document: AnnotatedDocument, order: number, hash: string): (() => Promise<unknown>)[] {
  const { id, text, extra, spans, relations, questions } = document;
  return [
    () => tx.objectStore('heads').put({ project, ...headOf(document, order, hash) }),
    () => tx.objectStore('bodies').put({ project, id, text, ...(extra && { extra }) }),
    () => tx.objectStore('notes').put({ project, id, spans, relations, questions, done: 0 }),
  ];
}
