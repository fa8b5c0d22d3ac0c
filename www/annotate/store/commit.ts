// One edit as one transaction: the operations, the annotations and the heads of its documents, and the label sets.
import { applyBoth, changesText, type Change, type DocumentChange, type HashedText, type LabelsChange, type State } from '../model/changes.js';
import { countsOf } from '../model/heads.js';
import { forgettable, KEPT_OPS, type Across } from '../model/history.js';
import { labelsById } from '../model/labels.js';
import { StoreError } from './errors.js';
import { bodyOf, notesOf, PackReader, removePacked } from './packs.js';
import { writeProject, type Hold } from './project-write.js';
import { keysOf, type BodyRecord, type HeadRecord, type NotesRecord, type OpRecord, type ProjectRecord, type Transaction, type WriteTransaction } from './schema.js';
import { existing, send } from './transaction.js';

/** What an edit changes. All of it is one group of the history. */
export interface Edit {
  readonly documents?: readonly { readonly id: string; readonly change: DocumentChange }[];
  readonly labels?: LabelsChange;
  /** The group of an earlier edit of the same document that this one continues, as when an edge is moved step by step. */
  readonly group?: string;
}

/** The stored records of a document after a change. */
export interface ChangedDocument {
  readonly head: HeadRecord;
  readonly notes: NotesRecord;
  /** Only if the text changed. */
  readonly body?: BodyRecord;
}

export interface Changed {
  readonly group: string;
  readonly documents: readonly ChangedDocument[];
  /** The project, if its label sets changed. */
  readonly project?: ProjectRecord;
}

export const EDIT_STORES = ['projects', 'heads', 'bodies', 'notes', 'packs', 'ops'] as const;
/** The log of the label sets has this name instead of the id of a document. */
export const LABELS_LOG = '';
/** How far a log may grow beyond `KEPT_OPS` before it is cut: counting for each edit would cost time. */
const SLACK = 64;

/** Applies an edit. `now` is in milliseconds since 1970. */
export async function commitEdit(hold: Hold, edit: Edit, newGroup: string, now: number): Promise<Changed & { readonly revision: number }> {
  const { result, revision } = await writeProject(hold, EDIT_STORES, (tx) => commitIn(tx, hold.project, edit, newGroup, now));
  return { ...result, revision };
}

/** Applies an edit in a transaction that has `EDIT_STORES`. */
export async function commitIn(tx: WriteTransaction, id: string, edit: Edit, newGroup: string, now: number): Promise<Changed> {
  const { documents = [], labels, group = newGroup } = edit;
  const count = documents.length + (labels ? 1 : 0);
  if (!count) throw new StoreError('invalid', 'The edit changes nothing.');
  if (new Set(documents.map(({ id }) => id)).size < documents.length) throw new StoreError('invalid', 'The edit has two changes of one document.');
  if (edit.group !== undefined && count > 1) throw new StoreError('invalid', 'Only edits of one document can continue a group.');
  const across: Across | undefined = count > 1 ? { ops: count, labels: labels !== undefined } : undefined;
  const op = { project: id, group, at: now, ...(across && { across }) };
  const packs = new PackReader(tx);
  const [before, loaded] = await Promise.all([
    loadProject(tx, id), Promise.all(documents.map((document) => loadDocument(tx, id, document.id, document.change, packs))),
  ]);
  const project = labels ? await commitLabels(tx, before, labels, op) : before;
  const changed: ChangedDocument[] = [];
  for (const [index, { change }] of documents.entries()) changed.push(await commitDocument(tx, loaded[index]!, change, op));
  await checkLabels(tx, before, project, changed);
  return { group, documents: changed, ...(labels && { project }) };
}

type OpStart = Pick<OpRecord, 'project' | 'group' | 'at' | 'across'>;

async function commitLabels(tx: WriteTransaction, project: ProjectRecord, change: LabelsChange, op: OpStart): Promise<ProjectRecord> {
  const { record, inverse } = changeLabels(project, change);
  const done = await appendOp(tx, project.done, { ...op, doc: LABELS_LOG, seq: project.done + 1, do: change, undo: inverse });
  const after = { ...record, done };
  send(() => tx.objectStore('projects').put(after));
  return after;
}

async function commitDocument(tx: WriteTransaction, before: ChangedDocument, change: DocumentChange, op: OpStart): Promise<ChangedDocument> {
  const { changed, inverse } = changeDocument(before, change);
  const { id, done: last } = before.notes;
  const done = await appendOp(tx, last, { ...op, doc: id, seq: last + 1, do: change, undo: inverse });
  return putDocument(tx, before, { ...changed, notes: { ...changed.notes, done } });
}

/** Writes an operation behind the pointer. What could be redone is forgotten, and so are the oldest operations of a long log. */
async function appendOp(tx: WriteTransaction, done: number, op: OpRecord): Promise<number> {
  const ops = tx.objectStore('ops');
  send(() => ops.delete(IDBKeyRange.bound([op.project, op.doc, done], [op.project, op.doc, []], true)), () => ops.put(op));
  if (op.seq % SLACK === 0) await forgetOldest(tx, op);
  return op.seq;
}

