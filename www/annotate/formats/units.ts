// Finds out what the offsets in a file count. All offsets of a file have the same unit, because one tool wrote it.
import { segmentsOf } from '../model/boundaries.js';
import { isSpace } from '../model/characters.js';
import { textOf } from '../model/spans.js';
import type { OffsetUnit, UnitChoice } from './format.js';
import { isPlain, offsetTable, pieceToUtf16, type OffsetTable, type TextUnit } from './offsets.js';

/** A span as it is in the file. */
export interface RawSpan {
  /** Starts and ends in the unit that is to be found out. Without an end, the piece is as long as the quote. */
  readonly pieces: readonly (readonly [start: number, end?: number])[];
  /** The text of the span, if the file repeats it. Several pieces have one space between them. */
  readonly quote?: string | undefined;
}

/** A span of one piece. A missing offset becomes one that is refused. */
export function rawSpan({ start = -1, end = -1, quote }: {
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly quote?: string | undefined;
}): RawSpan {
  return { pieces: [[start, end]], quote };
}

export interface RawText {
  readonly text: string;
  readonly spans: readonly RawSpan[];
}

/** So many spans that are different in two units are enough to be sure. */
const MOST_TELLING_SPANS = 2_000;

/** Word edges are looked for in so many characters: it takes time, and this is enough to be sure. */
const MOST_SCORED_CHARACTERS = 200_000;
/** The last words of a part of a text may go on behind it. */
const UNSURE_CHARACTERS = 1_000;

/** The unit of a format that has only one. */
export function fixedUnit(unit: OffsetUnit): UnitChoice {
  return { unit, candidates: [unit], reason: 'the format has this unit' };
}

/**
 * Chooses a unit. `units` are those that tools write in this format, the usual first. `chosen` is what a person chose
 * (`ReadOptions.unit`); a unit that is not among `units` is ignored.
 */
export function detectUnit(texts: readonly RawText[], units: readonly TextUnit[], chosen?: OffsetUnit): UnitChoice & { readonly unit: TextUnit } {
  const found = findUnit(texts, units);
  const unit = units.find((candidate) => candidate === chosen);
  if (unit === undefined) return found;
  const candidates = found.candidates.includes(unit) ? found.candidates : [...found.candidates, unit];
  return { unit, candidates, reason: unit === found.unit ? found.reason : `chosen by a person; more likely is ${found.unit}: ${found.reason}` };
}

function findUnit(texts: readonly RawText[], units: readonly TextUnit[]): UnitChoice & { readonly unit: TextUnit } {
  const usual = units[0]!;
  const mixed = texts.filter(({ text, spans }) => spans.length > 0 && !isPlain(text));
  if (mixed.length === 0) return { unit: usual, candidates: [usual], reason: 'the texts with spans are plain ASCII: all units are the same' };
  const tallies = units.map((unit) => new Tally(unit));
  let telling = 0;
  let charactersLeft = MOST_SCORED_CHARACTERS;
  for (const raw of spread(mixed)) {
    if (telling >= MOST_TELLING_SPANS) break;
    const readings = tallies.map((tally) => tally.read(raw));
    const differing = countDiffering(readings);
    if (differing === 0) continue;
    telling += differing;
    if (charactersLeft <= 0 || raw.spans.some(({ quote }) => quote !== undefined)) continue;
    scoreWords(tallies, readings, raw.text, charactersLeft);
    charactersLeft -= raw.text.length;
  }
  if (telling === 0) return { unit: usual, candidates: [usual], reason: 'all units give the same spans' };
  return tallies.some(({ quoted }) => quoted > 0) ? byQuotes(tallies, telling >= MOST_TELLING_SPANS) : byWords(tallies);
}

/** All items, in an order in which the first ones are from all parts of the list. */
function* spread<T>(items: readonly T[]): Generator<T> {
  const step = Math.ceil(Math.sqrt(items.length));
  for (let first = 0; first < step; first++) for (let index = first; index < items.length; index += step) yield items[index]!;
}

/** Start and end of a span in UTF-16 units; `undefined` if an offset was refused. */
type Reading = readonly [start: number, end: number] | undefined;

class Tally {
  readonly unit: TextUnit;
  spans = 0;
  refused = 0;
  quoted = 0;
  /** Spans whose text is the quote. */
  matching = 0;
  scored = 0;
  /** Spans whose both ends are word edges. */
  atWords = 0;

  constructor(unit: TextUnit) {
    this.unit = unit;
  }

