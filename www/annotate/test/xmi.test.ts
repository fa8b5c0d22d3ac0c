import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { casJson } from '../formats/cas-json.js';
import type { InputFile, ReadResult, WriteResult } from '../formats/format.js';
import { readFiles, zip } from '../formats/index.js';
import { xmi } from '../formats/xmi.js';
import type { AnnotatedDocument, Corpus, Extra } from '../model/types.js';
import { contentOf, reasons, spanTexts, textFile } from './helpers.js';
import { checkFormat } from './testing.js';
import { checkDescribed, INCEPTION, sofa, typeSystem, xmiFile } from './xmi-scenes.js';

const FIXTURES = new URL('../../test/fixtures/inception/', import.meta.url);
const fixture = (name: string): InputFile => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, FIXTURES))) });
const read = (...files: readonly InputFile[]) => xmi.read(files) as ReadResult;
const write = (corpus: Corpus, options = {}) => {
  const written = xmi.write!(corpus, { include: 'all', ...options }) as WriteResult;
  if (written.files.filter(({ name }) => name.endsWith('TypeSystem.xml')).length === 1) checkDescribed(written.files);
  return written;
};
const named = (files: readonly InputFile[], name: string) => contentOf(files.find((file) => file.name === name)!);
const onlyDocument = ({ corpus }: ReadResult): AnnotatedDocument => {
  assert.equal(corpus.documents.length, 1);
  return corpus.documents[0]!;
};
const withoutSource = ({ source: _, id: __, ...document }: AnnotatedDocument) => document;
const corpusOf = (...documents: readonly Partial<AnnotatedDocument>[]): Corpus => ({
  name: 'x',
  labelSets: [],
  documents: documents.map((document, index) => ({
    id: `d${index}`,
    name: `d${index}`,
    text: '',
    status: 'new',
    spans: [],
    relations: [],
    questions: [],
    ...document,
  })),
});
const span = (id: string, start: number, end: number, label = 'span:X', extra?: Extra) =>
  ({ id, pieces: [[start, end]], label, by: 'import', state: 'accepted', ...(extra && { extra }) }) as const;

for (const options of [{}, { xml: 'v11' }])
  test(`what is written comes back, after the losses: ${JSON.stringify(options)}`, () =>
    checkFormat(xmi, { shape: { halves: true }, write: options }));

test('a file of dkpro-cassis is read as its CAS JSON is', () => {
  const { corpus, problems } = read(fixture('inception.xmi'), fixture('TypeSystem.xml'));
  assert.deepEqual(problems, []);
  const [json] = (casJson.read([fixture('inception.json')]) as ReadResult).corpus.documents;
  assert.deepEqual(withoutSource(corpus.documents[0]!), withoutSource(json!));
});

test('a file in the form of INCEpTION: documents, layers, relations', () => {
  const result = read(...INCEPTION);
  assert.deepEqual(result.problems, []);
  const document = onlyDocument(result);
  assert.deepEqual([document.name, document.text], ['ada.txt', '🥳 Ada Lovelace went\nfrom Paris to\r\nRome.']);
  assert.deepEqual(spanTexts(result.corpus), ['span:PER Ada Lovelace', 'span:city Rome', 'span:Place Paris', 'span:by "train" went']);
  assert.deepEqual(
    document.relations.map(({ head, label, tail }) => [head, label, tail]),
    [['50', 'relation:near', '55']],
  );
  assert.deepEqual(document.spans[1]!.extra, {
    type: 'webanno.custom.Place',
    feature: 'kind',
    features: { certain: true, confidence: 0.5, number: 3 },
  });
  assert.deepEqual(Object.hasOwn(document.extra!['types'] as Extra, 'webanno.custom.Unused'), false);
});

test('a file that was read comes back with all its layers and features', () => {
  const first = read(...INCEPTION);
  const { files, losses } = write(first.corpus);
  assert.deepEqual([losses, files.map(({ name }) => name)], [[], ['ada.txt.xmi', 'TypeSystem.xml']]);
  const again = read(...files);
  assert.deepEqual([again.problems, withoutIds(onlyDocument(again))], [[], withoutIds(onlyDocument(first))]);
  const lines = contentOf(files[0]!)
    .split('\n')
    .map((line) => line.trim());
  for (const part of [
    /places="62 64"/,
    /how="by &#34;train&#34;"/,
    /<words>to go<\/words><words>&#60;fast&#62;<\/words>/,
    /lastChangedOnDisk="1700000000000"/,
  ])
    assert.match(contentOf(files[0]!), part);
  assert.match(lines.at(-3)!, /^<cas:View sofa="1" members="2 8 20 24 30 62 64 40 50 55 60 70"\/>$/);
});

