// UIMA CAS JSON, as INCEpTION and dkpro-cassis write it: a file is a document.
import { show } from '../model/show.js';
import type { AnnotatedDocument, Extra, Json, Relation, Span } from '../model/types.js';
import { BASIC_RELATION, documentOfCas, META_DATA, notesOfCas, usualLayer, type Cas, type Structure } from './cas.js';
import { LAYER, TOKENS, writeCasJson } from './cas-write.js';
import { detectEach, hasExtension, headText } from './detect.js';
import { newCorpus } from './documents.js';
import { Fields, filled, given } from './fields.js';
import type { Format, InputFile, ReadResult } from './format.js';
import { isList, isObject } from './json-values.js';
import { parseJsonFile } from './json.js';
import { ProblemList, type Reporter } from './problems.js';
import { fixedUnit } from './units.js';

const SOFA = 'uima.cas.Sofa';
const VIEW = '_InitialView';

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

/** A structure with the JSON that it was read from. */
interface JsonStructure extends Structure {
  readonly raw: Extra;
}

function documentOf(file: InputFile, report: Reporter): AnnotatedDocument | undefined {
  const value = parseJsonFile(file.bytes, report);
  const whole = value === undefined ? undefined : Fields.of(value, report);
  if (!whole) return undefined;
  const structures = structuresOf(whole);
  const views = whole.object('%VIEWS');
  const types = whole.extra('%TYPES') ?? {};
  const sofa = textOf(structures, report);
  if (!sofa) return undefined;
  const cas: Cas = { text: sofa.strings.get('sofaString')!, sofa: sofa.id, structures: structures.filter((structure) => structure !== sofa) };
  const notes = notesOfCas(cas, restOf);
  const document = documentOfCas(cas, notes, casJson.id, file.name);
  const others = (notes.others as readonly JsonStructure[]).filter((structure) => !isPlainMetaData(structure, cas.text)).map(({ raw }) => raw);
  const rest = whole.rest();
  if (others.length === 0 && !rest) return document;
  const { sofaString: _, ...sofaFields } = sofa.raw;
  return {
    ...document,
    extra: { types, structures: others, sofa: sofaFields, members: membersOf(views, sofa), ...given('views', views?.rest()), ...given('rest', rest) },
  };
}

function structuresOf(whole: Fields): JsonStructure[] {
  const list = whole.raw('%FEATURE_STRUCTURES');
  const values: readonly (readonly [number | undefined, Json])[] = isList(list)
    ? list.map((value) => [undefined, value] as const)
    : isObject(list)
      ? Object.entries(list).map(([id, value]) => [Number(id), value] as const)
      : [];
  if (list === undefined) whole.report.error('the file has no "%FEATURE_STRUCTURES"');
  const ids = new Set<number>();
  return values.flatMap(([key, value], index) => {
    const report = whole.report.in('%FEATURE_STRUCTURES').in(index);
    const structure = isObject(value) ? structureOf(value, key, report) : undefined;
    if (structure && !ids.has(structure.id)) return ids.add(structure.id) && [structure];
    return (
      report.loss(
        structure
          ? `the id ${structure.id} occurs twice; the second structure is left out`
          : `${show(value)} is not a structure with "%ID" and "%TYPE"; it is left out`,
      ) ?? []
    );
  });
}

function structureOf(raw: Extra, key: number | undefined, report: Reporter): JsonStructure | undefined {
  const id = key ?? raw['%ID'];
  const type = raw['%TYPE'];
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || typeof type !== 'string') return undefined;
  const features = Object.entries(raw);
  const strings = new Map(features.filter((entry): entry is [string, string] => typeof entry[1] === 'string' && !entry[0].startsWith('%')));
  const references = new Map(
    features
      .filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[0].startsWith('@'))
      .map(([name, target]) => [name.slice(1), target]),
  );
  const offset = (name: string) => (typeof raw[name] === 'number' ? { [name]: raw[name] } : {});
  return {
    id,
    type,
    ...given('sofa', references.get('sofa')),
    ...offset('begin'),
    ...offset('end'),
    strings,
    references,
    report,
    raw: { '%ID': id, ...raw },
  };
}

/** The structure that has the text. */
function textOf(structures: readonly JsonStructure[], report: Reporter): JsonStructure | undefined {
  const sofas = structures.filter(({ type, strings }) => type === SOFA && strings.has('sofaString'));
  const sofa = sofas.find(({ strings }) => strings.get('sofaID') === VIEW) ?? sofas[0];
  if (!sofa) report.error('the file has no text: no "uima.cas.Sofa" with "sofaString"');
  else if (sofas.length > 1) report.loss(`the file has ${sofas.length} texts (views); only ${show(sofa.strings.get('sofaID'))} is shown`);
  return sofa;
}

/** Ids of the structures in the index of the text. Those of other texts stay in the fields of the views. */
function membersOf(views: Fields | undefined, sofa: JsonStructure): readonly Json[] {
  const view = views?.raw(sofa.strings.get('sofaID') ?? VIEW);
  const members = isObject(view) ? view['%MEMBERS'] : undefined;
  return isList(members) ? members : [];
}

/** Forgets the layer and feature of spans and relations that would be written with the same ones anyway. */
function withoutUsual(documents: readonly AnnotatedDocument[]): AnnotatedDocument[] {
  const span = usualLayer(documents.some(({ relations }) => relations.length > 0));
  const relation = { type: BASIC_RELATION, feature: 'label' };
  return documents.map((document) => ({
    ...document,
    spans: document.spans.map((item) => bare(item, span)),
    relations: document.relations.map((item) => bare(item, relation)),
  }));
}

function bare<T extends Span | Relation>(item: T, { type, feature }: ReturnType<typeof usualLayer>): T {
  const { extra, ...rest } = item;
  return extra?.['type'] === type && extra['feature'] === feature && extra['features'] === undefined ? (rest as T) : item;
}

/** What is kept of a span or a relation for writing: its layer, the feature with the label, and its other features. */
function restOf(structure: Structure, feature: string | undefined): Extra | undefined {
  const {
    '%ID': _,
    '%TYPE': type,
    '@sofa': __,
    begin: ___,
    end: ____,
    '@Governor': _____,
    '@Dependent': ______,
    ...features
  } = (structure as JsonStructure).raw;
  if (feature !== undefined) delete (features as { [name: string]: Json })[feature];
  return { type: type!, ...given('feature', feature), ...given('features', filled(features)) };
}

function isPlainMetaData({ type, raw }: JsonStructure, text: string): boolean {
  const known = ['%ID', '%TYPE', '@sofa', 'begin', 'end', 'documentTitle'];
  return type === META_DATA && raw['begin'] === 0 && raw['end'] === text.length && Object.keys(raw).every((name) => known.includes(name));
}
