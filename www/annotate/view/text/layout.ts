// Where marks are drawn: which pieces are in a part of the text, and in which lane the line below each piece is. Knows no editor and no page.
import { countBefore } from '../../model/search.js';
import type { Piece } from '../../model/types.js';
import type { Mark } from './mark.js';

/** So many lines are drawn below each other. Lane 0 is the one next to the text. */
export const LANES = 8;

/** A piece of a mark. */
export interface PlacedPiece {
  readonly start: number;
  readonly end: number;
  readonly mark: Mark;
  /** Which piece of its mark it is. */
  readonly index: number;
  /** `LANES` if all lanes are taken: the piece is drawn only if its mark has the focus. */
  readonly lane: number;
  /** In the last lane: how many pieces are not drawn because this one is here. */
  readonly hidden: number;
}

type Entry = { -readonly [Name in keyof PlacedPiece]: PlacedPiece[Name] };

/** Pieces that are connected by overlaps. No other piece overlaps one of them. */
interface Cluster {
  readonly start: number;
  end: number;
  readonly entries: Entry[];
  hasLanes: boolean;
}

/** The marks of a text. Making it sorts the pieces; lanes are computed for the parts of the text that somebody asks for. */
export class MarkLayout {
  readonly #marks = new Map<string, Mark>();
  readonly #clusters: Cluster[];

  /** What is outside of a text of this length is not drawn. */
  constructor(marks: readonly Mark[], length: number) {
    const entries: Entry[] = [];
    for (const mark of marks) {
      this.#marks.set(mark.id, mark);
      mark.pieces.forEach((piece, index) => {
        const start = Math.max(0, piece[0]);
        const end = Math.min(piece[1], length);
        if (start < end) entries.push({ start, end, mark, index, lane: 0, hidden: 0 });
      });
    }
    entries.sort((a, b) => a.start - b.start || b.end - a.end);
    this.#clusters = clustersOf(entries);
  }

  mark(id: string): Mark | undefined {
    return this.#marks.get(id);
  }

  /** The pieces that share a character with the range, in text order; of pieces with the same start, the longest is first. */
  within(from: number, to: number): PlacedPiece[] {
    const found: PlacedPiece[] = [];
    for (let index = countBefore(this.#clusters.length, (at) => this.#clusters[at]!.end <= from); index < this.#clusters.length; index++) {
      const cluster = this.#clusters[index]!;
      if (cluster.start >= to) break;
      if (!cluster.hasLanes) setLanes(cluster);
      for (const entry of cluster.entries) {
        if (entry.start >= to) break;
        if (entry.end > from) found.push(entry);
      }
    }
    return found;
  }

  /** The marks around the character at `offset`, or else those that end there: the innermost first. */
  at(offset: number): Mark[] {
    const behind = this.within(offset, offset + 1);
    const pieces = behind.length ? behind : this.within(offset - 1, offset);
    return pieces.reverse().sort(innermostFirst).map(({ mark }) => mark);
  }
}

/** Of equal pieces, the one that was added last is the innermost. */
function innermostFirst(a: PlacedPiece, b: PlacedPiece): number {
  return a.end - a.start - (b.end - b.start);
}

function clustersOf(entries: readonly Entry[]): Cluster[] {
  const clusters: Cluster[] = [];
  for (const entry of entries) {
    const last = clusters.at(-1);
    if (last && entry.start < last.end) {
      last.entries.push(entry);
      last.end = Math.max(last.end, entry.end);
      last.hasLanes = false;
    } else {
      clusters.push({ start: entry.start, end: entry.end, entries: [entry], hasLanes: true });
    }
  }
  return clusters;
}

/** The innermost pieces come first and get the lanes next to the text. */
function setLanes(cluster: Cluster): void {
  const lanes = Array.from({ length: LANES }, () => new Lane());
  for (const entry of [...cluster.entries].reverse().sort(innermostFirst)) {
    const free = lanes.findIndex((lane) => !lane.inTheWay(entry));
    entry.lane = free < 0 ? LANES : free;
    if (free >= 0) lanes[free]!.add(entry);
    else lanes[LANES - 1]!.inTheWay(entry)!.hidden++;
  }
  cluster.hasLanes = true;
}

/** Pieces that do not overlap, in order. */
class Lane {
  readonly #entries: Entry[] = [];

  inTheWay({ start, end }: Entry): Entry | undefined {
    const next = this.#entries[this.#countBefore(end) - 1];
    return next && next.end > start ? next : undefined;
  }

  add(entry: Entry): void {
    this.#entries.splice(this.#countBefore(entry.start), 0, entry);
  }

  /** Number of entries that start before `offset`. */
  #countBefore(offset: number): number {
    return countBefore(this.#entries.length, (index) => this.#entries[index]!.start < offset);
  }
}

/** A part of a piece that is drawn as one element in each line. */
export interface Fragment {
  readonly from: number;
  readonly to: number;
  readonly piece: PlacedPiece;
  /** Whether the name of the label is drawn behind this part. */
  readonly hasChip: boolean;
}

/** The line at an offset, without its line break. */
export type LineAt = (offset: number) => { readonly from: number; readonly to: number };

/**
 * The parts of pieces to be drawn in a range. An element is divided at the end of its line, and where a piece begins that ends later.
 * The name must be drawn once, so the part behind the last of these places is a fragment of its own.
 */
export function fragmentsOf(pieces: readonly PlacedPiece[], [rangeStart, rangeEnd]: Piece, lineAt: LineAt): Fragment[] {
  return pieces.flatMap((piece, index) => {
    const from = Math.max(piece.start, rangeStart);
    const to = Math.min(piece.end, rangeEnd);
    if (piece.end > rangeEnd) return { from, to, piece, hasChip: false };
    const cut = Math.max(lastLineStart(from, to, lineAt), lastCrossing(pieces, index));
    const chip = { from: cut, to, piece, hasChip: true };
    return cut > from ? [{ from, to: cut, piece, hasChip: false }, chip] : chip;
  });
}

/** Where the last line begins in which the range has a character; the start of the range if there is none. */
function lastLineStart(from: number, to: number, lineAt: LineAt): number {
  for (let line = lineAt(to - 1); line.from > from; line = lineAt(line.from - 1)) if (line.to > line.from) return line.from;
  return from;
}

/** The last start of a piece that begins inside of this one and ends behind it; 0 if there is none. */
function lastCrossing(pieces: readonly PlacedPiece[], index: number): number {
  const { end } = pieces[index]!;
  let last = 0;
  for (let next = index + 1; next < pieces.length && pieces[next]!.start < end; next++) {
    if (pieces[next]!.end > end) last = pieces[next]!.start;
  }
  return last;
}
