// Where the characters (grapheme clusters), words and sentences of a text begin and end, by Unicode's rules (UAX 29).
//
// `Intl.Segmenter` of V8 copies its whole text for each segment [measured: 0.2 ms for 100,000 characters], so a long text would
// take quadratic time. Therefore the text is segmented in windows. The segments are those of the whole text, because a window either ends at a
// place where both sides are independent, or its last segments are not used and begin the next window.
import { isSpaceRange } from './characters.js';
import { countBefore } from './search.js';

export type Granularity = 'grapheme' | 'word' | 'sentence';

/** A part of a text between two boundaries. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

/** With a fixed language, because the language of the browser would change some rules. */
const SEGMENTERS = {
  grapheme: new Intl.Segmenter('en', { granularity: 'grapheme' }),
  word: new Intl.Segmenter('en', { granularity: 'word' }),
  sentence: new Intl.Segmenter('en', { granularity: 'sentence' }),
};

/** A window ends at the first safe place behind this many code units… */
const WINDOW = 256;
/** …that is found within this many. A window without a safe place has this length, or more if its segments are longer. */
const MOST_SEARCHED = 1024;
/** At most so many segments of a window are used: with more of them, long windows would take quadratic time. */
const MOST_SEGMENTS = 512;
/**
 * So many segments at the end of a window may be wrong, because the text behind decides too: "a." is one word if a letter follows. The rules of
 * Unicode need 3. The dictionaries for words of Thai or Chinese look further.
 */
const UNSURE = { grapheme: 3, word: 16, sentence: 3 } as const;

/** A part of the text that is segmented alone. Its segments before `sure` are those of the whole text. */
interface Window {
  readonly start: number;
  readonly end: number;
  readonly sure: number;
}

/** The windows of a text in order. Each begins where the segments of the one before are no longer sure. */
function* windowsOf(text: string, granularity: Granularity): Generator<Window> {
  for (let start = 0; start < text.length;) {
    const end = safeEnd(text, start, granularity);
    const window = end === undefined ? windowWithoutSafePlace(text, start, granularity) : { start, end, sure: end };
    yield window;
    start = window.sure;
  }
}

function safeEnd(text: string, start: number, granularity: Granularity): number | undefined {
  const limit = start + MOST_SEARCHED;
  if (limit >= text.length) return text.length;
  for (let offset = start + WINDOW; offset <= limit; offset++) if (isSafe(text, offset, granularity)) return offset;
  return undefined;
}

function windowWithoutSafePlace(text: string, start: number, granularity: Granularity): Window {
  const unsure = UNSURE[granularity];
  for (let length = MOST_SEARCHED; ; length *= 2) {
    const end = Math.min(start + length, text.length);
    const starts = firstStarts(text.slice(start, end), granularity);
    if (end === text.length && starts.length < MOST_SEGMENTS) return { start, end, sure: end };
    if (starts.length > unsure) return { start, end, sure: start + starts.at(-unsure)! };
  }
}

function firstStarts(part: string, granularity: Granularity): number[] {
  const starts: number[] = [];
  for (const { index } of SEGMENTERS[granularity].segment(part)) if (starts.push(index) === MOST_SEGMENTS) break;
  return starts;
}

/** A letter or digit that does not join the character before it. */
const WORD_BEGIN = /(?!\p{Grapheme_Extend})[\p{L}\p{N}]/uy;
/** Characters whose words a dictionary finds. Unlike others, they are never joined by a colon or comma. */
const DICTIONARY_BEGIN = /[\p{Script=Han}\p{Script=Hiragana}]/uy;
const BEFORE_WORDS = new Set(Array.from(' 、。', (mark) => mark.charCodeAt(0)));
const BEFORE_DICTIONARY = new Set(Array.from('，：；！？', (mark) => mark.charCodeAt(0)));

/** Whether a boundary is here by every rule, so that neither side changes the segments of the other. Not all such places are recognized. */
function isSafe(text: string, offset: number, granularity: Granularity): boolean {
  const before = text.charCodeAt(offset - 1);
  if (before === 0x0a) return true;
  switch (granularity) {
    case 'grapheme':
      return isSimple(before) && isSimple(text.charCodeAt(offset));
    case 'word':
      return (BEFORE_WORDS.has(before) && matchesAt(WORD_BEGIN, text, offset)) ||
        (BEFORE_DICTIONARY.has(before) && matchesAt(DICTIONARY_BEGIN, text, offset));
    case 'sentence':
      return false;
  }
}

function matchesAt(expression: RegExp, text: string, offset: number): boolean {
  expression.lastIndex = offset;
  return expression.test(text);
}

/** First and last code unit of ranges of characters that never join with one another. A carriage return joins with a line feed. */
const SIMPLE_RANGES: readonly (readonly [number, number])[] = [
  [0, 0x0c], [0x0e, 0x2ff], [0x370, 0x482], [0x48a, 0x590], [0x2010, 0x2027], [0x2030, 0x205e], [0x20a0, 0x20cf],
  [0x3000, 0x3029], [0x3041, 0x3096], [0x30a0, 0x30ff], [0x3400, 0x9fff], [0xff01, 0xff9d],
];
const SIMPLE = new Uint8Array(0x10000);
for (const [first, last] of SIMPLE_RANGES) SIMPLE.fill(1, first, last + 1);

/** Between two simple code units there is always a boundary of clusters. This is the case of most texts. */
function isSimple(unit: number): boolean {
  return SIMPLE[unit] === 1;
}

/** A segment, and of the granularity `word`: whether it is a word or a number, not white space or punctuation. */
export interface FoundSegment extends Segment {
  readonly isWord: boolean;
}

