// spaCy's training data as JSON: `["text", {"entities": [[0, 3, "PER"]]}]`, in a list or one a line. And the form of
// ner-annotator: `{"classes": ["PER"], "annotations": [["text", {"entities": […]}], null]}`.
import { labelSetsOf, newLabelSet } from '../model/labels.js';
import { show } from '../model/show.js';
import type { AnnotatedDocument, Corpus, Extra, Json, LabelSet, Span } from '../model/types.js';
import { choice, chosen } from './choice.js';
import { detectEach, firstRow, hasExtension } from './detect.js';
import { corpusFile, importedSpan, importedStatus, labelNames, newCorpus, rowName, without, type FileSpan } from './documents.js';
import { Fields, filled, given } from './fields.js';
import type { Format, InputFile, ReadOptions, ReadResult, WriteOptions, WriteResult } from './format.js';
import { isList, isObject } from './json-values.js';
import { parseJsonRows } from './json.js';
import { jsonLines, jsonList } from './lines.js';
import { reduceCorpus } from './losses.js';
import { offsetTable, pieceFromUtf16, type OffsetTable, type TextUnit } from './offsets.js';
import { ProblemList, type Reporter } from './problems.js';
import { groupExtra, SPAN_GROUP, splitSpans } from './spacy-groups.js';
import { detectUnit, rawSpan } from './units.js';

/** Python counts code points; ner-annotator is written in JavaScript. */
const UNITS: readonly TextUnit[] = ['code-point', 'utf-16'];
const NER_ANNOTATOR_UNITS: readonly TextUnit[] = ['utf-16', 'code-point'];

const WRITTEN = new Set(['entities', 'spans']);

const FORM = choice('form', 'Form', {
  lines: 'one text in a line',
  list: 'a list of texts',
  'ner-annotator': 'ner-annotator, with the list of labels',
});

export const spacyTuples: Format = {
  id: 'spacy-tuples',
  name: 'spaCy training data (JSON)',
  extensions: ['.json', '.jsonl'],
  unit: 'code-point',
  readUnits: UNITS,
  writeOptions: [FORM, SPAN_GROUP],
  detect: (files) => detectEach(files, likely),
  read,
  write,
};

function likely(file: InputFile): number {
  const row = firstRow(file);
  if (!hasExtension(file, spacyTuples.extensions)) return 0;
  if (isObject(row)) return isList(row.classes) && isList(row.annotations) ? 0.95 : 0;
  return isTuple(row) ? 0.9 : 0;
}

/** Whether a value is a text with its annotations. */
function isTuple(value: Json | undefined): value is readonly [string, Extra] {
  return isList(value) && value.length === 2 && typeof value[0] === 'string' && isObject(value[1]);
}

interface RawRow {
  readonly file: string;
  readonly row: number;
  readonly text: string;
  readonly spans: readonly FileSpan[];
  readonly extra?: Extra;
}

interface RawFile {
  readonly rows: readonly RawRow[];
  /** Names of labels; absent unless ner-annotator made the file. */
  readonly classes?: readonly string[];
}

function read(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const raw = files.map((file) => rawFile(file, problems.of(file.name)));
  const rows = raw.flatMap((file) => file.rows);
  const texts = rows.map(({ text, spans }) => ({ text, spans: spans.map(rawSpan) }));
  const classes = raw.flatMap((file) => file.classes ?? []);
  const unit = detectUnit(texts, raw.some((file) => file.classes) ? NER_ANNOTATOR_UNITS : UNITS, options.unit);
  const documents = rows.map((row, index) => documentOf(row, index, unit.unit));
  return { corpus: { ...newCorpus(files, documents), labelSets: withClasses(labelSetsOf(documents), classes) }, problems: problems.all, unit };
}

/** The labels of ner-annotator come first, in their order; also those that no span has. */
function withClasses(sets: readonly LabelSet[], classes: readonly string[]): readonly LabelSet[] {
  if (classes.length === 0) return sets;
  const used = sets.find(({ kind }) => kind === 'span')?.labels.map(({ name }) => name) ?? [];
  return [newLabelSet('span', [...classes, ...used]), ...sets.filter(({ kind }) => kind !== 'span')];
}

function rawFile({ name: file, bytes }: InputFile, report: Reporter): RawFile {
  const rows = [...parseJsonRows(bytes, report)];
  const values = rows.map(({ value }) => value);
  const [first] = rows;
  if (isTuple(values)) return { rows: rawRow(file, 0, values, report.at(1)) }; // a file of one line, which is a tuple
  if (rows.length === 1 && isObject(first!.value) && Object.hasOwn(first!.value, 'annotations'))
    return nerAnnotatorFile(file, new Fields(first!.value, report));
  return { rows: rows.flatMap(({ row, value, report: at }) => rawRow(file, row, value, at)) };
}

