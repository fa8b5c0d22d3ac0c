// UIMA CAS JSON, as INCEpTION and dkpro-cassis write it: a file is a document.
import type { AnnotatedDocument, Json } from '../model/types.js';
import { documentOfFile, uniqueStructures, withoutUsual, type FoundStructure } from './cas-document.js';
import { LAYER, TOKENS } from './cas-options.js';
import { writeCasJson } from './cas-write.js';
import { detectEach, hasExtension, headText } from './detect.js';
import { newCorpus } from './documents.js';
import { Fields, given } from './fields.js';
import type { Format, InputFile, ReadResult } from './format.js';
import { isList, isObject } from './json-values.js';
import { parseJsonFile } from './json.js';
import { ProblemList, type Reporter } from './problems.js';
import { fixedUnit } from './units.js';

export const casJson: Format = {
  id: 'cas-json',
  name: 'UIMA CAS JSON (INCEpTION)',
  extensions: ['.json'],
  unit: 'utf-16',
  writeOptions: [LAYER, TOKENS],
  detect: (files) =>
    detectEach(files, (file) => (hasExtension(file, ['.json']) && /"%(TYPES|FEATURE_STRUCTURES|VIEWS)"\s*:/.test(headText(file)) ? 0.98 : 0)),
  read,
  write: writeCasJson,
};

function read(files: readonly InputFile[]): ReadResult {
  const problems = new ProblemList();
  const documents = files.flatMap((file) => documentOf(file, problems.of(file.name)) ?? []);
  return { corpus: newCorpus(files, withoutUsual(documents)), problems: problems.all, unit: fixedUnit('utf-16') };
}

function documentOf(file: InputFile, report: Reporter): AnnotatedDocument | undefined {
  const value = parseJsonFile(file.bytes, report);
  const whole = value === undefined ? undefined : Fields.of(value, report);
  if (!whole) return undefined;
  const structures = uniqueStructures(structuresIn(whole));
  const views = whole.extra('%VIEWS') ?? {};
  const types = whole.extra('%TYPES') ?? {};
  return documentOfFile({ types, structures, views, ...given('rest', whole.rest()) }, casJson.id, file.name, report);
}

function structuresIn(whole: Fields): FoundStructure[] {
  const list = whole.raw('%FEATURE_STRUCTURES');
  const values: readonly (readonly [number | undefined, Json])[] = isList(list)
    ? list.map((value) => [undefined, value] as const)
    : isObject(list)
      ? Object.entries(list).map(([id, value]) => [Number(id), value] as const)
      : [];
  if (list === undefined) whole.report.error('the file has no "%FEATURE_STRUCTURES"');
  const report = whole.report.in('%FEATURE_STRUCTURES');
  return values.map(([key, raw], index) => ({ raw, ...given('key', key), report: report.in(index) }));
}
