// A CAS of UIMA, as INCEpTION writes it in JSON or in XMI: a text, and structures with features, some of which are spans and relations.
import type { AnnotatedDocument, Extra, Relation, Span } from '../model/types.js';
import { checkedPiece, fileLabelId, IMPORTED, importedStatus } from './documents.js';
import { offsetTable, type OffsetTable } from './offsets.js';
import type { Reporter } from './problems.js';
import { BASIC_SPAN, META_DATA, NAMED_ENTITY, RELATION_ENDS } from './uima-types.js';

/** The layer that spans get by default, and its feature with the label. */
export function usualLayer(hasRelations: boolean): { readonly type: string; readonly feature: string } {
  return hasRelations ? { type: BASIC_SPAN, feature: 'label' } : { type: NAMED_ENTITY, feature: 'value' };
}

/** A feature structure: an annotation or another entry of the CAS. */
export interface Structure {
  readonly id: number;
  readonly type: string;
  /** Of annotations: the id of the text. */
  readonly sofa?: number;
  readonly begin?: number;
  readonly end?: number;
  readonly strings: ReadonlyMap<string, string>;
  /** Ids of other structures. */
  readonly references: ReadonlyMap<string, number>;
  readonly report: Reporter;
}

export interface Cas {
  readonly text: string;
  /** The id of the text. */
  readonly sofa: number;
  readonly structures: readonly Structure[];
}

/** What is found in a CAS. Structures that are neither spans nor relations are not edited. */
interface CasNotes {
  readonly name: string | undefined;
  readonly spans: readonly Span[];
  readonly relations: readonly Relation[];
  readonly others: readonly Structure[];
}

/** Types of tokens, sentences, grammar and settings. Annotations of other types are spans that somebody made. */
const OTHER_TYPES =
  /^(uima\.|de\.tudarmstadt\.ukp\.(clarin|inception)\.|org\.dkpro\.core\.|de\.tudarmstadt\.ukp\.dkpro\.core\.api\.(?!ner\.type\.)|org\.apache\.ctakes\.typesystem\.type\.(?!textsem\.))/;
/** Types whose name is the label, unless a usual feature has one: features of cTAKES say how a mention was found. */
const TYPES_AS_LABELS = /^org\.apache\.ctakes\./;
/** Features that have the label of a span or relation, the usual first. */
const LABEL_FEATURES = ['value', 'label', 'relationType', 'category', 'identifier'];

/** Finds spans and relations. `extraOf` says what is to be kept of one besides its label, which is in the given feature. */
export function notesOfCas(
  { text, sofa, structures }: Cas,
  extraOf: (structure: Structure, feature: string | undefined) => Extra | undefined,
): CasNotes {
  const table = offsetTable(text, 'utf-16');
  const isHere = (structure: Structure) => structure.sofa === sofa && !OTHER_TYPES.test(structure.type);
  const isRelation = ({ references }: Structure) => RELATION_ENDS.every((end) => references.has(end));
  const spans = new Map<number, Span>();
  const refused = new Set<Structure>();
  for (const structure of structures) {
    if (!isHere(structure) || isRelation(structure) || structure.begin === undefined || isEmpty(structure, text)) continue;
    const span = spanOf(structure, table, extraOf);
    if (span) spans.set(structure.id, span);
    else refused.add(structure);
  }
  const relations: Relation[] = [];
  const others: Structure[] = [];
  for (const structure of structures) {
    if (spans.has(structure.id) || refused.has(structure)) continue;
    const [head, tail] = RELATION_ENDS.map((end) => spans.get(structure.references.get(end) ?? NaN));
    if (isHere(structure) && head && tail)
      relations.push({ id: String(structure.id), head: head.id, tail: tail.id, ...labelAndExtra('relation', structure, extraOf), ...IMPORTED });
    else others.push(structure);
  }
  const name = structures.find(({ type }) => type === META_DATA)?.strings.get('documentTitle');
  return { name, spans: [...spans.values()], relations, others };
}

/** Whether an annotation is a place between characters. It is kept for writing; our spans have text. */
function isEmpty({ begin, end, report }: Structure, text: string): boolean {
  if (begin !== end || begin === undefined || !(begin >= 0 && begin <= text.length)) return false;
  report.loss(`${begin} to ${begin} is empty; it is not shown, and is written again to a file of UIMA`);
  return true;
}

function spanOf(
  structure: Structure,
  table: OffsetTable,
  extraOf: (structure: Structure, feature: string | undefined) => Extra | undefined,
): Span | undefined {
  const piece = checkedPiece(table, structure.begin, structure.end, structure.report);
  return piece && { id: String(structure.id), pieces: [piece], ...labelAndExtra('span', structure, extraOf), ...IMPORTED };
}

function labelAndExtra(
  kind: 'span' | 'relation',
  structure: Structure,
  extraOf: (structure: Structure, feature: string | undefined) => Extra | undefined,
): Pick<Span, 'label' | 'extra'> {
  const { strings, type, report } = structure;
  const feature = LABEL_FEATURES.find((name) => strings.get(name)) ?? (TYPES_AS_LABELS.test(type) ? undefined : firstText(strings));
  const extra = extraOf(structure, feature);
  return { label: fileLabelId(kind, feature === undefined ? shortType(type) : strings.get(feature), report), ...(extra && { extra }) };
}

/** The first feature with a text; numbers and truth values only if there is no other: without a description of the types they are texts too. */
function firstText(strings: ReadonlyMap<string, string>): string | undefined {
  const filled = [...strings].filter(([, value]) => value !== '');
  return (filled.find(([, value]) => !/^([\d\s.+-]+|true|false)$/.test(value)) ?? filled[0])?.[0];
}

/** The last part of the name of a type, which is the name of its layer. */
function shortType(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1) || type;
}

export function documentOfCas({ text }: Cas, { name, spans, relations }: CasNotes, format: string, file: string): AnnotatedDocument {
  const notes = { spans, relations, questions: [] };
  return { id: file, name: name ?? file.replace(/\.[^./]*$/, ''), text, status: importedStatus(notes), ...notes, source: { format, file } };
}
