// Small documents for the tests of the model.
import { apply, type Change, type State } from '../model/changes.js';
import type { Scene } from '../model/edits.js';
import { newLabelSet } from '../model/labels.js';
import type { AnnotatedDocument, LabelSet, Notes, Piece, Relation, Span } from '../model/types.js';

export const SETS: readonly LabelSet[] = [
  newLabelSet('span', ['PER', 'ORG', 'LOC']), newLabelSet('relation', ['works for']), newLabelSet('type', ['person']),
];
export const STRICT_SETS: readonly LabelSet[] = SETS.map((set) => ({ ...set, overlap: false }));

/** A span of one piece; `more` has what is not the default. */
export function span(id: string, start: number, end: number, name = 'PER', more: Partial<Span> = {}): Span {
  return { id, pieces: [[start, end] as Piece], label: `span:${name}`, by: 'human', state: 'accepted', ...more };
}

export function relation(id: string, head: string, tail: string, more: Partial<Relation> = {}): Relation {
  return { id, head, tail, label: 'relation:works for', by: 'human', state: 'accepted', ...more };
}

export function notes(spans: readonly Span[] = [], relations: readonly Relation[] = []): Notes {
  return { spans, relations, questions: [] };
}

export function state(content: Notes, labelSets = SETS): State {
  return { ...content, labelSets, status: 'new' };
}

export function scene(text: string, content: Notes = notes(), labelSets = SETS): Scene {
  return { notes: content, labelSets, text, now: 5 };
}

export function after(content: Notes, change: object | undefined): State {
  return change ? apply(state(content), change as Change) : state(content);
}

export function document(id: string, text: string, content: Notes = notes(), more: Partial<AnnotatedDocument> = {}): AnnotatedDocument {
  return { id, name: id, text, status: 'new', ...content, ...more };
}
