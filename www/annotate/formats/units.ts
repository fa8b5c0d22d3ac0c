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

/** Word edges are looked for in so many characters: it takes time, and this is enough to be sure. */
const MOST_SCORED_CHARACTERS = 200_000;

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
  let differing = 0;
  let scored = 0;
  for (const raw of mixed) {
    const { text, spans } = raw;
    const readings = tallies.map((tally) => tally.read(raw));
    if (sameReadings(readings)) continue;
    differing += 1;
    if (spans.some(({ quote }) => quote !== undefined) || scored > MOST_SCORED_CHARACTERS) continue;
    scored += text.length;
    const isWordEdge = wordEdges(text);
    for (const [index, tally] of tallies.entries()) tally.scoreWords(readings[index]!, isWordEdge);
  }
  if (differing === 0) return { unit: usual, candidates: [usual], reason: 'all units give the same spans' };
  return tallies.some(({ quoted }) => quoted > 0) ? byQuotes(tallies) : byWords(tallies);
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

  scoreWords(readings: readonly Reading[], isWordEdge: (offset: number, inward: 1 | -1) => boolean): void {
    this.scored += readings.length;
    for (const reading of readings) if (reading && isWordEdge(reading[0], 1) && isWordEdge(reading[1], -1)) this.atWords += 1;
  }
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

function sameReadings(readings: readonly Reading[][]): boolean {
  const [first, ...others] = readings;
  return others.every((other) => other.every((reading, index) => reading?.[0] === first![index]?.[0] && reading?.[1] === first![index]?.[1]));
}

function byQuotes(tallies: readonly Tally[]): UnitChoice & { readonly unit: TextUnit } {
  const order = tallies.toSorted((a, b) => b.matching - a.matching); // keeps the order of units that match equally often
  const best = order[0]!;
  const candidates = order.filter(({ matching }) => matching === best.matching).map(({ unit }) => unit);
  const all = best.matching === best.quoted;
  const reason = `the file repeats the text of spans, and ${all ? 'all' : `${best.matching} of ${best.quoted}`} match`;
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

/** Tells whether an offset is an edge of a word or of a mark, seen from a span to its right (1) or to its left (-1). */
function wordEdges(text: string): (offset: number, inward: 1 | -1) => boolean {
  const edges = new Uint8Array(text.length + 1);
  for (const { start } of segmentsOf(text, 'word')) edges[start] = 1;
  edges[text.length] = 1;
  return (offset, inward) => edges[offset] === 1 && !isSpace(text.charCodeAt(inward === 1 ? offset : offset - 1));
}
