// doccano: JSON Lines, or a list, with spans as `label: [[0, 15, "PER"]]`, or as `entities` with `relations`.
import { show } from '../model/show.js';
import type { AnnotatedDocument, Corpus, Extra, Json, Relation, Span } from '../model/types.js';
import { choice, chosen } from './choice.js';
import { detectEach, firstRow, hasExtension } from './detect.js';
import {
  corpusFile, fileLabelId, IMPORTED, importedSpan, importedStatus, labelNames, newCorpus, rowName, without, type FileSpan,
} from './documents.js';
import { Fields, filled, given } from './fields.js';
import type { Format, InputFile, Loss, ReadOptions, ReadResult, WriteOptions, WriteResult } from './format.js';
import { isList, isObject } from './json-values.js';
import { parseJsonRows } from './json.js';
import { jsonLines } from './lines.js';
import { reduceCorpus, type Abilities } from './losses.js';
import { offsetTable, pieceFromUtf16, type TextUnit } from './offsets.js';
import { ProblemList, type Reporter } from './problems.js';
import { detectUnit, rawSpan } from './units.js';

/** doccano counts UTF-16 units, or graphemes in projects with that option. Files that people make for it with Python count code points. */
const UNITS: readonly TextUnit[] = ['utf-16', 'grapheme', 'code-point'];
const TEXT_NAMES = ['text', 'data'];
const LABEL_NAMES = ['label', 'labels'];
/** Fields of doccano itself. Other fields are metadata that people gave. */
const OWN_NAMES = ['id', 'Comments'];
const WRITTEN = new Set([...TEXT_NAMES, ...LABEL_NAMES, 'entities', 'relations']);
/** Columns of the table that doccano makes of a file. */
const COLUMNS = ['filename', 'upload_name', 'example_uuid', '#line_number'];
const RESERVED = new Set([...WRITTEN, ...OWN_NAMES, ...COLUMNS]);
const ABILITIES: Abilities = { overlap: 'all', meta: { reserved: RESERVED }, loneSurrogates: true };

const LAYOUT = choice('layout', 'Project', {
  auto: 'with relations if there are some',
  label: 'sequence labeling without relations',
  relations: 'sequence labeling with relations',
});
const UNIT = choice('unit', 'The project counts', {
  'utf-16': 'UTF-16 units (the default of doccano)',
  grapheme: 'graphemes (the option of the project is on)',
  'code-point': 'code points',
});
/** doccano makes a table of a file. Where a row lacks a field that others have, the table has "not a number", which its database refuses. */
const FIELDS = choice('fields', 'Metadata', {
  same: 'what all documents have: doccano refuses a file if only some have a field',
  all: 'all',
});

export const doccano: Format = {
  id: 'doccano',
  name: 'doccano JSONL',
  extensions: ['.jsonl', '.json'],
  unit: 'utf-16',
  readUnits: UNITS,
  writeOptions: [LAYOUT, UNIT, FIELDS],
  detect: (files) => detectEach(files, likely),
  read,
  write,
};

function likely(file: InputFile): number {
  const row = firstRow(file);
  if (!hasExtension(file, doccano.extensions) || !isObject(row)) return 0;
  if (!TEXT_NAMES.some((name) => typeof row[name] === 'string')) return 0;
  if (isList(row.entities) && isList(row.relations)) return 0.9;
  const labels = LABEL_NAMES.map((name) => row[name]).find(isList);
  if (labels) return labels.every(isTriple) ? 0.9 : 0.3;
  if (Object.values(row).some(isTripleList)) return 0.6;
  return Object.values(row).some((value) => isList(value) || isObject(value)) ? 0 : 0.3; // texts without labels
}

interface RawSpan extends FileSpan {
  readonly id?: number;
}

interface RawRow {
  readonly text: string;
  readonly spans: readonly RawSpan[];
  readonly relations: readonly Fields[];
  readonly rest: Pick<AnnotatedDocument, 'name' | 'source' | 'meta' | 'extra'>;
}

