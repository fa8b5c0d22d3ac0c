// CoNLL-2003 and files like it: a token a line, its tag in the last column, an empty line after a sentence.
import { show } from '../model/show.js';
import type { AnnotatedDocument, Corpus, Span } from '../model/types.js';
import { choice, chosen, OVERLAP, preference } from './choice.js';
import { detectEach, hasExtension, headText } from './detect.js';
import { corpusFile, fileLabelId, IMPORTED, importedStatus, newCorpus, rowName } from './documents.js';
import type { Format, InputFile, Loss, ReadOptions, ReadResult, WriteOptions, WriteResult } from './format.js';
import { isStringList } from './json-values.js';
import { decodeUtf8 } from './json.js';
import { joinLines, linesOf } from './lines.js';
import { reduceCorpus } from './losses.js';
import { ProblemList, type Reporter } from './problems.js';
import { plainToken, REBUILT, TextOfTokens, withoutMark, withoutMeta } from './rebuilt.js';
import { tagNames } from './tag-names.js';
import { isTag, TagReader, tagsOf, type TagSpan } from './tags.js';
import { rebuiltIds, TokenDocuments, type TokenDocument } from './token-documents.js';
import { withoutBlankSpans } from './without.js';

const SCHEMES = { iob2: 'IOB2', iob1: 'IOB1', iobes: 'IOBES' } as const;
const START = '-DOCSTART-';

const DOCUMENTS = choice('documents', 'A document is', { start: `what is between ${START} lines`, sentence: 'each sentence' });
const SCHEME = choice('scheme', 'Tags', {
  iob2: 'IOB2: each span begins with B',
  iob1: 'IOB1, as in CoNLL-2003: B only between spans of one label',
  iobes: 'IOBES: E ends a span, S is a whole one',
});
const COLUMNS = choice('columns', 'Columns', { four: 'Four: token, _, _, tag', two: 'Two: token, tag' });
const SEPARATOR = choice('separator', 'Between columns', { ' ': 'Space', '\t': 'Tab' });

export const conll2003: Format = {
  id: 'conll2003',
  name: 'CoNLL-2003 columns',
  extensions: ['.conll', '.iob', '.iob2', '.bio', '.txt', '.tsv'],
  unit: 'token',
  readOptions: [DOCUMENTS],
  writeOptions: [SCHEME, OVERLAP, COLUMNS, SEPARATOR],
  detect: (files) => detectEach(files, likely),
  read,
  write,
};

function likely(file: InputFile): number {
  const lines = linesOf(headText(file))
    .slice(0, 200)
    .filter((line) => line.trim() !== '')
    .map(columnsOf);
  if (lines[0]?.[0] === START) return 0.95;
  const tagged = lines.filter((columns) => columns.length >= 2 && isTag(columns.at(-1)!));
  const known = hasExtension(file, conll2003.extensions);
  return lines.length > 0 && tagged.length >= 0.9 * lines.length ? (known ? 0.85 : 0.6) : 0;
}

/** If a line has tabs, they separate its columns, and tokens may have spaces. A tab at the end begins no column. */
function columnsOf(line: string): string[] {
  if (!line.includes('\t')) return line.split(/ +/).filter((column) => column !== '');
  return (line.endsWith('\t') ? line.slice(0, -1) : line).split('\t');
}

function read(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const found = files.flatMap((file) => new FileReader(file, problems.of(file.name), chosen(DOCUMENTS, options) === 'sentence').documents());
  return { corpus: newCorpus(files, found), problems: problems.all };
}

/** A token with its other columns. */
interface Token {
  readonly word: string;
  readonly columns: readonly string[];
  readonly tag: string;
  readonly line: number;
}

class FileReader {
  readonly #file: InputFile;
  readonly #report: Reporter;
  readonly #eachSentence: boolean;
  readonly #tags = new TagReader();
  readonly #documents: AnnotatedDocument[] = [];
  #sentences: Token[][] = [];
  #tokens: Token[] = [];
  readonly #comments: number[] = [];

  constructor(file: InputFile, report: Reporter, eachSentence: boolean) {
    this.#file = file;
    this.#report = report;
    this.#eachSentence = eachSentence;
  }

