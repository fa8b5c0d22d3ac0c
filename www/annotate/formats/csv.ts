// CSV: a table of documents, one of spans, and one of relations. A table with a column of texts alone is a list of documents.
import { addTo } from '../model/lists.js';
import { show } from '../model/show.js';
import { textOf } from '../model/spans.js';
import { ORIGINS, STATES, STATUSES, type AnnotatedDocument, type Piece, type Relation, type Span } from '../model/types.js';
import { choice, chosen } from './choice.js';
import { readTable, unprotect, type Row, type Table } from './csv-table.js';
import { COLUMNS, DELIMITER, OWN_NAMES, UNIT, unitOfColumn, writeCsv } from './csv-write.js';
import { checkedPiece, checkedPieces, fileLabelId, fileName, importedStatus, newCorpus, rowName } from './documents.js';
import { filled, given, isScore } from './fields.js';
import type { Format, InputFile, ReadOptions, ReadResult, UnitChoice } from './format.js';
import { decodeUtf8 } from './json.js';
import { offsetTable, type OffsetTable, type TextUnit } from './offsets.js';
import { ProblemList, type Reporter } from './problems.js';
import { detectUnit } from './units.js';

const UNITS: readonly TextUnit[] = ['utf-16', 'code-point', 'grapheme', 'byte'];

const APOSTROPHES = choice('apostrophes', 'Apostrophes before = + - @, which keep spreadsheets from running cells as formulas', {
  auto: 'are removed if the file was written here',
  remove: 'are removed',
  keep: 'are kept',
});

export const csv: Format = {
  id: 'csv',
  name: 'CSV tables',
  extensions: ['.csv', '.tsv'],
  unit: 'utf-16',
  readUnits: UNITS,
  readOptions: [APOSTROPHES],
  writeOptions: [DELIMITER, UNIT],
  warning: 'Excel rewrites line breaks and quotation marks when it saves a CSV table: then offsets are wrong. Look at the table there, but do not save it.',
  detect: (files) => (files.some(({ name }) => /\.(csv|tsv)$/i.test(name)) ? 0.8 : 0),
  read: readCsv,
  write: writeCsv,
};

/** A table of a file, and what it is about. */
interface FileTable extends Table {
  readonly kind: 'documents' | 'spans' | 'relations';
  readonly file: string;
  readonly report: Reporter;
}

function readCsv(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const tables = files.flatMap((file) => fileTable(file, problems.of(file.name), options) ?? []);
  const documents = tables.filter(({ kind }) => kind === 'documents').flatMap((table) => documentsOf(table, textColumn(table, options)!));
  const byKey = new Map(documents.map((document) => [document.key, document]));
  const spanTables = tables.filter(({ kind }) => kind === 'spans');
  const unit = unitOf(spanTables, byKey, options);
  for (const table of spanTables) addSpans(table, byKey, unit.unit);
  for (const table of tables.filter(({ kind }) => kind === 'relations')) addRelations(table, byKey);
  const corpus = newCorpus(
    files.map(({ name }) => ({ name: name.replace(/\.(documents|spans|relations)(?=\.[^.]*$)/, '') })),
    documents.map(finish),
  );
  return { corpus, problems: problems.all, ...(spanTables.length > 0 && { unit }) };
}

function fileTable(file: InputFile, report: Reporter, options: ReadOptions): FileTable | undefined {
  const text = decodeUtf8(file.bytes, report);
  const table = text === undefined ? undefined : readTable(text, report);
  if (!table) return undefined;
  const kind = kindOf(table, options);
  if (!kind)
    return void report
      .at(1)
      .error(`no column is named ${show(textName(options))}, and no two are named "start" and "end"; there are ${show(table.columns.join(', '))}`);
  return { ...withoutApostrophes(table, kind, options), kind, file: file.name, report };
}

function kindOf(table: Table, options: ReadOptions): FileTable['kind'] | undefined {
  if (table.columns.includes('head') && table.columns.includes('tail')) return 'relations';
  if (unitColumn(table, 'start') !== undefined && unitColumn(table, 'end') !== undefined) return 'spans';
  return textColumn(table, options) === undefined ? undefined : 'documents';
}

function textName({ text }: ReadOptions): string {
  return typeof text === 'string' && text !== '' ? text : 'text';
}

