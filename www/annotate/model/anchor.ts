// Moves annotations to a changed text. A piece is found again by what it says (its quote) and by what stands around it. Runs of white space
// count as one space, so that other line ends or line breaks lose nothing.
import { isSpace } from './characters.js';
import { piecesKey, spanKey } from './pieces.js';
import { countBefore } from './search.js';
import type { Notes, Piece, Question, Relation, Span } from './types.js';

/** Number of characters around a quote that are compared. */
const CONTEXT = 32;
/** Of a quote that occurs more often, so many occurrences are compared: those nearest to the expected place. */
const CANDIDATES = 32;
/** With fewer equal characters around it, a place is taken only if the quote occurs as often as before: then the n-th is the n-th. */
const ENOUGH_CONTEXT = 8;

export interface AnchorLoss {
  readonly kind: 'span' | 'relation' | 'answer';
  /** Id of the span, the relation, or the question of the answer. */
  readonly id: string;
  /** What the piece said. */
  readonly quote?: string;
  readonly reason: string;
}

export interface Anchored {
  readonly notes: Notes;
  readonly losses: readonly AnchorLoss[];
}

/** The annotations of `before` in the text `after`. Pieces in the equal begin and end of both texts only move. */
export function reanchor(before: string, after: string, notes: Notes): Anchored {
  const losses: AnchorLoss[] = [];
  const finder = new Finder(new CollapsedText(before), new CollapsedText(after));
  const quote = ([start, end]: Piece): string => before.slice(start, end);
  const spans = withoutDuplicates(finder.spans(notes.spans, (span, piece) => losses.push(lost('span', span.id, quote(piece)))), losses);
  const ids = new Set(spans.map(({ id }) => id));
  const relations = notes.relations.filter((relation) => ids.has(relation.head) && ids.has(relation.tail));
  losses.push(...lostRelations(notes.relations, relations));
  const questions = notes.questions.map<Question>((question) => {
    const answers = question.answers.flatMap((piece) => {
      const found = finder.find(piece);
      if (!found) losses.push(lost('answer', question.id, quote(piece)));
      return found ? [found.piece] : [];
    });
    return { ...question, answers: uniquePieces(answers) };
  });
  return { notes: { spans, relations, questions }, losses };
}

function lost(kind: AnchorLoss['kind'], id: string, quote: string): AnchorLoss {
  return { kind, id, quote, reason: 'the new text does not have these words here' };
}

function lostRelations(all: readonly Relation[], kept: readonly Relation[]): AnchorLoss[] {
  const ids = new Set(kept.map(({ id }) => id));
  return all.filter(({ id }) => !ids.has(id)).map(({ id }) => ({ kind: 'relation', id, reason: 'one of its spans was lost' }));
}

function uniquePieces(pieces: readonly Piece[]): Piece[] {
  return [...new Map(pieces.map((piece) => [piecesKey([piece]), piece])).values()];
}

interface FoundSpan {
  readonly span: Span;
  readonly before: Span;
  /** Number of characters around it that are equal. */
  readonly context: number;
}

/** Two spans that were moved to the same place: the one whose surroundings fit less had gone from the text. */
function withoutDuplicates(found: readonly FoundSpan[], losses: AnchorLoss[]): Span[] {
  const best = new Map<string, FoundSpan>();
  for (const candidate of found) {
    const key = spanKey(candidate.span);
    const other = best.get(key);
    if (other && spanKey(other.before) !== spanKey(candidate.before)) {
      const loser = other.context >= candidate.context ? candidate : other;
      losses.push({ kind: 'span', id: loser.span.id, reason: `span ${(loser === other ? candidate : other).span.id} fits the same place better` });
      if (loser === candidate) continue;
    }
    best.set(key, candidate);
  }
  const lostIds = new Set(losses.filter(({ kind }) => kind === 'span').map(({ id }) => id));
  return found.map(({ span }) => span).filter(({ id }) => !lostIds.has(id));
}

/** A text in which each run of white space is one space, with the way back. */
class CollapsedText {
  readonly text: string;
  /** For each character: where it begins in the text; at last the length of the text. */
  readonly #starts: Uint32Array;

  constructor(text: string) {
    const starts = new Uint32Array(text.length + 1);
    const parts: string[] = [];
    let length = 0;
    let from = 0;
    for (let offset = 0; offset < text.length; offset++) {
      starts[length++] = offset;
      if (!isSpace(text.charCodeAt(offset))) continue;
      parts.push(text.slice(from, offset), ' ');
      while (isSpace(text.charCodeAt(offset + 1))) offset++;
      from = offset + 1;
    }
    starts[length] = text.length;
    this.text = parts.join('') + text.slice(from);
    this.#starts = starts.subarray(0, length + 1);
  }