  read({ text, spans }: RawText): Reading[] {
    const table = offsetTable(text, this.unit);
    return spans.map((span) => {
      const pieces = piecesOf(span, table);
      this.spans += 1;
      if (!pieces) this.refused += 1;
      if (span.quote !== undefined) {
        this.quoted += 1;
        if (pieces && textOf({ pieces }, text) === span.quote) this.matching += 1;
      }
      return pieces && [pieces[0]![0], pieces.at(-1)![1]];
    });
  }

  scoreWords(readings: readonly Reading[], isWordEdge: WordEdgeTest): void {
    this.scored += readings.length;
    for (const reading of readings) if (reading && isWordEdge(reading[0], 1) && isWordEdge(reading[1], -1)) this.atWords += 1;
  }
}

/** Counts spans at word edges, for each unit. Of a long text, only those are counted that are in its first part in all units. */
function scoreWords(tallies: readonly Tally[], readings: readonly Reading[][], text: string, most: number): void {
  const isWhole = text.length <= most;
  const isWordEdge = wordEdges(isWhole ? text : text.slice(0, most + UNSURE_CHARACTERS));
  const isScored = (_: Reading, span: number): boolean => isWhole || readings.every((each) => (each[span]?.[1] ?? 0) <= most);
  for (const [index, tally] of tallies.entries()) tally.scoreWords(readings[index]!.filter(isScored), isWordEdge);
}

/** The pieces of a span in UTF-16 units; `undefined` if an offset is refused. */
export function piecesOf({ pieces, quote }: RawSpan, table: OffsetTable): [start: number, end: number][] | undefined {
  const converted: [start: number, end: number][] = [];
  for (const [start, end] of pieces) {
    const piece = end === undefined ? quotedPiece(table, start, quote ?? '') : pieceToUtf16(table, start, end);
    if (!piece) return undefined;
    converted.push([piece[0], piece[1]]);
  }
  return converted.length > 0 ? converted : undefined;
}

function quotedPiece(table: OffsetTable, start: number, quote: string): readonly [number, number] | undefined {
  const first = table.toUtf16(start);
  const isInside = first !== undefined && quote !== '' && table.fromUtf16(first + quote.length) !== undefined;
  return isInside ? [first, first + quote.length] : undefined;
}

/** How many spans are not the same in all units. */
function countDiffering([first, ...others]: readonly Reading[][]): number {
  let count = 0;
  for (const [index, reading] of (first ?? []).entries()) {
    if (others.some((other) => other[index]?.[0] !== reading?.[0] || other[index]?.[1] !== reading?.[1])) count += 1;
  }
  return count;
}

function byQuotes(tallies: readonly Tally[], isSample: boolean): UnitChoice & { readonly unit: TextUnit } {
  const order = tallies.toSorted((a, b) => b.matching - a.matching); // keeps the order of units that match equally often
  const best = order[0]!;
  const candidates = order.filter(({ matching }) => matching === best.matching).map(({ unit }) => unit);
  const all = best.matching === best.quoted;
  const matching = all && !isSample ? 'all' : `${best.matching} of ${best.quoted}${isSample ? ' that were compared' : ''}`;
  const reason = `the file repeats the text of spans, and ${matching} match`;
  return { unit: best.unit, candidates: all ? candidates : order.map(({ unit }) => unit), reason };
}

function byWords(tallies: readonly Tally[]): UnitChoice & { readonly unit: TextUnit } {
  const fitting = tallies.filter(({ refused }) => refused === 0);
  const order = (fitting.length > 0 ? fitting : tallies).toSorted((a, b) => b.atWords - a.atWords || a.refused - b.refused);
  const best = order[0]!;
  const candidates = order.map(({ unit }) => unit);
  if (candidates.length === 1)
    return { unit: best.unit, candidates, reason: 'in the other units some spans are outside their text, or cut a character' };
  return {
    unit: best.unit,
    candidates,
    reason: `${best.atWords} of ${best.scored} spans begin and end at word edges, in ${order[1]!.unit} ${order[1]!.atWords}`,
  };
}

type WordEdgeTest = (offset: number, inward: 1 | -1) => boolean;

/** Tells whether an offset is an edge of a word or of a mark, seen from a span to its right (1) or to its left (-1). */
function wordEdges(text: string): WordEdgeTest {
  const edges = new Uint8Array(text.length + 1);
  for (const { start } of segmentsOf(text, 'word')) edges[start] = 1;
  edges[text.length] = 1;
  return (offset, inward) => edges[offset] === 1 && !isSpace(text.charCodeAt(inward === 1 ? offset : offset - 1));
}
