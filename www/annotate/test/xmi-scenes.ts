// Files of UIMA for the tests, in the form in which INCEpTION exports them.
import assert from 'node:assert/strict';
import type { InputFile } from '../formats/format.js';
import { contentOf, textFile } from './helpers.js';

/** Namespaces with the prefixes that INCEpTION gives them: the last part of the package, counted. */
const NAMESPACES = {
  tcas: 'uima/tcas',
  cas: 'uima/cas',
  type: 'de/tudarmstadt/ukp/clarin/webanno/api/type',
  type2: 'de/tudarmstadt/ukp/dkpro/core/api/metadata/type',
  type3: 'de/tudarmstadt/ukp/dkpro/core/api/ner/type',
  type4: 'de/tudarmstadt/ukp/dkpro/core/api/segmentation/type',
  custom: 'webanno/custom',
  custom2: 'custom',
  textsem: 'org/apache/ctakes/typesystem/type/textsem',
  syntax: 'org/apache/ctakes/typesystem/type/syntax',
  noNamespace: 'uima/noNamespace',
} as const;

const NAMESPACE_TEXT = Object.entries(NAMESPACES)
  .map(([prefix, path]) => `xmlns:${prefix}="http:///${path}.ecore"`)
  .join(' ');

/** An XMI file with these elements in it. */
export function xmiFile(elements: readonly string[], { name = 'a.xmi', version = '1.0' } = {}): InputFile {
  const root = `<?xml version="${version}" encoding="UTF-8"?><xmi:XMI ${NAMESPACE_TEXT} xmlns:xmi="http://www.omg.org/XMI" xmi:version="2.0">`;
  return textFile([root, '<cas:NULL xmi:id="0"/>', ...elements].join('\n    ') + '\n</xmi:XMI>\n', name);
}

export function sofa(text: string, id = 1, name = '_InitialView'): string {
  return `<cas:Sofa xmi:id="${id}" sofaNum="${id}" sofaID="${name}" mimeType="text" sofaString="${text}"/>`;
}

/** A description of types: of each, its super type and its features with their ranges. */
export function typeSystem(
  types: Readonly<Record<string, readonly [superType: string, features: Readonly<Record<string, string>>]>>,
  name = 'TypeSystem.xml',
): InputFile {
  const feature = ([featureName, range]: readonly [string, string]) => {
    const [type, shared] = range.split(' ');
    const [, elements] = /^(.*)\[\]$/.exec(type!) ?? [];
    return [
      `<featureDescription><name>${featureName}</name><description/>`,
      `<rangeTypeName>${elements === undefined ? type : 'uima.cas.FSArray'}</rangeTypeName>`,
      elements === undefined ? '' : `<elementType>${elements}</elementType>`,
      shared === undefined ? '' : '<multipleReferencesAllowed>true</multipleReferencesAllowed>',
      '</featureDescription>',
    ].join('');
  };
  const described = Object.entries(types).map(
    ([type, [superType, features]]) =>
      `<typeDescription><name>${type}</name><description/><supertypeName>${superType}</supertypeName>` +
      `<features>${Object.entries(features).map(feature).join('')}</features></typeDescription>`,
  );
  return textFile(
    `<?xml version="1.0" encoding="UTF-8"?>\n<typeSystemDescription xmlns="http://uima.apache.org/resourceSpecifier">\n<types>\n${described.join('\n')}\n</types>\n</typeSystemDescription>\n`,
    name,
  );
}

const STRING = 'uima.cas.String';
const SPAN = 'uima.tcas.Annotation';
const DKPRO = 'de.tudarmstadt.ukp.dkpro.core.api';

