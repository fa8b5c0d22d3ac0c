// spaCy's binary files (`.spacy`), which its training reads. They have tokens, so each span is a whole number of tokens.
import { show } from '../model/show.js';
import type { AnnotatedDocument, Corpus, Extra, Piece, Span } from '../model/types.js';
import { detectEach } from './detect.js';
import { ENT_ID, ENT_IOB, ENT_KB_ID, ENT_TYPE, ORTH, readBin, writeBin, type Bin, type BinDocument, type BinGroup } from './docbin.js';
import { corpusFile, fileLabelId, IMPORTED, importedStatus, labelNames, newCorpus, rowName } from './documents.js';
import { filled, given } from './fields.js';
import type { Format, InputFile, ReadResult, WriteOptions, WriteResult } from './format.js';
import { isObject } from './json-values.js';
import { reduceCorpus } from './losses.js';
import { offsetTable, pieceFromUtf16 } from './offsets.js';
import { ProblemList, type Reporter } from './problems.js';
import { groupExtra, SPAN_GROUP, splitSpans } from './spacy-groups.js';
import { NumberedStrings, StringNumbers } from './spacy-strings.js';
import { spacedTokens, TokenIndex } from './tokens.js';
import { fixedUnit } from './units.js';

/** Values of the attribute ENT_IOB. */
const INSIDE = 1n;
const OUTSIDE = 2n;
const BEGIN = 3n;

const TAKEN = new Set([ORTH, ENT_IOB, ENT_TYPE, ENT_KB_ID, ENT_ID]);

export const spacyDocbin: Format = {
  id: 'spacy-docbin',
  name: 'spaCy (.spacy)',
  extensions: ['.spacy'],
  unit: 'token',
  writeOptions: [SPAN_GROUP],
  detect: (files) => detectEach(files, likely),
  read,
  write,
};

/** zlib data usually begins with the byte 0x78. */
function likely({ name, bytes }: InputFile): number {
  return bytes[0] === 0x78 && /\.spacy$/i.test(name) ? 0.95 : 0;
}

async function read(files: readonly InputFile[]): Promise<ReadResult> {
  const problems = new ProblemList();
  const documents: AnnotatedDocument[] = [];
  for (const { name, bytes } of files) {
    const report = problems.of(name);
    const bin = await readBin(bytes, report);
    if (!bin) continue;
    reportLeftOut(bin, report);
    const reader = new BinReader(bin);
    for (const [row, document] of bin.documents.entries()) {
      const read = reader.document(document, report.at(row + 1));
      if (read)
        documents.push({ ...read, id: `d${documents.length}`, name: rowName(name, row), source: { format: spacyDocbin.id, file: name, row } });
    }
  }
  return { corpus: newCorpus(files, documents), problems: problems.all, unit: fixedUnit('token') };
}

function reportLeftOut({ attributes, documents, hasUserData }: Bin, report: Reporter): void {
  if (hasUserData) report.loss('the data of Python programs (user_data) is left out');
  const names = new NumberedStrings([]);
  const nameOf = (attribute: number) => (Number.isSafeInteger(attribute) && names.of(BigInt(attribute))) || attribute;
  const left = attributes.filter(
    (attribute, column) => !TAKEN.has(attribute) && documents.some(({ tokens }) => hasValue(tokens, column, attributes.length)),
  );
  if (left.length > 0) report.loss(`attributes of tokens are left out: ${left.map(nameOf).join(', ')}`);
}

function hasValue(tokens: BigUint64Array, column: number, width: number): boolean {
  for (let index = column; index < tokens.length; index += width) if (tokens[index] !== 0n) return true;
  return false;
}

type ReadDocument = Omit<AnnotatedDocument, 'id' | 'name' | 'source'>;

class BinReader {
  readonly #strings: NumberedStrings;
  readonly #attributes: readonly number[];

  constructor({ strings, attributes }: Bin) {
    this.#strings = new NumberedStrings(strings);
    this.#attributes = attributes;
  }

