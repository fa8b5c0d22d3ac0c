// What scores of a model say when a person has decided on some of them: the most uncertain document, a second look, precision and recall.
import { OverlapIndex, spanKey } from './pieces.js';
import type { Suggestion } from './suggest.js';
import type { Notes, Span } from './types.js';

/** Scores nearer to 0 or 1 do not count as uncertain. */
const CERTAIN = 0.1;
/** Precision and recall are not shown for fewer decisions. */
export const ENOUGH_DECISIONS = 30;

/**
 * The errors to expect for 100 words: a span that the model chose is wrong with 1 - p, a near miss is missed with p. Spans with a score below
 * 0.1 or above 0.9 do not count, nor those that a person has decided on.
 */
export function uncertainty(suggestions: readonly Suggestion[], words: number, notes?: Notes): number {
  const decided = decidedKeys(notes?.spans ?? []);
  let errors = 0;
  for (const suggestion of suggestions) {
    const { score, lostTo } = suggestion;
    if (!(score >= CERTAIN && score <= 1 - CERTAIN) || decided.has(spanKey(suggestion))) continue;
    errors += lostTo === undefined ? 1 - score : Math.min(score, 1 - score);
  }
  return (100 * errors) / Math.max(words, 1);
}

function decidedKeys(spans: readonly Span[]): Set<string> {
  const decided = spans.filter(({ state }) => state !== 'suggested');
  return new Set(decided.flatMap((span) => [spanKey(span), ...(span.was ? [spanKey(span.was)] : [])]));
}

export interface NextDocument<D> {
  readonly document: D;
  /** Drawn at random, so that the order does not distort what is measured. To be shown. */
  readonly random: boolean;
}

/**
 * The most uncertain document; one in ten is drawn at random. Documents without a score come after the others, in their order, so there is
 * always a next one. `draws` is how many were drawn before, `random` a number from 0 to 1.
 */
export function nextDocument<D extends { readonly uncertainty?: number }>(
  open: readonly D[], draws: number, random: number,
): NextDocument<D> | undefined {
  if (!open.length) return undefined;
  if (draws % 10 === 9) return { document: open[Math.min(Math.floor(random * open.length), open.length - 1)]!, random: true };
  const score = (document: D): number => document.uncertainty ?? -1;
  return { document: open.reduce((best, document) => (score(document) > score(best) ? document : best)), random: false };
}

/** Something in a finished document that model and person see differently. */
export type Doubt =
  /** The model is sure, and there is no such span. `instead`: accepted spans in its place, with other edges or another label. */
  | { readonly kind: 'missing'; readonly suggestion: Suggestion; readonly instead: readonly Span[] }
  /** There is a span, and the model does not believe it. Without a score, the model did not even nearly find it. */
  | { readonly kind: 'doubtful'; readonly span: Span; readonly score?: number };

export interface SecondLookOptions {
  /** From this score on the model is sure (default 0.9). */
  readonly sure?: number;
  /** Up to this score it does not believe (default 0.1). */
  readonly unsure?: number;
  /** The labels that the model knows, if it scored every span: then an accepted span without a score is doubtful too. */
  readonly scoredLabels?: ReadonlySet<string>;
}

/** The second look at a finished document, in text order. What a person rejected is decided. */
export function secondLook({ spans }: Notes, suggestions: readonly Suggestion[], options: SecondLookOptions = {}): Doubt[] {
  const { sure = 0.9, unsure = 0.1, scoredLabels } = options;
  const accepted = spans.filter(({ state }) => state === 'accepted');
  const index = new OverlapIndex(accepted);
  const decided = new Set(spans.filter(({ state }) => state !== 'suggested').map(spanKey));
  const missing = suggestions
    .filter((suggestion) => suggestion.score >= sure && !decided.has(spanKey(suggestion)))
    .map<Doubt>((suggestion) => ({ kind: 'missing', suggestion, instead: index.overlapping(suggestion.pieces) }));
  const scores = scoresOf(suggestions);
  const doubtful = accepted.flatMap<Doubt>((span) => {
    const score = scores.get(spanKey(span));
    if (score === undefined) return scoredLabels?.has(span.label) ? [{ kind: 'doubtful', span }] : [];
    return score <= unsure ? [{ kind: 'doubtful', span, score }] : [];
  });
  return [...missing, ...doubtful].sort((a, b) => startOf(a) - startOf(b));
}

