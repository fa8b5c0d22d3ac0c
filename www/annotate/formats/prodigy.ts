// Prodigy: JSON Lines with spans, tokens and the answer of a person.
import { labelId } from '../model/labels.js';
import { piecesKey, spanKey } from '../model/pieces.js';
import { show } from '../model/show.js';
import type { AnnotatedDocument, Corpus, Extra, Json, Relation, Span, State, Status } from '../model/types.js';
import { detectEach, firstRow, hasExtension } from './detect.js';
import { checkedPiece, checkQuote, corpusFile, fileLabelId, IMPORTED, importedStatus, labelNames, newCorpus, rowName, without } from './documents.js';
import { Fields, given } from './fields.js';
import type { Format, InputFile, ReadOptions, ReadResult, WriteOptions, WriteResult } from './format.js';
import { isList, isObject } from './json-values.js';
import { parseJsonRows } from './json.js';
import { jsonLines } from './lines.js';
import { reduceCorpus, type Abilities } from './losses.js';
import { offsetTable, pieceFromUtf16, type OffsetTable, type TextUnit } from './offsets.js';
import { ProblemList, type Reporter } from './problems.js';
import { ProdigyTokens } from './prodigy-tokens.js';
import { detectUnit, type RawSpan as Evidence } from './units.js';

/** Python counts code points; files that were made by hand may count UTF-16 units. */
const UNITS: readonly TextUnit[] = ['code-point', 'utf-16'];
const ANSWERS = ['accept', 'reject', 'ignore'] as const;
type Answer = (typeof ANSWERS)[number];

/** Fields that are written from what we know. The hashes are fields that we keep and never make. */
const WRITTEN = new Set(['text', 'tokens', 'spans', 'relations', 'answer', 'meta']);
const WRITTEN_OF_SPAN = new Set(['start', 'end', 'token_start', 'token_end', 'label']);
const WRITTEN_OF_RELATION = new Set(['head', 'child', 'head_span', 'child_span', 'label']);

const ABILITIES: Abilities = {
  overlap: 'all', relations: true, meta: 'all', loneSurrogates: true, states: isRejected,
  status: (document) => document.status === 'done' || document.status === 'skipped' || isRejected(document),
};

export const prodigy: Format = {
  id: 'prodigy',
  name: 'Prodigy JSONL',
  extensions: ['.jsonl', '.json'],
  unit: 'code-point',
  readUnits: UNITS,
  detect: (files) => detectEach(files, likely),
  read,
  write,
};

function likely(file: InputFile): number {
  const row = firstRow(file);
  if (!hasExtension(file, prodigy.extensions) || !isObject(row) || typeof row.text !== 'string') return 0;
  if (ANSWERS.includes(row.answer as Answer) || '_input_hash' in row) return 0.95;
  const isPlace = (value: Json) => isObject(value) && typeof value.start === 'number' && typeof value.end === 'number';
  return [row.spans, row.tokens].some((list) => isList(list) && list.length > 0 && list.every(isPlace)) ? 0.85 : 0;
}

/** In a row that was rejected, everything is wrong. Such a document is flagged. */
function isRejected({ status, spans, relations }: AnnotatedDocument): boolean {
  return status === 'flagged' && [...spans, ...relations].every(({ state }) => state === 'rejected');
}

interface RawRow {
  readonly file: string;
  readonly row: number;
  readonly text: string;
  readonly spans: readonly Fields[];
  readonly relations: readonly Fields[];
  readonly tokens: readonly Json[] | undefined;
  readonly answer: Answer | undefined;
  readonly meta: Extra | undefined;
  readonly extra: Extra | undefined;
}

function read(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const rows = files.flatMap((file) => [...rowsOf(file, problems.of(file.name))]);
  const unit = detectUnit(
    rows.map(({ text, spans, tokens }) => ({ text, spans: [...spans.map(evidence), ...tokenEvidence(tokens)] })),
    UNITS,
    options.unit,
  );
  return {
    corpus: newCorpus(
      files,
      rows.map((row, index) => documentOf(row, index, unit.unit)),
    ),
    problems: problems.all,
    unit,
  };
}