  document(document: BinDocument, report: Reporter): ReadDocument | undefined {
    const words = this.#column(document, ORTH)!.map((number) => this.#strings.of(number));
    const missing = words.indexOf(undefined);
    if (missing >= 0) return void report.error(`the text of token ${missing} is not in the file; the document is left out`);
    const { text, pieces } = joinWords(words as string[], document, report);
    const spans = [...this.#entities(document, pieces, report), ...document.groups.flatMap((group) => this.#group(group, pieces, report))];
    const numbered = spans.map((span, index) => ({ ...span, id: `s${index}` }));
    const notes = { spans: numbered, relations: [], questions: [] };
    const cats = filled(document.cats);
    return { text, status: importedStatus(notes), ...notes, ...given('extra', cats && { cats }) };
  }

  /** The values of an attribute; `undefined` if the file does not have it. */
  #column({ tokens, spaces }: BinDocument, attribute: number): bigint[] | undefined {
    const column = this.#attributes.indexOf(attribute);
    return column < 0 ? undefined : Array.from(spaces, (_, index) => tokens[index * this.#attributes.length + column]!);
  }

  #entities(document: BinDocument, words: readonly Piece[], report: Reporter): Span[] {
    const types = this.#column(document, ENT_TYPE);
    // Without marks for the beginning, neighboring words of one type are one entity.
    const marks = this.#column(document, ENT_IOB) ?? types?.map((type) => (type === 0n ? OUTSIDE : INSIDE));
    const links = this.#column(document, ENT_KB_ID);
    const ids = this.#column(document, ENT_ID);
    if (!marks) return [];
    const found: Span[] = [];
    for (let first = 0; first < marks.length;) {
      if (marks[first] !== BEGIN && marks[first] !== INSIDE) {
        first += 1;
        continue;
      }
      let end = first + 1;
      while (end < marks.length && marks[end] === INSIDE && types?.[end] === types?.[first]) end += 1;
      const piece: Piece = [words[first]![0], words[end - 1]![1]];
      found.push(this.#span(piece, types?.[first] ?? 0n, links?.[first] ?? 0n, ids?.[first] ?? 0n, {}, report.in(`token ${first}`)));
      first = end;
    }
    return found;
  }

  #group({ name, spans }: BinGroup, words: readonly Piece[], report: Reporter): Span[] {
    return spans.flatMap(({ id, link, label, start, end }, index) => {
      const at = report.in(name).in(index);
      const [first, last] = [words[start], words[end - 1]];
      if (first && last && start < end) return [this.#span([first[0], last[1]], label, link, id, groupExtra(name), at)];
      at.loss(`tokens ${start} to ${end} are not in the document, or empty`);
      return [];
    });
  }

  #span(piece: Piece, type: bigint, link: bigint, id: bigint, group: Extra, report: Reporter): Span {
    const extra = { ...group, ...this.#named('kb_id', link, report), ...this.#named('id', id, report) };
    const label = this.#strings.of(type);
    if (label === undefined) report.loss(`the label with the number ${type} is not in the file`);
    return { id: '', pieces: [piece], label: fileLabelId('span', label, report), ...IMPORTED, ...given('extra', filled(extra)) };
  }

  #named(name: string, number: bigint, report: Reporter): Extra {
    if (number === 0n) return {};
    const text = this.#strings.of(number);
    if (text === undefined) report.loss(`${show(name)} with the number ${number} is not in the file`);
    return text === undefined ? {} : { [name]: text };
  }
}

/** The text of words, and where each is. */
function joinWords(words: readonly string[], { spaces, unknownSpaces }: BinDocument, report: Reporter): { text: string; pieces: Piece[] } {
  if (unknownSpaces) report.loss('the file does not know where spaces are: the text is rebuilt with one space between words');
  const parts: string[] = [];
  const pieces: Piece[] = [];
  let offset = 0;
  for (const [index, word] of words.entries()) {
    const space = unknownSpaces ? index + 1 < words.length : spaces[index] !== 0;
    pieces.push([offset, offset + word.length]);
    parts.push(space ? `${word} ` : word);
    offset += word.length + (space ? 1 : 0);
  }
  return { text: parts.join(''), pieces };
}

async function write(whole: Corpus, options: WriteOptions): Promise<WriteResult> {
  const { corpus, losses } = reduceCorpus(whole, options, spacyDocbin.id, { overlap: 'all' });
  const writer = new BinWriter(corpus, options);
  const documents = corpus.documents.map((document) => writer.document(document));
  const bytes = await writeBin({ attributes: writer.attributes, strings: writer.strings, documents });
  return { files: [corpusFile(corpus, '.spacy', bytes)], losses };
}

class BinWriter {
  readonly attributes: readonly number[];
  readonly #numbers = new StringNumbers();
  readonly #name: ReturnType<typeof labelNames>;
  readonly #options: WriteOptions;

