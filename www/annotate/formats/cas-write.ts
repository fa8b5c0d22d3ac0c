// Writes UIMA CAS JSON.
import type { AnnotatedDocument, Corpus, Extra, Json, Relation, Span } from '../model/types.js';
import { newFile } from './bytes.js';
import { BASIC_RELATION, BASIC_SPAN, META_DATA, NAMED_ENTITY, usualLayer } from './cas.js';
import { choice, chosen } from './choice.js';
import { labelNames } from './documents.js';
import type { Loss, WriteOptions, WriteResult } from './format.js';
import { isList, isObject, objectOf } from './json-values.js';
import { reduceCorpus } from './losses.js';
import { documentPaths } from './safe-names.js';
import { TokenDocuments } from './token-documents.js';

const SEGMENTATION = 'de.tudarmstadt.ukp.dkpro.core.api.segmentation.type';
const ANNOTATION = 'uima.tcas.Annotation';

function type(name: string, superType: string, features: { readonly [name: string]: string } = {}): Extra {
  const described = Object.entries(features).map(([feature, range]) => [feature, { '%NAME': feature, '%RANGE': range }] as const);
  return { [name]: { '%NAME': name, '%SUPER_TYPE': superType, ...Object.fromEntries(described) } };
}

/** Descriptions of the types that we write. */
const TYPES: ReadonlyMap<string, Extra> = new Map([
  [META_DATA, type(META_DATA, 'uima.tcas.DocumentAnnotation', { documentTitle: 'uima.cas.String' })],
  [NAMED_ENTITY, type(NAMED_ENTITY, ANNOTATION, { value: 'uima.cas.String', identifier: 'uima.cas.String' })],
  [BASIC_SPAN, type(BASIC_SPAN, ANNOTATION, { label: 'uima.cas.String' })],
  [BASIC_RELATION, type(BASIC_RELATION, ANNOTATION, { label: 'uima.cas.String', Governor: ANNOTATION, Dependent: ANNOTATION })],
  [`${SEGMENTATION}.Token`, type(`${SEGMENTATION}.Token`, ANNOTATION)],
  [`${SEGMENTATION}.Sentence`, type(`${SEGMENTATION}.Sentence`, ANNOTATION)],
]);

export const LAYER = choice('layer', 'Layer of spans', {
  auto: 'named entities; with relations, basic spans',
  entity: 'named entities',
  basic: 'basic spans, which basic relations join',
});
export const TOKENS = choice('tokens', 'Layers of tokens and sentences', { none: 'left to INCEpTION', own: 'written' });

export function writeCasJson(whole: Corpus, options: WriteOptions): WriteResult {
  const { corpus, losses } = reduceCorpus(whole, options, 'cas-json', { overlap: 'all', relations: true, names: true, loneSurrogates: true });
  const { documents } = corpus;
  const hasRelations = documents.some(({ relations }) => relations.length > 0);
  const layer = usualLayer(chosen(LAYER, options) === 'auto' ? hasRelations : chosen(LAYER, options) === 'basic');
  const name = labelNames(corpus.labelSets);
  const paths = documentPaths(documents.map((document) => document.name));
  const lost: Loss[] = [];
  const files = documents.map((document, index) => {
    const cas = new CasWriter(document, layer, name, lost).write(chosen(TOKENS, options) === 'own');
    return newFile(`${paths[index]!}.json`, `${JSON.stringify(cas, null, 1)}\n`);
  });
  return { files, losses: [...losses, ...lost] };
}

class CasWriter {
  readonly #document: AnnotatedDocument;
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

