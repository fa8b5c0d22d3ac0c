// The rules of spans: where edges may be, which spans are refused, and how edges move.
import { Boundaries } from './boundaries.js';
import { cutsCodePoint, isSpaceRange } from './characters.js';
import { addTo } from './lists.js';
import { joinPieces, normalPieces, overlap, OverlapIndex, spanKey, TakenRanges, type Pieces } from './pieces.js';
import { refuse, type Refusal } from './refusal.js';
import { shorten } from './show.js';
import type { LabelSet, Piece, Span } from './types.js';

export interface EdgeRules {
  /** Whether white space at the edges is cut off. */
  readonly trim: boolean;
  /** Whether edges may not be inside a grapheme cluster. They are never inside a code point. */
  readonly graphemes: boolean;
}

export const DEFAULT_RULES: EdgeRules = { trim: true, graphemes: true };

/** What the span covers. Pieces are joined by a space, as brat does. */
export function textOf(span: { readonly pieces: Pieces }, text: string): string {
  return span.pieces.map(([start, end]) => text.slice(start, end)).join(' ');
}

/** The first and the last edge of a span. */
export function rangeOf(span: { readonly pieces: Pieces }): Piece {
  return [span.pieces[0]![0], span.pieces.at(-1)![1]];
}

/**
 * The pieces with edges where the rules allow them: an edge inside a character moves outwards, then white space is cut off. Pieces that
 * meet become one; a piece without a character is left out. The result may be empty.
 */
export function fitPieces(bounds: Boundaries, pieces: Pieces, rules: EdgeRules = DEFAULT_RULES): Piece[] {
  const outward = ([start, end]: Piece): Piece => [edgeBefore(bounds, start, rules), edgeAfter(bounds, end, rules)];
  const merged = normalPieces(pieces.filter(([start, end]) => start < end).map(outward));
  return rules.trim ? merged.map((piece) => trimPiece(bounds, piece, rules)).filter(([start, end]) => start < end) : merged;
}

function edgeBefore(bounds: Boundaries, offset: number, rules: EdgeRules): number {
  if (rules.graphemes) return bounds.clusterStart(offset);
  const inside = Math.max(0, Math.min(offset, bounds.text.length));
  return cutsCodePoint(bounds.text, inside) ? inside - 1 : inside;
}

function edgeAfter(bounds: Boundaries, offset: number, rules: EdgeRules): number {
  if (rules.graphemes) return bounds.clusterEnd(offset);
  const inside = Math.max(0, Math.min(offset, bounds.text.length));
  return cutsCodePoint(bounds.text, inside) ? inside + 1 : inside;
}

/** A space with a combining mark is one character, and no white space. */
function trimPiece(bounds: Boundaries, [from, to]: Piece, rules: EdgeRules): Piece {
  let start = from;
  let end = to;
  for (let next: number; start < end && isSpaceRange(bounds.text, start, (next = edgeAfter(bounds, start + 1, rules)));) start = next;
  for (let next: number; start < end && isSpaceRange(bounds.text, (next = edgeBefore(bounds, end - 1, rules)), end);) end = next;
  return [start, end];
}

/** The range with whole words. White space at its edges stays outside, so that the next word is not taken too. */
export function snapToWords(bounds: Boundaries, piece: Piece): Piece {
  const [start, end] = trimPiece(bounds, piece, DEFAULT_RULES);
  if (start >= end) return piece;
  return [bounds.wordAt(start).start, bounds.wordAt(end - 1).end];
}

/** Joins pieces with only white space between them. */
export function mergeOverSpace(text: string, pieces: Pieces): Piece[] {
  return joinPieces(pieces, ([start, end]) => isSpaceRange(text, start, end));
}

/** Splits the piece at `offset` and cuts white space off at the new edges. */
export function splitPieces(bounds: Boundaries, pieces: Pieces, offset: number, rules: EdgeRules = DEFAULT_RULES): Piece[] {
  const cut = edgeBefore(bounds, offset, rules);
  return pieces.flatMap<Piece>(([start, end]) => {
    const parts: Piece[] = start < cut && cut < end ? [[start, cut], [cut, end]] : [[start, end]];
    return parts.length === 1 ? parts : parts.flatMap((part) => fitPieces(bounds, [part], rules));
  });
}

export interface Move {
  readonly edge: 'start' | 'end';
  readonly direction: 'left' | 'right';
  readonly by: 'word' | 'character';
  /** Index of the piece. Default: the first for its start, the last for its end. */
  readonly piece?: number;
}

/** Moves an edge to the next place that the rules allow. An edge that cannot move stays: a piece is never empty, and does not pass another. */
export function moveEdge(bounds: Boundaries, pieces: Pieces, move: Move, rules: EdgeRules = DEFAULT_RULES): Piece[] {
  const index = move.piece ?? (move.edge === 'start' ? 0 : pieces.length - 1);
  const piece = pieces[index];
  if (!piece) return [...pieces];
  const [start, end] = piece;
  const step = move.by === 'word' ? wordStep : characterStep;
  const target = step(bounds, move.edge === 'start' ? start : end, move, rules);
  const wanted: Piece = move.edge === 'start' ? [target, end] : [start, target];
  const moved = fitPieces(bounds, [wanted], rules)[0];
  const [low, high] = [pieces[index - 1]?.[1] ?? 0, pieces[index + 1]?.[0] ?? bounds.text.length];
  if (!moved || moved[0] < low || moved[1] > high) return [...pieces];
  return pieces.map((piece, place) => (place === index ? moved : piece));
}

