// The shape of an arrow between two points: it rises above both, so that it does not cross the words between them.

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface ArcShape {
  /** The path of the line. */
  readonly line: string;
  /** The path of the arrow head. */
  readonly head: string;
  /** Where the name is. */
  readonly middle: Point;
}

const LOWEST = 14;
const HIGHEST = 40;
/** Arcs above each other have different heights, so that their names do not overlap. */
const STEP = 14;
const HEAD = 4;

/** `index` is the number of arcs that were drawn before. */
export function arcShape(from: Point, to: Point, index: number): ArcShape {
  const height = Math.min(HIGHEST, LOWEST + Math.abs(to.x - from.x) / 8) + index * STEP;
  const top = Math.max(0, Math.min(from.y, to.y) - height);
  const [a, b] = [round(from), round(to)];
  const line = `M${a.x} ${a.y}C${a.x} ${Math.round(top)} ${b.x} ${Math.round(top)} ${b.x} ${b.y - HEAD}`;
  const head = `M${b.x - HEAD} ${b.y - 2 * HEAD}L${b.x} ${b.y}L${b.x + HEAD} ${b.y - 2 * HEAD}Z`;
  return { line, head, middle: round({ x: (from.x + to.x) / 2, y: (from.y + to.y + 6 * top) / 8 }) };
}

function round({ x, y }: Point): Point {
  return { x: Math.round(x), y: Math.round(y) };
}