  constructor(document: AnnotatedDocument, layer: ReturnType<typeof usualLayer>, name: ReturnType<typeof labelNames>, lost: Loss[]) {
    this.#document = document;
    this.#layer = layer;
    this.#name = name;
    this.#lost = lost;
    const { structures, sofa } = document.extra ?? {};
    this.#carried = isList(structures) ? structures.filter(isObject) : [];
    for (const id of this.#carried.flatMap(numbersIn)) this.#taken.add(id);
    this.#sofa =
      isObject(sofa) && typeof sofa['%ID'] === 'number'
        ? sofa
        : { '%ID': this.#newNumber(), '%TYPE': 'uima.cas.Sofa', sofaNum: 1, sofaID: '_InitialView', mimeType: 'text/plain' };
    this.#taken.add(this.#sofa['%ID']);
    const items = [...document.spans, ...document.relations];
    const used = new Set<Json | undefined>([this.#sofa['%ID'], ...this.#carried.map((structure) => structure['%ID'])]);
    const wanted = (id: string) => (/^[1-9]\d{0,14}$/.test(id) && !used.has(Number(id)) ? Number(id) : undefined);
    for (const { id } of items) {
      const number = this.#numbers.has(id) ? undefined : wanted(id);
      if (number !== undefined) this.#taken.add(number) && used.add(number) && this.#numbers.set(id, number);
    }
  }

  write(withTokens: boolean): Json {
    const { text, spans, relations, extra = {} } = this.#document;
    const spanIds = new Map(spans.map((span) => [span.id, this.#numberOf(span.id)]));
    const places = new Map(spans.map(({ id, pieces }) => [id, pieces[0]!]));
    const made = [
      ...this.#metaData(),
      ...(withTokens ? this.#tokens() : []),
      ...spans.map((span) => this.#span(span, spanIds.get(span.id)!)),
      ...relations.map((relation) => this.#relation(relation, spanIds, places.get(relation.tail)!)),
    ];
    const structures = this.#withoutDangling([...this.#carried, ...made]);
    const types = Object.assign(
      {},
      ...[...this.#types].map((name) => TYPES.get(name) ?? {}),
      objectOf(extra['types']),
    ) as Extra;
    const others = objectOf(extra['views']);
    const view = { '%SOFA': this.#sofa['%ID']!, '%MEMBERS': this.#members(made) };
    return {
      ...objectOf(extra['rest']),
      '%TYPES': types,
      '%FEATURE_STRUCTURES': [{ ...this.#sofa, sofaString: text }, ...structures],
      '%VIEWS': { ...others, [String(this.#sofa['sofaID'] ?? '_InitialView')]: view },
    };
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

  /** Nothing, if the file already had metadata. */
  #metaData(): Extra[] {
    if (this.#carried.some((structure) => structure['%TYPE'] === META_DATA)) return [];
    const { text, name } = this.#document;
    return [this.#annotation(META_DATA, this.#newNumber(), [0, text.length], { documentTitle: name })];
  }

  #tokens(): Extra[] {
    if (this.#carried.some((structure) => structure['%TYPE'] === `${SEGMENTATION}.Token`)) return [];
    const whole = { ...this.#document, spans: [] };
    const { words, sentences } = new TokenDocuments().of(whole, new Set());
    return [
      ...words.map(({ start, end }) => this.#annotation(`${SEGMENTATION}.Token`, this.#newNumber(), [start, end], {})),
      ...sentences.map(([first, end]) =>
        this.#annotation(`${SEGMENTATION}.Sentence`, this.#newNumber(), [words[first]!.start, words[end - 1]!.end], {}),
      ),
    ];
  }

  #span({ pieces, label, extra = {} }: Span, id: number): Extra {
    const { type, features } = layerOf(extra, this.#layer.type, this.#layer.feature, this.#name('span', label));
    return this.#annotation(type, id, pieces[0]!, features);
  }

  #relation({ id, head, tail, label, extra = {} }: Relation, spans: ReadonlyMap<string, number>, place: readonly [number, number]): Extra {
    const { type, features } = layerOf(extra, BASIC_RELATION, 'label', this.#name('relation', label));
    return this.#annotation(type, this.#numberOf(id), place, { ...features, '@Governor': spans.get(head)!, '@Dependent': spans.get(tail)! });
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
      const isReferences = typeof structure['%TYPE'] === 'string' && /(FSArray|\[\])$/.test(structure['%TYPE']) && isList(elements);
      const features = Object.entries(structure).filter(([name, value]) => !name.startsWith('@') || isThere(value));
      return Object.fromEntries(
        features.map(([name, value]) => [
          name,
          name === '%ELEMENTS' && isReferences ? elements.filter((id) => typeof id !== 'number' || isThere(id)) : value,
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

/** The id of a structure, and the ids that it refers to. No new structure may get one of them, also if its own does not exist any more. */
function numbersIn(structure: Extra): Json[] {
  const elements = structure['%ELEMENTS'];
  return [
    structure['%ID']!,
    ...Object.entries(structure)
      .filter(([name]) => name.startsWith('@'))
      .map(([, value]) => value),
    ...(isList(elements) ? elements : []),
  ];
}

/** The layer and the features of an annotation: those that it was read with, or ours. */
function layerOf(extra: Extra, layer: string, usual: string, label: string): { readonly type: string; readonly features: Extra } {
  const { type, feature, features } = extra;
  if (typeof type !== 'string') return { type: layer, features: { [usual]: label } };
  const isUnlabeled = feature === undefined && label === type.slice(type.lastIndexOf('.') + 1);
  return { type, features: { ...objectOf(features), ...(!isUnlabeled && { [typeof feature === 'string' ? feature : usual]: label }) } };
}