function read(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const rows = files.flatMap((file) => [...rowsOf(file, problems.of(file.name), options)]);
  const texts = rows.map(({ text, spans }) => ({ text, spans: spans.map(rawSpan) }));
  const unit = detectUnit(texts, UNITS, options.unit);
  return { corpus: newCorpus(files, rows.map((row, index) => documentOf(row, index, unit.unit))), problems: problems.all, unit };
}

function* rowsOf({ name: file, bytes }: InputFile, report: Reporter, options: ReadOptions): Generator<RawRow> {
  for (const { row, value, report: at } of parseJsonRows(bytes, report)) {
    const fields = Fields.of(value, at);
    const raw = fields && rawRow(fields, options);
    if (raw) yield { ...raw, rest: { name: rowName(file, row), source: { format: doccano.id, file, row }, ...restOf(fields) } };
  }
}

function rawRow(fields: Fields, options: ReadOptions): Omit<RawRow, 'rest'> | undefined {
  const textName = TEXT_NAMES.find((name) => fields.has(name));
  const text = textName && fields.string(textName);
  if (text === undefined) return void fields.report.error('it has no "text"; the row is left out');
  const spans = fields.has('entities') ? fields.objects('entities').map(rawEntity) : rawTriples(fields, options);
  return { text, spans, relations: fields.objects('relations') };
}

function rawEntity(fields: Fields): RawSpan {
  const known = { start: fields.number('start_offset'), end: fields.number('end_offset'), label: fields.string('label') };
  return { ...known, ...given('id', fields.integer('id')), ...given('extra', fields.rest()), report: fields.report };
}

function rawTriples(fields: Fields, { labelColumn }: ReadOptions): RawSpan[] {
  const asked = typeof labelColumn === 'string' ? [labelColumn] : LABEL_NAMES;
  const name = asked.find((candidate) => fields.has(candidate)) ?? fields.names().find((candidate) => isTripleList(fields.peek(candidate)));
  if (name === undefined) return [];
  const reportOfField = fields.report.in(name);
  return (fields.list(name) ?? []).flatMap((value, index) => {
    const report = reportOfField.in(index);
    if (isTriple(value)) return [{ start: value[0], end: value[1], label: value[2], report }];
    report.loss(`${show(value)} is not start, end and label`);
    return [];
  });
}

function isTriple(value: Json): value is readonly [number, number, string] {
  return isList(value) && value.length === 3 && typeof value[0] === 'number' && typeof value[1] === 'number' && typeof value[2] === 'string';
}

function isTripleList(value: Json | undefined): boolean {
  return isList(value) && value.length > 0 && value.every(isTriple);
}

function restOf(fields: Fields): Pick<AnnotatedDocument, 'meta' | 'extra'> {
  const all = Object.entries(fields.rest() ?? {});
  const part = (isOwn: boolean) => filled(Object.fromEntries(all.filter(([name]) => OWN_NAMES.includes(name) === isOwn)));
  return { ...given('meta', part(false)), ...given('extra', part(true)) };
}

function documentOf({ text, spans: raw, relations: rawRelations, rest }: RawRow, index: number, unit: TextUnit): AnnotatedDocument {
  const table = offsetTable(text, unit);
  const byId = new Map<number, Span>();
  const spans = raw.flatMap((fileSpan, number): Span[] => {
    const { id, report } = fileSpan;
    const span = importedSpan(fileSpan, `s${number}`, table);
    if (!span) return [];
    if (id !== undefined && byId.has(id)) report.loss(`the id ${id} occurs twice; relations get the first`);
    else if (id !== undefined) byId.set(id, span);
    return [span];
  });
  const relations = rawRelations.flatMap((fields, number) => relationOf(fields, number, byId) ?? []);
  const notes = { spans, relations, questions: [] };
  return { id: `d${index}`, text, status: importedStatus(notes), ...notes, ...rest };
}

function relationOf(fields: Fields, number: number, spans: ReadonlyMap<number, Span>): Relation | undefined {
  fields.raw('id');
  const [from, to, type] = [fields.integer('from_id'), fields.integer('to_id'), fields.string('type')];
  const [head, tail] = [spans.get(from ?? NaN), spans.get(to ?? NaN)];
  if (!head || !tail)
    return void fields.report.loss(`from_id ${show(from)} or to_id ${show(to)} is not an entity of the row; the relation is left out`);
  return {
    id: `r${number}`,
    head: head.id,
    tail: tail.id,
    label: fileLabelId('relation', type, fields.report),
    ...IMPORTED,
    ...given('extra', fields.rest()),
  };
}

