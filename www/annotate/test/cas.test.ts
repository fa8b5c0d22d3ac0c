import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { casJson } from '../formats/cas-json.js';
import type { InputFile, ReadResult } from '../formats/format.js';
import type { AnnotatedDocument, Corpus, Json } from '../model/types.js';
import { checkFormat } from './testing.js';

const FIXTURES = new URL('../../test/fixtures/inception/', import.meta.url);
const fixture = (name: string): InputFile => ({ name, bytes: new Uint8Array(readFileSync(new URL(name, FIXTURES))) });
const json = (value: Json): InputFile => ({ name: 'a.json', bytes: new TextEncoder().encode(JSON.stringify(value)) });
const read = (...files: readonly InputFile[]) => casJson.read(files) as ReadResult;
const write = async (corpus: Corpus, options = {}) => casJson.write!(corpus, { include: 'all', ...options });
const parsed = ({ bytes }: InputFile) => JSON.parse(new TextDecoder().decode(bytes)) as { [name: string]: Json };
const spansOf = ({ text, spans }: AnnotatedDocument) => spans.map(({ pieces: [piece], label }) => `${label.slice(5)} ${text.slice(...piece!)}`);
const NE = 'de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity';
const META = 'de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData';

test('what is written comes back, after the losses', () => checkFormat(casJson, { shape: { halves: true } }));

test('a file of dkpro-cassis', () => {
  const { corpus, problems } = read(fixture('inception.json'));
  assert.deepEqual(problems, []);
  const document = corpus.documents[0]!;
  assert.equal(document.name, 'ada.txt');
  assert.deepEqual(spansOf(document), ['PER Ada Lovelace', 'LOC 𝔏𝔬𝔫𝔡𝔬𝔫', 'party 🥳', 'NamedEntity Paris']);
  assert.deepEqual(
    document.relations.map(({ head, label, tail }) => [head, label, tail]),
    [['9', 'relation:lived_in', '10']],
  );
});

test('a file that was read comes back with all its layers and features', async () => {
  const { files, losses } = await write(read(fixture('inception.json')).corpus);
  assert.deepEqual(losses, []);
  const byId = (file: InputFile) => (parsed(file)['%FEATURE_STRUCTURES'] as unknown as { '%ID': number }[]).sort((a, b) => a['%ID'] - b['%ID']);
  assert.deepEqual(byId(files[0]!), byId(fixture('inception.json')));
  for (const name of ['%TYPES', '%VIEWS']) {
    const sorted = (value: Json | undefined) =>
      JSON.stringify(value, (_, field: unknown) => (Array.isArray(field) ? [...field].sort((a, b) => Number(a) - Number(b)) : field));
    const [back, original] = [parsed(files[0]!), parsed(fixture('inception.json'))];
    if (name === '%VIEWS') assert.equal(sorted(back[name]), sorted(original[name]));
    else
      for (const [type, description] of Object.entries(original[name]!))
        assert.deepEqual((back[name] as { [name: string]: Json })[type], description);
  }
});

test('features about a span that is gone are left out, and said', async () => {
  const { corpus } = read(
    json({
      '%TYPES': {},
      '%VIEWS': {},
      '%FEATURE_STRUCTURES': [
        { '%ID': 1, '%TYPE': 'uima.cas.Sofa', sofaNum: 1, sofaID: '_InitialView', sofaString: 'Ada' },
        { '%ID': 2, '%TYPE': NE, '@sofa': 1, begin: 0, end: 3, value: 'PER' },
        { '%ID': 3, '%TYPE': 'x.Link', '@target': 2, role: 'r' },
        { '%ID': 4, '%TYPE': 'x.Link[]', '%ELEMENTS': [3, 2] },
      ],
    }),
  );
  const without = { ...corpus, documents: corpus.documents.map((document) => ({ ...document, spans: [] })) };
  const { files, losses } = await write(without);
  assert.deepEqual(
    losses.filter(({ kind }) => kind === 'carried').map(({ reason }) => reason.slice(0, 10)),
    ['2 features'],
  );
  const structures = parsed(files[0]!)['%FEATURE_STRUCTURES'] as readonly Json[];
  assert.deepEqual(structures.slice(1, 3), [
    { '%ID': 3, '%TYPE': 'x.Link', role: 'r' },
    { '%ID': 4, '%TYPE': 'x.Link[]', '%ELEMENTS': [3] },
  ]);
});

test('spans are named entities, or basic spans where relations join them; tokens on request', async () => {
  const span = (id: string, start: number, end: number) => ({ id, pieces: [[start, end]], label: 'span:X', by: 'human', state: 'accepted' }) as const;
  const document: AnnotatedDocument = {
    id: 'd',
    name: 'd',
    text: 'Ada met Bo. Bye.',
    status: 'new',
    spans: [span('a', 0, 3), span('b', 8, 10)],
    relations: [],
    questions: [],
  };
  const types = async (documents: readonly AnnotatedDocument[], options = {}) => {
    const { files } = await write({ name: 'x', labelSets: [], documents }, options);
    return (parsed(files[0]!)['%FEATURE_STRUCTURES'] as { '%TYPE': string }[]).map((structure) => structure['%TYPE'].split('.').at(-1));
  };
  assert.deepEqual(await types([document]), ['Sofa', 'DocumentMetaData', 'NamedEntity', 'NamedEntity']);
  const relation = { id: 'r', head: 'a', tail: 'b', label: 'relation:met', by: 'human', state: 'accepted' } as const;
  assert.deepEqual(await types([{ ...document, relations: [relation] }]), ['Sofa', 'DocumentMetaData', 'Span', 'Span', 'Relation']);
  assert.deepEqual(
    (await types([document], { tokens: 'own' })).filter((type) => type === 'Token' || type === 'Sentence'),
    [...new Array<string>(6).fill('Token'), 'Sentence', 'Sentence'],
  );
});

