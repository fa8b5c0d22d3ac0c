// TypeSystem.xml: the descriptions of types that XMI needs, to and from the form of CAS JSON.
import { show } from '../model/show.js';
import type { Extra, Json } from '../model/types.js';
import { given } from './fields.js';
import { isList, isObject, objectOf } from './json-values.js';
import type { Reporter } from './problems.js';
import { arrayOf } from './uima-types.js';
import { escapeXmlText } from './xmi-values.js';
import { readXml, type XmlElement } from './xml-reader.js';

const NAMESPACE = 'http://uima.apache.org/resourceSpecifier';

/** Reads a file; `undefined` and an error, if it is none with types. */
export function readTypeSystem(bytes: Uint8Array, report: Reporter): Extra | undefined {
  const types = new Map<string, Extra>();
  const root = readXml(bytes, report, (element) => {
    if (element.name === 'types') for (const child of element.children) readType(child, types, report.at(child.line));
    else if (element.name === 'imports' && element.children.length > 0)
      report.at(element.line).loss('it imports types of other files, which are not read');
  });
  if (!root) return undefined;
  if (root.name === 'typeSystemDescription') return Object.fromEntries(types);
  return void report.at(root.line).error(`the file describes no types: it begins with ${show(root.name)}`);
}

function readType(element: XmlElement, types: Map<string, Extra>, report: Reporter): void {
  const name = childText(element, 'name');
  if (!name || name === '__proto__') return report.loss(`a type has the name ${show(name)}; it is left out`);
  const superType = childText(element, 'supertypeName') || 'uima.cas.TOP';
  const values = childOf(element, 'allowedValues')?.children.flatMap((value) => childText(value, 'string') ?? []);
  const features = new Map<string, Json>();
  for (const feature of childOf(element, 'features')?.children ?? []) {
    const featureName = childText(feature, 'name');
    const range = childText(feature, 'rangeTypeName');
    if (featureName && range && featureName !== '__proto__') features.set(featureName, readFeature(feature, featureName, range));
    else report.in(name).loss(`the feature ${show(featureName)} has no name or no type; it is left out`);
  }
  const own = {
    '%NAME': name,
    '%SUPER_TYPE': superType,
    ...given('%DESCRIPTION', childText(element, 'description') || undefined),
    ...given('%ALLOWED_VALUES', values),
  };
  types.set(name, { ...types.get(name), ...own, ...Object.fromEntries(features) });
}

/** CAS JSON writes arrays as `Token[]`. */
function readFeature(element: XmlElement, name: string, range: string): Extra {
  const array = arrayOf(range);
  const elementType = childText(element, 'elementType') || undefined;
  const shared = childText(element, 'multipleReferencesAllowed');
  return {
    '%NAME': name,
    '%RANGE': array ? `${array.kind === 'reference' ? (elementType ?? 'uima.cas.TOP') : `uima.cas.${array.of}`}[]` : range,
    ...given('%DESCRIPTION', childText(element, 'description') || undefined),
    ...(!array && given('%ELEMENT_TYPE', elementType)),
    ...(shared && { '%MULTIPLE_REFERENCES_ALLOWED': shared === 'true' }),
  };
}

function childOf({ children }: XmlElement, name: string): XmlElement | undefined {
  return children.find((child) => child.name === name);
}

function childText(element: XmlElement, name: string): string | undefined {
  return childOf(element, name)?.text.trim();
}

/** Both sets of types in one; `undefined`, if they describe a type or a feature differently. */
export function mergeTypes(first: Extra, second: Extra): Extra | undefined {
  const merged = new Map(Object.entries(first));
  for (const [name, value] of Object.entries(second)) {
    const [known, more] = [merged.get(name), objectOf(value)];
    if (isObject(known) && !fit(known, more)) return undefined;
    merged.set(name, isObject(known) ? { ...more, ...known } : value);
  }
  return Object.fromEntries(merged);
}

function fit(known: Extra, more: Extra): boolean {
  return Object.entries(more).every(([field, value]) => {
    const other = Object.hasOwn(known, field) ? known[field] : undefined;
    if (other === undefined || field === '%DESCRIPTION') return true;
    const names = ['%RANGE', '%ELEMENT_TYPE', '%MULTIPLE_REFERENCES_ALLOWED'];
    if (isObject(value) && isObject(other)) return names.every((part) => (value[part] ?? false) === (other[part] ?? false));
    return JSON.stringify(value) === JSON.stringify(other);
  });
}

export function writeTypeSystem(types: Extra): string {
  const described = Object.entries(types).map(([name, value]) => typeXml(name, objectOf(value)));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<typeSystemDescription xmlns="${NAMESPACE}">`,
    '  <types>',
    ...described.flat(),
    '  </types>',
    '</typeSystemDescription>',
    '',
  ].join('\n');
}

function typeXml(name: string, description: Extra): string[] {
  const features = Object.entries(description).filter(([feature, value]) => !feature.startsWith('%') && isObject(value));
  const values = isList(description['%ALLOWED_VALUES']) ? description['%ALLOWED_VALUES'] : undefined;
  return [
    '    <typeDescription>',
    `      ${tag('name', name)}`,
    `      ${tag('description', description['%DESCRIPTION'] ?? '')}`,
    `      ${tag('supertypeName', description['%SUPER_TYPE'] ?? 'uima.cas.TOP')}`,
    ...(features.length > 0
      ? ['      <features>', ...features.flatMap(([feature, value]) => featureXml(feature, objectOf(value))), '      </features>']
      : []),
    ...(values
      ? ['      <allowedValues>', ...values.map((value) => `        <value>${tag('string', value)}</value>`), '      </allowedValues>']
      : []),
    '    </typeDescription>',
  ];
}

function featureXml(name: string, description: Extra): string[] {
  const range = typeof description['%RANGE'] === 'string' ? description['%RANGE'] : 'uima.cas.String';
  const array = arrayOf(range);
  const elementType = array?.kind === 'reference' ? range.replace(/\[\]$/, '') : description['%ELEMENT_TYPE'];
  const shared = description['%MULTIPLE_REFERENCES_ALLOWED'];
  return [
    '        <featureDescription>',
    `          ${tag('name', name)}`,
    `          ${tag('description', description['%DESCRIPTION'] ?? '')}`,
    `          ${tag('rangeTypeName', array ? `uima.cas.${array.of}Array` : range)}`,
    ...(elementType !== undefined && elementType !== 'uima.cas.FSArray' ? [`          ${tag('elementType', elementType)}`] : []),
    ...(typeof shared === 'boolean' ? [`          ${tag('multipleReferencesAllowed', String(shared))}`] : []),
    '        </featureDescription>',
  ];
}

function tag(name: string, value: Json): string {
  return `<${name}>${escapeXmlText(typeof value === 'string' ? value : '', '1.0')}</${name}>`;
}