/** New ids of arrays within features are counted anew, and are not compared. */
function withoutIds(document: AnnotatedDocument): unknown {
  const structures = new Map((document.extra!['structures'] as readonly Extra[]).map((structure) => [structure['%ID'], structure]));
  const shown = (value: unknown) =>
    JSON.stringify(value, (key, field: unknown) => {
      const target = key.startsWith('@') ? structures.get(field as number) : undefined;
      return Array.isArray(target?.['%ELEMENTS']) ? target['%ELEMENTS'] : field;
    });
  const arrays = [...structures.values()]
    .filter((structure) => !Array.isArray(structure['%ELEMENTS']))
    .map(shown)
    .sort();
  const { extra, ...rest } = withoutSource(document);
  return [shown(rest), arrays, extra!['sofa'], extra!['types']];
}

test('zip files of INCEpTION are detected, and read with their TypeSystem.xml', async () => {
  const { corpus, problems, format } = await readFiles([{ name: 'ada.zip', bytes: zip(INCEPTION) }]);
  assert.deepEqual([format?.id, problems, spanTexts(corpus).length], ['xmi', [], 4]);
  const uml = textFile('<?xml version="1.0"?><xmi:XMI xmlns:xmi="http://www.omg.org/XMI" xmlns:uml="http://x"/>', 'a.xmi');
  for (const files of [[INCEPTION[1]!], [uml], [INCEPTION[0]!, textFile('x', 'b.txt')]]) assert.equal(xmi.detect(files), 0);
  assert.deepEqual(reasons(read(INCEPTION[1]!).problems), ['- error: the file only describes types; its documents, in XMI files, are missing']);
});

test('without a TypeSystem.xml features are text, which is said when the file is read and when it is written', () => {
  const result = read(INCEPTION[0]!);
  assert.deepEqual(reasons(result.problems), [
    '- loss: no TypeSystem.xml describes 7 of the types, so features of them are kept as text: "DocumentMetaData, CASMetadata, Token, Pl…"',
  ]);
  assert.deepEqual(spanTexts(result.corpus), ['span:PER Ada Lovelace', 'span:city Rome', 'span:Place Paris', 'span:by "train" went']);
  const { files, losses } = write(result.corpus);
  assert.deepEqual(
    losses.map(({ kind, reason }) => `${kind}: ${reason}`),
    ['carried: its file did not describe all types, so the TypeSystem.xml describes "DocumentMetaData, CASMetadata, Token, Jo…" by guess'],
  );
  const again = read(...files);
  assert.deepEqual(again.problems, []);
  assert.deepEqual(spanTexts(again.corpus), spanTexts(result.corpus));
  assert.match(contentOf(files[0]!), /certain="true" confidence="0.5" number="3"/);
  assert.match(contentOf(files[0]!), /places="62 64"/);
});

test('the nearest TypeSystem.xml describes a file', () => {
  const types = (range: string, name: string) => typeSystem({ 'webanno.custom.Place': ['uima.tcas.Annotation', { number: range }] }, name);
  const file = (name: string) => xmiFile([sofa('Ada'), '<custom:Place xmi:id="2" sofa="1" begin="0" end="3" number="7"/>'], { name });
  const { corpus, problems } = read(
    file('a.xmi'),
    file('b/c/a.xmi'),
    types('uima.cas.String', 'TypeSystem.xml'),
    types('uima.cas.Integer', 'b/TypeSystem.xml'),
  );
  assert.deepEqual([problems, spanTexts(corpus)], [[], ['span:7 Ada', 'span:Place Ada']]);
  const { files, losses } = write(corpus);
  assert.deepEqual([losses, files.map(({ name }) => name)], [[], ['a.xmi', 'types-2/b/c/a.xmi', 'TypeSystem.xml', 'types-2/TypeSystem.xml']]);
  assert.deepEqual(spanTexts(read(...files).corpus), spanTexts(corpus));
  const only = read(file('b/a.xmi'), types('uima.cas.String', 'c/TypeSystem.xml'));
  assert.deepEqual([only.problems, spanTexts(only.corpus)], [[], ['span:7 Ada']]);
  const both = read(file('a.xmi'), types('uima.cas.String', 'TypeSystem.xml'), types('uima.cas.Integer', 'other.xml'));
  assert.deepEqual(reasons(both.problems), ['- error: its types contradict those of another file in the same folder; they are left out']);
});

