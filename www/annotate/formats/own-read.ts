// Reads our own format. Everything is checked: a file may have been changed by hand.
import { mergeLabelSets, withLabelIds } from '../model/labels.js';
import { show } from '../model/show.js';
import { ORIGINS, STATES, STATUSES } from '../model/types.js';
import type { AnnotatedDocument, Corpus, Json, LabelSet, Notes, Piece, Question, Relation, Source, Span } from '../model/types.js';
import { baseName, checkedPiece, checkedPieces, readModel } from './documents.js';
import { Fields, given } from './fields.js';
import type { InputFile } from './format.js';
import { isList } from './json-values.js';
import { parseJsonLines } from './json.js';
import { offsetTable, type OffsetTable } from './offsets.js';
import { FORMAT, VERSION, extraOf } from './own-extra.js';
import { LabelBook, readLabelSets } from './own-labels.js';
import type { ProblemList, Reporter } from './problems.js';


/** Reads files. Their label sets are merged: labels with the same name and kind become one. */
export function readOwn(files: readonly InputFile[], problems: ProblemList): Corpus {
  const corpora = files.map((file) => readFile(file, problems.of(file.name)));
  const [first, ...others] = corpora;
  if (!first) return { name: '', labelSets: [], documents: [] };
  return others.reduce(joined, first);
}

function joined(first: Corpus, second: Corpus): Corpus {
  const { labelSets, ids } = mergeLabelSets(first.labelSets, second.labelSets);
  return { ...first, labelSets, documents: [...first.documents, ...second.documents.map((document) => withLabelIds(document, ids))] };
}

function readFile({ name, bytes }: InputFile, report: Reporter): Corpus {
  let corpus: Omit<Corpus, 'documents' | 'labelSets'> | undefined;
  let labels = new LabelBook([]);
  const ids = new Ids();
  const documents: AnnotatedDocument[] = [];
  let isEmpty = true;
  for (const { value, report: at } of parseJsonLines(bytes, report)) {
    isEmpty = false;
    const fields = Fields.of(value, at);
    if (!fields) continue;
    if (!corpus) {
      const head = readHeader(fields, baseName(name).replace(/\.luke$/, ''));
      if (!head) break;
      [corpus, labels] = [head.corpus, new LabelBook(head.labelSets)];
      continue;
    }
    const document = readDocument(fields, labels, ids);
    if (document) documents.push(document);
  }
  if (isEmpty) report.error('the file has no first line with the label sets');
  return { ...(corpus ?? { name: baseName(name) }), labelSets: labels.sets(), documents };
}

function readHeader(fields: Fields, fallback: string): { corpus: Omit<Corpus, 'documents' | 'labelSets'>; labelSets: LabelSet[] } | undefined {
  const { report } = fields;
  const [format, version, offsets] = [fields.raw('format'), fields.raw('version'), fields.raw('offsets')];
  if (format !== FORMAT) return void report.error(`the first line must have "format":"${FORMAT}", but has ${show(format)}`);
  if (version !== VERSION) return void report.error(`version ${show(version)} of the format is not known, only ${VERSION}`);
  if (offsets !== 'utf-16') return void report.error(`"offsets" must be "utf-16", but is ${show(offsets)}`);
  const labelSets = readLabelSets(fields);
  return {
    corpus: { name: fields.string('name') ?? fallback, ...given('guide', fields.string('guide')), ...given('extra', extraOf(fields)) },
    labelSets,
  };
}

/** Makes sure that ids are unique. */
class Ids {
  readonly #taken = new Set<string>();
  #next = 1;

