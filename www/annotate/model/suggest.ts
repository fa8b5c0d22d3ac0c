// Suggestions of a model. They are kept apart from the notes, by text and model (`store/suggestions.ts`), and are merged with the notes for
// the view and for exports. So a new run or another threshold changes neither a decision nor the history: only decisions are notes.
import { allowsEnds, labelsById } from './labels.js';
import { inTextOrder, OverlapIndex, piecesKey, spanKey, type Pieces } from './pieces.js';
import { countBefore } from './search.js';
import type { LabelSet, ModelRef, Notes, Piece, Relation, Span } from './types.js';

/** A span that a model found or nearly found. */
export interface Suggestion {
  readonly pieces: Pieces;
  /** Id of a label. */
  readonly label: string;
  /** Probability of the label, from 0 to 1. */
  readonly score: number;
  /** Of a near miss: "no entity" is more probable, or a better span overlaps it. */
  readonly lostTo?: 'none' | 'overlap';
}

export interface SuggestedRelation {
  readonly head: Pieces;
  readonly tail: Pieces;
  readonly label: string;
  readonly score: number;
}

/** All that one model says about one text. */
export interface Suggestions {
  readonly model: ModelRef;
  readonly spans: readonly Suggestion[];
  readonly relations?: readonly SuggestedRelation[];
  /** Number of words of the text, for `uncertainty`. */
  readonly words?: number;
  /** When the model ran, in milliseconds since 1970. */
  readonly at?: number;
}

/** What `luke.ner` gives, with or without near misses. Offsets are UTF-16 code units. */
export interface FoundEntity {
  readonly start: number;
  readonly end: number;
  readonly label: string;
  readonly score: number;
  readonly lostTo?: 'none' | 'overlap';
}

/** Entities as suggestions. `labelOf` gives the label id for a name of the model; without one, the entity is left out. */
export function suggestionsOf(entities: readonly FoundEntity[], labelOf: (name: string) => string | undefined): Suggestion[] {
  return entities.flatMap(({ start, end, label, score, lostTo }) => {
    const id = labelOf(label);
    return id === undefined ? [] : [{ pieces: [[start, end] as Piece], label: id, score, ...(lostTo && { lostTo }) }];
  });
}

export interface ShowOptions {
  /** The lowest score that is shown, near misses included. Default: 0. */
  readonly threshold?: number;
  /** With them, suggestions that overlap an accepted span of a set that forbids overlap are not shown: they would be refused. */
  readonly labelSets?: readonly LabelSet[];
}

/**
 * The notes with suggestions. Accepted and rejected items stay as they are. A suggestion that a person has decided on (accepted, rejected, or
 * changed) does not come again, and a place that has a span of another label gets none. Older suggestions of the same model give way, those
 * of files stay. No model is called.
 */
export function mergeSuggestions(notes: Notes, found: Suggestions, options: ShowOptions = {}): Notes {
  return mergeAll(notes, [found], options);
}

/** The notes with the suggestions of several models. Where two of them see a span in the same place, the first one is shown. */
export function mergeAll(notes: Notes, found: readonly Suggestions[], options: ShowOptions = {}): Notes {
  return found.reduce<Notes>((merged, each) => {
    const spans = [...merged.spans, ...shownSpans(merged, each, options)];
    return { ...merged, spans, relations: [...merged.relations, ...shownRelations(spans, merged.relations, each, options)] };
  }, withoutOlder(notes, found));
}

/**
 * Says how many spans are suggested at a threshold: as many as `mergeAll` has then. For a list of many documents: what is kept of each is small,
 * and another threshold needs no notes.
 */
export function suggestedCounter(notes: Notes, found: readonly Suggestions[], labelSets: readonly LabelSet[] = []): (threshold: number) => number {
  const kept = withoutOlder(notes, found);
  const passed: { readonly score: number }[] = [];
  /** Those that do not show, because an earlier model has a span in the same place: up to the lower one of both scores. */
  const hidden: { readonly score: number }[] = [];
  const best = new Map<string, number>();
  for (const each of found) {
    const own = shownSpans(kept, each, { labelSets }).map(({ pieces, score = 0 }) => ({ key: piecesKey(pieces), score }));
    for (const { key, score } of own) {
      const earlier = best.get(key);
      passed.push({ score });
      if (earlier !== undefined) hidden.push({ score: Math.min(earlier, score) });
    }
    for (const { key, score } of own) best.set(key, Math.max(score, best.get(key) ?? 0));
  }
  const [above, without] = [countAbove(passed), countAbove(hidden)];
  const fixed = kept.spans.filter(({ state }) => state === 'suggested').length;
  return (threshold) => fixed + above(threshold) - without(threshold);
}

function withoutOlder({ spans, relations, questions }: Notes, found: readonly Suggestions[]): Notes {
  return found.reduce<Notes>((left, { model }) => withoutOld(left, model), { spans, relations, questions });
}