function write(whole: Corpus, options: WriteOptions): WriteResult {
  const unit = chosen(UNIT, options) as TextUnit;
  const layout = chosen(LAYOUT, options);
  const withRelations = layout === 'relations' || (layout === 'auto' && whole.documents.some(({ relations }) => relations.length > 0));
  const { corpus, losses } = reduceCorpus(whole, options, doccano.id, { ...ABILITIES, unit, relations: withRelations, noItemExtra: !withRelations });
  const name = labelNames(corpus.labelSets);
  const row = withRelations ? entityRow(unit, name) : (document: AnnotatedDocument) => ({ label: triples(document, unit, name) });
  const fields = new RowFields(corpus.documents, chosen(FIELDS, options) === 'all');
  const rows = corpus.documents.map((document) => {
    const { id, ...others } = fields.of(document);
    return { ...given('id', id), text: document.text, ...row(document), ...others };
  });
  const text = jsonLines(rows);
  return { files: [corpusFile(corpus, '.jsonl', withRelations ? inAscii(text) : text)], losses: [...losses, ...fields.losses] };
}

/** doccano guesses the encoding of files with relations, and takes UTF-8 with emoji for Windows-1252. */
function inAscii(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Metadata of rows, and fields that doccano added. */
class RowFields {
  readonly losses: Loss[] = [];
  readonly #rows: number;
  readonly #all: boolean;
  /** In how many rows a field is. */
  readonly #counts = new Map<string, number>();

  constructor(documents: readonly AnnotatedDocument[], all: boolean) {
    this.#rows = documents.length;
    this.#all = all;
    for (const document of documents)
      for (const name of Object.keys(this.#allOf(document))) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  of(document: AnnotatedDocument): Extra {
    const isKept = (name: string) => this.#all || this.#counts.get(name) === this.#rows;
    const fields = Object.entries(this.#allOf(document));
    for (const [name] of fields) if (!isKept(name)) this.#lose(document, name);
    return Object.fromEntries(fields.filter(([name]) => isKept(name)));
  }

  #allOf({ meta, extra }: AnnotatedDocument): Extra {
    return { ...meta, ...without(extra, WRITTEN) };
  }

  #lose({ id: document, meta }: AnnotatedDocument, name: string): void {
    const isMeta = meta !== undefined && Object.hasOwn(meta, name);
    if (isMeta) this.losses.push({ kind: 'meta', document, item: name, reason: 'other documents have no field of this name' });
    else this.losses.push({ kind: 'columns', document, reason: `the field ${show(name)} of doccano is left out: other documents do not have it` });
  }
}

type LabelNames = ReturnType<typeof labelNames>;

function triples({ text, spans }: AnnotatedDocument, unit: TextUnit, name: LabelNames): Json {
  const table = offsetTable(text, unit);
  return spans.map(({ pieces, label }) => [...pieceFromUtf16(table, pieces[0]!)!, name('span', label)]);
}

/** Makes entities and relations. Their ids are unique in the whole file, as those of doccano are. */
function entityRow(unit: TextUnit, name: LabelNames): (document: AnnotatedDocument) => { readonly entities: Json; readonly relations: Json } {
  let nextEntity = 1;
  let nextRelation = 1;
  return ({ text, spans, relations }) => {
    const table = offsetTable(text, unit);
    const ids = new Map(spans.map(({ id }) => [id, nextEntity++]));
    const entities = spans.map(({ id, pieces, label, extra }) => {
      const [start_offset, end_offset] = pieceFromUtf16(table, pieces[0]!)!;
      return { ...extra, id: ids.get(id)!, label: name('span', label), start_offset, end_offset };
    });
    const links = relations.map(({ head, tail, label, extra }) => ({
      ...extra,
      id: nextRelation++,
      from_id: ids.get(head)!,
      to_id: ids.get(tail)!,
      type: name('relation', label),
    }));
    return { entities, relations: links };
  };
}
