// Documents of CAS files: what CAS JSON and XMI share once a file is read into the form of CAS JSON.
import { show } from '../model/show.js';
import type { AnnotatedDocument, Extra, Json, Relation, Span } from '../model/types.js';
import { documentOfCas, notesOfCas, usualLayer, type Cas, type Structure } from './cas.js';
import { filled, given } from './fields.js';
import { isList, isObject, objectOf } from './json-values.js';
import type { Reporter } from './problems.js';
import { arrayOf, BASIC_RELATION, META_DATA, OUR_TYPES, SOFA } from './uima-types.js';

/** The name of the view that each CAS has. */
export const VIEW = '_InitialView';

/** A structure with the fields that it was read with: those of CAS JSON. */
export interface CasStructure extends Structure {
  readonly raw: Extra;
}

/** A file in the form of CAS JSON. */
export interface CasFile {
  readonly types: Extra;
  readonly structures: readonly CasStructure[];
  readonly views: Extra;
  /** Other fields of the file. */
  readonly rest?: Extra;
}

/** Fields that a structure may be made of. */
export interface FoundStructure {
  readonly raw: Json;
  /** The id, if it is not in the fields. */
  readonly key?: number;
  readonly report: Reporter;
}

/** Structures, each with an id of its own. What is none is a problem. */
export function uniqueStructures(found: readonly FoundStructure[]): CasStructure[] {
  const ids = new Set<number>();
  const structures = found.flatMap(({ raw, key, report }) => {
    const structure = isObject(raw) ? structureOf(raw, key, report) : undefined;
    if (structure && !ids.has(structure.id)) return ids.add(structure.id) && [structure];
    return (
      report.loss(
        structure
          ? `the id ${structure.id} occurs twice; the second structure is left out`
          : `${show(raw)} is not a structure with "%ID" and "%TYPE"; it is left out`,
      ) ?? []
    );
  });
  reportUnknown(structures, ids);
  return structures;
}

function structureOf(raw: Extra, key: number | undefined, report: Reporter): CasStructure | undefined {
  const id = key ?? raw['%ID'];
  const type = raw['%TYPE'];
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || typeof type !== 'string') return undefined;
  const features = Object.entries(raw);
  const strings = new Map(features.filter((entry): entry is [string, string] => typeof entry[1] === 'string' && !/^[%@#^]/.test(entry[0])));
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

/** References to structures that are not in the file. They are kept until the file is written. */
function reportUnknown(structures: readonly CasStructure[], ids: ReadonlySet<number>): void {
  for (const structure of structures) {
    const elements = isReferenceArray(structure.raw['%TYPE']) && isList(structure.raw['%ELEMENTS']) ? structure.raw['%ELEMENTS'] : [];
    const targets = [...structure.references.values(), ...elements];
    const unknown = targets.filter((id) => typeof id === 'number' && !ids.has(id));
    if (unknown.length > 0) structure.report.loss(`it refers to ${show(unknown[0])}, which is not in the file`);
  }
}

/** Whether elements of a structure are references. */
export function isReferenceArray(type: Json | undefined): boolean {
  return typeof type === 'string' && arrayOf(type)?.kind === 'reference';
}

/** The document of a file; `undefined` and an error, if it has no text. */
export function documentOfFile(cas: CasFile, format: string, file: string, report: Reporter): AnnotatedDocument | undefined {
  const sofa = textOf(cas.structures, report);
  if (!sofa) return undefined;
  const inner: Cas = { text: sofa.strings.get('sofaString')!, sofa: sofa.id, structures: cas.structures.filter((structure) => structure !== sofa) };
  const notes = notesOfCas(inner, restOf);
  const document = documentOfCas(inner, { ...notes, relations: withPlaces(notes, cas.structures) }, format, file);
  const others = notes.others as readonly CasStructure[];
  const isPlain = !cas.rest && others.every((structure) => isPlainMetaData(structure, inner));
  if (isPlain && [...document.spans, ...document.relations].every(isOurs)) return document;
  const { sofaString: _, ...sofaFields } = sofa.raw;
  const name = sofa.strings.get('sofaID') ?? VIEW;
  const { [name]: view, ...views } = cas.views;
  const members = objectOf(view)['%MEMBERS'];
  return {
    ...document,
    extra: {
      types: cas.types,
      structures: others.map(({ raw }) => raw),
      sofa: sofaFields,
      members: isList(members) ? members : [],
      ...given('views', filled(views)),
      ...given('rest', cas.rest),
    },
  };
}

/** Relations, with their offsets where those are not the offsets of their tail, where INCEpTION puts them. */
function withPlaces({ spans, relations }: Pick<AnnotatedDocument, 'spans' | 'relations'>, structures: readonly CasStructure[]): Relation[] {
  const tails = new Map(spans.map(({ id, pieces: [piece] }) => [id, piece!]));
  const byId = new Map(structures.map((structure) => [String(structure.id), structure]));
  return relations.map((relation) => {
    const { begin, end } = byId.get(relation.id)!;
    const [start, stop] = tails.get(relation.tail)!;
    const isUsual = begin === undefined || end === undefined || (begin === start && end === stop);
    return isUsual ? relation : { ...relation, extra: { ...relation.extra, place: [begin, end] } };
  });
}

/** The structure that has the text. */
function textOf(structures: readonly CasStructure[], report: Reporter): CasStructure | undefined {
  const sofas = structures.filter(({ type, strings }) => type === SOFA && strings.has('sofaString'));
  const sofa = sofas.find(({ strings }) => strings.get('sofaID') === VIEW) ?? sofas[0];
  if (!sofa) report.error('the file has no text: no "uima.cas.Sofa" with "sofaString"');
  else if (sofas.length > 1) report.loss(`the file has ${sofas.length} texts (views); only ${show(sofa.strings.get('sofaID'))} is shown`);
  return sofa;
}

/** Whether our own descriptions of types are enough to write an annotation. */
function isOurs({ extra }: Span | Relation): boolean {
  const { type, features } = objectOf(extra);
  const description = typeof type === 'string' ? OUR_TYPES.get(type) : undefined;
  return description !== undefined && Object.keys(objectOf(features)).every((name) => Object.hasOwn(description, name));
}

/** Forgets the layer and feature of spans and relations that would be written with the same ones anyway. */
export function withoutUsual(documents: readonly AnnotatedDocument[]): AnnotatedDocument[] {
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
  const isUsual = extra?.['type'] === type && extra['feature'] === feature && extra['features'] === undefined && extra['place'] === undefined;
  return isUsual ? (rest as T) : item;
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
  } = (structure as CasStructure).raw;
  if (feature !== undefined) delete (features as { [name: string]: Json })[feature];
  return { type: type!, ...given('feature', feature), ...given('features', filled(features)) };
}

function isPlainMetaData({ type, raw }: CasStructure, { text, sofa }: Cas): boolean {
  const known = ['%ID', '%TYPE', '@sofa', 'begin', 'end', 'documentTitle'];
  const isWhole = raw['@sofa'] === sofa && raw['begin'] === 0 && raw['end'] === text.length;
  return type === META_DATA && isWhole && Object.keys(raw).every((name) => known.includes(name));
}
