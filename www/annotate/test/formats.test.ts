// What is true of all formats.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FORMATS, detectFormat, formatOf, readFiles, zip } from '../formats/index.js';
import { safePath } from '../formats/safe-names.js';
import { reasons, textFile } from './helpers.js';
import { corpora, property, PROPERTY } from './testing.js';

const ALL = { include: 'all' } as const;

test('ids are unique, and formats are found by them', () => {
  assert.equal(new Set(FORMATS.map(({ id }) => id)).size, FORMATS.length);
  for (const format of FORMATS) assert.equal(formatOf(format.id), format);
  assert.equal(formatOf('nothing'), undefined);
});

const PLAIN_TEXTS = { pieces: ['Ada ', 'met ', 'Bea. ', 'Größe '], names: ['PER', 'ORG'] };

const SAMPLES = fc
  .sample(corpora(PLAIN_TEXTS), { seed: PROPERTY.seed, numRuns: 40 })
  .filter(({ documents }) =>
    documents.some(({ spans, relations, questions }) => spans.length > 1 && relations.length > 0 && questions.length > 0),
  );

for (const format of FORMATS.filter(({ write }) => write)) {
  test(`${format.id}: a file with documents that it wrote is detected as its own`, async () => {
    let tried = 0;
    for (const corpus of SAMPLES) {
      if (tried === 3) break;
      const { files } = await format.write!(corpus, ALL);
      const { corpus: back } = await format.read(files);
      if (!back.documents.some(({ spans, questions }) => spans.length + questions.length > 0)) continue;
      tried += 1;
      assert.equal(detectFormat(files)[0]?.format.id, format.id);
    }
    assert.ok(tried > 0);
  });
}

test('names of written files can be stored by every system, and stay in the folder', async () => {
  const [first] = SAMPLES;
  for (const format of FORMATS.filter(({ write }) => write)) {
    for (const name of ['..', 'a/../b:c*', '']) {
      const { files } = await format.write!({ ...first!, name, documents: first!.documents.map((document) => ({ ...document, name })) }, ALL);
      for (const file of files) assert.equal(file.name, safePath(file.name), format.id);
    }
  }
});

/** Pieces of files of many formats. */
const FRAGMENTS = [
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\n',
  '\t',
  ' ',
  '0',
  '-1',
  '1e999',
  '99999999999',
  '1.5',
  'null',
  'true',
  '"text"',
  '"data"',
  '"label"',
  '"labels"',
  '"entities"',
  '"start"',
  '"end"',
  '"spans"',
  '"tokens"',
  '"__proto__"',
  '"constructor"',
  '"result"',
  '"annotations"',
  '"predictions"',
  '"value"',
  '"type"',
  '"relations"',
  '"pieces"',
  '"format":"luke-annotations"',
  'T1\tPER 0 3\tAda',
  'R1\tx Arg1:T1 Arg2:T9',
  'A1\tN T1',
  'EU NNP B-NP B-ORG',
  '-DOCSTART- -X- O O',
  '# text = Ada',
  '1\tAda\t_\t_\t_\t_\t0\t_\t_\tNER=B-PER',
  '<View>',
  '<Label value="a"/>',
  '\\ud800',
  '\ud83d\ude42',
  '\0',
  '\ufeff',
  'doc,start,end,label',
  '"a";"b"',
];
const NAMES = ['a.json', 'a.jsonl', 'a.txt', 'a.ann', 'a.csv', 'a.conll', 'a.conllu', 'a.spacy', 'a.xml', 'a.luke.jsonl', 'a.zip', 'a'];

test('no format throws, whatever is in the files; problems name one of the files, and spans are inside their text', async () => {
  const bytes = fc.oneof(
    fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 30 }).map((parts) => new TextEncoder().encode(parts.join(''))),
    fc.json().map((json) => new TextEncoder().encode(json)),
    fc.uint8Array({ maxLength: 60 }),
  );
  const files = fc.array(fc.record({ name: fc.constantFrom(...NAMES), bytes }, { noNullPrototype: true }), { maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(files, async (chosen) => {
      for (const format of FORMATS) {
        format.detect(chosen);
        const { corpus, problems } = await format.read(chosen);
        for (const { file, reason } of problems)
          assert.ok(reason !== '' && (file === '' || chosen.some(({ name }) => name === file)), `${format.id}: ${file}`);
        for (const { text, spans } of corpus.documents)
          for (const { pieces } of spans) for (const [start, end] of pieces) assert.ok(start < end && end <= text.length, format.id);
      }
    }),
    property(30),
  );
});

/** A good file of each format, from which broken ones are made. */
async function goodFiles() {
  const [corpus] = fc.sample(
    corpora(PLAIN_TEXTS).filter(({ documents }) => documents.filter(({ spans }) => spans.length > 3).length > 1),
    { seed: PROPERTY.seed, numRuns: 1 },
  );
  return Promise.all(FORMATS.filter(({ write }) => write).map(async (format) => ({ format, files: (await format.write!(corpus!, ALL)).files })));
}

test('files that are cut or changed at any place are read without an exception', async () => {
  for (const { format, files } of await goodFiles()) {
    await fc.assert(fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255), fc.boolean(), async (place, byte, isCut) => {
      const broken = files.map(({ name, bytes }) => {
        const at = Math.floor(place * bytes.length);
        const changed = isCut ? bytes.slice(0, at) : bytes.slice();
        if (!isCut && at < changed.length) changed[at] = byte;
        return { name, bytes: changed };
      });
      await format.read(broken);
    }), property(6));
  }
});

test('deep JSON, and fields that objects have by nature, do no harm', async () => {
  const texts = [
    '['.repeat(10_000),
    '{"a":'.repeat(10_000),
    `{"text":"x","label":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    '{"__proto__":{"x":1},"text":"x","constructor":1,"toString":2,"label":[[0,1,"__proto__"]],"hasOwnProperty":3}',
  ];
  for (const text of texts) for (const format of FORMATS) for (const name of NAMES) await format.read([textFile(text, name)]);
  assert.equal(({} as { x?: number }).x, undefined);
});

test('zip files are looked into, and files of no format are named', async () => {
  const files = [{ name: 'a.jsonl', bytes: new TextEncoder().encode('{"text":"Ada","label":[[0,3,"PER"]]}') }];
  const read = await readFiles([{ name: 'x.zip', bytes: zip(files) }]);
  assert.deepEqual([read.format?.id, read.corpus.documents.length, read.problems], ['doccano', 1, []]);
  assert.deepEqual(reasons((await readFiles([textFile('hello', 'a.exe')])).problems), ['- error: no format was found for this file']);
  const broken = { ...formatOf('plain')!, read: () => { throw new RangeError('too large'); } };
  assert.deepEqual(reasons((await readFiles([textFile('x', 'a.txt')], broken)).problems), ['- error: the file could not be read: too large']);
});
