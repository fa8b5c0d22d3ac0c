// All formats, and which of them given files have.
import { brat } from './brat.js';
import { casJson } from './cas-json.js';
import { conll2003 } from './conll2003.js';
import { conllu } from './conllu.js';
import { csv } from './csv.js';
import { doccano } from './doccano.js';
import type { Format, FormatInfo, InputFile, ReadOptions, ReadResult } from './format.js';
import { huggingFace } from './huggingface.js';
import { labelStudio } from './label-studio.js';
import { own } from './own.js';
import { plain } from './plain.js';
import { messageOf, ProblemList } from './problems.js';
import { prodigy } from './prodigy.js';
import { spacyDocbin } from './spacy-docbin.js';
import { spacyTuples } from './spacy-tuples.js';
import { squad } from './squad.js';
import { tacred } from './tacred.js';
import { w3c } from './w3c.js';
import { xmi } from './xmi.js';
import { expandZips } from './zip.js';

export type { LossKind } from './losses.js';
export { zip } from './zip.js';

/** In the order in which people are offered them. */
export const FORMATS: readonly Format[] = [
  own, doccano, labelStudio, prodigy, spacyDocbin, spacyTuples, brat, conll2003, conllu, csv, huggingFace, squad, tacred, w3c, casJson, xmi, plain,
];

/** The format with this id. */
export function formatOf(id: string): Format | undefined {
  return FORMATS.find((format) => format.id === id);
}

/** What a format is, without its code. */
export function infoOf({ detect: _, read: __, write, ...info }: Format): FormatInfo {
  return { ...info, canWrite: write !== undefined };
}

/** A format that files may have, and how sure it is, from 0 to 1. */
export interface Detected {
  readonly format: Format;
  readonly certainty: number;
}

/** The formats that files may have, the likeliest first; none, if no format knows them. Only `readFiles` looks into zip files. */
export function detectFormat(files: readonly InputFile[]): readonly Detected[] {
  const detected = FORMATS.map((format) => ({ format, certainty: certaintyOf(format, files) }));
  return detected.filter(({ certainty }) => certainty > 0).toSorted((a, b) => b.certainty - a.certainty);
}

function certaintyOf(format: Format, files: readonly InputFile[]): number {
  try {
    return format.detect(files);
  } catch {
    return 0; // a mistake in one format must not hide the others
  }
}

/**
 * Reads files, and files in zip files, in the wanted format or in the likeliest one. It never rejects: an exception of a format (a mistake in
 * it, or too little memory) becomes an error of all files.
 */
export async function readFiles(
  chosen: readonly InputFile[],
  wanted?: Format,
  options: ReadOptions = {},
): Promise<ReadResult & { readonly format?: Format }> {
  const problems = new ProblemList();
  const files = expandZips(chosen, problems);
  const format = wanted ?? detectFormat(files)[0]?.format;
  const nothing = { corpus: { name: '', labelSets: [], documents: [] } };
  if (!format) {
    for (const { name } of files) problems.of(name).error('no format was found for this file');
    return { ...nothing, problems: problems.all };
  }
  try {
    const result = await format.read(files, options);
    return { ...result, problems: [...problems.all, ...result.problems], format };
  } catch (error) {
    for (const { name } of files) problems.of(name).error(`the file could not be read: ${messageOf(error)}`);
    return { ...nothing, problems: problems.all, format };
  }
}
