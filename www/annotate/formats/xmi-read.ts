// Reads UIMA XMI into the form of CAS JSON: structures with `%ID` and `%TYPE`, references as `@name`, arrays and lists as structures.
import { show } from '../model/show.js';
import type { Extra, Json } from '../model/types.js';
import { uniqueStructures, VIEW, type CasFile, type FoundStructure } from './cas-document.js';
import type { Reporter } from './problems.js';
import { arrayOf, neededTypes, SOFA, TypeTable, type Collection, type Range } from './uima-types.js';
import { base64OfHex, isSpecialNumber, readValue, WANTED } from './xmi-values.js';
import { readXml, type XmlElement } from './xml-reader.js';

export const XMI_NAMESPACE = 'http://www.omg.org/XMI';
/** UIMA writes ids as 32-bit numbers. */
const MOST_ID = 2 ** 31 - 1;
/** An annotation without these has no place in the text. */
const PLACE = new Set(['sofa', 'begin', 'end']);

/** Reads a file whose types are described by `types`, in the form of CAS JSON. */
export function readXmi(bytes: Uint8Array, types: Extra, report: Reporter): CasFile | undefined {
  const reader = new XmiReader(types, report);
  const root = readXml(bytes, report, (element) => reader.take(element));
  if (!root) return undefined;
  if (root.name === 'XMI' && root.namespace === XMI_NAMESPACE) return reader.finish();
  return void report.at(root.line).error(`the file is not XMI: it begins with ${show(root.name)}`);
}

/** An array or a list that is written within a feature, and becomes a structure when all ids of the file are known. */
interface Inline {
  readonly fields: Fields;
  readonly feature: string;
  readonly collection: Collection;
  readonly values: readonly Json[];
  readonly report: Reporter;
}

type Fields = { [name: string]: Json };

interface View {
  readonly sofa: number | undefined;
  readonly members: readonly number[];
  readonly report: Reporter;
}

class XmiReader {
  readonly #types: Extra;
  readonly #table: TypeTable;
  readonly #report: Reporter;
  readonly #found: FoundStructure[] = [];
  readonly #views: View[] = [];
  readonly #inline: Inline[] = [];
  /** Ids of structures, and ids that something refers to. */
  readonly #taken = new Set<number>();
  readonly #undescribed = new Set<string>();
  #next = 1;

  constructor(types: Extra, report: Reporter) {
    this.#types = types;
    this.#table = new TypeTable(types);
    this.#report = report;
  }

  take(element: XmlElement): void {
    const report = this.#report.at(element.line);
    const type = typeOf(element);
    if (type === undefined) return report.loss(`${show(element.name)} is not a structure of UIMA; it is left out`);
    if (type === 'uima.cas.NULL') return; // a reference to 0 means it
    if (type === 'uima.cas.View') this.#view(element, report.in('cas:View'));
    else this.#structure(element, type, report);
  }

