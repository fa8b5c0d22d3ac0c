// Makes the CAS of a document, in the form of CAS JSON. XMI is made of it too.
import type { AnnotatedDocument, Corpus, Extra, Json, Relation, Span } from '../model/types.js';
import { usualLayer } from './cas.js';
import { isReferenceArray, VIEW } from './cas-document.js';
import { LAYER, TOKENS } from './cas-options.js';
import { chosen } from './choice.js';
import { labelNames } from './documents.js';
import type { Loss, WriteOptions } from './format.js';
import { isList, isObject, objectOf } from './json-values.js';
import { reduceCorpus, type Abilities } from './losses.js';
import { documentPaths } from './safe-names.js';
import { TokenDocuments } from './token-documents.js';
import { BASIC_RELATION, META_DATA, OUR_TYPES, SENTENCE, SOFA, TOKEN, TypeTable } from './uima-types.js';

/** Both formats hold the same, and their unknown fields have one form. */
const ABILITIES: Abilities = { overlap: 'all', relations: true, names: true };
const FORMATS: readonly string[] = ['cas-json', 'xmi'];

/** The CAS of a document. */
export interface MadeCas {
  readonly document: string;
  /** The name of its file, without an extension. */
  readonly path: string;
  readonly cas: Extra;
}

/** Makes the CAS of each document that can be written. `can` says what else the format can hold. */
export function makeCases(
  whole: Corpus,
  options: WriteOptions,
  can: Abilities,
): { readonly cases: readonly MadeCas[]; readonly losses: readonly Loss[] } {
  const { corpus, losses } = reduceCorpus(whole, options, FORMATS, { ...ABILITIES, ...can });
  const { documents } = corpus;
  const hasRelations = documents.some(({ relations }) => relations.length > 0);
  const layer = usualLayer(chosen(LAYER, options) === 'auto' ? hasRelations : chosen(LAYER, options) === 'basic');
  const name = labelNames(corpus.labelSets);
  const paths = documentPaths(documents.map((document) => document.name));
  const lost: Loss[] = [];
  const cases = documents.map((document, index) => {
    const path = paths[index]!;
    return { document: document.id, path, cas: new CasWriter(document, path, layer, name, lost).write(chosen(TOKENS, options) === 'own') };
  });
  return { cases, losses: [...losses, ...lost] };
}

class CasWriter {
  readonly #document: AnnotatedDocument;
  readonly #path: string;
  readonly #layer: ReturnType<typeof usualLayer>;
  readonly #name: ReturnType<typeof labelNames>;
  readonly #lost: Loss[];
  readonly #carried: readonly Extra[];
  readonly #sofa: Extra;
  /** Numbers of spans and relations by their ids. */
  readonly #numbers = new Map<string, number>();
  readonly #taken = new Set<Json | undefined>();
  readonly #types = new Set<string>([META_DATA]);
  #next = 1;