/** What INCEpTION exports for a document with layers of a project: a relation layer, and a layer with slots. */
export const INCEPTION: readonly InputFile[] = [
  xmiFile(
    [
      '<type2:DocumentMetaData xmi:id="2" sofa="1" begin="0" end="41" language="x-unspecified" documentTitle="ada.txt" documentId="admin" isLastSegment="false"/>',
      '<type:CASMetadata xmi:id="8" sofa="1" begin="0" end="0" username="admin" sourceDocumentName="ada.txt" lastChangedOnDisk="1700000000000"/>',
      '<type4:Sentence xmi:id="20" sofa="1" begin="0" end="41"/>',
      '<type4:Token xmi:id="24" sofa="1" begin="0" end="2" order="0"/>',
      '<type4:Token xmi:id="30" sofa="1" begin="3" end="6" order="1"/>',
      '<type3:NamedEntity xmi:id="40" sofa="1" begin="3" end="15" value="PER" identifier="http://example.org/ada"/>',
      '<custom:Place xmi:id="50" sofa="1" begin="36" end="40" kind="city" certain="true" confidence="0.5" number="3"/>',
      '<custom:Place xmi:id="55" sofa="1" begin="26" end="31"/>',
      '<custom:Journey xmi:id="60" sofa="1" begin="16" end="20" how="by &quot;train&quot;" places="62 64">',
      '<words>to go</words>',
      '<words>&lt;fast&gt;</words>',
      '</custom:Journey>',
      '<custom:JourneyPlacesLink xmi:id="62" role="to" target="50"/>',
      '<custom:JourneyPlacesLink xmi:id="64" role="from" target="55"/>',
      '<custom:Near xmi:id="70" sofa="1" begin="26" end="31" Governor="50" Dependent="55" label="near"/>',
      sofa('🥳 Ada Lovelace went&#10;from Paris to&#13;&#10;Rome.'),
      '<cas:View sofa="1" members="2 8 20 24 30 40 50 55 60 62 64 70"/>',
    ],
    { name: 'admin.xmi', version: '1.1' },
  ),
  typeSystem({
    [`${DKPRO}.metadata.type.DocumentMetaData`]: [
      'uima.tcas.DocumentAnnotation',
      { documentTitle: STRING, documentId: STRING, isLastSegment: 'uima.cas.Boolean' },
    ],
    'de.tudarmstadt.ukp.clarin.webanno.api.type.CASMetadata': [
      SPAN,
      { username: STRING, sourceDocumentName: STRING, lastChangedOnDisk: 'uima.cas.Long' },
    ],
    [`${DKPRO}.segmentation.type.Sentence`]: [SPAN, {}],
    [`${DKPRO}.segmentation.type.Token`]: [SPAN, { order: 'uima.cas.Integer' }],
    [`${DKPRO}.ner.type.NamedEntity`]: [SPAN, { value: STRING, identifier: STRING }],
    'webanno.custom.Place': [SPAN, { kind: STRING, certain: 'uima.cas.Boolean', confidence: 'uima.cas.Double', number: 'uima.cas.Integer' }],
    'webanno.custom.Journey': [SPAN, { how: STRING, places: 'webanno.custom.JourneyPlacesLink[]', words: 'uima.cas.StringArray' }],
    'webanno.custom.JourneyPlacesLink': ['uima.cas.TOP', { role: STRING, target: 'webanno.custom.Place' }],
    'webanno.custom.Near': [SPAN, { Governor: 'webanno.custom.Place', Dependent: 'webanno.custom.Place', label: STRING }],
    'webanno.custom.Unused': [SPAN, { value: STRING }],
  }),
];

/** Checks as UIMA does that a TypeSystem.xml describes each type and feature of a written file. */
export function checkDescribed(files: readonly InputFile[]): void {
  const contents = new Map(files.map((file) => [file.name, contentOf(file)]));
  const system = [...contents].find(([name]) => name.endsWith('TypeSystem.xml'))![1];
  const superTypes = new Map<string, string>();
  const features = new Map<string, Set<string>>([
    ['uima.cas.AnnotationBase', new Set(['sofa'])],
    ['uima.tcas.Annotation', new Set(['begin', 'end', 'sofa'])],
    ['uima.tcas.DocumentAnnotation', new Set(['begin', 'end', 'sofa', 'language'])],
  ]);
  for (const [, type] of system.matchAll(/<typeDescription>([^]*?)<\/typeDescription>/g)) {
    const [name, ...own] = Array.from(type!.matchAll(/<name>(.*?)<\/name>/g), ([, text]) => text!);
    superTypes.set(name!, /<supertypeName>(.*?)<\/supertypeName>/.exec(type!)![1]!);
    features.set(name!, new Set([...(features.get(name!) ?? []), ...own]));
  }
  for (const [name, content] of contents) {
    if (!name.endsWith('.xmi')) continue;
    const packages = new Map(
      Array.from(content.matchAll(/xmlns:(\w+)="http:\/\/\/(.*?)\.ecore"/g), ([, prefix, path]) => [prefix, path!.replaceAll('/', '.')]),
    );
    for (const [, prefix, local, attributes, children] of content.matchAll(/<(\w+):(\w+) (xmi:id=[^>]*?)(?:\/>|>(.*)<\/\1:\2>)/g)) {
      if (prefix === 'cas') continue;
      const type = packages.get(prefix) === 'uima.noNamespace' ? local! : `${packages.get(prefix)}.${local}`;
      const names = [...attributes!.matchAll(/ (\w+)="/g), ...(children ?? '').matchAll(/<(\w+)>/g)].map(([, feature]) => feature!);
      const has = (feature: string) => {
        for (let at: string | undefined = type; at !== undefined; at = superTypes.get(at)) if (features.get(at)?.has(feature)) return true;
        return false;
      };
      assert.ok(features.has(type), `${type} is not described`);
      for (const feature of names) assert.ok(has(feature), `${type} has no feature ${feature}`);
    }
  }
}
