// What a person does with spans and relations, as changes. A span may be a suggestion that is only shown (`suggest.ts`) and is not among the
// notes yet: then a decision adds it.
import { group, type DocumentChange, type State } from './changes.js';
import { freshIds } from './ids.js';
import { equalPieces, spanKey, type Pieces } from './pieces.js';
import { isRefusal, type Refusal } from './refusal.js';
import { refusalOf, SpanRules } from './spans.js';
import type { LabelSet, Notes, Relation, Span } from './types.js';

/** What the functions look at. */
export interface Scene {
  readonly notes: Notes;
  readonly labelSets: readonly LabelSet[];
  readonly text: string;
  /** The time of the edit, in milliseconds since 1970. */
  readonly now: number;
}

/** Adds a span that a person made. A suggested or rejected span that is equal is accepted instead. */
export function addSpan(scene: Scene, span: { readonly pieces: Pieces; readonly label: string; readonly type?: string }): DocumentChange | Refusal {
  const { notes, labelSets, text, now } = scene;
  const same = notes.spans.find(({ label, pieces }) => label === span.label && equalPieces(pieces, span.pieces));
  if (same && same.state !== 'accepted') return acceptSpan(scene, { ...same, ...span });
  const added: Span = { id: freshIds(notes.spans, 's')(), ...span, by: 'human', state: 'accepted', at: now };
  return refusalOf(added, notes.spans, labelSets, text) ?? { type: 'add', list: 'spans', item: added };
}

/** Accepts a span. Score and model stay. */
export function acceptSpan(scene: Scene, span: Span): DocumentChange | Refusal {
  const { notes, labelSets, text, now } = scene;
  const accepted: Span = { ...span, state: 'accepted', at: now };
  return refusalOf(accepted, notes.spans, labelSets, text) ?? put(notes, accepted);
}

/**
 * Takes a span away with its relations. What a model said or what was only suggested stays as rejected, so that the next run does not bring
 * it back. Everything else is removed.
 */
export function rejectSpan({ notes, now }: Scene, span: Span): DocumentChange {
  const { was, ...rest } = span;
  const rejected: Span = { ...rest, ...was, state: 'rejected', at: now };
  const said = was || span.by === 'model' || span.state === 'suggested';
  const key = spanKey(rejected);
  if (!said || notes.spans.some((other) => other.id !== span.id && spanKey(other) === key)) return { type: 'remove', list: 'spans', id: span.id };
  const relations = notes.relations.filter(({ head, tail }) => head === span.id || tail === span.id);
  return group<DocumentChange>([...relations.map(({ id }) => ({ type: 'remove', list: 'relations', id }) as const), put(notes, rejected)]);
}

/** Gives a span another label, and accepts it. */
export function relabelSpan(scene: Scene, span: Span, label: string): DocumentChange | Refusal {
  return label === span.label ? acceptSpan(scene, span) : acceptSpan(scene, { ...withWas(span), label });
}

/** Gives a span other pieces, which fit the rules (`fitPieces`), and accepts it. */
export function reshapeSpan(scene: Scene, span: Span, pieces: Pieces): DocumentChange | Refusal {
  return acceptSpan(scene, equalPieces(pieces, span.pieces) ? span : { ...withWas(span), pieces });
}

/** Gives a span the label and the pieces that a model suggests. */
export function takeSuggestion(scene: Scene, span: Span, { label, pieces }: Pick<Span, 'label' | 'pieces'>): DocumentChange | Refusal {
  return acceptSpan(scene, { ...withWas(span), label, pieces });
}

/** Gives a span a type, or none. */
export function retypeSpan(scene: Scene, span: Span, type: string | undefined): DocumentChange | Refusal {
  const { type: _, ...rest } = span;
  return acceptSpan(scene, type === undefined ? rest : { ...rest, type });
}

export interface AcceptedSpans {
  /** Absent, if no span was accepted. */
  readonly change?: DocumentChange;
  readonly accepted: readonly Span[];
  readonly refused: readonly { readonly span: Span; readonly refusal: Refusal }[];
}

