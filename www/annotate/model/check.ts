// Whether documents and label sets keep the rules of `types.ts`. The last check before something is stored.
import { parentCycles } from './labels.js';
import { show, showPieces } from './show.js';
import type { AnnotatedDocument, LabelSet, Piece } from './types.js';

/** What is wrong with label sets, in plain words. Empty, if nothing. */
export function labelSetFaults(labelSets: readonly LabelSet[]): string[] {
  const faults: string[] = [];
  const sets = new Set<string>();
  const parents = new Map<string, string | undefined>();
  for (const set of labelSets) {
    if (sets.has(set.id)) faults.push(`two label sets have the id ${show(set.id)}`);
    sets.add(set.id);
    for (const { id, name, parent } of set.labels) {
      if (parents.has(id)) faults.push(`two labels have the id ${show(id)}`);
      if (!name) faults.push(`label ${show(id)} has no name`);
      parents.set(id, parent);
    }
  }
  for (const id of parentCycles(parents)) faults.push(`label ${show(id)} is below itself`);
  return faults;
}

/** What is wrong with a document, in plain words: at most `limit` faults. */
export function documentFaults(document: AnnotatedDocument, labelSets: readonly LabelSet[], limit = 10): string[] {
  return documentChecker(labelSets)(document, limit);
}

/** As `documentFaults`, for many documents with the same label sets. */
export function documentChecker(labelSets: readonly LabelSet[]): (document: AnnotatedDocument, limit?: number) => string[] {
  const labels = { span: idsOf(labelSets, 'span'), type: idsOf(labelSets, 'type'), relation: idsOf(labelSets, 'relation') };
  return (document, limit = 10) => {
    const faults: string[] = [];
    for (const fault of faultsOf(document, labels)) {
      faults.push(fault);
      if (faults.length === limit) break;
    }
    return faults;
  };
}

type LabelIds = { readonly [K in LabelSet['kind']]: ReadonlySet<string> };

function* faultsOf({ text, spans, relations, questions }: AnnotatedDocument, labels: LabelIds): Generator<string> {
  const ids = new Set<string>();
  for (const { id, pieces, label, type } of spans) {
    if (ids.has(id)) yield `two spans have the id ${show(id)}`;
    ids.add(id);
    if (!pieces.length) yield `span ${show(id)} has no piece`;
    if (!areInOrder(pieces, text.length)) yield `span ${show(id)} has the pieces ${showPieces(pieces)}, and the text has ${text.length} characters`;
    if (!labels.span.has(label)) yield `span ${show(id)} has the unknown label ${show(label)}`;
    if (type !== undefined && !labels.type.has(type)) yield `span ${show(id)} has the unknown type ${show(type)}`;
  }
  yield* duplicates('relation', relations);
  for (const { id, head, tail, label } of relations) {
    for (const end of [head, tail]) if (!ids.has(end)) yield `relation ${show(id)} joins the unknown span ${show(end)}`;
    if (!labels.relation.has(label)) yield `relation ${show(id)} has the unknown label ${show(label)}`;
  }
  yield* duplicates('question', questions);
  for (const { id, answers } of questions) {
    for (const answer of answers) {
      if (areInOrder([answer], text.length)) continue;
      yield `question ${show(id)} has the answer ${showPieces([answer])}, and the text has ${text.length} characters`;
    }
  }
}

function* duplicates(what: string, items: readonly { readonly id: string }[]): Generator<string> {
  const ids = new Set<string>();
  for (const { id } of items) {
    if (ids.has(id)) yield `two ${what}s have the id ${show(id)}`;
    ids.add(id);
  }
}

function idsOf(labelSets: readonly LabelSet[], kind: LabelSet['kind']): Set<string> {
  return new Set(labelSets.filter((set) => set.kind === kind).flatMap(({ labels }) => labels.map(({ id }) => id)));
}

/** Whether pieces are inside the text, not empty, in order, and do not overlap. */
function areInOrder(pieces: readonly Piece[], length: number): boolean {
  let before = 0;
  for (const [start, end] of pieces) {
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < before || start >= end || end > length) return false;
    before = end;
  }
  return true;
}
