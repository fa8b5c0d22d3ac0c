// Undo and redo of one document: a log of operations, and a pointer in it. Operations behind the pointer can be redone.
import { group, type Change } from './changes.js';

/** One entry of the log of a document. */
export interface Op {
  /** Its place in the log of the document, from 1. Entries that a new one replaces give their places back. */
  readonly seq: number;
  /** Operations of one group are undone together. */
  readonly group: string;
  /** In milliseconds since 1970. */
  readonly at: number;
  readonly do: Change;
  readonly undo: Change;
  /** Of a group that also changed other documents or the label sets. */
  readonly across?: Across;
}

export interface Across {
  /** Number of operations of the group, of all documents and the label sets. */
  readonly ops: number;
  /** Whether it changed label sets. Such a group is undone as a whole, because spans would lose their labels otherwise. */
  readonly labels: boolean;
}

export interface History<O extends Op = Op> {
  readonly ops: readonly O[];
  /** The pointer: number of operations that are done. The others can be redone. */
  readonly done: number;
}

/** A log keeps at least so many operations. */
export const KEPT_OPS = 1000;

export const EMPTY_HISTORY: History<never> = { ops: [], done: 0 };

/** The history with a new operation. What could be redone is forgotten. */
export function record<O extends Op>(history: History<O>, op: O): History<O> {
  const ops = [...history.ops.slice(0, history.done), op];
  return { ops, done: ops.length };
}

export interface Step<O extends Op = Op> {
  /** To be applied to the state. */
  readonly change: Change;
  /** With the pointer moved. */
  readonly history: History<O>;
  /** The group. */
  readonly ops: readonly O[];
}

/** Undoes the last group; `undefined` if nothing is done. */
export function undo<O extends Op>({ ops, done }: History<O>): Step<O> | undefined {
  const last = ops[done - 1];
  if (!last) return undefined;
  let first = done;
  while (ops[first - 1]?.group === last.group) first--;
  const undone = ops.slice(first, done);
  return { change: group(undone.map((op) => op.undo).reverse()), history: { ops, done: first }, ops: undone };
}

/** Does the next group again; `undefined` if there is none. */
export function redo<O extends Op>({ ops, done }: History<O>): Step<O> | undefined {
  const next = ops[done];
  if (!next) return undefined;
  let end = done;
  while (ops[end]?.group === next.group) end++;
  const redone = ops.slice(done, end);
  return { change: group(redone.map((op) => op.do)), history: { ops, done: end }, ops: redone };
}

/** How many of the oldest operations to forget so that about `kept` stay: whole groups only, and none that can be redone. */
export function forgettable({ ops, done }: History, kept = KEPT_OPS): number {
  let first = Math.min(Math.max(0, ops.length - kept), done);
  while (first > 0 && first < ops.length && ops[first]!.group === ops[first - 1]!.group) first--;
  return first;
}

/** The history without its oldest operations beyond `kept`. They stay done, and cannot be undone any more. */
export function compact<O extends Op>(history: History<O>, kept = KEPT_OPS): History<O> {
  const first = forgettable(history, kept);
  return first ? { ops: history.ops.slice(first), done: history.done - first } : history;
}
