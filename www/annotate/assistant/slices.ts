// Parts of a text for the model. Between two parts the work can be stopped, and its progress is shown; within a part, the package lets a call of
// a person go before the next forward pass. What the model finds in the parts is what it finds in the whole, because a part ends only where the
// model surely ends a sentence. Parts are long, because a model may look at the capitals of all that it is given to choose the spans it scores.
//
// The model reads sentences by Unicode's rules (UAX 29), without ends behind titles, initials and abbreviations, and with a single line break as
// a space (`src/tasks/ner`). The places here are a safe choice of its ends. The white space goes to the next part: a word with a space
// before it has other tokens than one at the start of a text.
import { segmentsOf } from '../model/boundaries.js';

export interface Slice {
  readonly start: number;
  readonly end: number;
  /** Number of words. */
  readonly words: number;
}

/** Words of a part, if the text lets it end there. */
export const SLICE_WORDS = 1_000;
/** A text without a safe place is cut at this multiple, before any word. */
export const FORCED = 3;

const BREAK = String.raw`(?:\r\n|\r(?!\n)|\n)`;
/** Where a paragraph ends; the match goes over all of its white space. */
const PARAGRAPH = String.raw`(?<paragraph>${BREAK}[ \t]*${BREAK}\s*)`;
/** Behind a word that is no abbreviation, a number, a mark that only ends sentences, or a closing mark: and a capital follows. */
const SENTENCE = String.raw`(?:\s(?!(?:col|mrs|prof|vol)\.)\p{Ll}{3,}\.|\s\d\d+\.|[\p{L}\p{N}][!?]|[.!?]["”’)\]]+)(?=(?: |\r?\n)["“(]?\p{Lu})`;
const EAST_ASIAN = String.raw`[。！？](?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])`;
const ENDS = new RegExp(`${PARAGRAPH}|${SENTENCE}|${EAST_ASIAN}`, 'gu');

/** The places where the model surely ends a sentence, in order. */
function* sureEnds(text: string): Generator<number> {
  for (const match of text.matchAll(ENDS)) yield match.groups?.['paragraph'] === undefined ? match.index + match[0].length : match.index;
}

/** Parts of a text in order, found while they are asked for. They cover the text. */
export function* slicesOf(text: string, most = SLICE_WORDS): Generator<Slice> {
  const ends = sureEnds(text);
  let next = ends.next();
  let start = 0;
  let words = 0;
  /** The last sure end in this part, and the words before it. */
  let cut = { end: 0, words: 0 };
  for (const { start: place, isWord } of segmentsOf(text, 'word')) {
    if (!isWord) continue;
    for (; !next.done && next.value <= place; next = ends.next()) cut = { end: next.value, words };
    if (words >= most * FORCED && cut.end <= start) cut = { end: place, words };
    if (words >= most && cut.end > start) {
      yield { start, ...cut };
      words -= cut.words;
      start = cut.end;
    }
    words++;
  }
  if (start < text.length) yield { start, end: text.length, words };
}
