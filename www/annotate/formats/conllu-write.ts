// Writes CoNLL-U.
import type { AnnotatedDocument, Corpus, Piece } from '../model/types.js';
import { choice, chosen, preference } from './choice.js';
import { escapeSpaces, parseConllu, TAG_NAMES, withMisc } from './conllu-parse.js';
import { placeWords } from './conllu-text.js';
import { corpusFile } from './documents.js';
import type { Loss, WriteOptions, WriteResult } from './format.js';
import { isStringList } from './json-values.js';
import { joinLines } from './lines.js';
import { countedLosses } from './loss-counts.js';
import { reduceCorpus } from './losses.js';
import { ProblemList } from './problems.js';
import { withoutMark } from './rebuilt.js';
import { tagNames } from './tag-names.js';
import { tagsOf, type TagSpan } from './tags.js';
import { rebuiltIds, TokenDocuments, type TokenDocument } from './token-documents.js';
import { TokenIndex } from './tokens.js';
import { withoutBlankSpans } from './without.js';

/** Characters that a tag in MISC cannot have. Some readers take what is behind a second `=` off. */
const UNSAFE = /[\s\x1c-\x1f\x85|=]/g;

export const FIELD = choice('field', 'Entities are in MISC as', { NER: 'NER=B-PER', Entity: 'Entity=B-PER' });

export function writeConllu(whole: Corpus, options: WriteOptions): WriteResult {
  const rebuilt = rebuiltIds(whole.documents);
  const written = withoutBlankSpans(withoutMark(whole), options);
  const { corpus, losses } = reduceCorpus(written.corpus, options, 'conllu', { overlap: preference(options), names: true });
  const names = tagNames(corpus, UNSAFE);
  const documents = new TokenDocuments();
  const writer = new Writer(chosen(FIELD, options), names.tagOf);
  const lines = corpus.documents.flatMap((document, index) => writer.carried(document) ?? writer.lines(documents.of(document, rebuilt), index + 1));
  const file = corpusFile(corpus, '.conllu', joinLines(lines));
  return { files: [file], losses: [...written.losses, ...losses, ...documents.losses('none'), ...names.losses, ...writer.losses()] };
}

class Writer {
  readonly #names: readonly string[];
  readonly #tagOf: (label: string) => string;
  readonly #lost: Loss[] = [];
  #blank = 0;
  #named = 0;

  constructor(field: string, tagOf: (label: string) => string) {
    this.#names = [field, ...TAG_NAMES];
    this.#tagOf = tagOf;
  }