  constructor(document: AnnotatedDocument, path: string, layer: ReturnType<typeof usualLayer>, name: ReturnType<typeof labelNames>, lost: Loss[]) {
    this.#document = document;
    this.#path = path;
    this.#layer = layer;
    this.#name = name;
    this.#lost = lost;
    const { structures, sofa } = document.extra ?? {};
    this.#carried = isList(structures) ? structures.filter(isObject) : [];
    const items = [...document.spans, ...document.relations];
    for (const id of this.#carried.flatMap(numbersIn)) this.#taken.add(id);
    for (const id of items.flatMap(({ extra }) => numbersIn(objectOf(extra?.['features'])))) this.#taken.add(id);
    this.#sofa =
      isObject(sofa) && typeof sofa['%ID'] === 'number'
        ? sofa
        : { '%ID': this.#newNumber(), '%TYPE': SOFA, sofaNum: 1, sofaID: VIEW, mimeType: 'text/plain' };
    this.#taken.add(this.#sofa['%ID']);
    const used = new Set<Json | undefined>([this.#sofa['%ID'], ...this.#carried.map((structure) => structure['%ID'])]);
    const wanted = (id: string) => (/^[1-9]\d{0,8}$/.test(id) && !used.has(Number(id)) ? Number(id) : undefined);
    for (const { id } of items) {
      const number = this.#numbers.has(id) ? undefined : wanted(id);
      if (number !== undefined) this.#taken.add(number) && used.add(number) && this.#numbers.set(id, number);
    }
  }

  write(withTokens: boolean): Extra {
    const { text, spans, relations, extra = {} } = this.#document;
    const spanIds = new Map(spans.map((span) => [span.id, this.#numberOf(span.id)]));
    const places = new Map(spans.map(({ id, pieces }) => [id, pieces[0]!]));
    const made = [
      ...this.#metaData(),
      ...(withTokens ? this.#tokens() : []),
      ...spans.map((span) => this.#span(span, spanIds.get(span.id)!)),
      ...relations.map((relation) => this.#relation(relation, spanIds, places.get(relation.tail)!)),
    ];
    const structures = this.#withoutDangling([...this.#carried.map((structure) => this.#named(structure)), ...made]);
    const types = this.#described(objectOf(extra['types']), made);
    const others = objectOf(extra['views']);
    const view = { '%SOFA': this.#sofa['%ID']!, '%MEMBERS': this.#members(made) };
    return {
      ...objectOf(extra['rest']),
      '%TYPES': types,
      '%FEATURE_STRUCTURES': [{ ...this.#sofa, sofaString: text }, ...structures],
      '%VIEWS': { ...others, [String(this.#sofa['sofaID'] ?? VIEW)]: view },
    };
  }

  /** Metadata of the file with the name of the document, unless it is read from there, or from the name of the file, anyway. */
  #named(structure: Extra): Extra {
    if (structure['%TYPE'] !== META_DATA || structure['@sofa'] !== this.#sofa['%ID']) return structure;
    const { name } = this.#document;
    const usual = structure['documentTitle'] ?? this.#path;
    return usual === name ? structure : { ...structure, documentTitle: name };
  }

  /** Descriptions of types: those of the file, and ours for what is new. A label may need a feature that its type did not have. */
  #described(ofFile: Extra, made: readonly Extra[]): Extra {
    const types = {
      ...Object.fromEntries([...this.#types].flatMap((name) => (OUR_TYPES.has(name) ? [[name, OUR_TYPES.get(name)!]] : []))),
      ...ofFile,
    };
    const table = new TypeTable(types);
    const more = new Map<string, Extra>();
    for (const structure of made) {
      const type = String(structure['%TYPE']);
      if (!Object.hasOwn(types, type)) continue;
      for (const [feature, value] of Object.entries(structure))
        if (typeof value === 'string' && /^[^%@#^]/.test(feature) && !table.range(type, feature))
          more.set(type, { ...more.get(type), [feature]: { '%NAME': feature, '%RANGE': 'uima.cas.String' } });
    }
    return { ...types, ...Object.fromEntries(Array.from(more, ([type, features]) => [type, { ...objectOf(types[type]), ...features }])) };
  }

  #numberOf(id: string): number {
    const number = this.#numbers.get(id);
    if (number === undefined) return this.#newNumber();
    this.#numbers.delete(id); // a relation may have the id of a span
    return number;
  }

  #newNumber(): number {
    while (this.#taken.has(this.#next)) this.#next += 1;
    this.#taken.add(this.#next);
    return this.#next++;
  }

  #annotation(type: string, id: number, [begin, end]: readonly [number, number], features: Extra): Extra {
    this.#types.add(type);
    return { '%ID': id, '%TYPE': type, '@sofa': this.#sofa['%ID']!, begin, end, ...features };
  }

  /** Nothing, if the file already had metadata, or if it had none and the name of the file says the name. */
  #metaData(): Extra[] {
    const { text, name } = this.#document;
    if (this.#carried.some((structure) => structure['%TYPE'] === META_DATA)) return [];
    if (this.#carried.length > 0 && name === this.#path) return [];
    return [this.#annotation(META_DATA, this.#newNumber(), [0, text.length], { documentTitle: name })];
  }

  #tokens(): Extra[] {
    if (this.#carried.some((structure) => structure['%TYPE'] === TOKEN)) return [];
    const whole = { ...this.#document, spans: [] };
    const { words, sentences } = new TokenDocuments().of(whole, new Set());
    return [
      ...words.map(({ start, end }) => this.#annotation(TOKEN, this.#newNumber(), [start, end], {})),
      ...sentences.map(([first, end]) => this.#annotation(SENTENCE, this.#newNumber(), [words[first]!.start, words[end - 1]!.end], {})),
    ];
  }

  #span({ pieces, label, extra = {} }: Span, id: number): Extra {
    const { type, features } = layerOf(extra, this.#layer.type, this.#layer.feature, this.#name('span', label));
    return this.#annotation(type, id, pieces[0]!, features);
  }

  #relation({ id, head, tail, label, extra = {} }: Relation, spans: ReadonlyMap<string, number>, place: readonly [number, number]): Extra {
    const { type, features } = layerOf(extra, BASIC_RELATION, 'label', this.#name('relation', label));
    return this.#annotation(type, this.#numberOf(id), placeOf(extra) ?? place, {
      ...features,
      '@Governor': spans.get(head)!,
      '@Dependent': spans.get(tail)!,
    });
  }

  #members(made: readonly Extra[]): Json[] {
    const known = new Set(this.#carried.map((structure) => structure['%ID']));
    const { members } = this.#document.extra ?? {};
    return [...(isList(members) ? members.filter((id) => known.has(id)) : []), ...made.map((structure) => structure['%ID']!)];
  }

  /** Leaves out features that refer to a structure that does not exist any more. */
  #withoutDangling(structures: readonly Extra[]): Extra[] {
    const ids = new Set<Json | undefined>([this.#sofa['%ID'], ...structures.map((structure) => structure['%ID'])]);
    let count = 0;
    const isThere = (id: Json) => ids.has(id) || (count++, false);
    const kept = structures.map((structure): Extra => {
      const elements = structure['%ELEMENTS'];
      const references = isReferenceArray(structure['%TYPE']) && isList(elements) ? elements : undefined;
      const features = Object.entries(structure).filter(([name, value]) => !name.startsWith('@') || isThere(value));
      return Object.fromEntries(
        features.map(([name, value]) => [
          name,
          name === '%ELEMENTS' && references ? references.filter((id) => typeof id !== 'number' || isThere(id)) : value,
        ]),
      );
    });
    if (count > 0)
      this.#lost.push({
        kind: 'carried',
        document: this.#document.id,
        reason: `${count} features of other layers are left out: they are about annotations that do not exist any more`,
      });
    return kept;
  }
}

/**
 * The id of a structure, and the ids that it refers to. No new structure may get one of them, also if its own does not exist any more. Numbers
 * in texts may be ids, if nothing described the types of the file.
 */
function numbersIn(structure: Extra): Json[] {
  const elements = structure['%ELEMENTS'];
  return [
    ...Object.entries(structure).flatMap(([name, value]) =>
      name === '%ID' || name.startsWith('@') ? [value] : typeof value === 'string' && /^[\d\s]+$/.test(value) ? value.split(/\s+/).map(Number) : [],
    ),
    ...(isList(elements) ? elements : []),
  ];
}

/** The offsets that a relation was read with, if they were not those of its tail. */
function placeOf({ place }: Extra): readonly [number, number] | undefined {
  const [begin, end] = isList(place) ? place : [];
  return typeof begin === 'number' && typeof end === 'number' ? [begin, end] : undefined;
}

/** The layer and the features of an annotation: those that it was read with, or ours. */
function layerOf(extra: Extra, layer: string, usual: string, label: string): { readonly type: string; readonly features: Extra } {
  const { type, feature, features } = extra;
  if (typeof type !== 'string') return { type: layer, features: { [usual]: label } };
  const isUnlabeled = feature === undefined && label === type.slice(type.lastIndexOf('.') + 1);
  return { type, features: { ...objectOf(features), ...(!isUnlabeled && { [typeof feature === 'string' ? feature : usual]: label }) } };
}
