// Rows for token classification, as data sets of Hugging Face have them: tokens and their tags, and here also text and offsets.
import { show } from '../model/show.js';
import type { AnnotatedDocument, Extra, Json, Piece, Span } from '../model/types.js';
import { OVERLAP } from './choice.js';
import { detectEach, firstRow } from './detect.js';
import { checkedPiece, fileLabelId, fileName, IMPORTED, importedStatus, newCorpus, rowName } from './documents.js';
import { Fields, given } from './fields.js';
import type { Format, InputFile, ReadOptions, ReadResult, UnitChoice } from './format.js';
import { ROWS, TAGS, writeHuggingFace } from './huggingface-write.js';
import { isList, isObject, isStringList } from './json-values.js';
import { parseJsonFile, parseJsonRows } from './json.js';
import { offsetTable, type TextUnit } from './offsets.js';
import { ProblemList, type Reporter } from './problems.js';
import { REBUILT, TextOfTokens } from './rebuilt.js';
import { TagReader, type TagSpan } from './tags.js';
import { detectUnit } from './units.js';

const UNITS: readonly TextUnit[] = ['code-point', 'utf-16', 'byte'];
const TAG_FIELDS = ['ner_tags', 'tags', 'labels', 'ner_tag'];
/** Fields with the names of tags, beside a field with their numbers. */
const WORDS = ['ner_tags_str', 'ner_tags_text', 'tags_str', 'tag_names'];
const TOKENS = ['tokens', 'words'];

export const huggingFace: Format = {
  id: 'huggingface',
  name: 'Hugging Face token classification',
  extensions: ['.jsonl', '.json'],
  unit: 'token',
  readUnits: UNITS,
  writeOptions: [ROWS, TAGS, OVERLAP],
  detect: (files) =>
    detectEach(
      files.filter((file) => !isInfo(file)),
      likely,
    ),
  read,
  write: writeHuggingFace,
};

function isInfo({ name }: InputFile): boolean {
  return /^dataset_infos?\.json$/.test(fileName(name));
}

function likely(file: InputFile): number {
  const row = firstRow(file);
  if (!isObject(row) || !TOKENS.some((name) => isList(row[name]))) return 0;
  return TAG_FIELDS.some((name) => isList(row[name])) ? 0.95 : 0.1;
}

/** A row of the file. */
interface Row {
  readonly file: string;
  readonly number: number;
  readonly tokens: readonly string[];
  readonly spans: readonly TagSpan[];
  /** With the offsets of the tokens, in the unit of the file. */
  readonly text?: { readonly whole: string; readonly offsets: readonly (readonly [number, number])[] };
  /** Rows with the same number are one document. */
  readonly document?: number;
  readonly name?: string;
  readonly extra?: Extra;
  readonly report: Reporter;
}

function read(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const names = files.filter(isInfo).flatMap((file) => tagNamesOf(parseJsonFile(file.bytes, problems.of(file.name))))[0];
  const rows = files.filter((file) => !isInfo(file)).flatMap((file) => rowsOf(file, problems.of(file.name), names));
  const unit = unitOf(rows, options);
  const documents = groups(rows).map((group) => documentOf(group, unit?.unit ?? 'code-point'));
  return {
    corpus: newCorpus(
      files.filter((file) => !isInfo(file)),
      documents,
    ),
    problems: problems.all,
    ...given('unit', unit),
  };
}

/** The names of tags in a description of a data set: the first `ClassLabel` in it. */
function tagNamesOf(value: Json | undefined): string[][] {
  if (isList(value)) return value.flatMap(tagNamesOf);
  if (!isObject(value)) return [];
  const names = value['names'] ?? value['class_label'];
  if (value['_type'] === 'ClassLabel' && isStringList(names)) return [[...names]];
  return Object.values(value).flatMap(tagNamesOf);
}

function rowsOf({ name: file, bytes }: InputFile, report: Reporter, names: readonly string[] | undefined): Row[] {
  const reader = new TagReader();
  const rows = [...parseJsonRows(bytes, report)].flatMap(({ row, value, report: at }) => {
    const fields = Fields.of(value, at);
    return (fields && rowOf(fields, file, row, reader, names)) ?? [];
  });
  reader.finish();
  return rows;
}

function rowOf(fields: Fields, file: string, number: number, reader: TagReader, names: readonly string[] | undefined): Row | undefined {
  const { report } = fields;
  const tokens = strings(fields, TOKENS);
  if (!tokens) return void report.loss('a row without a list "tokens" is left out');
  const tags = tagsOf(fields, names);
  if (tags && tags.length !== tokens.length) return void report.loss(`the row has ${tokens.length} tokens and ${tags.length} tags; it is left out`);
  const spans = reader.sentence(tags ?? tokens.map(() => 'O'), () => report);
  const text = textOf(fields, tokens);
  const own = text ? { ...given('document', fields.integer('document')), ...given('name', fields.string('name')) } : {};
  if (own.document !== undefined && fields.peek('id') === String(number)) fields.raw('id');
  return { file, number, tokens, spans, ...own, ...given('text', text), ...given('extra', fields.rest()), report };
}