  /** The range of collapsed characters that covers a piece of the text. */
  fromText([start, end]: Piece): Piece {
    return [this.#indexAt(start), this.#indexAt(end - 1) + 1];
  }

  toText([start, end]: Piece): Piece {
    return [this.#starts[start]!, this.#starts[end]!];
  }

  /** The collapsed character that covers `offset`. */
  #indexAt(offset: number): number {
    return countBefore(this.#starts.length - 1, (index) => this.#starts[index]! <= offset) - 1;
  }
}

class Finder {
  readonly #before: CollapsedText;
  readonly #after: CollapsedText;
  /** Lengths of the equal begin and of the equal end. They do not overlap. */
  readonly #head: number;
  readonly #tail: number;
  readonly #placesBefore = new Map<string, readonly number[]>();
  readonly #placesAfter = new Map<string, readonly number[]>();

  constructor(before: CollapsedText, after: CollapsedText) {
    this.#before = before;
    this.#after = after;
    const shorter = Math.min(before.text.length, after.text.length);
    this.#head = equalForwards(before.text, 0, after.text, 0, shorter);
    this.#tail = equalBackwards(before.text, before.text.length, after.text, after.text.length, shorter - this.#head);
  }

  spans(spans: readonly Span[], onLoss: (span: Span, piece: Piece) => void): FoundSpan[] {
    return spans.flatMap((before) => {
      const pieces: Piece[] = [];
      let context = 0;
      for (const piece of before.pieces) {
        const found = this.find(piece);
        if (!found || found.piece[0] < (pieces.at(-1)?.[1] ?? 0)) {
          onLoss(before, piece);
          return [];
        }
        pieces.push(found.piece);
        context += found.context;
      }
      const was = before.was && this.#was(before.was, before.pieces, pieces);
      const { was: _, ...rest } = before;
      return [{ before, span: { ...rest, pieces, ...(was && { was }) }, context }];
    });
  }

  /** The place of a piece in the new text. Among several, the one with the most equal characters around it, then the nearest. */
  find(piece: Piece): { readonly piece: Piece; readonly context: number } | undefined {
    const [start, end] = this.#before.fromText(piece);
    const shift = this.#after.text.length - this.#before.text.length;
    if (end <= this.#head) return { piece: this.#after.toText([start, end]), context: Infinity };
    if (start >= this.#before.text.length - this.#tail) return { piece: this.#after.toText([start + shift, end + shift]), context: Infinity };
    const quote = this.#before.text.slice(start, end);
    const places = placesIn(this.#after.text, quote, this.#placesAfter);
    let best: { place: number; context: number } | undefined;
    for (const place of nearest(places, start)) {
      const context = this.#context([start, end], place);
      if (!best || context > best.context) best = { place, context };
    }
    if (!best || best.context < ENOUGH_CONTEXT) {
      const earlier = placesIn(this.#before.text, quote, this.#placesBefore);
      const number = countBefore(earlier.length, (index) => earlier[index]! < start);
      best = earlier.length === places.length ? { place: places[number]!, context: 0 } : undefined;
    }
    return best && { piece: this.#after.toText([best.place, best.place + end - start]), context: best.context };
  }

  /** What the model said moves with the span, if it said the same pieces or if all of its pieces are found. */
  #was(was: NonNullable<Span['was']>, before: readonly Piece[], after: readonly Piece[]): Span['was'] {
    if (piecesKey(was.pieces) === piecesKey(before)) return { ...was, pieces: after };
    const found = was.pieces.map((piece) => this.find(piece)?.piece);
    return found.every((piece) => piece !== undefined) ? { ...was, pieces: found } : undefined;
  }

  #context([start, end]: Piece, place: number): number {
    const [before, after] = [this.#before.text, this.#after.text];
    return equalBackwards(before, start, after, place, CONTEXT) + equalForwards(before, end, after, place + end - start, CONTEXT);
  }
}

/** All places of a quote in order, kept in `known`. */
function placesIn(text: string, quote: string, known: Map<string, readonly number[]>): readonly number[] {
  const kept = known.get(quote);
  if (kept) return kept;
  const places: number[] = [];
  for (let place = text.indexOf(quote); place >= 0; place = text.indexOf(quote, place + 1)) places.push(place);
  known.set(quote, places);
  return places;
}

/** The places nearest to the expected one, the nearest first. */
function nearest(places: readonly number[], expected: number): number[] {
  const middle = countBefore(places.length, (index) => places[index]! < expected);
  const near = places.slice(Math.max(0, middle - CANDIDATES), middle + CANDIDATES);
  return near.sort((a, b) => Math.abs(a - expected) - Math.abs(b - expected)).slice(0, CANDIDATES);
}

/** Number of equal characters from two places on, at most `limit`. If both texts end, that counts as `limit` too. */
function equalForwards(a: string, from: number, b: string, start: number, limit: number): number {
  const most = Math.min(limit, a.length - from, b.length - start);
  let count = 0;
  while (count < most && a.charCodeAt(from + count) === b.charCodeAt(start + count)) count++;
  return from + count === a.length && start + count === b.length ? limit : count;
}

/** Number of equal characters before two places, at most `limit`. If both texts begin there, that counts as `limit` too. */
function equalBackwards(a: string, from: number, b: string, end: number, limit: number): number {
  const most = Math.min(limit, from, end);
  let count = 0;
  while (count < most && a.charCodeAt(from - 1 - count) === b.charCodeAt(end - 1 - count)) count++;
  return from === count && end === count ? limit : count;
}