/** The segments of a text in order, in linear time. They cover the text. */
export function* segmentsOf(text: string, granularity: Granularity): Generator<FoundSegment> {
  for (const { start, end, sure } of windowsOf(text, granularity)) {
    for (const { index, segment, isWordLike = false } of SEGMENTERS[granularity].segment(text.slice(start, end))) {
      const from = start + index;
      if (from >= sure) break;
      yield { start: from, end: from + segment.length, isWord: isWordLike };
    }
  }
}

/** The grapheme clusters of several code units, in order. Only the surroundings of characters that may join are segmented. */
export function* longClusters(text: string): Generator<Segment> {
  const isSimpleAt = (offset: number): boolean => isSimple(text.charCodeAt(offset));
  for (let offset = 0; offset < text.length; offset++) {
    if (isSimpleAt(offset)) continue;
    const first = Math.max(offset - 1, 0);
    while (offset < text.length && !(isSimpleAt(offset) && (offset + 1 === text.length || isSimpleAt(offset + 1)))) offset++;
    for (const { start, end } of longClustersOf(text.slice(first, offset + 1))) yield { start: first + start, end: first + end };
  }
}

/** Clusters of short parts that were segmented before: texts repeat few of them (line ends, emoji, letters with marks). */
const CLUSTERS = new Map<string, readonly Segment[]>();
const MOST_KNOWN = 2_000;
/** A longer string would keep the text in memory that it is a part of (V8). */
const LONGEST_KNOWN = 12;

function longClustersOf(part: string): readonly Segment[] {
  const known = CLUSTERS.get(part);
  if (known) return known;
  const found: Segment[] = [];
  for (const { start, end } of segmentsOf(part, 'grapheme')) if (end - start > 1) found.push({ start, end });
  if (part.length > LONGEST_KNOWN) return found;
  if (CLUSTERS.size === MOST_KNOWN) CLUSTERS.clear();
  CLUSTERS.set(part, found);
  return found;
}

/** Number of words. Punctuation and white space are none. */
export function countWords(text: string): number {
  let count = 0;
  for (const { isWord } of segmentsOf(text, 'word')) if (isWord) count++;
  return count;
}

/** Words, numbers and punctuation marks, without white space. */
export function tokensOf(text: string): Segment[] {
  const tokens: Segment[] = [];
  for (const { start, end } of segmentsOf(text, 'word')) if (!isSpaceRange(text, start, end)) tokens.push({ start, end });
  return tokens;
}

interface OpenWindow {
  readonly window: Window;
  readonly segments: Intl.Segments;
}

/** Finds the segment at an offset. The first question reads the text, all others are cheap. */
class SegmentFinder {
  readonly #text: string;
  readonly #granularity: Granularity;
  #windows: readonly Window[] | undefined;
  /** The window and the answer of the last question: a segment may be long, and have many offsets. */
  #open: OpenWindow | undefined;
  #last: Segment = { start: 0, end: 0 };

  constructor(text: string, granularity: Granularity) {
    this.#text = text;
    this.#granularity = granularity;
  }

  /** The offset is inside the text. */
  at(offset: number): Segment {
    if (offset >= this.#last.start && offset < this.#last.end) return this.#last;
    const { window, segments } = this.#windowAt(offset);
    const { index, segment } = segments.containing(offset - window.start)!;
    return (this.#last = { start: window.start + index, end: window.start + index + segment.length });
  }

  #windowAt(offset: number): OpenWindow {
    const windows = (this.#windows ??= [...windowsOf(this.#text, this.#granularity)]);
    const window = windows[countBefore(windows.length, (index) => windows[index]!.start <= offset) - 1]!;
    if (this.#open?.window !== window) {
      this.#open = { window, segments: SEGMENTERS[this.#granularity].segment(this.#text.slice(window.start, window.end)) };
    }
    return this.#open;
  }
}

/** The boundaries of one text. Make one for a text and keep it: the first question reads the text, all others are cheap. */
export class Boundaries {
  readonly text: string;
  readonly #clusters: SegmentFinder;
  readonly #words: SegmentFinder;

  constructor(text: string) {
    this.text = text;
    this.#clusters = new SegmentFinder(text, 'grapheme');
    this.#words = new SegmentFinder(text, 'word');
  }

  /** Whether `offset` is not inside a grapheme cluster (what a reader takes for one character). */
  isCluster(offset: number): boolean {
    return this.clusterStart(offset) === offset;
  }

  /** The last boundary of grapheme clusters that is not behind `offset`. */
  clusterStart(offset: number): number {
    return this.#clusterAround(offset)?.start ?? this.#clamp(offset);
  }

  /** The first boundary of grapheme clusters that is not before `offset`. */
  clusterEnd(offset: number): number {
    const cluster = this.#clusterAround(offset);
    return cluster && cluster.start < offset ? cluster.end : this.#clamp(offset);
  }

  /** Whether a word, a punctuation mark or white space begins or ends at `offset`. */
  isWordEdge(offset: number): boolean {
    return offset <= 0 || offset >= this.text.length || this.wordAt(offset).start === offset;
  }

  /** The word, punctuation mark or white space at `offset`, which is inside the text. */
  wordAt(offset: number): Segment {
    return this.#words.at(offset);
  }

  #clamp(offset: number): number {
    return Math.max(0, Math.min(offset, this.text.length));
  }

  /** The cluster at `offset`; `undefined` where there is a boundary for sure. */
  #clusterAround(offset: number): Segment | undefined {
    if (offset <= 0 || offset >= this.text.length) return undefined;
    if (isSimple(this.text.charCodeAt(offset - 1)) && isSimple(this.text.charCodeAt(offset))) return undefined;
    return this.#clusters.at(offset);
  }
}
