// The text of an XMI file, from a CAS in the form of CAS JSON. Arrays and lists are written within features where UIMA does so.
import type { Extra, Json } from '../model/types.js';
import { isList, isObject, objectOf } from './json-values.js';
import { arrayOf, listOf, SOFA, TypeTable, type Collection } from './uima-types.js';
import { escapeXmlText, forbiddenIn, hexOfBase64, isName, isSpecialNumber, writeValue, type XmlVersion } from './xmi-values.js';

/** What could not be written as it is. */
export interface XmiCounts {
  /** Values with characters that XML cannot have. */
  readonly characters: number;
  /** Fields that XMI does not have. */
  readonly fields: number;
}

const XMI_NAMESPACE = 'http://www.omg.org/XMI';
const CAS_NAMESPACE = 'http:///uima/cas.ecore';

/** A feature in XML: an attribute, or elements. */
interface Written {
  readonly attributes: string[];
  readonly elements: string[];
}

export class XmiText {
  readonly #cas: Extra;
  readonly #version: XmlVersion;
  readonly #table: TypeTable;
  readonly #structures: readonly Extra[];
  readonly #byId: ReadonlyMap<Json | undefined, Extra>;
  readonly #prefixes = new Map<string, string>([
    [XMI_NAMESPACE, 'xmi'],
    [CAS_NAMESPACE, 'cas'],
  ]);
  readonly #used = new Set<string>(['xmi', 'cas', 'xsi']);
  /** Of elements, by types. */
  readonly #names = new Map<string, string | undefined>();
  #characters = 0;
  #fields = 0;

  constructor(cas: Extra, version: XmlVersion) {
    this.#cas = cas;
    this.#version = version;
    this.#table = new TypeTable(objectOf(cas['%TYPES']));
    this.#structures = isList(cas['%FEATURE_STRUCTURES']) ? cas['%FEATURE_STRUCTURES'].filter(isObject) : [];
    this.#byId = new Map(this.#structures.map((structure) => [structure['%ID'], structure]));
  }

  get counts(): XmiCounts {
    return { characters: this.#characters, fields: this.#fields };
  }

  /** UIMA wants a view behind its text and its members. */
  write(): string {
    const { '%TYPES': _, '%FEATURE_STRUCTURES': __, '%VIEWS': views, ...rest } = this.#cas;
    this.#fields += Object.keys(rest).length;
    const own = this.#ownElements();
    const [sofas, others] = [own.filter((structure) => structure['%TYPE'] === SOFA), own.filter((structure) => structure['%TYPE'] !== SOFA)];
    const lines = [
      '<cas:NULL xmi:id="0"/>',
      ...[...others, ...sofas].flatMap((structure) => this.#structure(structure)),
      ...Object.values(objectOf(views)).map((view) => this.#view(objectOf(view))),
    ];
    const namespaces = Array.from(this.#prefixes, ([namespace, prefix]) => ` xmlns:${prefix}="${this.#escape(namespace)}"`);
    return [
      `<?xml version="${this.#version}" encoding="UTF-8"?>`,
      `<xmi:XMI${namespaces.join('')} xmi:version="2.0">`,
      ...lines.map((line) => `    ${line}`),
      '</xmi:XMI>',
      '',
    ].join('\n');
  }

  /** Structures that are elements: all but arrays and lists that are written within features only. */
  #ownElements(): Extra[] {
    const members = new Set(Object.values(objectOf(this.#cas['%VIEWS'])).flatMap((view) => memberList(objectOf(view))));
    const referred = new Set<Json | undefined>();
    for (const structure of this.#structures) for (const id of this.#references(structure)) referred.add(id);
    const isOwn = (structure: Extra) => !collectionOf(structure) || members.has(structure['%ID']!) || !referred.has(structure['%ID']);
    const open = this.#structures.filter(isOwn);
    const own = new Set(open);
    for (let structure = open.pop(); structure; structure = open.pop())
      for (const id of this.#references(structure, 'own')) {
        const target = this.#byId.get(id);
        if (target && !own.has(target)) own.add(target) && open.push(target);
      }
    return this.#structures.filter((structure) => own.has(structure));
  }

  /** Ids that a structure refers to; `own`: only those whose structure must be an element. */
  *#references(structure: Extra, which: 'all' | 'own' = 'all'): Generator<Json> {
    if (arrayOf(String(structure['%TYPE']))?.kind === 'reference' && isList(structure['%ELEMENTS'])) yield* structure['%ELEMENTS'];
    for (const [key, value] of Object.entries(structure))
      if (key.startsWith('@') && !(which === 'own' && this.#inline(structure, key.slice(1), value))) yield value;
  }

  /** The array or list that a feature is written with. */
  #inline(structure: Extra, feature: string, id: Json): { readonly collection: Collection; readonly target: Extra } | undefined {
    const collection = this.#table.range(String(structure['%TYPE']), feature)?.inline;
    const target = collection && this.#byId.get(id);
    if (!target) return undefined;
    const found = collectionOf(target);
    return found?.of === collection.of && found.form === collection.form ? { collection, target } : undefined;
  }

  #structure(structure: Extra): string[] {
    const type = String(structure['%TYPE']);
    if (!this.#names.has(type)) this.#names.set(type, this.#elementName(type));
    const name = this.#names.get(type);
    if (name === undefined) {
      this.#fields += 1;
      return [];
    }
    const written: Written = { attributes: [`xmi:id="${String(structure['%ID'])}"`], elements: [] };
    for (const [key, value] of Object.entries(structure)) this.#feature(structure, key, value, written);
    const start = `<${name} ${written.attributes.join(' ')}`;
    return [written.elements.length === 0 ? `${start}/>` : `${start}>${written.elements.join('')}</${name}>`];
  }

  #feature(structure: Extra, key: string, value: Json, written: Written): void {
    if (key === '%ID' || key === '%TYPE') return;
    const array = arrayOf(String(structure['%TYPE']));
    if (key === '%ELEMENTS' && array) return this.#collection('elements', array, this.#elementsOf(structure, array), written);
    const name = key.replace(/^[@#]/, '');
    const inline = key.startsWith('@') ? this.#inline(structure, name, value) : undefined;
    if (inline && isName(name)) return this.#collection(name, inline.collection, this.#elementsOf(inline.target, inline.collection), written);
    const text = key.startsWith('#') && !isSpecialNumber(value) && typeof value !== 'number' ? undefined : writeValue(value);
    if (text === undefined || !isName(name)) this.#fields += 1;
    else written.attributes.push(`${name}="${this.#escape(text)}"`);
  }

  /** Texts are elements, because they may have spaces. */
  #collection(name: string, { kind }: Collection, values: readonly Json[], { attributes, elements }: Written): void {
    if (kind === 'byte') return void attributes.push(`${name}="${hexOfBase64(String(values[0] ?? '')) ?? ''}"`);
    const texts = values.flatMap((value) => {
      const text = value === null ? (kind === 'reference' ? '0' : '') : writeValue(value);
      if (text === undefined) this.#fields += 1;
      return text ?? [];
    });
    if (kind !== 'string' || texts.length === 0) attributes.push(`${name}="${this.#escape(texts.join(' '))}"`);
    else elements.push(...texts.map((text) => `<${name}>${this.#escape(text)}</${name}>`));
  }

  /** The elements of an array, or the heads of the nodes of a list. Base64 is one element. */
  #elementsOf(structure: Extra, { form, kind }: Collection): readonly Json[] {
    const elements = structure['%ELEMENTS'];
    if (form === 'array') return isList(elements) ? elements : kind === 'byte' && typeof elements === 'string' ? [elements] : [];
    const heads: Json[] = [];
    const seen = new Set<Extra>();
    for (
      let node: Extra | undefined = structure;
      node && String(node['%TYPE']).startsWith('uima.cas.NonEmpty');
      node = this.#byId.get(node['@tail'])
    ) {
      if (seen.has(node)) {
        this.#fields += 1; // a list in a circle
        break;
      }
      seen.add(node);
      heads.push(node['head'] ?? node['@head'] ?? node['#head'] ?? null);
    }
    return heads;
  }

  #view(view: Extra): string {
    const { '%SOFA': sofa, '%MEMBERS': _, ...rest } = view;
    this.#fields += Object.keys(rest).length;
    const ofSofa = typeof sofa === 'number' && this.#byId.has(sofa) ? ` sofa="${sofa}"` : '';
    return `<cas:View${ofSofa} members="${memberList(view).join(' ')}"/>`;
  }

  /** The name of an element with the prefix of its package. UIMA counts prefixes too: `type`, `type2`. */
  #elementName(type: string): string | undefined {
    const dot = type.lastIndexOf('.');
    const array = arrayOf(type);
    const [path, name] = array ? ['uima.cas', `${array.of}Array`] : dot < 0 ? ['uima.noNamespace', type] : [type.slice(0, dot), type.slice(dot + 1)];
    if (!isName(name) || path === '') return undefined;
    const namespace = `http:///${path.replaceAll('.', '/')}.ecore`;
    const known = this.#prefixes.get(namespace);
    if (known !== undefined) return `${known}:${name}`;
    const last = path.slice(path.lastIndexOf('.') + 1);
    const base = isName(last) && !/^xml/i.test(last) ? last : 'type';
    let prefix = base;
    for (let number = 2; this.#used.has(prefix); number++) prefix = `${base}${number}`;
    this.#used.add(prefix);
    this.#prefixes.set(namespace, prefix);
    return `${prefix}:${name}`;
  }

  #escape(text: string): string {
    if (forbiddenIn(text, this.#version) !== undefined) this.#characters += 1;
    return escapeXmlText(text, this.#version);
  }
}

function memberList(view: Extra): readonly Json[] {
  const members = view['%MEMBERS'];
  return isList(members) ? members.filter((id) => typeof id === 'number') : [];
}

function collectionOf(structure: Extra): Collection | undefined {
  const type = String(structure['%TYPE']);
  return arrayOf(type) ?? listOf(type);
}