test('arrays and lists, within features and as structures', async () => {
  const types = typeSystem({
    'webanno.custom.All': [
      'uima.tcas.Annotation',
      {
        refs: 'webanno.custom.All[]',
        shared: 'webanno.custom.All[] shared',
        texts: 'uima.cas.StringArray',
        sharedTexts: 'uima.cas.StringArray shared',
        whole: 'uima.cas.IntegerArray',
        longs: 'uima.cas.LongArray',
        doubles: 'uima.cas.DoubleArray',
        flags: 'uima.cas.BooleanArray',
        bytes: 'uima.cas.ByteArray',
        list: 'uima.cas.FSList',
        words: 'uima.cas.StringList',
        sharedList: 'uima.cas.FSList shared',
        none: 'uima.cas.IntegerArray',
        not: 'uima.cas.Float',
        much: 'uima.cas.Double',
        zero: 'uima.cas.Double',
        label: 'uima.cas.String',
      },
    ],
  });
  const attributes = [
    'refs="5 0 5"',
    'shared="6"',
    'sharedTexts="7"',
    'whole="1 -2 3"',
    'longs="9223372036854775807 1"',
    'doubles="0.5 NaN -Infinity 1.0E-5"',
    'flags="true false"',
    'bytes="00FF7f"',
    'list="5 5"',
    'sharedList="8"',
    'none=""',
    'not="NaN"',
    'much="1.0E300"',
    'zero="-0.0"',
    'label="x"',
  ];
  const file = xmiFile([
    `<custom:All xmi:id="4" sofa="1" begin="0" end="3" ${attributes.join(' ')}><texts>a b</texts><texts/><words>c &amp; d</words></custom:All>`,
    '<custom:All xmi:id="5" sofa="1" begin="4" end="7" label="y"/>',
    '<cas:FSArray xmi:id="6" elements="5"/>',
    '<cas:StringArray xmi:id="7"><elements>e f</elements></cas:StringArray>',
    '<cas:NonEmptyFSList xmi:id="8" head="5" tail="9"/>',
    '<cas:EmptyFSList xmi:id="9"/>',
    sofa('Ada met Bo'),
    '<cas:View sofa="1" members="4 5"/>',
  ]);
  const first = read(file, types);
  assert.deepEqual([first.problems, spanTexts(first.corpus)], [[], ['span:x Ada', 'span:y met']]);
  const structures = new Map((onlyDocument(first).extra!['structures'] as readonly Extra[]).map((structure) => [structure['%ID'], structure]));
  const features = onlyDocument(first).spans[0]!.extra!['features'] as Extra;
  const elements = (name: string) => structures.get(features[`@${name}`]!)!['%ELEMENTS'];
  assert.deepEqual(['refs', 'shared', 'texts', 'sharedTexts', 'whole', 'longs', 'doubles', 'flags', 'bytes', 'none'].map(elements), [
    [5, null, 5],
    [5],
    ['a b', ''],
    ['e f'],
    [1, -2, 3],
    ['9223372036854775807', 1],
    [0.5, 'NaN', '-Infinity', 0.00001],
    [true, false],
    'AP9/',
    [],
  ]);
  assert.deepEqual([features['#not'], features['much'], Object.is(features['zero'], -0)], ['NaN', 1e300, true]);
  const { files, losses } = write(first.corpus);
  assert.deepEqual(losses, []);
  const written = named(files, 'a.xmi');
  for (const attribute of attributes)
    assert.ok(written.includes(` ${attribute.replace('7f', '7F').replace('1.0E-5', '0.00001').replace('1.0E300', '1E300')}`), attribute);
  assert.equal(written.match(/<cas:FSArray/g)?.length, 1, 'arrays within features are no elements');
  assert.match(written, /<texts>a b<\/texts><texts><\/texts><words>c &#38; d<\/words>/);
  assert.match(
    named(files, 'TypeSystem.xml'),
    /<rangeTypeName>uima.cas.FSArray<\/rangeTypeName>\s*<elementType>webanno.custom.All<\/elementType>\s*<multipleReferencesAllowed>true/,
  );
  const again = read(...files);
  assert.deepEqual([again.problems, write(again.corpus).files.map(contentOf)], [[], files.map(contentOf)]);
  const json = await casJson.write!(first.corpus, { include: 'all' });
  const ofJson = (casJson.read(json.files) as ReadResult).corpus;
  const expected = files.map((file) => contentOf(file).replace('zero="-0.0"', 'zero="0"')); // JSON writes no sign of zero
  assert.deepEqual([json.losses, write(ofJson).losses, write(ofJson).files.map(contentOf)], [[], [], expected], 'through CAS JSON and back');
});

test('several views: one is shown, and all are written', () => {
  const file = xmiFile([
    sofa('Ada', 1),
    sofa('Bo', 2, 'other'),
    '<type3:NamedEntity xmi:id="3" sofa="1" begin="0" end="3" value="PER"/>',
    '<type3:NamedEntity xmi:id="4" sofa="2" begin="0" end="2" value="PER"/>',
    '<cas:View sofa="1" members="3"/>',
    '<cas:View sofa="2" members="4"/>',
  ]);
  const { corpus, problems } = read(file);
  assert.deepEqual(reasons(problems), ['- loss: the file has 2 texts (views); only "_InitialView" is shown']);
  assert.deepEqual(spanTexts(corpus), ['span:PER Ada']);
  const { files, losses } = write(corpus);
  assert.deepEqual(losses, []);
  for (const part of [
    'sofaString="Bo"',
    '<cas:View sofa="1" members="3"/>',
    '<cas:View sofa="2" members="4"/>',
    'xmi:id="4" sofa="2" begin="0" end="2"',
  ])
    assert.ok(contentOf(files[0]!).includes(part), part);
});

test('emoji, line ends, tabs, and characters that XML 1.0 cannot write', () => {
  const text = '🥳 a\r\nb\tc\rd\n \u0085\u2028<&>"\'\u007f]]>';
  const written = write(corpusOf({ text, spans: [span('1', 0, 2), span('2', 3, 6)] }));
  assert.match(contentOf(written.files[0]!), /sofaString="🥳 a&#13;&#10;b&#9;c&#13;d&#10; &#133;&#8232;&#60;&#38;&#62;&#34;'&#127;\]\]&#62;"/);
  assert.equal(onlyDocument(read(...written.files)).text, text);
  for (const [bad, xml, reason] of [
    ['a\u0007b', 'v10', 'the text has the character U+0007, which XML 1.0 cannot write; XML 1.1 can'],
    ['a\0b', 'v11', 'the text has the character U+0000, which XML 1.1 cannot write'],
    ['a\uffffb', 'v10', 'the text has the character U+FFFF, which XML 1.0 cannot write'],
  ] as const) {
    const { files, losses } = write(corpusOf({ text: bad }, { text: 'good' }), { xml });
    assert.deepEqual(losses, [{ kind: 'text', document: 'd0', reason }]);
    assert.deepEqual(
      files.map(({ name }) => name),
      ['d1.xmi', 'TypeSystem.xml'],
    );
  }
  const all = Array.from({ length: 0x1f }, (_, code) => String.fromCharCode(code + 1)).join('');
  const { files, losses } = write(corpusOf({ text: all }), { xml: 'v11' });
  assert.deepEqual(losses, []);
  assert.match(contentOf(files[0]!), /^<\?xml version="1\.1" encoding="UTF-8"\?>/);
  assert.equal(onlyDocument(read(...files)).text, all);
});

test('labels and names with such characters are changed, and listed', () => {
  const characters = ({ losses }: WriteResult) => losses.filter(({ kind }) => kind === 'characters');
  const marked = corpusOf({ text: 'Ada', name: 'a\u0001', spans: [span('1', 0, 3, 'span:x\u0002')] });
  const written = write(marked);
  assert.deepEqual(characters(written), [
    { kind: 'characters', document: 'd0', reason: '2 labels, names or features have characters that XML cannot write; they become U+FFFD' },
  ]);
  assert.deepEqual(spanTexts(read(...written.files).corpus), ['span:x\ufffd Ada']);
  assert.deepEqual(characters(write(marked, { xml: 'v11' })), []);
});

test('mentions of cTAKES have their type as label; another label gets a feature that is described', () => {
  const file = xmiFile([
    sofa('flu shot'),
    '<syntax:WordToken xmi:id="2" sofa="1" begin="0" end="3" tokenNumber="0"/>',
    '<textsem:DiseaseDisorderMention xmi:id="3" sofa="1" begin="0" end="3" typeID="2" segmentID="SIMPLE"/>',
    '<cas:View sofa="1" members="2 3"/>',
  ]);
  const ctakes = 'org.apache.ctakes.typesystem.type';
  const types = typeSystem({
    [`${ctakes}.syntax.WordToken`]: ['uima.tcas.Annotation', { tokenNumber: 'uima.cas.Integer' }],
    [`${ctakes}.textsem.IdentifiedAnnotation`]: ['uima.tcas.Annotation', { typeID: 'uima.cas.Integer', segmentID: 'uima.cas.String' }],
    [`${ctakes}.textsem.DiseaseDisorderMention`]: [`${ctakes}.textsem.IdentifiedAnnotation`, {}],
  });
  const { corpus, problems } = read(file, types);
  assert.deepEqual([problems, spanTexts(corpus)], [[], ['span:DiseaseDisorderMention flu']]);
  assert.doesNotMatch(contentOf(write(corpus).files[0]!), /value=/);
  const documents = corpus.documents.map((document) => ({ ...document, spans: document.spans.map((item) => ({ ...item, label: 'span:flu' })) }));
  const { files } = write({ ...corpus, documents });
  assert.match(contentOf(files[0]!), /typeID="2" segmentID="SIMPLE" value="flu"/);
  assert.match(named(files, 'TypeSystem.xml'), /DiseaseDisorderMention<[^]*?<name>value<\/name>[^]*?<\/typeDescription>/);
  assert.deepEqual([read(...files).problems, spanTexts(read(...files).corpus)], [[], ['span:flu flu']]);
});

test('structures about a span that is gone lose the reference, and their ids are not given to others', () => {
  const { corpus } = read(...INCEPTION);
  const [document] = corpus.documents;
  const spans = [...document!.spans.filter(({ id }) => id !== '50'), span('new', 0, 2, 'span:party')];
  const { files, losses } = write({ ...corpus, documents: [{ ...document!, spans, relations: [] }] });
  assert.deepEqual(
    losses.filter(({ kind }) => kind === 'carried').map(({ reason }) => reason.slice(0, 10)),
    ['1 features'],
  );
  const text = contentOf(files[0]!);
  assert.match(text, /<custom:JourneyPlacesLink xmi:id="62" role="to"\/>/);
  assert.doesNotMatch(text, /xmi:id="50"/);
});

test('a name that a person changed is in the metadata; names of files are kept without it', () => {
  const { corpus } = read(...INCEPTION);
  const renamed = { ...corpus, documents: corpus.documents.map((document) => ({ ...document, name: 'b & c' })) };
  assert.match(contentOf(write(renamed).files[0]!), /documentTitle="b &#38; c"/);
  const bare = read(xmiFile([sofa('Ada'), '<tcas:DocumentAnnotation xmi:id="2" sofa="1" begin="0" end="3" language="en"/>'], { name: 'x/y.xmi' }));
  assert.equal(onlyDocument(bare).name, 'x/y');
  assert.doesNotMatch(contentOf(write(bare.corpus).files[0]!), /MetaData/);
});

test('fields that only CAS JSON has are listed', () => {
  const document = {
    '%TYPES': {},
    '%VIEWS': {},
    '%MORE': 1,
    '%FEATURE_STRUCTURES': [
      { '%ID': 1, '%TYPE': 'uima.cas.Sofa', sofaNum: 1, sofaID: '_InitialView', sofaString: 'Ada' },
      { '%ID': 2, '%TYPE': 'x.Y', count: 3, part: 0.5, list: [1], '^anchor': 2, 'bad name': 'x' },
      { '%ID': 3, '%TYPE': 'not a name', z: 'x' },
    ],
  };
  const { corpus } = casJson.read([textFile(JSON.stringify(document), 'a.json')]) as ReadResult;
  const { files, losses } = write(corpus);
  assert.deepEqual(
    losses.map(({ reason }) => reason),
    [
      '5 fields of CAS JSON are left out: XMI has none like them',
      'its file did not describe all types, so the TypeSystem.xml describes "Y" by guess',
    ],
  );
  assert.match(contentOf(files[0]!), /<x:Y xmi:id="2" count="3" part="0.5"\/>/);
  assert.deepEqual(read(...files).problems, []);
});
