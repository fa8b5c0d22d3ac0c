// What all formats do alike when they make documents.
import { labelId, labelSetsOf, labelsById, nameOfId, type LabelKind } from '../model/labels.js';
import { comparePieces } from '../model/pieces.js';
import type { AnnotatedDocument, Corpus, Extra, LabelSet, Notes, Piece, Span, Status } from '../model/types.js';
import type { InputFile } from './format.js';
import { pieceToUtf16, type OffsetTable } from './offsets.js';
import { show, type Reporter } from './problems.js';
import { safePath } from './safe-names.js';

/** What a file does not say of its annotations: they count, and it is not known who made them. */
export const IMPORTED = { by: 'import', state: 'accepted' } as const;

/** The status of a document whose file has none. That somebody annotated it does not mean that it is done. */
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

/** A file that is written: its name is that of the corpus, without what systems refuse. */
export function corpusFile({ name }: Corpus, extension: string, content: string | Uint8Array): InputFile {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { name: `${safePath(fileName(name) || 'annotations')}${extension}`, bytes };
}

/** A name for a document that has none in its file: that of the file and, if the file has more documents, the row counted from 1. */
export function rowName(file: string, row: number): string {
  return `${baseName(file)} ${row + 1}`;
}

/** The id of a label of a file. Nothing can be called by an empty name, so it becomes `unlabeled`; that is a problem. */
export function fileLabelId(kind: LabelKind, name: string | undefined, report: Reporter): string {
  if (!name) report.loss(`${name === undefined ? 'no label was found' : 'the label is empty'}; it becomes "unlabeled"`);
  return labelId(kind, name || 'unlabeled');
}

/** Tells the names of labels by kind and id. */
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
  if (!Number.isInteger(start) || !Number.isInteger(end)) return `start ${show(start)} and end ${show(end)} are not whole numbers`;
  if (start! < 0 || end! > table.length) return `${start} to ${end} is outside of the text, which is ${table.length} long in the unit ${table.unit}`;
  if (start! >= end!) return `${start} to ${end} is ${start === end ? 'empty' : 'backwards'}`;
  return `${table.toUtf16(start!) === undefined ? `start ${start}` : `end ${end}`} is inside of a character in the unit ${table.unit}`;
}

/**
 * Pieces in the order of the text. If some overlap, that is a problem, and the result is `undefined`; so it is, without another problem,
 * if one was refused before.
 */
export function checkedPieces(pieces: readonly (Piece | undefined)[], report: Reporter): readonly Piece[] | undefined {
  const there = pieces.filter((piece) => piece !== undefined);
  if (there.length < pieces.length) return undefined;
  const sorted = there.toSorted((a, b) => comparePieces([a], [b]));
  if (sorted.length > 0 && sorted.every((piece, index) => index === 0 || sorted[index - 1]![1] <= piece[0])) return sorted;
  report.loss(sorted.length === 0 ? 'it has no pieces' : 'its pieces overlap');
  return undefined;
}

/** Reports that the file repeats the text of a span, but differently. The offsets count. */
export function checkQuote(text: string, pieces: readonly Piece[], quote: string | undefined, report: Reporter): void {
  const there = pieces.map(([start, end]) => text.slice(start, end)).join(' ');
  if (quote !== undefined && quote !== there) report.loss(`the file says that its text is ${show(quote)}, but at its offsets is ${show(there)}`);
}

/** Unknown fields without those that a format writes itself. */
export function without(extra: Extra | undefined, names: ReadonlySet<string>): Extra {
  return Object.fromEntries(Object.entries(extra ?? {}).filter(([name]) => !names.has(name)));
}

/** A span for a message. */
export function plainSpan({ pieces, label }: Span): string {
  return `${label.slice(label.indexOf(':') + 1)} ${pieces.map(([start, end]) => `${start}-${end}`).join(', ')}`;
}
