// Undo and redo. The pointer of each document is in its record, so they go on after a reload and after a switch of documents.
import { redo, undo, type Step } from '../model/history.js';
import {
  changeDocument, changeLabels, EDIT_STORES, LABELS_LOG, loadDocument, loadProject, missingLabels, putDocument, type Changed, type ChangedDocument,
} from './commit.js';
import { writeProject, type Hold } from './project-write.js';
import type { OpRecord, ProjectRecord, Transaction, WriteTransaction } from './schema.js';
import { send } from './transaction.js';

export type Direction = 'undo' | 'redo';

/** Whether a group that changed several documents is undone only in this document, or in all where it is next. */
export type Scope = 'document' | 'group';

export type UndoResult = Moved | { readonly kind: 'nothing' } | Blocked;

export interface Moved extends Changed {
  readonly kind: 'done';
  readonly revision: number;
  /** Documents of the group that were changed since, and stay as they are. */
  readonly skipped: readonly string[];
}

/** Why a step is not possible. */
export interface Blocked {
  readonly kind: 'blocked';
  readonly why:
    /** The group changed labels, so it is undone as a whole, but these documents were changed since. */
    | 'changed-since'
    /** The group changed labels, and a part of it is forgotten. */
    | 'forgotten'
    /** Spans of these documents would have labels that do not exist. */
    | 'labels';
  readonly documents: readonly string[];
  readonly labels: readonly string[];
}

/** One step in a document, or in the label sets (`LABELS_LOG`). */
export async function moveInHistory(hold: Hold, doc: string, direction: Direction, scope: Scope): Promise<UndoResult> {
  let blocked: Blocked | undefined;
  try {
    const { result, revision } = await writeProject(hold, EDIT_STORES, async (tx) => {
      const plan = await planSteps(tx, hold.project, doc, direction, scope);
      if (!plan || plan.kind === 'blocked') {
        blocked = plan;
        return undefined;
      }
      return runSteps(tx, hold.project, plan);
    });
    return result ? { kind: 'done', ...result, revision } : (blocked ?? { kind: 'nothing' });
  } catch (error) {
    if (error instanceof BlockedError) return error.blocked;
    throw error;
  }
}

/** The first operation of the next step; `undefined`, if there is none. */
export interface HistoryState {
  readonly undo: OpRecord | undefined;
  readonly redo: OpRecord | undefined;
}

export async function historyState(tx: Transaction, project: string, doc: string): Promise<HistoryState> {
  const [undone, redone] = [await nextGroup(tx, project, doc, 'undo'), await nextGroup(tx, project, doc, 'redo')];
  return { undo: undone[0], redo: redone[0] };
}

interface Plan {
  readonly kind: 'plan';
  readonly group: string;
  readonly steps: readonly { readonly doc: string; readonly step: Step<OpRecord> }[];
  readonly skipped: readonly string[];
}

async function planSteps(tx: Transaction, project: string, doc: string, direction: Direction, scope: Scope): Promise<Plan | Blocked | undefined> {
  const step = await nextStep(tx, project, doc, direction);
  const op = step?.ops[0];
  if (!op) return undefined;
  if (!op.across || (scope === 'document' && !op.across.labels)) return { kind: 'plan', group: op.group, steps: [{ doc, step }], skipped: [] };
  const members = await tx.objectStore('ops').index('group').getAll([project, op.group]);
  const skipped: string[] = [];
  const steps: { doc: string; step: Step<OpRecord> }[] = [];
  for (const member of members) {
    const own = await nextStep(tx, project, member.doc, direction);
    if (own?.ops[0]!.group === op.group) steps.push({ doc: member.doc, step: own });
    else skipped.push(member.doc);
  }
  if (op.across.labels && members.length < op.across.ops) return { kind: 'blocked', why: 'forgotten', documents: [], labels: [] };
  if (op.across.labels && skipped.length) return { kind: 'blocked', why: 'changed-since', documents: skipped, labels: [] };
  return { kind: 'plan', group: op.group, steps, skipped };
}

async function nextStep(tx: Transaction, project: string, doc: string, direction: Direction): Promise<Step<OpRecord> | undefined> {
  const ops = await nextGroup(tx, project, doc, direction);
  return direction === 'undo' ? undo({ ops, done: ops.length }) : redo({ ops, done: 0 });
}

/** The operations of the next step, in the order of the log. Only they are read: a log may have a thousand. */
async function nextGroup(tx: Transaction, project: string, doc: string, direction: Direction): Promise<OpRecord[]> {
  const owner = await (doc === LABELS_LOG ? tx.objectStore('projects').get(project) : tx.objectStore('notes').get([project, doc]));
  const done = owner?.done ?? 0;
  const range = direction === 'undo'
    ? IDBKeyRange.bound([project, doc], [project, doc, done])
    : IDBKeyRange.bound([project, doc, done], [project, doc, []], true);
  const ops: OpRecord[] = [];
  let cursor = await tx.objectStore('ops').openCursor(range, direction === 'undo' ? 'prev' : 'next');
  while (cursor && (ops[0]?.group ?? cursor.value.group) === cursor.value.group) {
    ops.push(cursor.value);
    cursor = await cursor.continue();
  }
  return direction === 'undo' ? ops.reverse() : ops;
}

/** Thrown in the transaction, so that nothing of the steps before stays. */
class BlockedError extends Error {
  readonly blocked: Blocked;

  constructor(blocked: Blocked) {
    super(blocked.why);
    this.blocked = blocked;
  }
}

async function runSteps(tx: WriteTransaction, id: string, { group, steps, skipped }: Plan): Promise<Changed & { skipped: readonly string[] }> {
  const before = await loadProject(tx, id);
  const labels = steps.find(({ doc }) => doc === LABELS_LOG);
  const project = labels ? await moveLabels(tx, before, labels.step) : before;
  const documents: ChangedDocument[] = [];
  for (const { doc, step } of steps) if (doc !== LABELS_LOG) documents.push(await moveDocument(tx, id, doc, step));
  const missing = await missingLabels(tx, before, project, documents);
  if (missing.labels.length) throw new BlockedError({ kind: 'blocked', why: 'labels', ...missing });
  return { group, documents, skipped, ...(labels && { project }) };
}

async function moveLabels(tx: WriteTransaction, project: ProjectRecord, step: Step<OpRecord>): Promise<ProjectRecord> {
  const after = { ...changeLabels(project, step.change).record, done: pointer(step) };
  send(() => tx.objectStore('projects').put(after));
  return after;
}

async function moveDocument(tx: WriteTransaction, project: string, doc: string, step: Step<OpRecord>): Promise<ChangedDocument> {
  const before = await loadDocument(tx, project, doc, step.change);
  const { changed } = changeDocument(before, step.change);
  return putDocument(tx, before, { ...changed, notes: { ...changed.notes, done: pointer(step) } });
}

/** `seq` of the last operation that is done. Before the oldest operation that is kept, it is one less than that. */
function pointer({ history: { ops, done } }: Step<OpRecord>): number {
  return ops[done - 1]?.seq ?? ops[0]!.seq - 1;
}
