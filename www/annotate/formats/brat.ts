// brat: a text file and an annotation file for each document, and configuration files beside them.
import { labelSetsOf } from '../model/labels.js';
import { addTo } from '../model/lists.js';
import { show } from '../model/show.js';
import type { AnnotatedDocument, Extra, Piece, Relation, Span } from '../model/types.js';
import { configuredSets, readConfiguration, type Configuration } from './brat-config.js';
import { parseLines, type AnnotationLine, type NoteLine, type RelationLine, type SpanLine } from './brat-lines.js';
import { mergeLines } from './brat-pieces.js';
import { writeBrat } from './brat-write.js';
import { checkedPiece, fileLabelId, IMPORTED, importedStatus, newCorpus } from './documents.js';
import { given } from './fields.js';
import type { Format, InputFile, ReadOptions, ReadResult } from './format.js';
import { decodeUtf8, encodingOfMark } from './json.js';
import { offsetTable, type OffsetTable, type TextUnit } from './offsets.js';
import { ProblemList } from './problems.js';
import { detectUnit, type RawText } from './units.js';

/** The usual unit first. `grapheme` is for files of tools that count CRLF as one. */
const UNITS: readonly TextUnit[] = ['code-point', 'utf-16', 'grapheme', 'byte'];

export const brat: Format = {
  id: 'brat',
  name: 'brat (.txt and .ann)',
  extensions: ['.txt', '.ann', '.a1', '.a2', '.conf'],
  unit: 'code-point',
  readUnits: UNITS,
  detect: detectBrat,
  read: readBrat,
  write: writeBrat,
};

const ANNOTATIONS = /\.(ann|a1|a2)$/i;
const CONFIGURATION = /(^|\/)(annotation|visual)\.conf$/;

function detectBrat(files: readonly InputFile[]): number {
  const names = new Set(files.map(({ name }) => name));
  const annotations = files.filter(({ name }) => ANNOTATIONS.test(name));
  if (annotations.length === 0) return 0;
  return annotations.some(({ name }) => names.has(name.replace(ANNOTATIONS, '.txt'))) ? 0.95 : 0.5;
}

/** A document whose offsets are not converted yet. */
interface RawDocument {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly lines: readonly AnnotationLine[];
}

function readBrat(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const annotations = new Map<string, InputFile[]>();
  for (const file of files.filter(({ name }) => ANNOTATIONS.test(name))) {
    const name = file.name.replace(ANNOTATIONS, '');
    addTo(annotations, name, file);
  }
  const raw = files.filter(({ name }) => /\.txt$/i.test(name)).flatMap((file) => rawDocument(file, annotations, problems));
  reportUnused(files, problems);
  const unit = detectUnit(raw.map(rawText), UNITS, options.unit);
  const configuration = configurationOf(files, problems);
  const documents = raw.map((document) => documentOf(document, unit.unit, configuration.shown));
  const labelSets = configuredSets(configuration, labelSetsOf(documents));
  return { corpus: { ...newCorpus(files, documents), labelSets }, problems: problems.all, unit };
}

function rawDocument(file: InputFile, annotations: ReadonlyMap<string, readonly InputFile[]>, problems: ProblemList): RawDocument[] {
  const text = decodeUtf8(file.bytes, problems.of(file.name));
  if (text === undefined) return [];
  const name = file.name.replace(/\.txt$/i, '');
  const lines = (annotations.get(name) ?? []).flatMap((annotation) => {
    const report = problems.of(annotation.name);
    return parseLines(decodeUtf8(annotation.bytes, report) ?? '', report);
  });
  return [{ name, file: file.name, text: withMark(text, file.bytes, lines), lines }];
}

/** brat counts a byte order mark as a character, so it belongs to the text, unless the texts of the spans say otherwise. */
function withMark(text: string, bytes: Uint8Array, lines: readonly AnnotationLine[]): string {
  if (encodingOfMark(bytes) !== 'utf-8') return text;
  const marked = `\ufeff${text}`;
  const spans = lines.filter((line) => line.kind === 'span').filter(({ quote, pieces }) => quote !== undefined && pieces.length === 1);
  const matching = (whole: string) => {
    const table = offsetTable(whole, 'code-point');
    return spans.filter(({ pieces, quote }) => whole.startsWith(quote!, table.toUtf16(pieces[0]![0]) ?? -1)).length;
  };
  return matching(text) > matching(marked) ? text : marked;
}

function reportUnused(files: readonly InputFile[], problems: ProblemList): void {
  const names = new Set(files.map(({ name }) => name));
  for (const { name } of files) {
    if (ANNOTATIONS.test(name)) {
      if (!names.has(name.replace(ANNOTATIONS, '.txt'))) problems.of(name).error(`its text file ${name.replace(ANNOTATIONS, '.txt')} is missing`);
    } else if (!/\.txt$/i.test(name) && !CONFIGURATION.test(name)) problems.of(name).loss('the file is not read');
  }
}