async function forgetOldest(tx: WriteTransaction, { project, doc }: OpRecord): Promise<void> {
  const ops = tx.objectStore('ops');
  if ((await ops.count(keysOf(project, doc))) <= KEPT_OPS) return;
  const all = await ops.getAll(keysOf(project, doc));
  const first = all[forgettable({ ops: all, done: all.length })];
  if (first) await ops.delete(IDBKeyRange.bound([project, doc], [project, doc, first.seq], false, true));
}

export async function loadProject(tx: Transaction, id: string): Promise<ProjectRecord> {
  return existing(await tx.objectStore('projects').get(id), 'The project');
}

/** A document as `change` needs it: with its text, if that is changed. */
export async function loadDocument(
  tx: Transaction, project: string, id: string, change: Change, packs = new PackReader(tx),
): Promise<ChangedDocument> {
  const withText = changesText(change);
  const [found, notes, body] = await Promise.all([
    tx.objectStore('heads').get([project, id]), tx.objectStore('notes').get([project, id]),
    withText ? tx.objectStore('bodies').get([project, id]) : undefined,
  ]);
  const head = existing(found, 'The document');
  const packed = notes && (body || !withText) ? undefined : await packs.read(head);
  return {
    head, notes: existing(notes ?? (packed && notesOf(project, packed)), 'The document'),
    ...(withText && { body: existing(body ?? (packed && bodyOf(project, packed)), 'The document') }),
  };
}

/** Writes a document after a change. One whose text changed leaves its pack. */
export async function putDocument(tx: WriteTransaction, before: ChangedDocument, after: ChangedDocument): Promise<ChangedDocument> {
  const { head, notes, body } = after;
  if (body) {
    await removePacked(tx, head.project, [before.head]);
    send(() => tx.objectStore('bodies').put(body));
  }
  send(() => tx.objectStore('heads').put(head), () => tx.objectStore('notes').put(notes));
  return after;
}

export function changeLabels(project: ProjectRecord, change: Change): { record: ProjectRecord; inverse: Change } {
  const start: State = { spans: [], relations: [], questions: [], labelSets: project.labelSets, status: 'new' };
  const { state, inverse } = applyBoth(start, change);
  return { record: { ...project, labelSets: state.labelSets }, inverse };
}

export function changeDocument({ head, notes, body }: ChangedDocument, change: Change): { changed: ChangedDocument; inverse: Change } {
  const { note, ...rest } = head;
  const { spans, relations, questions } = notes;
  const start: State = {
    spans, relations, questions, labelSets: [], status: head.status, ...(note !== undefined && { note }),
    ...(body && { text: { text: body.text, sha256: head.sha256 } }),
  };
  const { state, inverse } = applyBoth(start, change);
  const after: HeadRecord = { ...rest, status: state.status, counts: countsOf(state), ...(state.note !== undefined && { note: state.note }) };
  const changed = { head: after, notes: { ...notes, spans: state.spans, relations: state.relations, questions: state.questions } };
  return { changed: body && state.text ? withText(changed, body, state.text) : changed, inverse };
}

/** What a model said of the text before does not count any more. */
function withText({ head, notes }: ChangedDocument, body: BodyRecord, { text, sha256 }: HashedText): ChangedDocument {
  const { pack: _, uncertainty: __, ...rest } = head;
  return { head: { ...rest, chars: text.length, sha256 }, notes, body: { ...body, text } };
}

export interface MissingLabels {
  readonly labels: readonly string[];
  /** The documents that have them. */
  readonly documents: readonly string[];
}

/** Labels that would be missing: those that changed documents have, and those that were removed and that other documents still have. */
export async function missingLabels(
  tx: Transaction, before: ProjectRecord, after: ProjectRecord, changed: readonly ChangedDocument[],
): Promise<MissingLabels> {
  const known = labelsById(after.labelSets);
  const isRemoved = before.labelSets !== after.labelSets && [...labelsById(before.labelSets).keys()].some((id) => !known.has(id));
  const own = new Map(changed.map(({ head }) => [head.id, head]));
  const others = isRemoved ? await tx.objectStore('heads').getAll(keysOf(after.id)) : [];
  const labels = new Set<string>();
  const documents = new Set<string>();
  for (const head of [...own.values(), ...others.filter(({ id }) => !own.has(id))]) {
    for (const { id } of head.counts.labels) {
      if (known.has(id)) continue;
      labels.add(id);
      documents.add(head.id);
    }
  }
  return { labels: [...labels], documents: [...documents] };
}

async function checkLabels(tx: Transaction, before: ProjectRecord, after: ProjectRecord, changed: readonly ChangedDocument[]): Promise<void> {
  const { labels, documents } = await missingLabels(tx, before, after, changed);
  if (!labels.length) return;
  throw new StoreError('invalid', `The label ${labels[0]} does not exist, and ${documents.length} document(s) have it.`);
}