function* rowsOf({ name: file, bytes }: InputFile, report: Reporter): Generator<RawRow> {
  for (const { row, value, report: at } of parseJsonRows(bytes, report)) {
    const fields = Fields.of(value, at);
    const text = fields?.string('text');
    if (fields && text === undefined) at.error('it has no "text"; the row is left out');
    if (!fields || text === undefined) continue;
    const notes = {
      spans: fields.objects('spans'),
      relations: fields.objects('relations'),
      tokens: fields.list('tokens'),
      answer: fields.word('answer', ANSWERS),
      meta: fields.extra('meta'),
    };
    yield { file, row, text, ...notes, extra: fields.rest() };
  }
}

function evidence(fields: Fields): Evidence {
  const [start, end, quote] = [fields.peek('start'), fields.peek('end'), fields.peek('text')];
  const piece = [typeof start === 'number' ? start : -1, typeof end === 'number' ? end : -1] as const;
  return { pieces: [piece], quote: typeof quote === 'string' ? quote : undefined };
}

/** Tokens repeat the text, so they tell the unit. */
function tokenEvidence(tokens: readonly Json[] | undefined): Evidence[] {
  return (tokens ?? []).flatMap((token) => {
    if (!isObject(token)) return [];
    const { start, end, text } = token;
    return typeof start === 'number' && typeof end === 'number' && typeof text === 'string' ? [{ pieces: [[start, end] as const], quote: text }] : [];
  });
}

function documentOf(
  { file, row, text, spans: rawSpans, relations: rawRelations, tokens, answer, meta, extra }: RawRow,
  index: number,
  unit: TextUnit,
): AnnotatedDocument {
  const table = offsetTable(text, unit);
  const state: State = answer === 'reject' ? 'rejected' : 'accepted';
  const spans = rawSpans.flatMap((fields, number) => spanOf(fields, number, text, table, state) ?? []);
  const finder = new SpanFinder(spans, table);
  const relations = rawRelations.flatMap((fields, number) => relationOf(fields, number, finder, state) ?? []);
  const notes = { spans: spans.map(({ span }) => span), relations, questions: [] };
  const status: Status = { accept: 'done', ignore: 'skipped', reject: 'flagged', none: importedStatus(notes) }[answer ?? 'none'] as Status;
  const kept = tokens && unit === 'code-point' && !ProdigyTokens.areOurs(tokens, text, notes.spans, table) ? { ...extra, tokens } : extra;
  return {
    id: `d${index}`,
    name: rowName(file, row),
    text,
    status,
    ...notes,
    source: { format: prodigy.id, file, row },
    ...given('meta', meta),
    ...given('extra', kept),
  };
}

/** A span, and the tokens that the file gives for it. */
interface ReadSpan {
  readonly span: Span;
  readonly tokens: readonly [first: number | undefined, last: number | undefined];
}

function spanOf(fields: Fields, number: number, text: string, table: OffsetTable, state: State): ReadSpan | undefined {
  const { report } = fields;
  const piece = checkedPiece(table, fields.number('start'), fields.number('end'), report);
  const [label, quote] = [fields.string('label'), fields.string('text')];
  const tokens = [fields.integer('token_start'), fields.integer('token_end')] as const;
  if (!piece) return undefined;
  checkQuote(text, [piece], quote, report);
  return {
    span: { id: `s${number}`, pieces: [piece], label: fileLabelId('span', label, report), ...IMPORTED, state, ...given('extra', fields.rest()) },
    tokens,
  };
}

/** Finds the spans at the ends of relations. */
class SpanFinder {
  readonly #table: OffsetTable;
  readonly #byPlace = new Map<string, Span>();
  readonly #byToken = new Map<number, Span>();