  take(fields: Fields): string {
    const wanted = fields.string('id');
    if (wanted !== undefined && !this.#taken.has(wanted)) {
      this.#taken.add(wanted);
      return wanted;
    }
    while (this.#taken.has(`new-${this.#next}`)) this.#next += 1;
    const id = `new-${this.#next}`;
    fields.report.loss(`${wanted === undefined ? 'it has no id' : `the id ${show(wanted)} occurs twice`}; it gets the id ${show(id)}`);
    this.#taken.add(id);
    return id;
  }
}

function readDocument(fields: Fields, labels: LabelBook, ids: Ids): AnnotatedDocument | undefined {
  const { report } = fields;
  const text = fields.string('text');
  if (text === undefined) return void report.error('a document without "text" is left out');
  const head = {
    id: ids.take(fields), name: fields.string('name') ?? '', text, status: fields.word('status', STATUSES) ?? 'new',
    ...given('note', fields.string('note')), ...given('source', readSource(fields.object('source'))), ...given('meta', fields.extra('meta')),
  };
  const notes = readNotes(fields, offsetTable(text, 'utf-16'), labels);
  return { ...head, ...notes, ...given('extra', extraOf(fields)) };
}

function readSource(fields: Fields | undefined): Source | undefined {
  if (!fields) return undefined;
  const source = { format: fields.string('format') ?? '', file: fields.string('file') ?? '', ...given('row', fields.integer('row')) };
  fields.reportRest();
  return source;
}

function readNotes(fields: Fields, table: OffsetTable, labels: LabelBook): Notes {
  const spanIds = new Ids();
  const spans = fields.objects('spans').flatMap((span) => readSpan(span, table, labels, spanIds) ?? []);
  const known = new Set(spans.map(({ id }) => id));
  const relationIds = new Ids();
  const relations = fields.objects('relations').flatMap((relation) => readRelation(relation, known, labels, relationIds) ?? []);
  const questionIds = new Ids();
  const questions = fields.objects('questions').flatMap((question) => readQuestion(question, table, questionIds) ?? []);
  return { spans, relations, questions };
}

function readSpan(fields: Fields, table: OffsetTable, labels: LabelBook, ids: Ids): Span | undefined {
  const pieces = checkedPieces(readPieces(fields, 'pieces', table), fields.report);
  if (!pieces) return undefined;
  const type = fields.string('type');
  const was = fields.object('was');
  const label = labels.check('span', fields.string('label'), fields.report);
  const head = { id: ids.take(fields), pieces, label, ...(type !== undefined && { type: labels.check('type', type, fields.report) }) };
  const before = { ...given('was', was && readWas(was, table, labels)), ...given('confirmed', readModel(fields.object('confirmed'))) };
  return { ...head, ...readMade(fields), ...before, ...given('extra', extraOf(fields)) };
}

function readPieces(fields: Fields, name: string, table: OffsetTable): (Piece | undefined)[] {
  return (fields.list(name) ?? []).map((value, index) => {
    const [start, end] = isList(value) ? value.map(numberOf) : [];
    return checkedPiece(table, start, end, fields.report.in(name).in(index));
  });
}

function numberOf(value: Json): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function readWas(fields: Fields, table: OffsetTable, labels: LabelBook): NonNullable<Span['was']> | undefined {
  const pieces = checkedPieces(readPieces(fields, 'pieces', table), fields.report);
  const was = { label: labels.check('span', fields.string('label'), fields.report), ...given('score', fields.score('score')) };
  fields.reportRest();
  return pieces && { ...was, pieces };
}

function readRelation(fields: Fields, spans: ReadonlySet<string>, labels: LabelBook, ids: Ids): Relation | undefined {
  const [head, tail] = [fields.string('head'), fields.string('tail')];
  if (head === undefined || tail === undefined || !spans.has(head) || !spans.has(tail)) {
    return void fields.report.loss(`head ${show(head)} or tail ${show(tail)} is not a span of the document; the relation is left out`);
  }
  const label = labels.check('relation', fields.string('label'), fields.report);
  return { id: ids.take(fields), head, tail, label, ...readMade(fields), ...given('extra', extraOf(fields)) };
}

function readQuestion(fields: Fields, table: OffsetTable, ids: Ids): Question | undefined {
  const question = fields.string('question');
  if (question === undefined) return void fields.report.loss('a question without "question" is left out');
  const answers = readPieces(fields, 'answers', table).filter((piece) => piece !== undefined);
  return { id: ids.take(fields), question, answers, ...readMade(fields), ...given('extra', extraOf(fields)) };
}

function readMade(fields: Fields): Pick<Span, 'by' | 'state' | 'score' | 'model' | 'at' | 'note'> {
  return {
    by: fields.word('by', ORIGINS) ?? 'import',
    state: fields.word('state', STATES) ?? 'accepted',
    ...given('score', fields.score('score')),
    ...given('model', readModel(fields.object('model'))),
    ...given('at', fields.number('at')),
    ...given('note', fields.string('note')),
  };
}