  finish(): CasFile {
    for (const inline of this.#inline) inline.fields[`@${inline.feature}`] = this.#collect(inline);
    if (this.#undescribed.size > 0) {
      const names = [...this.#undescribed].map((name) => name.slice(name.lastIndexOf('.') + 1));
      this.#report.loss(
        `no TypeSystem.xml describes ${this.#undescribed.size} of the types, so features of them are kept as text: ${show(names.join(', '))}`,
      );
    }
    const structures = uniqueStructures(this.#found);
    const types = neededTypes(
      this.#types,
      structures.map(({ type }) => type),
    );
    return { types, structures, views: this.#namedViews(structures) };
  }

  #view({ attributes }: XmlElement, report: Reporter): void {
    const valueOf = (name: string) => attributes.find((attribute) => attribute.namespace === '' && attribute.name === name)?.value;
    const written = valueOf('sofa');
    const [sofa] = this.#ids(written ?? '', report);
    if (written === undefined || sofa !== undefined) this.#views.push({ sofa, members: this.#ids(valueOf('members') ?? '', report), report });
  }

  #namedViews(structures: CasFile['structures']): Extra {
    const ids = new Set(structures.map(({ id }) => id));
    const names = new Map(structures.filter(({ type }) => type === SOFA).map(({ id, strings }) => [id, strings.get('sofaID') ?? VIEW]));
    const views = new Map<string, Extra>();
    for (const { sofa, members, report } of this.#views) {
      const name = sofa === undefined ? VIEW : names.get(sofa);
      if (name === undefined || views.has(name)) {
        report.loss(`${name === undefined ? `the file has no cas:Sofa ${sofa}` : `${show(name)} occurs twice`}; it is left out`);
        continue;
      }
      const unknown = members.filter((id) => !ids.has(id));
      if (unknown.length > 0) report.loss(`${unknown.length} of its members are not in the file, such as ${unknown[0]}; they are left out`);
      views.set(name, { ...(sofa !== undefined && { '%SOFA': sofa }), '%MEMBERS': members.filter((id) => ids.has(id)) });
    }
    return Object.fromEntries(views);
  }

  #structure(element: XmlElement, type: string, line: Reporter): void {
    const written = element.attributes.find(({ namespace, name }) => namespace === XMI_NAMESPACE && name === 'id')?.value;
    const id = written === undefined ? undefined : readValue(written, 'reference');
    if (typeof id !== 'number' || id > MOST_ID) {
      line.loss(`${show(element.name)} has ${written === undefined ? 'no xmi:id' : `the xmi:id ${show(written)}, which is no id`}; it is left out`);
      return;
    }
    this.#taken.add(id);
    const report = line.in(`xmi:id ${id}`);
    const fields: Fields = { '%ID': id, '%TYPE': type };
    const array = arrayOf(type);
    for (const [feature, values, isAttribute] of featuresOf(element, report)) {
      if (array && feature === 'elements') this.#elements(fields, array, values, isAttribute, report);
      else if (!this.#feature(fields, type, feature, values, isAttribute, report.in(feature))) return;
    }
    if (array && fields['%ELEMENTS'] === undefined) fields['%ELEMENTS'] = array.kind === 'byte' ? '' : [];
    this.#found.push({ raw: fields, report });
  }

  /** The elements of an array that is a structure of its own. */
  #elements(fields: Fields, array: Collection, values: readonly string[], isAttribute: boolean, report: Reporter): void {
    fields['%ELEMENTS'] = array.kind === 'byte' ? this.#bytes(values.join(''), report) : this.#values(array, values, isAttribute, report);
  }

  /** Whether the structure is of use with this feature. */
  #feature(fields: Fields, type: string, feature: string, values: readonly string[], isAttribute: boolean, report: Reporter): boolean {
    const range = this.#table.range(type, feature);
    if (!range) this.#undescribed.add(type);
    const inline = range ? range.inline : isAttribute ? undefined : ({ kind: 'string', of: 'String', form: 'array' } as const);
    if (inline) {
      const elements = inline.kind === 'byte' ? [this.#bytes(values.join(''), report)] : this.#values(inline, values, isAttribute, report);
      this.#inline.push({ fields, feature, collection: inline, values: elements, report });
      return true;
    }
    if (values.length === 1) return this.#single(fields, feature, range, values[0]!, report);
    report.loss(`${values.length} values are given, not one; they are left out`);
    return true;
  }

