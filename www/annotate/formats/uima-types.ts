// Types of UIMA, described as in CAS JSON (`%TYPES`), and which values their features have.
import type { Extra } from '../model/types.js';
import { isObject, objectOf } from './json-values.js';

export const SOFA = 'uima.cas.Sofa';
export const ANNOTATION = 'uima.tcas.Annotation';
const TOP = 'uima.cas.TOP';
export const NAMED_ENTITY = 'de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity';
/** The built-in layers of INCEpTION that fit each other: its basic relations join basic spans. */
export const BASIC_SPAN = 'custom.Span';
export const BASIC_RELATION = 'custom.Relation';
export const META_DATA = 'de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData';
export const TOKEN = 'de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Token';
export const SENTENCE = 'de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Sentence';
/** The features of a relation that refer to its spans. */
export const RELATION_ENDS = ['Governor', 'Dependent'] as const;

/** A type in the form of CAS JSON, with the ranges of its features. */
function type(name: string, superType: string, features: { readonly [name: string]: string | Extra } = {}): readonly [string, Extra] {
  const described = Object.entries(features).map(
    ([feature, range]) => [feature, { '%NAME': feature, ...(typeof range === 'string' ? { '%RANGE': range } : range) }] as const,
  );
  return [name, { '%NAME': name, '%SUPER_TYPE': superType, ...Object.fromEntries(described) }];
}

const STRING = 'uima.cas.String';

/** Descriptions of the types that we write. */
export const OUR_TYPES: ReadonlyMap<string, Extra> = new Map([
  type(META_DATA, 'uima.tcas.DocumentAnnotation', { documentTitle: STRING }),
  type(NAMED_ENTITY, ANNOTATION, { value: STRING, identifier: STRING }),
  type(BASIC_SPAN, ANNOTATION, { label: STRING }),
  type(BASIC_RELATION, ANNOTATION, { label: STRING, Governor: ANNOTATION, Dependent: ANNOTATION }),
  type(TOKEN, ANNOTATION),
  type(SENTENCE, ANNOTATION),
]);

/** The tail of a list is always written as a reference. */
const list = (kind: string, head: string) =>
  type(`uima.cas.NonEmpty${kind}List`, `uima.cas.${kind}List`, {
    head,
    tail: { '%RANGE': `uima.cas.${kind}List`, '%MULTIPLE_REFERENCES_ALLOWED': true },
  });

/** Types that each CAS has. No file describes them. */
const BUILT_IN: ReadonlyMap<string, Extra> = new Map([
  type(SOFA, TOP, { sofaNum: 'uima.cas.Integer', sofaID: STRING, mimeType: STRING, sofaString: STRING, sofaURI: STRING, sofaArray: TOP }),
  type('uima.cas.AnnotationBase', TOP, { sofa: SOFA }),
  type(ANNOTATION, 'uima.cas.AnnotationBase', { begin: 'uima.cas.Integer', end: 'uima.cas.Integer' }),
  type('uima.tcas.DocumentAnnotation', ANNOTATION, { language: STRING }),
  list('FS', TOP),
  list('Integer', 'uima.cas.Integer'),
  list('Float', 'uima.cas.Float'),
  list('String', STRING),
]);

/** Ranges of features in types that no file describes. */
const EVERYWHERE: ReadonlyMap<string, string> = new Map([
  ['sofa', SOFA],
  ['begin', 'uima.cas.Integer'],
  ['end', 'uima.cas.Integer'],
  ...RELATION_ENDS.map((end) => [end, ANNOTATION] as const),
]);

export type ValueKind = 'string' | 'integer' | 'float' | 'boolean' | 'byte' | 'reference';

const PRIMITIVES: ReadonlyMap<string, ValueKind> = new Map([
  [STRING, 'string'],
  ['uima.cas.Boolean', 'boolean'],
  ['uima.cas.Byte', 'integer'],
  ['uima.cas.Short', 'integer'],
  ['uima.cas.Integer', 'integer'],
  ['uima.cas.Long', 'integer'],
  ['uima.cas.Float', 'float'],
  ['uima.cas.Double', 'float'],
]);

/** An array or a list, which is a structure of its own in CAS JSON. */
export interface Collection {
  /** Of the elements. */
  readonly kind: ValueKind;
  /** The kind of elements in names of types: `FS`, `Integer`. */
  readonly of: string;
  readonly form: 'array' | 'list';
}

/** What a feature can have. */
export interface Range {
  readonly kind: ValueKind;
  /** Of features with arrays and lists, which XMI writes within the feature. */
  readonly inline?: Collection;
}