function configurationOf(files: readonly InputFile[], problems: ProblemList): Configuration {
  const all = (base: string) =>
    files
      .filter(({ name }) => name === base || name.endsWith(`/${base}`))
      .map(({ name, bytes }) => decodeUtf8(bytes, problems.of(name)) ?? '')
      .join('\n');
  return readConfiguration(all('annotation.conf'), all('visual.conf'));
}

function rawText({ text, lines }: RawDocument): RawText {
  return { text, spans: lines.filter((line) => line.kind === 'span').map(({ pieces, quote }) => ({ pieces, quote })) };
}

/** `shown` has the names of labels whose types differ from them. */
function documentOf({ name, file, text, lines }: RawDocument, unit: TextUnit, shown: ReadonlyMap<string, string>): AnnotatedDocument {
  const table = offsetTable(text, unit);
  const notes = notesOf(lines);
  const made = ({ kind, id, type, report }: SpanLine | RelationLine) => ({
    id,
    label: fileLabelId(kind, shown.get(type) ?? type, report),
    ...IMPORTED,
    ...given('note', notes.get(id)?.text),
  });
  const spans = lines
    .filter((line) => line.kind === 'span')
    .flatMap((line): Span[] => {
      const pieces = piecesOf(line, text, table);
      return pieces ? [{ ...made(line), pieces }] : [];
    });
  const ids = new Set(spans.map(({ id }) => id));
  const lineIds = new Set(lines.map(({ id }) => id));
  const isCarried = (id: string) => lineIds.has(id) && !id.startsWith('T');
  const relations: Relation[] = [];
  const kept: string[] = [];
  for (const line of lines) {
    if (line.kind === 'relation' && line.ends.every((end) => ids.has(end)))
      relations.push({ ...made(line), head: line.ends[0], tail: line.ends[1], ...rolesOf(line) });
    else if (line.kind === 'relation' && !line.ends.every((end) => ids.has(end) || isCarried(end))) reportEnds(line, ids);
    else if (line.kind === 'relation' || line.kind === 'other' || (line.kind === 'note' && notes.get(line.target) !== line)) kept.push(line.raw);
  }
  const extra: Extra | undefined = kept.length > 0 ? { lines: kept } : undefined;
  const status = importedStatus({ spans, relations, questions: [] });
  return { id: name, name, text, status, spans, relations, questions: [], source: { format: 'brat', file }, ...given('extra', extra) };
}

/** The first note of each span and relation. Other notes are kept, but not edited. */
function notesOf(lines: readonly AnnotationLine[]): ReadonlyMap<string, NoteLine> {
  const targets = new Set(lines.filter(({ kind }) => kind === 'span' || kind === 'relation').map(({ id }) => id));
  const notes = new Map<string, NoteLine>();
  for (const line of lines) if (line.kind === 'note' && targets.has(line.target) && !notes.has(line.target)) notes.set(line.target, line);
  return notes;
}

function piecesOf(line: SpanLine, text: string, table: OffsetTable): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (const [start, end] of line.pieces) {
    const piece = checkedPiece(table, start, end, line.report);
    if (!piece) return undefined;
    pieces.push(piece);
  }
  return isQuoted(line, pieces, text) ? mergeLines(pieces, text) : undefined;
}

/** Whether the text in the file is the text at the offsets. brat leaves out spans that differ, too. */
function isQuoted({ id, quote, report }: SpanLine, pieces: readonly Piece[], text: string): boolean {
  if (quote === undefined || quote.trim() === '' || equalsQuote(quote, pieces, text)) return true;
  const [start, end] = pieces[0]!;
  report.loss(
    `the text of ${id} is ${show(quote)}, but ${show(text.slice(start, Math.min(end, start + 100)))} is at its offsets; the span is left out`,
  );
  return false;
}

function equalsQuote(quote: string, pieces: readonly Piece[], text: string): boolean {
  const length = pieces.reduce((sum, [start, end]) => sum + end - start, 0);
  // Without this, many short quotes of long spans would take quadratic time.
  if (quote.length > length + pieces.length || 2 * quote.length < length) return false;
  const texts = pieces.map(([start, end]) => text.slice(start, end));
  const joined = texts.join(' ');
  // Old files have no space between pieces; other tools write a space for a line end.
  return [joined, texts.join(''), joined.replace(/\r\n|[\n\r]/g, ' '), joined.replace(/[\n\r]/g, ' ')].includes(quote);
}

/** The names of the arguments, if they are not the usual ones. */
function rolesOf({ roles: [first, second] }: RelationLine): Pick<Relation, 'extra'> {
  return first === 'Arg1' && second === 'Arg2' ? {} : { extra: { roles: [first, second] } };
}

function reportEnds({ ends, report }: RelationLine, ids: ReadonlySet<string>): void {
  report.loss(
    `the relation is left out: there is no span ${ends
      .filter((end) => !ids.has(end))
      .map(show)
      .join(' and ')}`,
  );
}
