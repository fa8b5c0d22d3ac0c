// What a person decides at a second look, as changes. What was decided does not come back: a rejected suggestion is kept as rejected, and a span
// that is right has the model that was overruled, as long as label and edges stay.
import type { DocumentChange } from './changes.js';
import { acceptSpan, rejectSpan, takeSuggestion, type Scene } from './edits.js';
import { secondLook } from './measure.js';
import { equalPieces, piecesKey } from './pieces.js';
import { refuse, type Refusal } from './refusal.js';
import { spanOf, type Suggestion, type Suggestions } from './suggest.js';
import type { ModelRef, Notes, Span } from './types.js';

/** A suggestion with the model that made it. */
export interface Said extends Suggestion {
  readonly model: ModelRef;
  readonly at?: number;
}

/** A place to decide on. */
export type Place =
  /** The model is sure of a span that is not there. `instead`: accepted spans in its place. */
  | { readonly kind: 'missing'; readonly suggestion: Said; readonly instead: readonly Span[] }
  /** The model does not believe a span. `other`: the label that it would put there. */
  | { readonly kind: 'doubtful'; readonly span: Span; readonly score?: number; readonly model: ModelRef; readonly other?: Said };

/** `right`: the span is right. `take`: the model is right, and its span comes in place of the other one. */
export type Verdict = 'right' | 'remove' | 'take' | 'add' | 'reject';

export interface LookOptions {
  /** The labels of a model that looks at every span: a span without a score is doubtful then. */
  readonly scoredLabels: ReadonlySet<string>;
  /** The model that speaks of a label; `undefined`, if none does. */
  readonly speaker: (label: string) => ModelRef | undefined;
}

/** What is to be decided in a document that is done, in text order. */
export function placesOf(notes: Notes, found: readonly Suggestions[], { scoredLabels, speaker }: LookOptions): Place[] {
  const said = found.flatMap(({ spans, model, at }) => spans.map<Said>((span) => ({ ...span, model, ...(at !== undefined && { at }) })));
  const doubts = secondLook(notes, said, { scoredLabels });
  const others = new Map<string, Said[]>();
  for (const each of said) if (each.lostTo === undefined) others.set(piecesKey(each.pieces), [...(others.get(piecesKey(each.pieces)) ?? []), each]);
  const doubtful = doubts.flatMap<Place & { readonly kind: 'doubtful' }>((doubt) => {
    const model = doubt.kind === 'doubtful' ? speaker(doubt.span.label) : undefined;
    if (doubt.kind !== 'doubtful' || !model || isSame(doubt.span.confirmed, model)) return [];
    const [other] = (others.get(piecesKey(doubt.span.pieces)) ?? []).filter(({ label }) => label !== doubt.span.label).sort((a, b) => b.score - a.score);
    return [{ ...doubt, model, ...(other && { other }) }];
  });
  const told = new Set(doubtful.map(({ other }) => other));
  const isSettled = (pieces: Said['pieces'], instead: readonly Span[]): boolean => {
    return instead.some((span) => equalPieces(span.pieces, pieces) && isSame(span.confirmed, speaker(span.label)));
  };
  const missing = doubts.flatMap<Place>((doubt) => {
    if (doubt.kind !== 'missing' || !isSaid(doubt.suggestion) || told.has(doubt.suggestion)) return [];
    return isSettled(doubt.suggestion.pieces, doubt.instead) ? [] : [{ ...doubt, suggestion: doubt.suggestion }];
  });
  return [...missing, ...doubtful].sort((a, b) => startOf(a) - startOf(b));
}

/** What can be decided about a place. A suggestion beside several spans cannot take the place of one of them. */
export function verdictsOf(place: Place): readonly Verdict[] {
  if (place.kind === 'doubtful') return place.other ? ['right', 'remove', 'take'] : ['right', 'remove'];
  return place.instead.length === 1 ? ['add', 'reject', 'take'] : ['add', 'reject'];
}

/** The change for a verdict. The document may have changed since the look: then it is refused. */
export function settle(scene: Scene, place: Place, verdict: Verdict): DocumentChange | Refusal {
  const suggestion = place.kind === 'missing' ? place.suggestion : place.other;
  const before = place.kind === 'doubtful' ? place.span : place.instead[0];
  const span = before && scene.notes.spans.find((each) => each.id === before.id && each.label === before.label && equalPieces(each.pieces, before.pieces));
  if (suggestion && verdict === 'add') return acceptSpan(scene, newSpan(scene, suggestion));
  if (suggestion && verdict === 'reject') return rejectSpan(scene, newSpan(scene, suggestion));
  if (!span) return refuse('unknown', 'The document has changed since. Look again.');
  if (verdict === 'remove') return rejectSpan(scene, span);
  if (suggestion && verdict === 'take') return takeSuggestion(scene, span, suggestion);
  if (place.kind !== 'doubtful') return refuse('not-allowed', 'This cannot be decided here.');
  return { type: 'replace', list: 'spans', item: { ...span, confirmed: place.model } };
}

/** A suggestion of a file or of an earlier run may be among the annotations: it is decided then. */
function newSpan({ notes: { spans } }: Scene, { model, at, ...suggestion }: Said): Span {
  const same = spans.find((span) => span.state !== 'accepted' && span.label === suggestion.label && equalPieces(span.pieces, suggestion.pieces));
  return same ?? spanOf(suggestion, { model, ...(at !== undefined && { at }) }, new Set(spans.map(({ id }) => id)));
}

function isSaid(suggestion: Suggestion): suggestion is Said {
  return 'model' in suggestion;
}

function isSame(a: ModelRef | undefined, b: ModelRef | undefined): boolean {
  return a !== undefined && b !== undefined && a.name === b.name && a.manifestHash === b.manifestHash && a.head === b.head;
}

function startOf(place: Place): number {
  return (place.kind === 'missing' ? place.suggestion : place.span).pieces[0]![0];
}
