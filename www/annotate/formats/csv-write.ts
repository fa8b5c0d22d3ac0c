// Writes the tables of CSV.
import { textOf } from '../model/spans.js';
import type { AnnotatedDocument, Corpus, Json, Relation, Span } from '../model/types.js';
import { choice, chosen } from './choice.js';
import { writeTable } from './csv-table.js';
import { corpusFile, labelNames } from './documents.js';
import type { InputFile, Loss, WriteOptions, WriteResult } from './format.js';
import { countedLosses } from './loss-counts.js';
import { reduceCorpus, type Abilities } from './losses.js';
import { hasLoneSurrogate, offsetTable, pieceFromUtf16, type OffsetTable, type TextUnit } from './offsets.js';

/** The columns of each table; `start` and `end` have the unit in their names: `start_utf16`. */
export const COLUMNS = {
  documents: ['doc', 'name', 'status', 'note', 'text'],
  spans: ['doc', 'span', 'start', 'end', 'label', 'text', 'by', 'state', 'score', 'type', 'note', 'pieces'],
  relations: ['doc', 'relation', 'head', 'tail', 'label', 'by', 'state', 'score', 'note'],
} as const;

/** Names of columns of documents that are not metadata. */
export const OWN_NAMES: ReadonlySet<string> = new Set(COLUMNS.documents);

const UNIT_NAMES = { 'utf-16': 'utf16', 'code-point': 'code_point', grapheme: 'grapheme', byte: 'byte' } as const satisfies Record<TextUnit, string>;

/** The unit in the name of a column. */
export function unitOfColumn(column: string): TextUnit | undefined {
  const name = column.replace(/^(start|end)_/, '');
  return (Object.keys(UNIT_NAMES) as TextUnit[]).find((unit) => UNIT_NAMES[unit] === name && name !== column);
}

const ABILITIES: Abilities = {
  overlap: 'all',
  discontinuous: true,
  relations: true,
  states: true,
  provenance: true,
  scores: true,
  notes: true,
  types: true,
  status: true,
  documentNotes: true,
  names: true,
  meta: { reserved: OWN_NAMES },
};

/** So that the table does not get more columns than are read. */
const MAX_META = 900;

export const DELIMITER = choice('delimiter', 'Between cells', { ',': 'Comma', ';': 'Semicolon (Excel in many countries)', '\t': 'Tab' });
export const UNIT = choice('unit', 'Offsets count', { 'utf-16': 'UTF-16 units (JavaScript, Java)', 'code-point': 'Code points (Python)' });

export function writeCsv(corpus: Corpus, options: WriteOptions): WriteResult {
  const reduced = reduceCorpus(corpus, options, 'csv', ABILITIES);
  const unit = chosen(UNIT, options) as TextUnit;
  const delimiter = chosen(DELIMITER, options);
  const { documents, labelSets } = reduced.corpus;
  const meta = new MetaColumns(documents);
  const name = labelNames(labelSets);
  const unitNames = (columns: readonly string[]) =>
    columns.map((column) => (column === 'start' || column === 'end' ? `${column}_${UNIT_NAMES[unit]}` : column));
  const rows = { documents: [] as string[][], spans: [] as string[][], relations: [] as string[][] };
  for (const [index, document] of documents.entries()) {
    const doc = String(index + 1);
    rows.documents.push([doc, document.name, document.status, document.note ?? '', document.text, ...meta.cells(document)]);
    const table = offsetTable(document.text, unit);
    for (const span of document.spans) rows.spans.push([doc, span.id, ...spanCells(span, document.text, table, name)]);
    for (const relation of document.relations)
      rows.relations.push([
        doc,
        relation.id,
        relation.head,
        relation.tail,
        name('relation', relation.label),
        ...madeCells(relation),
        relation.note ?? '',
      ]);
  }
  const extension = delimiter === '\t' ? 'tsv' : 'csv';
  const file = (kind: keyof typeof rows, columns: readonly string[]): InputFile =>
    corpusFile(corpus, `.${kind}.${extension}`, writeTable(unitNames(columns), rows[kind], delimiter));
  const files = [
    file('documents', [...COLUMNS.documents, ...meta.names]),
    file('spans', COLUMNS.spans),
    ...(rows.relations.length > 0 ? [file('relations', COLUMNS.relations)] : []),
  ];
  return { files, losses: [...reduced.losses, ...meta.losses, ...historyLoss(documents)] };
}

function spanCells(span: Span, text: string, table: OffsetTable, name: ReturnType<typeof labelNames>): string[] {
  const pieces = span.pieces.map((piece) => pieceFromUtf16(table, piece)!);
  return [
    String(pieces[0]![0]),
    String(pieces.at(-1)![1]),
    name('span', span.label),
    textOf(span, text),
    ...madeCells(span),
    span.type === undefined ? '' : name('type', span.type),
    span.note ?? '',
    pieces.length > 1 ? pieces.map((piece) => piece.join('-')).join(' ') : '',
  ];
}

function madeCells({ by, state, score }: Span | Relation): string[] {
  return [by, state, score === undefined ? '' : String(score)];
}

/** Only `by` has a column; which model made an annotation, when, and what it was before is lost. */
function historyLoss(documents: readonly AnnotatedDocument[]): Loss[] {
  const made: readonly (Span | Relation)[] = documents.flatMap(({ spans, relations }) => [...spans, ...relations]);
  const count = made.filter((item) => item.model !== undefined || item.at !== undefined || ('was' in item && item.was !== undefined)).length;
  return countedLosses([['history', count, 'which model made it, when, and what it was before, is left out of # annotations']]);
}

/** Columns of metadata. Their cells are text. */
class MetaColumns {
  readonly names: readonly string[];
  readonly losses: Loss[] = [];

  constructor(documents: readonly AnnotatedDocument[]) {
    const names = new Set<string>();
    let changed = 0;
    for (const { id, meta = {} } of documents) {
      for (const [name, value] of Object.entries(meta)) {
        const reason = this.#refuse(name, value, names);
        if (reason !== undefined) this.losses.push({ kind: 'meta', document: id, item: name, reason });
        else {
          names.add(name);
          if (typeof value !== 'string') changed += 1;
        }
      }
    }
    this.names = [...names];
    this.losses.push(...countedLosses([['meta-types', changed, '# values of metadata become text']]));
  }

  cells({ meta = {} }: AnnotatedDocument): string[] {
    return this.names.map((name) => (Object.hasOwn(meta, name) ? cellOf(meta[name]!) : ''));
  }

  #refuse(name: string, value: Json, names: ReadonlySet<string>): string | undefined {
    if (cellOf(value) === '') return 'an empty cell is read as no value';
    const isWritable = name !== '' && name.trim() === name && !hasLoneSurrogate(name) && !hasLoneSurrogate(cellOf(value));
    if (!isWritable) return 'its name or value cannot be written';
    if (names.size >= MAX_META && !names.has(name)) return `there are more than ${MAX_META} names`;
    return undefined;
  }
}

function cellOf(value: Json): string {
  return typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
}