  constructor(corpus: Corpus, options: WriteOptions) {
    const spans = corpus.documents.flatMap((document) => document.spans);
    const has = (name: string) => spans.some(({ extra }) => extra?.[name] !== undefined);
    this.attributes = [ORTH, ENT_IOB, ENT_TYPE, ...(has('kb_id') ? [ENT_KB_ID] : []), ...(has('id') ? [ENT_ID] : [])];
    this.#name = labelNames(corpus.labelSets);
    this.#options = options;
  }

  get strings(): readonly string[] {
    return this.#numbers.strings;
  }

  document({ text, spans, extra }: AnnotatedDocument): BinDocument {
    const words = spacedTokens(text, spans.map(({ pieces }) => pieces[0]!));
    const index = new TokenIndex(words);
    const { ents, groups } = splitSpans(spans, this.#options);
    const width = this.attributes.length;
    const tokens = new BigUint64Array(words.length * width);
    for (const [row, { start, end }] of words.entries()) tokens.set([this.#numbers.of(text.slice(start, end)), OUTSIDE], row * width);
    for (const span of ents) {
      const [first, last] = index.of(span.pieces[0]!)!;
      for (let row = first; row <= last; row++) tokens.set(this.#entity(span, row === first), row * width + 1);
    }
    const table = offsetTable(text, 'code-point');
    const binGroups = [...groups].map(([name, list]) => ({
      name,
      spans: list.map((span) => this.#grouped(span, index, pieceFromUtf16(table, span.pieces[0]!)!)),
    }));
    return { tokens, spaces: Uint8Array.from(words, ({ space }) => Number(space)), unknownSpaces: false, groups: binGroups, cats: catsOf(extra) };
  }

  /** The values of one token of an entity for all attributes but the first, in their order. */
  #entity(span: Span, isFirst: boolean): bigint[] {
    const { link, id, label } = this.#ids(span);
    const named = this.attributes.slice(3).map((attribute) => (attribute === ENT_ID ? id : link));
    return [isFirst ? BEGIN : INSIDE, label, ...named];
  }

  #grouped(span: Span, index: TokenIndex, [startChar, endChar]: Piece): BinGroup['spans'][number] {
    const [first, last] = index.of(span.pieces[0]!)!;
    return { ...this.#ids(span), start: first, end: last + 1, startChar, endChar };
  }

  #ids({ label, extra }: Span): { readonly id: bigint; readonly link: bigint; readonly label: bigint } {
    const number = (name: string) => (typeof extra?.[name] === 'string' ? this.#numbers.of(extra[name]) : 0n);
    return { id: number('id'), link: number('kb_id'), label: this.#numbers.of(this.#name('span', label)) };
  }
}

/** Categories of the whole text, if the document came from a file of spaCy. */
function catsOf(extra: Extra | undefined): BinDocument['cats'] {
  const cats = extra?.cats;
  if (!isObject(cats)) return {};
  return Object.fromEntries(
    Object.entries(cats).filter((entry): entry is [string, number | boolean] => typeof entry[1] === 'number' || typeof entry[1] === 'boolean'),
  );
}