  losses(): Loss[] {
    const counted = countedLosses([
      ['blank', this.#blank, 'the white space of # documents without words is left out'],
      ['name-lines', this.#named, '# names of documents are written on one line'],
    ]);
    return [...counted, ...this.#lost];
  }

  /** The lines that a document was read from, with the tags that it has now; `undefined` if there are none, or if the spans do not fit to them. */
  carried(document: AnnotatedDocument): string[] | undefined {
    const lines = document.extra?.['lines'];
    if (!isStringList(lines)) return undefined;
    const words = carriedWords(lines, document);
    const index = words && wordIndex(words.map(({ piece }) => piece));
    const spans = document.spans.map(({ label, pieces: [piece] }) => ({ range: index?.(piece!), label: this.#tagOf(label) }));
    const isInside = ([first, last]: readonly [number, number]) => words![first]!.sentence === words![last]!.sentence;
    if (!words || !spans.every(({ range }) => range && isInside(range))) {
      this.#lost.push({
        kind: 'columns',
        document: document.id,
        reason: 'other columns of the file are left out: spans do not match its tokens and sentences, or the name was changed',
      });
      return undefined;
    }
    const tags = tagsOf(
      words.length,
      spans.map(({ range, label }): TagSpan => ({ first: range![0], last: range![1], label })),
      'IOB2',
    );
    const tagByLine = new Map(words.map(({ line }, number) => [line, tags[number]!]));
    return lines.map((line, number) => (tagByLine.has(number) ? this.#withTag(line, tagByLine.get(number)!) : line));
  }

  #withTag(line: string, tag: string): string {
    const columns = line.split('\t');
    return [...columns.slice(0, 9), withMisc(columns[9]!, this.#names, tag === 'O' ? undefined : tag)].join('\t');
  }

  lines(tokens: TokenDocument, number: number): string[] {
    const { document, words, spans, sentences } = tokens;
    const tags = tagsOf(
      words.length,
      spans.map(({ span, first, last }): TagSpan => ({ first, last, label: this.#tagOf(span.label) })),
      'IOB2',
    );
    const name = document.name.replace(/\r\n|[\r\n]/g, ' ');
    if (name !== document.name) this.#named += 1;
    if (words.length === 0 && document.text !== '') this.#blank += 1;
    const lines = [name === '' ? '# newdoc' : `# newdoc id = ${name}`];
    for (const [index, [first, end]] of sentences.entries()) {
      lines.push(`# sent_id = d${number}-s${index + 1}`, `# text = ${sentenceText(tokens, first, end)}`);
      for (let word = first; word < end; word++)
        lines.push(`${word - first + 1}\t${formOf(tokens, word)}${'\t_'.repeat(7)}\t${this.#misc(tokens, word, word + 1 === end, tags[word]!)}`);
      lines.push('');
    }
    return sentences.length === 0 ? [...lines, ''] : lines;
  }

  #misc(tokens: TokenDocument, word: number, endsSentence: boolean, tag: string): string {
    const gap = gapAfter(tokens, word);
    const isLast = word === tokens.words.length - 1;
    const before = word === 0 ? tokens.document.text.slice(0, tokens.words[0]!.start) : '';
    const parts = [
      ...(gap === '' && !(isLast && endsSentence) ? ['SpaceAfter=No'] : []),
      ...(gap !== '' && (gap !== ' ' || isLast) ? [`SpacesAfter=${escapeSpaces(gap)}`] : []),
      ...(before === '' ? [] : [`SpacesBefore=${escapeSpaces(before)}`]),
    ];
    return withMisc(parts.join('|') || '_', this.#names, tag === 'O' ? undefined : tag);
  }
}

interface CarriedWord {
  readonly line: number;
  readonly sentence: number;
  readonly piece: Piece;
}

/** The words in the lines that a document was read from; `undefined` if its text has changed since. */
function carriedWords(lines: readonly string[], { text, name }: AnnotatedDocument): CarriedWord[] | undefined {
  const [parsed, ...more] = parseConllu(lines, new ProblemList().of(''));
  if (!parsed || more.length > 0 || (parsed.name ?? name) !== name) return undefined;
  const placed = placeWords(parsed);
  const words = placed.sentences.flatMap(({ sentence, pieces }, number) =>
    sentence.words.map(({ line }, index) => ({ line, sentence: number, piece: pieces[index]! })),
  );
  // Files of CoNLL-U Plus have other columns.
  return placed.text === text && words.every(({ line }) => lines[line]!.split('\t').length === 10) ? words : undefined;
}

/** Finds the words of a piece. The words of a multi-word token have one piece. */
function wordIndex(pieces: readonly Piece[]): (piece: Piece) => readonly [number, number] | undefined {
  const firsts = new Map<number, number>();
  for (const [index, [start]] of pieces.entries()) if (!firsts.has(start)) firsts.set(start, index);
  const tokens = new TokenIndex(pieces.map(([start, end]) => ({ start, end })));
  return ([start, end]) => {
    const [, last] = tokens.of([start, end]) ?? [];
    const first = firsts.get(start);
    return first === undefined || last === undefined ? undefined : [first, last];
  };
}

function formOf({ document, words }: TokenDocument, word: number): string {
  return document.text.slice(words[word]!.start, words[word]!.end);
}

function gapAfter({ document, words }: TokenDocument, word: number): string {
  return document.text.slice(words[word]!.end, words[word + 1]?.start ?? document.text.length);
}

/** The text of a sentence as validators expect it: all white space between tokens is one space. */
function sentenceText(tokens: TokenDocument, first: number, end: number): string {
  let text = '';
  for (let word = first; word < end; word++) text += formOf(tokens, word) + (word + 1 < end && gapAfter(tokens, word) !== '' ? ' ' : '');
  return text;
}