function withoutOld({ spans, relations, questions }: Notes, model: ModelRef): Notes {
  const isOld = (item: Span | Relation): boolean =>
    item.state === 'suggested' && item.by === 'model' && item.model?.name === model.name && item.model.head === model.head;
  const keptRelations = relations.filter((relation) => !isOld(relation));
  const ends = new Set(keptRelations.flatMap(({ head, tail }) => [head, tail]));
  return { spans: spans.filter((span) => !isOld(span) || ends.has(span.id)), relations: keptRelations, questions };
}

function shownSpans({ spans }: Notes, { model, spans: found, at }: Suggestions, { threshold = 0, labelSets = [] }: ShowOptions): Span[] {
  const decided = new Set(spans.flatMap((span) => [spanKey(span), ...(span.was ? [spanKey(span.was)] : [])]));
  const taken = new Set(spans.filter(({ state }) => state !== 'rejected').map(({ pieces }) => piecesKey(pieces)));
  const ids = new Set(spans.map(({ id }) => id));
  const isFree = freeTest(spans, labelSets);
  const shown: Span[] = [];
  for (const { pieces, label, score } of inTextOrder(found)) {
    const key = spanKey({ pieces, label });
    if (!(score >= threshold) || decided.has(key) || taken.has(piecesKey(pieces)) || !isFree(label, pieces)) continue;
    decided.add(key);
    shown.push(spanOf({ pieces, label, score }, { model, ...(at !== undefined && { at }) }, ids));
  }
  return shown;
}

/** A suggestion as a span. `ids` are taken, and its id is added. */
export function spanOf({ pieces, label, score }: Suggestion, made: Pick<Suggestions, 'model' | 'at'>, ids: Set<string>): Span {
  return { id: unused(ids, `${label}@${piecesKey(pieces)}`), pieces, label, by: 'model', state: 'suggested', score, ...made };
}

/** Whether no accepted span of a set that forbids overlap is in the way. */
function freeTest(spans: readonly Span[], labelSets: readonly LabelSet[]): (label: string, pieces: Pieces) => boolean {
  const indexes = new Map<string, OverlapIndex<Span>>();
  for (const { labels } of labelSets.filter(({ overlap }) => !overlap)) {
    const own = new Set(labels.map(({ id }) => id));
    const index = new OverlapIndex(spans.filter(({ label, state }) => state === 'accepted' && own.has(label)));
    for (const id of own) indexes.set(id, index);
  }
  return (label, pieces) => !indexes.get(label)?.overlapping(pieces).length;
}

/** Of the labels that two spans may have by their own labels, the best one is shown, if there is no relation yet. */
function shownRelations(
  spans: readonly Span[], known: readonly Relation[], found: Suggestions, { threshold = 0, labelSets = [] }: ShowOptions,
): Relation[] {
  const bySpan = new Map<string, Span>();
  for (const span of spans) if (span.state !== 'rejected' && !bySpan.has(piecesKey(span.pieces))) bySpan.set(piecesKey(span.pieces), span);
  const labels = labelsById(labelSets);
  const key = (head: string, tail: string, label = ''): string => JSON.stringify([head, tail, label]);
  const decided = new Set(known.map(({ head, tail, label }) => key(head, tail, label)));
  const taken = new Set(known.filter(({ state }) => state !== 'rejected').map(({ head, tail }) => key(head, tail)));
  const ids = new Set(known.map(({ id }) => id));
  const shown: Relation[] = [];
  for (const { head, tail, label, score } of [...(found.relations ?? [])].sort((a, b) => b.score - a.score)) {
    const [from, to] = [bySpan.get(piecesKey(head)), bySpan.get(piecesKey(tail))];
    if (!from || !to || !(score >= threshold) || taken.has(key(from.id, to.id)) || decided.has(key(from.id, to.id, label))) continue;
    const wanted = labels.get(label);
    if (wanted && !allowsEnds(wanted, from.label, to.label)) continue;
    taken.add(key(from.id, to.id));
    const id = unused(ids, `${label}@${piecesKey(head)}>${piecesKey(tail)}`);
    const { model, at } = found;
    shown.push({ id, head: from.id, tail: to.id, label, by: 'model', state: 'suggested', score, model, ...(at !== undefined && { at }) });
  }
  return shown;
}

/** The id of a suggestion is the same in each run, so that the focus stays on it. */
function unused(ids: Set<string>, wanted: string): string {
  let id = wanted;
  while (ids.has(id)) id += '+';
  ids.add(id);
  return id;
}

/** Says how many of these scores a threshold lets through, for the slider. */
export function countAbove(items: readonly { readonly score: number }[]): (threshold: number) => number {
  const scores = Float64Array.from(items, ({ score }) => score).sort();
  return (threshold) => scores.length - countBefore(scores.length, (index) => scores[index]! < threshold);
}