/** The array that a type is; `undefined` for other types. CAS JSON also has `Token[]` for an array of references. */
export function arrayOf(type: string): Collection | undefined {
  const primitive = /^uima\.cas\.(\w+?)(?:Array|\[\])$/.exec(type)?.[1];
  if (primitive === undefined || primitive === 'FS')
    return /(^uima\.cas\.FSArray|\[\])$/.test(type) ? { kind: 'reference', of: 'FS', form: 'array' } : undefined;
  const kind = PRIMITIVES.get(`uima.cas.${primitive}`);
  if (kind === undefined) return type.endsWith('[]') ? { kind: 'reference', of: 'FS', form: 'array' } : undefined;
  return { kind: primitive === 'Byte' ? 'byte' : kind, of: primitive, form: 'array' };
}

/** The list that a type is, or whose nodes have the type. */
export function listOf(type: string): Collection | undefined {
  const [, of] = /^uima\.cas\.(?:NonEmpty|Empty)?(FS|Integer|Float|String)List$/.exec(type) ?? [];
  if (of === undefined) return undefined;
  return { kind: of === 'FS' ? 'reference' : PRIMITIVES.get(`uima.cas.${of}`)!, of, form: 'list' };
}

/** The types that a file describes, with the built-in ones. */
export class TypeTable {
  readonly #types: Extra;
  readonly #ranges = new Map<string, Map<string, Range | undefined>>();

  /** `types` are in the form of CAS JSON. Types that are not among them, but are ours, are known. */
  constructor(types: Extra) {
    this.#types = types;
  }

  /** The description of a type; `undefined` if there is none. */
  description(name: string): Extra | undefined {
    const described = Object.hasOwn(this.#types, name) ? this.#types[name] : undefined;
    return isObject(described) ? described : (OUR_TYPES.get(name) ?? BUILT_IN.get(name));
  }

  isBuiltIn(name: string): boolean {
    return name === TOP || BUILT_IN.has(name) || arrayOf(name) !== undefined || listOf(name) !== undefined;
  }

  /** What a feature of a type can have; `undefined` if nothing describes it. */
  range(type: string, feature: string): Range | undefined {
    const known = this.#ranges.get(type) ?? new Map<string, Range | undefined>();
    this.#ranges.set(type, known);
    if (!known.has(feature)) known.set(feature, this.#find(type, feature));
    return known.get(feature);
  }

  /** The description of a feature, which the type may have from a super type. */
  feature(type: string, feature: string): Extra | undefined {
    for (const name of this.lineage(type)) {
      const description = objectOf(this.description(name));
      const found = Object.hasOwn(description, feature) ? description[feature] : undefined;
      if (isObject(found)) return found;
    }
    return undefined;
  }

  #find(type: string, feature: string): Range | undefined {
    const { '%RANGE': range, '%MULTIPLE_REFERENCES_ALLOWED': shared } = this.feature(type, feature) ?? {};
    if (typeof range === 'string') return this.#rangeOf(range, shared === true);
    const usual = EVERYWHERE.get(feature);
    return usual === undefined ? undefined : this.#rangeOf(usual, false);
  }

  #rangeOf(name: string, isShared: boolean): Range {
    const collection = arrayOf(name) ?? listOf(name);
    if (collection) return { kind: 'reference', ...(!isShared && { inline: collection }) };
    for (const ancestor of this.lineage(name)) if (PRIMITIVES.has(ancestor)) return { kind: PRIMITIVES.get(ancestor)! };
    return { kind: 'reference' };
  }

  /** The type and its super types. A type that would be its own super type ends it. */
  *lineage(type: string): Generator<string> {
    const seen = new Set<string>();
    for (let name: unknown = type; typeof name === 'string' && !seen.has(name); name = this.description(name)?.['%SUPER_TYPE']) {
      seen.add(name);
      yield name;
    }
  }
}

/** Of described types those that structures of the given types need: they, their super types, and types that features refer to. */
export function neededTypes(types: Extra, used: Iterable<string>): Extra {
  const needed = new Map<string, Extra>();
  const open = [...used];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const description = Object.hasOwn(types, name) ? types[name] : undefined;
    if (needed.has(name) || !isObject(description)) continue;
    needed.set(name, description);
    const { '%SUPER_TYPE': superType, ...features } = description;
    const names = [
      superType,
      ...Object.values(features).flatMap((feature) => (isObject(feature) ? [feature['%RANGE'], feature['%ELEMENT_TYPE']] : [])),
    ];
    open.push(...names.flatMap((next) => (typeof next === 'string' ? [next.replace(/\[\]$/, '')] : [])));
  }
  return Object.fromEntries(Object.keys(types).flatMap((name) => (needed.has(name) ? [[name, needed.get(name)!]] : [])));
}