  documents(): AnnotatedDocument[] {
    const text = decodeUtf8(this.#file.bytes, this.#report) ?? '';
    let hasStart = false;
    for (const [index, line] of linesOf(text).entries()) {
      if (/^[ \t]*$/.test(line)) this.#endSentence();
      else if (line.startsWith(START) && /^[\t ]|^$/.test(line.slice(START.length))) {
        this.#endSentence();
        if (hasStart || this.#sentences.length > 0) this.#endDocument();
        hasStart = true;
      } else this.#addLine(line, index + 1);
    }
    this.#endSentence();
    if (hasStart || this.#sentences.length > 0) this.#endDocument();
    const scheme = this.#tags.finish();
    if (this.#comments.length > 0)
      this.#report.at(this.#comments[0]!).loss(`comments are left out: ${this.#comments.length} lines that begin with # and have no tag`);
    return this.#documents.map((document) => ({ ...document, meta: { ...REBUILT, tags: scheme } }));
  }

  #addLine(line: string, number: number): void {
    const columns = columnsOf(line);
    const tag = columns.at(-1)!;
    if (line.startsWith('#') && (columns.length < 2 || !isTag(tag))) this.#comments.push(number);
    else if (columns.length < 2)
      this.#report.at(number).loss(`${show(line)} has one column; a token and its tag were expected, so the line is left out`);
    else if (columns[0]!.trim() === '') this.#report.at(number).loss('the token is empty; the line is left out');
    else this.#tokens.push({ word: plainToken(columns[0]!), columns: columns.slice(1, -1), tag, line: number });
  }

  #endSentence(): void {
    if (this.#tokens.length > 0) this.#sentences.push(this.#tokens);
    this.#tokens = [];
    if (this.#eachSentence && this.#sentences.length > 0) this.#endDocument();
  }

  #endDocument(): void {
    if (this.#eachSentence && this.#sentences.length === 0) return;
    const text = new TextOfTokens();
    const spans: Span[] = [];
    for (const tokens of this.#sentences) {
      const offset = text.count;
      for (const { word } of tokens) text.add(word);
      text.endSentence();
      const reportAt = (index: number) => this.#report.at(tokens[index]!.line);
      for (const { first, last, label } of this.#tags.sentence(
        tokens.map(({ tag }) => tag),
        reportAt,
      )) {
        spans.push({
          id: `s${spans.length}`,
          pieces: [text.piece(offset + first, offset + last)!],
          label: fileLabelId('span', label, reportAt(first)),
          ...IMPORTED,
        });
      }
    }
    const row = this.#documents.length;
    const columns = this.#sentences.flat().map((token) => token.columns.join('\t'));
    const notes = { spans, relations: [], questions: [] };
    this.#documents.push({
      id: `${this.#file.name}:${row}`,
      name: rowName(this.#file.name, row),
      text: text.text,
      status: importedStatus(notes),
      ...notes,
      source: { format: 'conll2003', file: this.#file.name, row },
      ...(columns.some((column) => /[^_\t]/.test(column)) && { extra: { columns } }),
    });
    this.#sentences = [];
  }
}

function write(whole: Corpus, options: WriteOptions): WriteResult {
  const rebuilt = rebuiltIds(whole.documents);
  const written = withoutBlankSpans(withoutTags(withoutMark(whole)), options);
  const { corpus, losses } = reduceCorpus(written.corpus, options, 'conll2003', { overlap: preference(options) });
  const names = tagNames(corpus);
  const documents = new TokenDocuments();
  const writer = new Writer(options, names.tagOf);
  const lines = corpus.documents.flatMap((document) => writer.lines(documents.of(document, rebuilt)));
  const file = corpusFile(corpus, '.conll', joinLines(lines));
  return { files: [file], losses: [...written.losses, ...losses, ...documents.losses(), ...names.losses, ...writer.losses] };
}

/** Documents that were read have the scheme of their tags in the metadata. It is not written: the person chooses a scheme for the new file. */
function withoutTags(corpus: Corpus): Corpus {
  const documents = corpus.documents.map((document) => (document.source?.format === 'conll2003' ? withoutMeta(document, 'tags') : document));
  return { ...corpus, documents };
}

class Writer {
  readonly losses: Loss[] = [];
  readonly #scheme: 'IOB1' | 'IOB2' | 'IOBES';
  readonly #separator: string;
  readonly #columns: readonly string[];
  readonly #tagOf: (label: string) => string;

  constructor(options: WriteOptions, tagOf: (label: string) => string) {
    this.#scheme = SCHEMES[chosen(SCHEME, options) as keyof typeof SCHEMES];
    this.#separator = chosen(SEPARATOR, options);
    this.#columns = chosen(COLUMNS, options) === 'two' ? [] : ['_', '_'];
    this.#tagOf = tagOf;
  }

  lines({ document, words, spans, sentences }: TokenDocument): string[] {
    const tags = tagsOf(
      words.length,
      spans.map(({ span, first, last }): TagSpan => ({ first, last, label: this.#tagOf(span.label) })),
      this.#scheme,
      new Set(sentences.map(([first]) => first)),
    );
    const columns = this.#columnsOf(document, words);
    const row = (cells: readonly string[]) => cells.join(this.#separator);
    const lines = [row([START, ...this.#columns.map(() => '-X-'), 'O']), ''];
    for (const [first, end] of sentences) {
      for (let index = first; index < end; index++) {
        const { start, end: stop } = words[index]!;
        const word = document.text.slice(start, stop);
        if (word === START)
          this.losses.push({ kind: 'tokens', document: document.id, reason: `${START} cannot be a token; it is written without its last character` });
        lines.push(row([word === START ? START.slice(0, -1) : word, ...columns(index), tags[index]!]));
      }
      lines.push('');
    }
    return lines;
  }

  /** The columns between token and tag: those of the file, if its tokens are the same still. */
  #columnsOf({ id, extra }: AnnotatedDocument, words: TokenDocument['words']): (index: number) => readonly string[] {
    const known = extra?.['columns'];
    if (!isStringList(known)) return () => this.#columns;
    const count = (words.at(-1)?.token ?? -1) + 1;
    if (count !== known.length) {
      this.losses.push({
        kind: 'columns',
        document: id,
        reason: 'other columns of the file are left out: the text does not have the same tokens any more',
      });
      return () => this.#columns;
    }
    return (index) => known[words[index]!.token!]!.split('\t').map((column) => column.replaceAll(this.#separator, '_'));
  }
}