/** The column of texts: `options.text`, or `text`, in upper or lower case, or the only column. */
function textColumn({ columns }: Table, options: ReadOptions): string | undefined {
  const wanted = textName(options);
  return (
    columns.find((name) => name === wanted) ??
    columns.find((name) => name.toLowerCase() === wanted.toLowerCase()) ??
    (columns.length === 1 ? columns[0] : undefined)
  );
}

/** The column `start` or `end`, with its unit or without. */
function unitColumn({ columns }: Table, name: 'start' | 'end'): string | undefined {
  return columns.find((column) => column === name || (column.startsWith(`${name}_`) && unitOfColumn(column) !== undefined));
}

function withoutApostrophes(table: Table, kind: FileTable['kind'], options: ReadOptions): Table {
  const apostrophes = chosen(APOSTROPHES, options);
  const isOwn = COLUMNS[kind].every((name) => table.columns.some((column) => column === name || column.startsWith(`${name}_`)));
  if (apostrophes === 'keep' || (apostrophes !== 'remove' && !isOwn)) return table;
  const rows = table.rows.map(({ number, cells }) => ({
    number,
    cells: new Map([...cells].map(([name, cell]) => [unprotect(name), unprotect(cell)])),
  }));
  return { columns: table.columns.map(unprotect), rows };
}

/** A document that gets its annotations. */
interface Draft {
  readonly key: string;
  readonly document: Omit<AnnotatedDocument, 'spans' | 'relations' | 'questions' | 'status'>;
  readonly status: AnnotatedDocument['status'] | undefined;
  readonly spans: Map<string, Span>;
  readonly relations: Relation[];
}

function documentsOf(table: FileTable, text: string): Draft[] {
  const keys = new Set<string>();
  return table.rows.flatMap(({ number, cells }, index): Draft[] => {
    const report = table.report.at(number);
    const key = cells.get('doc') ?? String(index + 1);
    if (keys.has(key)) return report.loss(`the document ${show(key)} occurs a second time; this row is left out`) ?? [];
    keys.add(key);
    const meta = [...cells].filter(([name]) => name !== text && !OWN_NAMES.has(name));
    const name = table.columns.includes('name') ? (cells.get('name') ?? '') : rowName(table.file, index);
    const document = {
      id: `${table.file}:${number}`,
      name,
      text: cells.get(text) ?? '',
      source: { format: 'csv', file: table.file, row: index },
      ...given('note', cells.get('note')),
      ...given('meta', filled(Object.fromEntries(meta))),
    };
    return [{ key, document, status: word(cells.get('status'), STATUSES, report), spans: new Map(), relations: [] }];
  });
}

function finish({ document, status, spans, relations }: Draft): AnnotatedDocument {
  const notes = { spans: [...spans.values()], relations, questions: [] };
  return { ...document, ...notes, status: status ?? importedStatus(notes) };
}

function word<T extends string>(cell: string | undefined, words: readonly T[], report: Reporter): T | undefined {
  const found = words.find((each) => each === cell);
  if (cell !== undefined && !found) report.loss(`${show(cell)} is not one of ${words.join(', ')}`);
  return found;
}

/** The unit in the names of the columns; without one, it is found out from the texts. */
function unitOf(tables: readonly FileTable[], documents: ReadonlyMap<string, Draft>, options: ReadOptions): UnitChoice & { readonly unit: TextUnit } {
  const stated = tables.map((table) => unitOfColumn(unitColumn(table, 'start')!)).find((unit) => unit !== undefined);
  if (stated) return { unit: stated, candidates: [stated], reason: 'the names of the columns state it' };
  const spans = new Map<string, { pieces: [number, number][]; quote: string | undefined }[]>();
  for (const table of tables) {
    for (const row of table.rows) {
      const pieces = rawPieces(row, table);
      const key = row.cells.get('doc') ?? '';
      if (!pieces || !documents.has(key)) continue;
      addTo(spans, key, { pieces, quote: row.cells.get('text') });
    }
  }
  return detectUnit(
    [...spans].map(([key, list]) => ({ text: documents.get(key)!.document.text, spans: list })),
    UNITS,
    options.unit,
  );
}