/** Accepts many spans as one change. Those that are refused are listed; so is the second of two that may not overlap. */
export function acceptSpans({ notes, labelSets, text, now }: Scene, spans: readonly Span[]): AcceptedSpans {
  const rules = new SpanRules(notes.spans, labelSets, text);
  const known = new Set(notes.spans.map(({ id }) => id));
  const accepted: Span[] = [];
  const refused: { span: Span; refusal: Refusal }[] = [];
  for (const span of spans) {
    const item: Span = { ...span, state: 'accepted', at: now };
    const refusal = rules.refusalOf(item);
    if (refusal) refused.push({ span, refusal });
    else accepted.push(item);
    if (!refusal) rules.accept(item);
  }
  const changes = accepted.map<DocumentChange>((item) => ({ type: known.has(item.id) ? 'replace' : 'add', list: 'spans', item }));
  return { ...(changes.length && { change: group(changes) }), accepted, refused };
}

/** Accepts a relation, and its ends if they are suggestions. `shown` has them all. */
export function acceptRelation(scene: Scene, shown: Notes, relation: Relation): DocumentChange | Refusal {
  const changes: DocumentChange[] = [];
  for (const end of new Set([relation.head, relation.tail])) {
    const span = shown.spans.find(({ id }) => id === end);
    if (!span || scene.notes.spans.some(({ id, state }) => id === end && state === 'accepted')) continue;
    const change = acceptSpan(scene, span);
    if (isRefusal(change)) return change;
    changes.push(change);
  }
  const accepted: Relation = { ...relation, state: 'accepted', at: scene.now };
  const known = scene.notes.relations.some(({ id }) => id === relation.id);
  return group<DocumentChange>([...changes, { type: known ? 'replace' : 'add', list: 'relations', item: accepted }]);
}

/**
 * Takes a relation away. As with spans, one that a person did not make stays as rejected. Its ends stay as they are: those that are only shown
 * are kept as suggestions, because a relation needs them. `shown` has them.
 */
export function rejectRelation({ notes, now }: Scene, relation: Relation, shown: Notes = notes): DocumentChange | undefined {
  if (relation.by === 'human') return { type: 'remove', list: 'relations', id: relation.id };
  const rejected: Relation = { ...relation, state: 'rejected', at: now };
  if (notes.relations.some(({ id }) => id === relation.id)) return { type: 'replace', list: 'relations', item: rejected };
  const isKnown = (end: string): boolean => notes.spans.some(({ id }) => id === end);
  const ends = [...new Set([relation.head, relation.tail])].filter((end) => !isKnown(end));
  const spans = shown.spans.filter(({ id }) => ends.includes(id));
  if (spans.length < ends.length) return undefined;
  return group<DocumentChange>([
    ...spans.map((item) => ({ type: 'add', list: 'spans', item }) as const), { type: 'add', list: 'relations', item: rejected },
  ]);
}

/** A change with the status `draft`, if the document was new and the change does not set a status itself. */
export function asDraft(state: Pick<State, 'status'>, change: DocumentChange): DocumentChange {
  return state.status !== 'new' || setsStatus(change) ? change : group<DocumentChange>([change, { type: 'status', status: 'draft' }]);
}

function setsStatus(change: DocumentChange): boolean {
  return change.type === 'group' ? change.changes.some(setsStatus) : change.type === 'status';
}

function put(notes: Notes, item: Span): DocumentChange {
  return { type: notes.spans.some(({ id }) => id === item.id) ? 'replace' : 'add', list: 'spans', item };
}

/** The first thing that a model said is kept, however often a person changes the span. That it is right was said of what it was. */
function withWas({ confirmed: _, ...span }: Span): Span {
  if (span.was || span.by !== 'model') return span;
  const { label, pieces, score } = span;
  return { ...span, was: { label, pieces, ...(score !== undefined && { score }) } };
}
