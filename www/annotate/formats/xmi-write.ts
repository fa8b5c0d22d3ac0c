// Writes UIMA XMI, with the TypeSystem.xml that it needs, as INCEpTION does.
import { show } from '../model/show.js';
import type { Corpus, Extra, Json } from '../model/types.js';
import { newFile } from './bytes.js';
import { makeCases, type MadeCas } from './cas-writer.js';
import { choice, chosen } from './choice.js';
import type { InputFile, Loss, WriteOptions, WriteResult } from './format.js';
import { isObject, objectOf } from './json-values.js';
import { mergeTypes, writeTypeSystem } from './type-system.js';
import { ANNOTATION, arrayOf, RELATION_ENDS, TypeTable } from './uima-types.js';
import { XmiText, type XmiCounts } from './xmi-text.js';
import { forbiddenIn, isName, type XmlVersion } from './xmi-values.js';

export const XML = choice('xml', 'Version of XML', {
  v10: 'XML 1.0, which every program reads',
  v11: 'XML 1.1, which has control characters',
});

export function writeXmi(whole: Corpus, options: WriteOptions): WriteResult {
  const version = chosen(XML, options) === 'v11' ? '1.1' : '1.0';
  const { cases, losses } = makeCases(whole, options, { textFault: (text) => textFault(text, version) });
  const folders = new TypeFolders(cases);
  const lost: Loss[] = [];
  const files = cases.map((made) => {
    const { cas, guessed } = described(made.cas);
    const text = new XmiText(cas, version);
    const content = text.write();
    lost.push(...lossesOf(made.document, text.counts, guessed));
    return newFile(`${folders.add(objectOf(cas['%TYPES']))}${made.path}.xmi`, content);
  });
  return { files: [...files, ...folders.files], losses: [...losses, ...lost] };
}

function textFault(text: string, version: XmlVersion): string | undefined {
  const forbidden = forbiddenIn(text, version);
  if (forbidden === undefined) return undefined;
  const code = `U+${forbidden.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  const advice = forbiddenIn(text, '1.1') === undefined ? '; XML 1.1 can' : '';
  return `the text has the character ${code}, which XML ${version} cannot write${advice}`;
}

function lossesOf(document: string, { characters, fields }: XmiCounts, guessed: readonly string[]): Loss[] {
  const losses: Loss[] = [];
  if (characters > 0)
    losses.push({
      kind: 'characters',
      document,
      reason: `${characters} labels, names or features have characters that XML cannot write; they become U+FFFD`,
    });
  if (fields > 0) losses.push({ kind: 'carried', document, reason: `${fields} fields of CAS JSON are left out: XMI has none like them` });
  if (guessed.length > 0)
    losses.push({
      kind: 'carried',
      document,
      reason: `its file did not describe all types, so the TypeSystem.xml describes ${show(guessed.join(', '))} by guess`,
    });
  return losses;
}

/** The CAS with a description of each type and feature that it uses: ours, or guessed from the values if no file described it. */
function described(cas: Extra): { readonly cas: Extra; readonly guessed: readonly string[] } {
  const types = objectOf(cas['%TYPES']);
  const table = new TypeTable(types);
  const more = new Map<string, Extra>();
  const guessed = new Set<string>();
  for (const structure of structuresOf(cas)) {
    const type = structure['%TYPE'];
    if (typeof type !== 'string' || table.isBuiltIn(type) || !isName(shortName(type))) continue;
    const found = more.get(type) ?? table.description(type);
    const known = found ?? { '%NAME': type, '%SUPER_TYPE': guessSuperType(structure) };
    const features = Object.entries(structure).flatMap(([key, value]) => {
      const name = key.replace(/^[@#]/, '');
      const isKnown = !isName(name) || Object.hasOwn(known, name) || table.feature(String(known['%SUPER_TYPE']), name) !== undefined;
      return isKnown ? [] : [[name, { '%NAME': name, '%RANGE': guessRange(name, key, value, cas) }] as const];
    });
    if (!found || features.length > 0) guessed.add(shortName(type));
    if (!found || features.length > 0 || !Object.hasOwn(types, type)) more.set(type, { ...known, ...Object.fromEntries(features) });
  }
  return { cas: { ...cas, '%TYPES': { ...types, ...Object.fromEntries(more) } }, guessed: [...guessed] };
}

function shortName(type: string): string {
  return type.slice(type.lastIndexOf('.') + 1);
}

function structuresOf(cas: Extra): Extra[] {
  return (cas['%FEATURE_STRUCTURES'] as readonly Json[]).filter(isObject);
}

function guessSuperType(structure: Extra): string {
  if (typeof structure['begin'] === 'number') return ANNOTATION;
  return structure['@sofa'] === undefined ? 'uima.cas.TOP' : 'uima.cas.AnnotationBase';
}

function guessRange(name: string, key: string, value: Json, cas: Extra): string {
  if (RELATION_ENDS.some((end) => end === name)) return ANNOTATION;
  if (key.startsWith('#')) return 'uima.cas.Double';
  if (key.startsWith('@')) {
    const target = structuresOf(cas).find((structure) => structure['%ID'] === value)?.['%TYPE'];
    const array = typeof target === 'string' ? arrayOf(target) : undefined;
    return array ? `uima.cas.${array.of}Array` : 'uima.cas.TOP';
  }
  if (typeof value === 'number') return Number.isInteger(value) ? 'uima.cas.Integer' : 'uima.cas.Double';
  return typeof value === 'boolean' ? 'uima.cas.Boolean' : 'uima.cas.String';
}

/** Type systems of the documents. Documents whose types contradict each other are in folders of their own, each with a TypeSystem.xml. */
class TypeFolders {
  readonly #folders: { readonly name: string; types: Extra }[] = [];
  readonly #paths: ReadonlySet<string>;

  constructor(cases: readonly MadeCas[]) {
    this.#paths = new Set(cases.map(({ path }) => path.toLowerCase().replace(/\/.*$/, '')));
  }

  /** The folder for a document with these types. */
  add(types: Extra): string {
    for (const folder of this.#folders) {
      const merged = mergeTypes(folder.types, types);
      if (!merged) continue;
      folder.types = merged;
      return folder.name;
    }
    const name = this.#newName();
    this.#folders.push({ name, types });
    return name;
  }

  #newName(): string {
    if (this.#folders.length === 0) return '';
    const taken = new Set([...this.#paths, ...this.#folders.map(({ name }) => name.slice(0, -1))]);
    let number = this.#folders.length + 1;
    while (taken.has(`types-${number}`)) number += 1;
    return `types-${number}/`;
  }

  get files(): InputFile[] {
    return this.#folders.map(({ name, types }) => newFile(`${name}TypeSystem.xml`, writeTypeSystem(types)));
  }
}