/** The next start of a word for a start, the next end of a word for an end. Punctuation marks are words here. */
function wordStep(bounds: Boundaries, offset: number, { edge, direction }: Move): number {
  const { text } = bounds;
  for (let place = offset; direction === 'left' ? place > 0 : place < text.length;) {
    const word = bounds.wordAt(direction === 'left' ? place - 1 : place);
    const target = edge === 'start' ? word.start : word.end;
    const passed = direction === 'left' ? target < offset : target > offset;
    if (passed && !isSpaceRange(text, word.start, word.end)) return target;
    place = direction === 'left' ? word.start : word.end;
  }
  return offset;
}

/** The next character. White space is passed if it would be cut off. */
function characterStep(bounds: Boundaries, offset: number, { direction }: Move, rules: EdgeRules): number {
  const { text } = bounds;
  for (let place = offset; direction === 'left' ? place > 0 : place < text.length;) {
    const next = direction === 'left' ? edgeBefore(bounds, place - 1, rules) : edgeAfter(bounds, place + 1, rules);
    if (!rules.trim || !isSpaceRange(text, Math.min(place, next), Math.max(place, next))) return next;
    place = next;
  }
  return offset;
}

/**
 * Says why a span may not be there: it is empty, the same span has the same label already, or its label set forbids overlap and an accepted
 * span of the set is in the way. Many spans are asked in about linear time.
 */
export class SpanRules {
  readonly #text: string;
  readonly #spans = new Map<string, Span[]>();
  readonly #sets = new Map<string, SetRules>();

  constructor(spans: readonly Span[], labelSets: readonly LabelSet[], text: string) {
    this.#text = text;
    for (const set of labelSets) {
      const rules = new SetRules(set, spans);
      for (const { id } of set.labels) this.#sets.set(id, rules);
    }
    for (const span of spans) addTo(this.#spans, spanKey(span), span);
  }

  /** The span itself, found by its id, is not in its own way. */
  refusalOf(span: Span): Refusal | undefined {
    if (!span.pieces.length) return refuse('empty', 'The selection has no character that can be labeled.');
    if (rangeOf(span)[0] < 0 || rangeOf(span)[1] > this.#text.length) return refuse('outside', 'The span is outside of the text.');
    const set = this.#sets.get(span.label);
    if (!set) return refuse('unknown', 'The label does not exist.', span.label);
    const same = this.#spans.get(spanKey(span))?.find(({ id }) => id !== span.id);
    if (same) return duplicate(same, this.#text);
    const other = set.inTheWay(span);
    return other && overlapping(other, this.#text);
  }

  /** From now on this accepted span is in the way too. It was not refused. */
  accept(span: Span): void {
    addTo(this.#spans, spanKey(span), span);
    this.#sets.get(span.label)?.accept(span);
  }
}

/** Which accepted span of a label set is in the way. */
class SetRules {
  readonly #set: LabelSet;
  readonly #spans: readonly Span[];
  readonly #accepted: Span[] = [];
  readonly #taken = new TakenRanges();
  #index: OverlapIndex<Span> | undefined;

  constructor(set: LabelSet, spans: readonly Span[]) {
    this.#set = set;
    this.#spans = spans;
  }

  inTheWay(span: Span): Span | undefined {
    if (this.#set.overlap) return undefined;
    this.#index ??= this.#makeIndex();
    const other = this.#index.overlapping(span.pieces).find(({ id }) => id !== span.id);
    return other ?? (this.#taken.overlaps(span.pieces) ? this.#accepted.find(({ pieces }) => overlap(pieces, span.pieces)) : undefined);
  }

  accept(span: Span): void {
    if (this.#set.overlap) return;
    this.#accepted.push(span);
    this.#taken.take(span.pieces);
  }

  #makeIndex(): OverlapIndex<Span> {
    const own = new Set(this.#set.labels.map(({ id }) => id));
    return new OverlapIndex(this.#spans.filter(({ label, state }) => state === 'accepted' && own.has(label)));
  }
}

/** Why one span may not be there; see `SpanRules`. */
export function refusalOf(span: Span, spans: readonly Span[], labelSets: readonly LabelSet[], text: string): Refusal | undefined {
  return new SpanRules(spans, labelSets, text).refusalOf(span);
}

function duplicate(other: Span, text: string): Refusal {
  const state = other.state === 'accepted' ? '' : ` (${other.state})`;
  return refuse('duplicate', `"${shorten(textOf(other, text))}" has this label already${state}.`, other.id);
}

function overlapping(other: Span, text: string): Refusal {
  return refuse('overlap', `The span "${shorten(textOf(other, text))}" is in the way: labels of this set may not overlap.`, other.id);
}