function scoresOf(suggestions: readonly Suggestion[]): Map<string, number> {
  return new Map(suggestions.map((suggestion) => [spanKey(suggestion), suggestion.score]));
}

function startOf(doubt: Doubt): number {
  return (doubt.kind === 'missing' ? doubt.suggestion : doubt.span).pieces[0]![0];
}

/** A decision of a person. Without a score, the model had not found the span. */
export interface Decision {
  readonly score?: number;
  /** Whether the span is right. */
  readonly right: boolean;
  /** Whether a person decided on what the model said. Else a person made the span: it counts for recall only. */
  readonly judged: boolean;
}

/**
 * The decisions in a document. A suggestion whose label or edges were changed was wrong; what it was changed to is right, and its score is
 * the one that the model gave it, if any.
 */
export function decisionsOf({ spans }: Notes, suggestions: readonly Suggestion[] = []): Decision[] {
  const scores = scoresOf(suggestions);
  return spans.flatMap<Decision>((span) => {
    if (span.state === 'suggested') return [];
    const fromModel = span.by === 'model' && !span.was;
    if (span.state === 'rejected') return fromModel && span.score !== undefined ? [{ score: span.score, right: false, judged: true }] : [];
    if (fromModel) return [{ ...withScore(span.score), right: true, judged: span.score !== undefined }];
    const made: Decision = { ...withScore(scores.get(spanKey(span))), right: true, judged: false };
    return span.was?.score === undefined ? [made] : [{ score: span.was.score, right: false, judged: true }, made];
  });
}

function withScore(score: number | undefined): { score?: number } {
  return score === undefined ? {} : { score };
}

export interface Measured {
  /** Of the judged suggestions from the threshold on: how many were right; `undefined`, if none is. */
  readonly precision: number | undefined;
  /** Of the right spans: how many have a score from the threshold on; `undefined`, if there is none. */
  readonly recall: number | undefined;
  /** Number of judged suggestions from the threshold on. */
  readonly judged: number;
}

/** Suggestions with scores of one tenth. */
export interface Band {
  readonly from: number;
  readonly judged: number;
  /** How many of them were right, from 0 to 1. A model that is honest has a share near the scores. */
  readonly right: number;
}

/** The reliability curve: for each tenth of the scores with decisions, how many were right. */
export function reliability(measured: (threshold: number) => Measured): Band[] {
  const rightOf = ({ precision, judged }: Measured): number => Math.round((precision ?? 0) * judged);
  return Array.from({ length: 10 }, (_, tenth) => {
    const [above, next] = [measured(tenth / 10), tenth < 9 ? measured((tenth + 1) / 10) : undefined];
    const judged = above.judged - (next?.judged ?? 0);
    return { from: tenth / 10, judged, right: judged ? (rightOf(above) - (next ? rightOf(next) : 0)) / judged : 0 };
  }).filter(({ judged }) => judged > 0);
}

/** Precision and recall at a threshold, measured by the decisions. `undefined`, if fewer than 30 suggestions were judged. */
export function measure(decisions: readonly Decision[]): ((threshold: number) => Measured) | undefined {
  if (decisions.filter(({ judged }) => judged).length < ENOUGH_DECISIONS) return undefined;
  const all = decisions.filter(({ right }) => right).length;
  return (threshold) => {
    const above = decisions.filter(({ score }) => score !== undefined && score >= threshold);
    const judged = above.filter((decision) => decision.judged);
    const right = judged.filter((decision) => decision.right).length;
    const found = above.filter((decision) => decision.right).length;
    return { precision: judged.length ? right / judged.length : undefined, recall: all ? found / all : undefined, judged: judged.length };
  };
}