function nerAnnotatorFile(file: string, fields: Fields): RawFile {
  const classes = (fields.list('classes') ?? []).filter((name, index): name is string => {
    const isName = typeof name === 'string' && name !== '';
    if (!isName) fields.report.in('classes').in(index).loss(`${show(name)} is not the name of a label`);
    return isName;
  });
  const rows = (fields.list('annotations') ?? []).flatMap((value, row) => rawRow(file, row, value, fields.report.at(row + 1)));
  fields.reportRest();
  return { rows, classes };
}

/** A row, or nothing if it is refused. */
function rawRow(file: string, row: number, value: Json, report: Reporter): RawRow[] {
  if (value === null) {
    report.loss('the row is null: ner-annotator writes this for a skipped line, whose text is not in the file');
    return [];
  }
  if (!isTuple(value)) {
    report.error(`${show(value)} is not a text with an object of annotations`);
    return [];
  }
  const [text, annotations] = value;
  const fields = new Fields(annotations, report);
  const spans = (fields.list('entities') ?? []).flatMap((entity, index) => rawEntity(entity, report.in('entities').in(index)));
  const groups = fields.object('spans');
  for (const name of groups?.names() ?? []) {
    for (const [index, span] of (groups!.list(name) ?? []).entries())
      spans.push(...rawEntity(span, groups!.report.in(name).in(index), groupExtra(name)));
  }
  return [{ file, row, text, spans, ...given('extra', fields.rest()) }];
}

/** Start, end and label; a fourth value is the id in a knowledge base. */
function rawEntity(value: Json, report: Reporter, group: Extra = {}): FileSpan[] {
  const isEntity = isList(value) && (value.length === 3 || value.length === 4) && typeof value[0] === 'number' && typeof value[1] === 'number';
  if (!isEntity) {
    report.loss(`${show(value)} is not start, end and label`);
    return [];
  }
  const [start, end, label, link] = value as [number, number, Json, Json?];
  const extra = { ...group, ...(link !== undefined && link !== '' && { kb_id: link }) };
  return [{ start, end, label: typeof label === 'string' ? label : undefined, ...given('extra', filled(extra)), report }];
}

function documentOf({ file, row, text, spans: raw, extra }: RawRow, index: number, unit: TextUnit): AnnotatedDocument {
  const table = offsetTable(text, unit);
  const spans = raw.flatMap((span, number) => importedSpan(span, `s${number}`, table) ?? []);
  const notes = { spans, relations: [], questions: [] };
  return {
    id: `d${index}`,
    name: rowName(file, row),
    text,
    status: importedStatus(notes),
    ...notes,
    source: { format: spacyTuples.id, file, row },
    ...given('extra', extra),
  };
}

function write(whole: Corpus, options: WriteOptions): WriteResult {
  const form = chosen(FORM, options);
  const isNerAnnotator = form === 'ner-annotator';
  const { corpus, losses } = reduceCorpus(whole, options, spacyTuples.id, { overlap: isNerAnnotator ? 'outermost' : 'all', loneSurrogates: true });
  const name = labelNames(corpus.labelSets);
  const rows = corpus.documents.map((document) => tuple(document, isNerAnnotator ? 'utf-16' : 'code-point', options, name));
  const file = (extension: string, text: string): WriteResult => ({ files: [corpusFile(corpus, extension, text)], losses });
  const classes = corpus.labelSets.flatMap(({ labels }) => labels.map((label) => label.name));
  if (isNerAnnotator) return file('.json', JSON.stringify({ classes, annotations: rows }));
  return form === 'list' ? file('.json', jsonList(rows)) : file('.jsonl', jsonLines(rows));
}

function tuple({ text, spans, extra }: AnnotatedDocument, unit: TextUnit, options: WriteOptions, name: ReturnType<typeof labelNames>): Json {
  const table = offsetTable(text, unit);
  const { ents, groups } = splitSpans(spans, options);
  const written = (list: readonly Span[]): Json => list.map((span) => entity(span, table, name('span', span.label)));
  const others = Object.fromEntries([...groups].map(([group, list]) => [group, written(list)]));
  return [text, { ...without(extra, WRITTEN), entities: written(ents), ...(groups.size > 0 && { spans: others }) }];
}

function entity({ pieces, extra }: Span, table: OffsetTable, label: string): Json {
  const piece = pieceFromUtf16(table, pieces[0]!)!;
  return extra?.kb_id === undefined ? [...piece, label] : [...piece, label, extra.kb_id];
}