test('a relation that is not at its tail stays where it was', async () => {
  const { corpus } = read(
    json({
      '%TYPES': {},
      '%VIEWS': {},
      '%FEATURE_STRUCTURES': [
        { '%ID': 1, '%TYPE': 'uima.cas.Sofa', sofaNum: 1, sofaID: '_InitialView', sofaString: 'Ada met Bo' },
        { '%ID': 2, '%TYPE': 'custom.Span', '@sofa': 1, begin: 0, end: 3, label: 'PER' },
        { '%ID': 3, '%TYPE': 'custom.Span', '@sofa': 1, begin: 8, end: 10, label: 'PER' },
        { '%ID': 4, '%TYPE': 'custom.Relation', '@sofa': 1, begin: 4, end: 7, label: 'met', '@Governor': 2, '@Dependent': 3 },
        { '%ID': 5, '%TYPE': 'custom.Relation', '@sofa': 1, begin: 0, end: 3, label: 'met', '@Governor': 3, '@Dependent': 2 },
      ],
    }),
  );
  const places = (parsed((await write(corpus)).files[0]!)['%FEATURE_STRUCTURES'] as { '%ID': number; begin: number; end: number }[])
    .filter((structure) => structure['%ID'] > 3 && structure['%ID'] < 6)
    .map(({ begin, end }) => [begin, end]);
  assert.deepEqual(places, [
    [4, 7],
    [0, 3],
  ]);
  assert.equal(corpus.documents[0]!.relations[1]!.extra, undefined);
});

test('names that a person changed, references to nothing, and empty annotations', async () => {
  const file = (name: string) => ({
    '%TYPES': {},
    '%VIEWS': {},
    '%FEATURE_STRUCTURES': [
      { '%ID': 1, '%TYPE': 'uima.cas.Sofa', sofaNum: 1, sofaID: '_InitialView', sofaString: 'Ada' },
      { '%ID': 2, '%TYPE': META, '@sofa': 1, begin: 0, end: 3, documentTitle: name, documentId: 'x' },
      { '%ID': 3, '%TYPE': NE, '@sofa': 1, begin: 1, end: 1, value: 'PER' },
      { '%ID': 4, '%TYPE': 'x.Link', '@target': 9 },
    ],
  });
  const { corpus, problems } = read(json(file('old')));
  assert.deepEqual(
    problems.map(({ reason }) => reason),
    [
      '%FEATURE_STRUCTURES[3]: it refers to 9, which is not in the file',
      '%FEATURE_STRUCTURES[2]: 1 to 1 is empty; it is not shown, and is written again to a file of UIMA',
    ],
  );
  const renamed = { ...corpus, documents: corpus.documents.map((document) => ({ ...document, name: 'new' })) };
  const { files, losses } = await write(renamed);
  assert.deepEqual(
    losses.map(({ reason }) => reason.slice(0, 10)),
    ['1 features'],
  );
  const expected = file('new')['%FEATURE_STRUCTURES'].map((structure) => (structure['%ID'] === 4 ? { '%ID': 4, '%TYPE': 'x.Link' } : structure));
  assert.deepEqual(parsed(files[0]!)['%FEATURE_STRUCTURES'], expected);
});

test('broken files are named', () => {
  const sofa = { '%ID': 1, '%TYPE': 'uima.cas.Sofa', sofaNum: 1, sofaID: '_InitialView', sofaString: '🙂 Ada' };
  const cas = (...structures: Json[]) => ({ '%TYPES': {}, '%FEATURE_STRUCTURES': structures, '%VIEWS': {} });
  const entity = { '%ID': 2, '%TYPE': NE, '@sofa': 1, begin: 3, end: 6, value: 'PER' };
  const broken: readonly (readonly [Json, number, RegExp])[] = [
    [[], 0, /not an object/],
    [cas(), 0, /no text/],
    [cas({ '%ID': 1, '%TYPE': 'uima.cas.Sofa', sofaURI: 'x' }), 0, /no text/],
    [cas(sofa, { ...entity, end: 99 }), 1, /%FEATURE_STRUCTURES\[1\]: 3 to 99 is outside of the text/],
    [cas(sofa, { ...entity, begin: 1 }), 1, /inside of a character/],
    [cas(sofa, { ...entity, end: 3 }), 1, /empty/],
    [cas(sofa, { ...entity, end: undefined as unknown as Json }), 1, /end is missing/],
    [cas(sofa, entity, entity), 1, /%FEATURE_STRUCTURES\[2\]: the id 2 occurs twice/],
    [cas(sofa, { '%TYPE': NE }), 1, /not a structure with "%ID" and "%TYPE"/],
    [cas(sofa, 7), 1, /not a structure with/],
    [cas(sofa, { ...sofa, '%ID': 5, sofaID: 'x' }), 1, /2 texts \(views\); only "_InitialView"/],
  ];
  for (const [value, documents, reason] of broken) {
    const { corpus, problems } = read(json(value));
    assert.equal(problems.length, 1, JSON.stringify([value, problems]));
    assert.match(problems[0]!.reason, reason);
    assert.equal(corpus.documents.length, documents);
  }
  assert.match(read(json({ x: 1 })).problems[0]!.reason, /no "%FEATURE_STRUCTURES"/);
});
