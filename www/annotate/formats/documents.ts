// What formats share when they make documents and write files.
import { labelId, labelSetsOf, labelsById, nameOfId, type LabelKind } from '../model/labels.js';
import { areDisjoint, comparePiece } from '../model/pieces.js';
import { show, showPieces } from '../model/show.js';
import { textOf } from '../model/spans.js';
import type { AnnotatedDocument, Corpus, Extra, LabelSet, ModelRef, Notes, Piece, Span, Status } from '../model/types.js';
import { newFile } from './bytes.js';
import { given, type Fields } from './fields.js';
import type { InputFile } from './format.js';
import { pieceToUtf16, type OffsetTable } from './offsets.js';
import type { Reporter } from './problems.js';
import { safePath } from './safe-names.js';

/** Annotations of files that do not say who made them, and whether they count. */
export const IMPORTED = { by: 'import', state: 'accepted' } as const;

/** The status of a document whose file states none. Annotations do not mean that the document is done. */
export function importedStatus({ spans, relations, questions }: Notes): Status {
  return spans.length + relations.length + questions.length > 0 ? 'draft' : 'new';
}

/** A corpus of a file, with the labels that its documents use. Its name is that of the first file, without folders and extension. */
export function newCorpus(files: readonly { readonly name: string }[], documents: readonly AnnotatedDocument[]): Corpus {
  return { name: baseName(files[0]?.name ?? ''), labelSets: labelSetsOf(documents), documents };
}

/** The name of a file without folders and without the last extension. */
export function baseName(file: string): string {
  return fileName(file).replace(/(?<=.)\.[^.]*$/, '');
}

/** The name of a file without folders. */
export function fileName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

/** A file that is written: its name is that of the corpus, without characters that systems refuse. */
export function corpusFile({ name }: Corpus, extension: string, content: string | Uint8Array): InputFile {
  return newFile(`${safePath(fileName(name) || 'annotations')}${extension}`, content);
}

/** A name for a document that has none in its file: that of the file and, if the file has more documents, the row counted from 1. */
export function rowName(file: string, row: number): string {
  return `${baseName(file)} ${row + 1}`;
}

/** The id of a label of a file. A missing or empty name is a problem, and becomes `unlabeled`. */
export function fileLabelId(kind: LabelKind, name: string | undefined, report: Reporter): string {
  if (!name) report.loss(`${name === undefined ? 'no label was found' : 'the label is empty'}; it becomes "unlabeled"`);
  return labelId(kind, name || 'unlabeled');
}

/** Gives the names of labels by kind and id. */
export function labelNames(sets: readonly LabelSet[]): (kind: LabelKind, id: string) => string {
  const labels = labelsById(sets);
  return (kind, id) => labels.get(id)?.name ?? nameOfId(kind, id);
}

/** Converts start and end from a file. If they are refused, that is a problem, and the result is `undefined`. */
export function checkedPiece(table: OffsetTable, start: number | undefined, end: number | undefined, report: Reporter): Piece | undefined {
  const piece = start === undefined || end === undefined ? undefined : pieceToUtf16(table, start, end);
  if (!piece) report.loss(pieceFault(table, start, end));
  return piece;
}

function pieceFault(table: OffsetTable, start: number | undefined, end: number | undefined): string {
  if (start === undefined || end === undefined) return missing(start, end);
  if (!Number.isInteger(start) || !Number.isInteger(end)) return `start ${show(start)} and end ${show(end)} are not whole numbers`;
  if (start < 0 || end > table.length) return `${start} to ${end} is outside of the text, which is ${table.length} long in the unit ${table.unit}`;
  if (start >= end) return `${start} to ${end} is ${start === end ? 'empty' : 'backwards'}`;
  return `${table.toUtf16(start) === undefined ? `start ${start}` : `end ${end}`} is inside of a character in the unit ${table.unit}`;
}

function missing(start: number | undefined, end: number | undefined): string {
  return start === end ? 'start and end are missing or not numbers' : `${start === undefined ? 'start' : 'end'} is missing or not a number`;
}

/** A span of one piece as a file has it: its offsets are not converted yet. */
export interface FileSpan {
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly label: string | undefined;
  readonly extra?: Extra;
  readonly report: Reporter;
}

/** The span with converted offsets. If they are refused, that is a problem, and the result is `undefined`. */
export function importedSpan({ start, end, label, extra, report }: FileSpan, id: string, table: OffsetTable): Span | undefined {
  const piece = checkedPiece(table, start, end, report);
  return piece && { id, pieces: [piece], label: fileLabelId('span', label, report), ...IMPORTED, ...given('extra', extra) };
}

/** The model that an annotation names. */
export function readModel(fields: Fields | undefined): ModelRef | undefined {
  if (!fields) return undefined;
  const model = { name: fields.string('name') ?? '', manifestHash: fields.string('manifestHash') ?? '', ...given('head', fields.string('head')) };
  fields.reportRest();
  return model;
}

/**
 * Pieces in the order of the text. If some overlap, that is a problem, and the result is `undefined`. If a piece is `undefined`, because it was
 * refused before, the result is `undefined` without another problem.
 */
export function checkedPieces(pieces: readonly (Piece | undefined)[], report: Reporter): readonly Piece[] | undefined {
  const there = pieces.filter((piece) => piece !== undefined);
  if (there.length < pieces.length) return undefined;
  const sorted = there.toSorted(comparePiece);
  if (sorted.length > 0 && areDisjoint(sorted)) return sorted;
  report.loss(`${sorted.length === 0 ? 'it has no pieces' : 'its pieces overlap'}; it is left out`);
  return undefined;
}

/** Reports a span whose text in the file is not the text at its offsets. The offsets are used. */
export function checkQuote(text: string, pieces: readonly Piece[], quote: string | undefined, report: Reporter): void {
  const there = textOf({ pieces }, text);
  if (quote !== undefined && quote !== there) report.loss(`the file says that its text is ${show(quote)}, but at its offsets is ${show(there)}`);
}

/** Unknown fields without some names, which a format writes itself. */
export function without(extra: Extra | undefined, names: ReadonlySet<string>): Extra {
  return Object.fromEntries(Object.entries(extra ?? {}).filter(([name]) => !names.has(name)));
}

/** A span for a message. */
export function plainSpan({ pieces, label }: Span): string {
  return `${label.slice(label.indexOf(':') + 1)} ${showPieces(pieces)}`;
}