  #single(fields: Fields, feature: string, range: Range | undefined, text: string, report: Reporter): boolean {
    const kind = range?.kind ?? 'string';
    // What is a number may be the id of a structure: without a description nobody knows.
    if (!range) for (const [number] of text.matchAll(/\d+/g)) this.#taken.add(Number(number));
    if (text === '' && kind !== 'string') return true; // UIMA takes it for nothing
    const value = readValue(text, kind);
    const isNeeded = PLACE.has(feature) && range !== undefined;
    if (value === undefined || (isNeeded && typeof value === 'string')) {
      report.loss(`${show(text)} is not ${WANTED[kind]}; ${isNeeded ? 'the structure' : 'it'} is left out`);
      return !isNeeded;
    }
    if (kind === 'reference') {
      if (typeof value !== 'number') return true;
      this.#taken.add(value);
      fields[`@${feature}`] = value;
    } else fields[kind === 'float' && isSpecialNumber(value) ? `#${feature}` : feature] = value;
    return true;
  }

  /** Elements of an array or a list: separated by spaces, or each in an element. Texts may have spaces, so they are always elements. */
  #values({ kind }: Collection, values: readonly string[], isAttribute: boolean, report: Reporter): Json[] {
    const texts = isAttribute ? values.flatMap((value) => value.split(/\s+/).filter((part) => part !== '')) : values;
    return texts.flatMap((text) => {
      const value = readValue(text, kind);
      if (value === undefined) return report.loss(`${show(text)} is not ${WANTED[kind]}; it is left out`) ?? [];
      if (kind === 'reference' && typeof value === 'number') this.#taken.add(value);
      return [value];
    });
  }

  #bytes(hex: string, report: Reporter): string {
    const bytes = base64OfHex(hex);
    if (bytes === undefined) report.loss(`${show(hex)} is not bytes in hexadecimal digits; they are left out`);
    return bytes ?? '';
  }

  #ids(text: string, report: Reporter): number[] {
    const ids = this.#values({ kind: 'reference', of: 'FS', form: 'array' }, [text], true, report);
    return ids.filter((id) => typeof id === 'number');
  }

  /** Makes the structures of an array or a list, and returns the id of the first. */
  #collect({ collection: { kind, of, form }, values, report }: Inline): number {
    if (form === 'array') return this.#add({ '%TYPE': `uima.cas.${of}Array`, '%ELEMENTS': kind === 'byte' ? values[0]! : values }, report);
    return values.reduceRight<number>(
      (tail, head) => {
        const name = kind === 'reference' ? '@head' : kind === 'float' && isSpecialNumber(head) ? '#head' : 'head';
        return this.#add({ '%TYPE': `uima.cas.NonEmpty${of}List`, ...(head !== null && { [name]: head }), '@tail': tail }, report);
      },
      this.#add({ '%TYPE': `uima.cas.Empty${of}List` }, report),
    );
  }

  #add(fields: Extra, report: Reporter): number {
    while (this.#taken.has(this.#next)) this.#next += 1;
    const id = this.#next++;
    this.#found.push({ raw: { '%ID': id, ...fields }, report });
    return id;
  }
}

/** The name of the type of an element: `http:///uima/cas.ecore` is the package `uima.cas`. */
function typeOf({ namespace, name }: XmlElement): string | undefined {
  const path = /^http:\/\/\/(.+)\.ecore$/.exec(namespace)?.[1];
  if (path === undefined || name === '__proto__') return undefined;
  return path === 'uima/noNamespace' ? name : `${path.replaceAll('/', '.')}.${name}`;
}

/** The features of an element: each attribute, and the elements in it by their names. */
function* featuresOf(element: XmlElement, report: Reporter): Generator<readonly [feature: string, values: readonly string[], isAttribute: boolean]> {
  const children = new Map<string, string[]>();
  for (const child of element.children) {
    const values = children.get(child.name) ?? [];
    values.push(textOf(child));
    children.set(child.name, values);
  }
  for (const { namespace, name, value } of element.attributes) {
    if (namespace === XMI_NAMESPACE && name === 'id') continue;
    if (namespace === 'http://www.w3.org/2000/xmlns/') continue;
    if (namespace !== '' || name === '__proto__') report.loss(`the attribute ${show(name)} is not a feature; it is left out`);
    else if (children.has(name)) report.in(name).loss('it is an attribute and an element; the attribute is left out');
    else yield [name, [value], true];
  }
  for (const [name, values] of children) {
    if (name === '__proto__') report.loss(`the element ${show(name)} is not a feature; it is left out`);
    else yield [name, values, false];
  }
}

/** The text of an element, or the id in its reference: `href="#12"`. */
function textOf({ attributes, text }: XmlElement): string {
  const reference = attributes.find(({ namespace, name }) => namespace === '' && name === 'href')?.value;
  return reference?.startsWith('#') ? reference.slice(1) : text;
}