/** The pieces of a row in the unit of the file: `0-3 8-13` in the column `pieces`, or from start to end. */
function rawPieces({ cells }: Row, table: FileTable): [number, number][] | undefined {
  const start = cells.get(unitColumn(table, 'start')!) ?? '';
  const end = cells.get(unitColumn(table, 'end')!) ?? '';
  const written = cells.get('pieces')?.split(' ') ?? [`${start}-${end}`];
  const pieces = written.map((piece) => /^(\d{1,15})-(\d{1,15})$/.exec(piece));
  return pieces.every((piece) => piece !== null) ? pieces.map(([, first, last]): [number, number] => [Number(first), Number(last)]) : undefined;
}

function addSpans(table: FileTable, documents: ReadonlyMap<string, Draft>, unit: TextUnit): void {
  const tables = new Map<Draft, OffsetTable>();
  for (const row of table.rows) {
    const report = table.report.at(row.number);
    const draft = documentOf(row, documents, report);
    if (!draft) continue;
    const { text } = draft.document;
    if (!tables.has(draft)) tables.set(draft, offsetTable(text, unit));
    const pieces = piecesOf(row, table, tables.get(draft)!, text, report);
    if (!pieces) continue;
    const { cells } = row;
    const id = cells.get('span') ?? `row ${row.number} of ${fileName(table.file)}`;
    if (draft.spans.has(id)) {
      report.loss(`the span ${show(id)} occurs a second time; this row is left out`);
      continue;
    }
    const type = cells.get('type');
    draft.spans.set(id, {
      id,
      pieces,
      label: fileLabelId('span', cells.get('label'), report),
      ...(type !== undefined && { type: fileLabelId('type', type, report) }),
      ...madeOf(cells, report),
    });
  }
}

function documentOf({ cells }: Row, documents: ReadonlyMap<string, Draft>, report: Reporter): Draft | undefined {
  const key = cells.get('doc');
  const draft = key === undefined ? undefined : documents.get(key);
  if (draft) return draft;
  const fault = key === undefined ? 'no document is named' : `there is no document ${show(key)}`;
  return void report.loss(`${fault}; a table with the columns "doc" and "text" must be read together with this one`);
}

function piecesOf(row: Row, table: FileTable, offsets: OffsetTable, text: string, report: Reporter): readonly Piece[] | undefined {
  const raw = rawPieces(row, table);
  if (!raw) {
    const [start, end] = (['start', 'end'] as const).map((name) => show(row.cells.get(unitColumn(table, name)!)));
    return void report.loss(`start ${start}, end ${end}, pieces ${show(row.cells.get('pieces'))} are not whole numbers`);
  }
  const pieces = raw.map(([start, end]) => checkedPiece(offsets, start, end, report));
  if (!pieces.every((piece) => piece !== undefined)) return undefined;
  const quote = row.cells.get('text');
  const length = pieces.reduce((sum, [start, end]) => sum + end - start + 1, -1);
  if (quote === undefined || (quote.length === length && textOf({ pieces }, text) === quote))
    return checkedPieces(pieces, report);
  return void report.loss(
    `the text of the span is ${show(quote)}, but ${show(text.slice(pieces[0]![0], pieces[0]![0] + 100))} is at its start; the span is left out`,
  );
}

function madeOf(cells: Row['cells'], report: Reporter): Pick<Span, 'by' | 'state' | 'score' | 'note'> {
  const written = cells.get('score');
  const score = written === undefined ? undefined : Number(written);
  const isKept = score !== undefined && isScore(score);
  if (score !== undefined && !isKept) report.loss(`the score ${show(written)} is not between 0 and 1`);
  return {
    by: word(cells.get('by'), ORIGINS, report) ?? 'import',
    state: word(cells.get('state'), STATES, report) ?? 'accepted',
    ...(isKept && { score }),
    ...given('note', cells.get('note')),
  };
}

function addRelations(table: FileTable, documents: ReadonlyMap<string, Draft>): void {
  for (const row of table.rows) {
    const report = table.report.at(row.number);
    const draft = documentOf(row, documents, report);
    if (!draft) continue;
    const { cells } = row;
    const [head, tail] = [cells.get('head'), cells.get('tail')];
    const unknown = [head, tail].find((id) => id === undefined || !draft.spans.has(id));
    if (head === undefined || tail === undefined || !draft.spans.has(head) || !draft.spans.has(tail)) {
      report.loss(`the relation is left out: there is no span ${show(unknown)} in the document`);
      continue;
    }
    draft.relations.push({
      id: `row ${row.number} of ${fileName(table.file)}`,
      head,
      tail,
      label: fileLabelId('relation', cells.get('label'), report),
      ...madeOf(cells, report),
    });
  }
}