function strings(fields: Fields, names: readonly string[]): readonly string[] | undefined {
  const name = names.find((each) => fields.has(each));
  const list = name === undefined ? undefined : fields.list(name);
  if (!list || isStringList(list)) return list;
  return void fields.report.in(name!).loss('it has a value that is not a string');
}

/** The tags as words; `undefined` if there are none. */
function tagsOf(fields: Fields, names: readonly string[] | undefined): readonly string[] | undefined {
  const words = strings(fields, WORDS);
  const name = TAG_FIELDS.find((each) => fields.has(each));
  const tags = name === undefined ? undefined : fields.list(name);
  if (words && (!tags || words.length === tags.length)) return words;
  if (!tags) return void fields.report.loss(`no list ${TAG_FIELDS.map(show).join(', ')} was found; the row has no spans`);
  if (isStringList(tags)) return tags;
  const known = words ?? names;
  if (!known)
    return void fields.report
      .in(name!)
      .loss('the tags are numbers, and their names are not known: they are in dataset_info.json; the row has no spans');
  return tags.map((tag) => (typeof tag === 'number' ? known[tag] : undefined) ?? outside(tag, fields.report.in(name!)));
}

function outside(tag: Json, report: Reporter): string {
  // In data sets for training, -100 marks tokens that are ignored, such as parts of words.
  if (tag !== -100) report.loss(`${show(tag)} is not the number of a tag; it counts as O`);
  return 'O';
}

function textOf(fields: Fields, tokens: readonly string[]): Row['text'] {
  if (!fields.has('text') || !fields.has('offsets')) return undefined;
  const whole = fields.string('text');
  const offsets = fields.list('offsets')?.filter((pair) => isList(pair) && pair.length === 2 && pair.every((value) => typeof value === 'number'));
  if (whole === undefined || !offsets) return undefined;
  if (offsets.length === tokens.length) return { whole, offsets: offsets as unknown as readonly (readonly [number, number])[] };
  return void fields.report
    .in('offsets')
    .loss(`it does not have start and end of each of the ${tokens.length} tokens; the text is rebuilt from the tokens`);
}

function unitOf(rows: readonly Row[], options: ReadOptions): (UnitChoice & { readonly unit: TextUnit }) | undefined {
  const texts = rows.flatMap(({ text, tokens }) =>
    text ? [{ text: text.whole, spans: text.offsets.map((piece, index) => ({ pieces: [piece], quote: tokens[index] })) }] : [],
  );
  return texts.length > 0 ? detectUnit(texts, UNITS, options.unit) : undefined;
}

/** Rows that are one document. */
function groups(rows: readonly Row[]): Row[][] {
  const all: Row[][] = [];
  for (const row of rows) {
    const last = all.at(-1)?.[0];
    const goesOn = last?.file === row.file && last.text && row.text && row.document !== undefined && last.document === row.document;
    if (goesOn) all.at(-1)!.push(row);
    else all.push([row]);
  }
  return all;
}

function documentOf(rows: readonly Row[], unit: TextUnit): AnnotatedDocument {
  const [{ file, number, name, extra }] = rows as readonly [Row];
  const spans: Span[] = [];
  let text = '';
  for (const row of rows) {
    const placed = placeTokens(row, unit);
    for (const { first, last, label } of row.spans) {
      const piece = placed.piece(first, last);
      if (!piece) row.report.loss(`a span of the tokens ${first} to ${last} is left out: they are empty, or not in the text`);
      else
        spans.push({
          id: `s${spans.length}`,
          pieces: [[text.length + piece[0], text.length + piece[1]]],
          label: fileLabelId('span', label, row.report),
          ...IMPORTED,
        });
    }
    text += placed.text;
  }
  const notes = { spans, relations: [], questions: [] };
  return {
    id: `${file}:${number}`,
    name: name ?? rowName(file, number),
    text,
    status: importedStatus(notes),
    ...notes,
    source: { format: 'huggingface', file, row: number },
    ...(!rows[0]!.text && { meta: REBUILT }),
    ...given('extra', extra),
  };
}

/** The text of a row, and where its tokens are. */
function placeTokens(
  { text, tokens, report }: Row,
  unit: TextUnit,
): { readonly text: string; piece(first: number, last: number): Piece | undefined } {
  const rebuilt = new TextOfTokens();
  if (!text) {
    for (const token of tokens) rebuilt.add(token);
    return { text: rebuilt.text, piece: (first, last) => rebuilt.piece(first, last) };
  }
  const table = offsetTable(text.whole, unit);
  const piece = (first: number, last: number) => checkedPiece(table, text.offsets[first]![0], text.offsets[last]![1], report);
  return { text: text.whole, piece };
}
