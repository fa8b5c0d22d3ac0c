// Where characters and words of a text begin and end, by Unicode's rules (UAX 29).
//
// `Intl.Segmenter` of V8 copies its whole text for each answer [measured: 3 ms an answer for 2 million characters]. So texts are cut into
// chunks at places that are boundaries by every rule, and each chunk is segmented alone. The results are those of the whole text.
import { countBefore } from './search.js';

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
const WORDS = new Intl.Segmenter('en', { granularity: 'word' });

/** A chunk ends at the first safe place behind this many code units. */
const CHUNK = 256;
/** A chunk without a safe place ends here. A text without a space or a full stop for so long may be cut inside a word. */
const LONGEST_CHUNK = 8192;
/** A letter or digit that does not join the character before it. Behind a space it always begins a word. */
const WORD_BEGIN = /(?!\p{Grapheme_Extend})[\p{L}\p{N}]/uy;

/** A part of a text between two boundaries. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

/** Whether a code unit is white space: in JavaScript, or in Python, whose tools read our files. All white space has one code unit. */
export function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || (unit >= 0x1c && unit <= 0x1f);
  if (unit < 0x1680) return unit === 0x85 || unit === 0xa0;
  return unit === 0x1680 || (unit >= 0x2000 && unit <= 0x200a) || unit === 0x2028 || unit === 0x2029 || unit === 0x202f ||
    unit === 0x205f || unit === 0x3000 || unit === 0xfeff;
}

/** Whether a range has only white space; also if it is empty. */
export function isSpaceRange(text: string, start: number, end: number): boolean {
  for (let offset = start; offset < end; offset++) if (!isSpace(text.charCodeAt(offset))) return false;
  return true;
}

/** Whether `offset` is between the two halves of a code point. */
export function cutsCodePoint(text: string, offset: number): boolean {
  return offset > 0 && (text.charCodeAt(offset) & 0xfc00) === 0xdc00 && (text.charCodeAt(offset - 1) & 0xfc00) === 0xd800;
}

/** Number of words. Punctuation and white space are none. */
export function countWords(text: string): number {
  let count = 0;
  for (const chunk of chunks(text)) for (const { isWordLike } of WORDS.segment(text.slice(...chunk))) if (isWordLike) count++;
  return count;
}

/** Words, numbers and punctuation marks, without white space. */
export function tokensOf(text: string): Segment[] {
  const tokens: Segment[] = [];
  for (const [from, to] of chunks(text)) {
    for (const { index, segment } of WORDS.segment(text.slice(from, to))) {
      const start = from + index;
      const end = start + segment.length;
      if (!isSpaceRange(text, start, end)) tokens.push({ start, end });
    }
  }
  return tokens;
}

function* chunks(text: string): Generator<[start: number, end: number]> {
  for (let start = 0; start < text.length;) {
    const end = chunkEnd(text, start);
    yield [start, end];
    start = end;
  }
}

function chunkEnd(text: string, start: number): number {
  const limit = Math.min(text.length, start + LONGEST_CHUNK);
  for (let offset = start + CHUNK; offset < limit; offset++) if (isSafeCut(text, offset)) return offset;
  return cutsCodePoint(text, limit) ? limit - 1 : limit;
}

/** Whether a chunk may end here: between a space, a line end or a full stop of East Asia and the begin of a word. */
function isSafeCut(text: string, offset: number): boolean {
  const before = text.charCodeAt(offset - 1);
  if (before !== 0x20 && before !== 0x0a && before !== 0x3001 && before !== 0x3002) return false;
  WORD_BEGIN.lastIndex = offset;
  return WORD_BEGIN.test(text);
}

interface Chunk {
  readonly start: number;
  readonly graphemes: Intl.Segments;
  readonly words: Intl.Segments;
}

/** The boundaries of one text. Make one for a text and keep it: the first question reads the text, all others are cheap. */
export class Boundaries {
  readonly text: string;
  #starts: number[] | undefined;
  #chunk: Chunk | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** Whether `offset` is not inside a grapheme cluster (what a reader takes for one character). */
  isCluster(offset: number): boolean {
    return this.clusterStart(offset) === offset;
  }

  /** The last boundary of grapheme clusters that is not behind `offset`. */
  clusterStart(offset: number): number {
    if (offset <= 0 || offset >= this.text.length || this.#isPlain(offset)) return this.#clamp(offset);
    return this.#segment('graphemes', offset).start;
  }

  /** The first boundary of grapheme clusters that is not before `offset`. */
  clusterEnd(offset: number): number {
    if (offset <= 0 || offset >= this.text.length || this.#isPlain(offset)) return this.#clamp(offset);
    const { start, end } = this.#segment('graphemes', offset);
    return start === offset ? start : end;
  }

  /** Whether a word, a punctuation mark or white space begins or ends at `offset`. */
  isWordEdge(offset: number): boolean {
    return offset <= 0 || offset >= this.text.length || this.wordAt(offset).start === offset;
  }

  /** The word, punctuation mark or white space at `offset`, which is inside the text. */
  wordAt(offset: number): Segment {
    return this.#segment('words', offset);
  }

  #clamp(offset: number): number {
    return Math.max(0, Math.min(offset, this.text.length));
  }

  /** Between two printable characters of ASCII there is always a boundary. This is the case of nearly all questions. */
  #isPlain(offset: number): boolean {
    const before = this.text.charCodeAt(offset - 1);
    const after = this.text.charCodeAt(offset);
    return before >= 0x20 && before < 0x7f && after >= 0x20 && after < 0x7f;
  }

  #segment(kind: 'graphemes' | 'words', offset: number): Segment {
    const chunk = this.#chunkAt(offset);
    const { index, segment } = chunk[kind].containing(offset - chunk.start)!;
    return { start: chunk.start + index, end: chunk.start + index + segment.length };
  }

  #chunkAt(offset: number): Chunk {
    this.#starts ??= Array.from(chunks(this.text), ([start]) => start);
    const starts = this.#starts;
    const place = countBefore(starts.length, (index) => starts[index]! <= offset) - 1;
    const start = starts[place]!;
    if (this.#chunk?.start !== start) {
      const part = this.text.slice(start, starts[place + 1]);
      this.#chunk = { start, graphemes: GRAPHEMES.segment(part), words: WORDS.segment(part) };
    }
    return this.#chunk;
  }
}
