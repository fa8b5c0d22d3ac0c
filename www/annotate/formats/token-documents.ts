// Documents as words and sentences, for formats that write tokens.
import { segmentsOf } from '../model/boundaries.js';
import { countBefore } from '../model/search.js';
import type { AnnotatedDocument, Piece, Span } from '../model/types.js';
import type { Loss } from './format.js';
import { countedLosses } from './loss-counts.js';
import { isRebuilt, TextOfTokens } from './rebuilt.js';
import { tokenize } from './tokens.js';

/** A part of a text without white space. In a rebuilt text (`rebuilt.ts`) it is a token or a part of one. */
export interface Word {
  readonly start: number;
  readonly end: number;
  /** In a rebuilt text, the number of its token. */
  readonly token?: number;
}

/** A span by its first and last word, both inclusive. */
export interface WordSpan {
  readonly span: Span;
  readonly first: number;
  readonly last: number;
}

export interface TokenDocument {
  readonly document: AnnotatedDocument;
  readonly words: readonly Word[];
  readonly spans: readonly WordSpan[];
  /** First word of each sentence, and the word behind its last. No span goes over the end of a sentence. */
  readonly sentences: readonly (readonly [first: number, end: number])[];
}

/** Makes words and sentences of documents, and counts what changes. */
export class TokenDocuments {
  #edges = 0;
  #rebuilt = 0;

  /** `rebuilt` has the ids of documents whose text was rebuilt. All spans have one piece, and not only white space. */
  of(document: AnnotatedDocument, rebuilt: ReadonlySet<string>): TokenDocument {
    const pieces = document.spans.map(({ pieces: [piece] }) => piece!);
    const isTokens = rebuilt.has(document.id);
    const words = isTokens ? rebuiltWords(document.text, pieces) : tokenize(document.text, pieces).filter(({ white }) => !white);
    const spans = document.spans.map((span) => this.#wordSpan(span, words));
    const sentences = sentencesOf(words, isTokens ? lineEnds(document.text) : sentenceEnds(document.text), spans);
    if (document.text !== textOf(document.text, words, sentences)) this.#rebuilt += 1;
    return { document, words, spans, sentences };
  }

  /** `none`: the format writes the texts too, so none of them is only words. */
  losses(texts: 'texts' | 'none' = 'texts'): Loss[] {
    return countedLosses([
      ['edges', this.#edges, 'white space at the edges of # spans is left out'],
      ['rebuilt', texts === 'texts' ? this.#rebuilt : 0, 'of # texts only the words are written; white space between them is not'],
    ]);
  }

  #wordSpan(span: Span, words: readonly Word[]): WordSpan {
    const [start, end] = span.pieces[0]!;
    const first = firstFrom(words, start);
    const last = firstFrom(words, end) - 1;
    if (words[first]!.start !== start || words[last]!.end !== end) this.#edges += 1;
    return { span, first, last };
  }
}

/** The ids of the documents whose text was rebuilt. */
export function rebuiltIds(documents: readonly AnnotatedDocument[]): ReadonlySet<string> {
  return new Set(documents.filter(isRebuilt).map(({ id }) => id));
}

/** Index of the first word that starts at an offset or behind it. */
function firstFrom(words: readonly Word[], offset: number): number {
  return countBefore(words.length, (index) => words[index]!.start < offset);
}

/** The tokens of a rebuilt text, cut where a piece starts or ends. */
function rebuiltWords(text: string, pieces: readonly Piece[]): Word[] {
  const cuts = [...new Set(pieces.flat())].sort((a, b) => a - b);
  const words: Word[] = [];
  let next = 0;
  let start = 0;
  for (const [token, written] of text.split(/[ \t-\r]/).entries()) {
    const end = start + written.length;
    let from = start;
    for (; next < cuts.length && cuts[next]! < end; next++) {
      if (cuts[next]! > from) words.push({ start: from, end: (from = cuts[next]!), token });
    }
    if (from < end) words.push({ start: from, end, token });
    start = end + 1;
  }
  return words;
}

/** Where sentences of a rebuilt text end: each is a line. */
function lineEnds(text: string): number[] {
  return [...text.matchAll(/\n/g)].map(({ index }) => index);
}

/** Where sentences end. A single line end does not end a sentence, because many texts have lines of a fixed width. */
function sentenceEnds(text: string): number[] {
  const flowing = text.replace(/(?<![\r\n])(?:\r\n|\n)(?![\r\n])/g, (end) => ' '.repeat(end.length));
  return Array.from(segmentsOf(flowing, 'sentence'), ({ end }) => end);
}

function sentencesOf(words: readonly Word[], ends: readonly number[], spans: readonly WordSpan[]): [number, number][] {
  // For each word, how the number of spans that cross the place before it changes.
  const crossing = new Int32Array(words.length + 1);
  for (const { first, last } of spans) {
    crossing[first + 1]! += 1;
    crossing[last + 1]! -= 1;
  }
  const sentences: [number, number][] = [];
  let start = 0;
  let next = 0;
  let over = 0;
  for (let index = 1; index <= words.length; index++) {
    over += crossing[index]!;
    while (next < ends.length && ends[next]! < words[index - 1]!.end) next += 1;
    const isEnd = index === words.length || (next < ends.length && ends[next]! <= words[index]!.start);
    if (isEnd && over === 0) {
      sentences.push([start, index]);
      start = index;
    }
  }
  return sentences;
}

function textOf(text: string, words: readonly Word[], sentences: TokenDocument['sentences']): string {
  const rebuilt = new TextOfTokens();
  for (const [first, end] of sentences) {
    for (const { start, end: stop } of words.slice(first, end)) rebuilt.add(text.slice(start, stop));
    rebuilt.endSentence();
  }
  return rebuilt.text;
}