  constructor(spans: readonly ReadSpan[], table: OffsetTable) {
    this.#table = table;
    for (const { span, tokens: [first, last] } of spans) {
      for (const key of [spanKey(span), piecesKey(span.pieces)]) if (!this.#byPlace.has(key)) this.#byPlace.set(key, span);
      for (const token of [last, first]) if (token !== undefined && !this.#byToken.has(token)) this.#byToken.set(token, span);
    }
  }

  /** By offsets and label, else by offsets, else by the first or last token. */
  find(end: Fields | undefined, token: number | undefined): Span | undefined {
    const [start, stop, label] = [end?.peek('start'), end?.peek('end'), end?.peek('label')];
    const [from, to] = [start, stop].map((offset) => (typeof offset === 'number' ? this.#table.toUtf16(offset) : undefined));
    if (from === undefined || to === undefined) return this.#byToken.get(token ?? NaN);
    const pieces = [[from, to]] as const;
    const named = typeof label === 'string' && label !== '' ? this.#byPlace.get(spanKey({ pieces, label: labelId('span', label) })) : undefined;
    return named ?? this.#byPlace.get(piecesKey(pieces));
  }
}

function relationOf(fields: Fields, number: number, finder: SpanFinder, state: State): Relation | undefined {
  const [head, tail] = [
    finder.find(fields.object('head_span'), fields.integer('head')),
    finder.find(fields.object('child_span'), fields.integer('child')),
  ];
  const label = fields.string('label');
  if (!head || !tail)
    return void fields.report.loss(
      `its ${head ? 'child' : 'head'} ${show(fields.peek(head ? 'child' : 'head'))} is not a span of the row; the relation is left out`,
    );
  return {
    id: `r${number}`,
    head: head.id,
    tail: tail.id,
    label: fileLabelId('relation', label, fields.report),
    ...IMPORTED,
    state,
    ...given('extra', fields.rest()),
  };
}

function write(whole: Corpus, options: WriteOptions): WriteResult {
  const { corpus, losses } = reduceCorpus(whole, options, prodigy.id, ABILITIES);
  const name = labelNames(corpus.labelSets);
  const rows = corpus.documents.map((document) => rowOf(document, name));
  return { files: [corpusFile(corpus, '.jsonl', jsonLines(rows))], losses };
}

function rowOf(document: AnnotatedDocument, name: ReturnType<typeof labelNames>): Extra {
  const { text, spans, relations, meta, extra } = document;
  const table = offsetTable(text, 'code-point');
  const tokens = new ProdigyTokens(text, spans, table, extra?.tokens);
  const placed = new Map(spans.map((span) => [span.id, spanFields(span, table, tokens, name)]));
  const links = relations.map((relation) => relationFields(relation, placed, name));
  const answer = answerOf(document);
  const written = [...placed.values()].map(({ fields, extra }) => ({ ...extra, ...fields }));
  return {
    text, ...without(extra, WRITTEN), ...(meta && { meta }), tokens: tokens.list, spans: written,
    ...(links.length > 0 && { relations: links }), ...(answer && { answer }),
  };
}

function answerOf(document: AnnotatedDocument): Answer | undefined {
  if (document.status === 'done') return 'accept';
  if (document.status === 'skipped') return 'ignore';
  return isRejected(document) ? 'reject' : undefined;
}

interface PlacedSpan {
  readonly fields: { readonly start: number; readonly end: number; readonly token_start: number; readonly token_end: number; readonly label: string };
  readonly extra: Extra;
}

function spanFields(span: Span, table: OffsetTable, tokens: ProdigyTokens, name: ReturnType<typeof labelNames>): PlacedSpan {
  const [start, end] = pieceFromUtf16(table, span.pieces[0]!)!;
  const [token_start, token_end] = tokens.of(span.pieces[0]!);
  return { fields: { start, end, token_start, token_end, label: name('span', span.label) }, extra: without(span.extra, WRITTEN_OF_SPAN) };
}

/** The ends are tokens, the last of their spans, and the spans beside them. */
function relationFields({ head, tail, label, extra }: Relation, spans: ReadonlyMap<string, PlacedSpan>, name: ReturnType<typeof labelNames>): Extra {
  const [from, to] = [spans.get(head)!.fields, spans.get(tail)!.fields];
  return {
    ...without(extra, WRITTEN_OF_RELATION),
    head: from.token_end,
    child: to.token_end,
    head_span: from,
    child_span: to,
    label: name('relation', label),
  };
}
