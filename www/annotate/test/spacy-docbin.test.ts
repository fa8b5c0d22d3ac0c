import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encode } from '@msgpack/msgpack';
import { zlibSync } from 'fflate';
import { inflate } from '../formats/inflate.js';
import { ProblemList } from '../formats/problems.js';
import { spacyDocbin } from '../formats/spacy-docbin.js';
import { StringNumbers } from '../formats/spacy-strings.js';
import { SPACY_SYMBOLS } from '../formats/spacy-symbols.js';
import type { AnnotatedDocument, Corpus } from '../model/types.js';
import { reasons, spanTexts } from './helpers.js';
import { checkFormat } from './testing.js';

/** Written by spaCy itself; see make.py there. */
const FIXTURES = new URL('../../test/fixtures/spacy/', import.meta.url);
const DOCS = { name: 'docs.spacy', bytes: new Uint8Array(readFileSync(new URL('docs.spacy', FIXTURES))) };

for (const group of ['rest', 'all'] as const) {
  test(`what is written comes back, but for the losses: group ${group}`, () =>
    checkFormat(spacyDocbin, { shape: { halves: true }, write: { group } }));
}

/** The number that spaCy has for a string. */
const numberOf = (text: string) => new StringNumbers().of(text);

test('strings have the numbers of spaCy', () => {
  const numbers = JSON.parse(readFileSync(new URL('strings.json', FIXTURES), 'utf8')) as { [text: string]: string };
  for (const [text, number] of Object.entries(numbers)) assert.equal(String(numberOf(text)), number, text);
  assert.equal(SPACY_SYMBOLS.size, 456);
  assert.deepEqual(['PERSON', 'ORG', 'GPE', 'LOC', 'DATE'].map((name) => SPACY_SYMBOLS.get(name)), [380n, 383n, 384n, 385n, 391n]);
});

test('a file of spaCy is read', async () => {
  const { corpus, problems } = await spacyDocbin.read([DOCS]);
  assert.deepEqual(
    corpus.documents.map(({ text }) => text),
    ['Ada 🙂 met New York Times in  Paris.\r\n', '', 'Größe e\u0301 名'],
  );
  assert.deepEqual(spanTexts(corpus), [
    'span:PERSON Ada',
    'span:MISC New York Times',
    'span:GPE New York',
    'span:ORG New York Times',
    'span:é🙂 Paris',
  ]);
  const [first] = corpus.documents as [AnnotatedDocument];
  assert.deepEqual(
    first.spans.map(({ extra }) => extra),
    [{ kb_id: 'Q7259', id: 'x1' }, undefined, undefined, { kb_id: 'Q9684' }, { group: 'mine' }],
  );
  assert.deepEqual(first.extra, { cats: { NEWS: 0.5, SPORT: true } });
  assert.deepEqual(reasons(problems), [
    '- loss: the data of Python programs (user_data) is left out',
    '- loss: attributes of tokens are left out: NORM, TAG, SENT_START',
  ]);
  assert.equal(spacyDocbin.detect([DOCS]), 0.95);
});

test('what was read is written again with all that was taken', async () => {
  const { corpus } = await spacyDocbin.read([DOCS]);
  const { files, losses } = await spacyDocbin.write!(corpus, { include: 'all' });
  assert.deepEqual(losses.map(({ kind }) => kind), ['names']);
  const again = await spacyDocbin.read(files);
  assert.deepEqual(again.problems, []);
  const spans = ({ documents }: Corpus) => documents.map((document) => document.spans.map(({ id: _, ...span }) => span));
  assert.deepEqual(spans(again.corpus), spans(corpus));
  assert.deepEqual(again.corpus.documents[0]!.extra, corpus.documents[0]!.extra);
});

/** A container with one document: the words "Ada" and "Bea". */
function bin(changes: { [name: string]: unknown } = {}): Uint8Array {
  const tokens = BigUint64Array.from([numberOf('Ada'), 3n, numberOf('PER'), numberOf('Bea'), 1n, numberOf('PER')]);
  const fields = {
    version: '0.1',
    attrs: [65, 77, 78],
    tokens: new Uint8Array(tokens.buffer),
    spaces: Uint8Array.of(1, 0),
    lengths: Uint8Array.of(2, 0, 0, 0),
    strings: ['Ada', 'Bea', 'PER'],
    cats: [{}],
    flags: [{}],
    span_groups: [new Uint8Array()],
  };
  return zlibSync(encode({ ...fields, ...changes }));
}

async function problemsOf(bytes: Uint8Array): Promise<string[]> {
  const { corpus, problems } = await spacyDocbin.read([{ name: 'f.spacy', bytes }]);
  if (problems.some(({ kind }) => kind === 'error')) assert.equal(corpus.documents.length, 0);
  return reasons(problems);
}

test('broken containers are named', async () => {
  assert.deepEqual(await problemsOf(bin()), []);
  assert.match((await problemsOf(new Uint8Array()))[0]!, /^- error: the file ends too early/);
  assert.match((await problemsOf(bin().subarray(0, 60)))[0]!, /^- error: the file (is not zlib data|ends too early)/);
  assert.match((await problemsOf(new TextEncoder().encode('hello world')))[0]!, /^- error: the file is not zlib data, or it is damaged/);
  assert.match((await problemsOf(zlibSync(Uint8Array.of(0xc1))))[0]!, /^- error: it is not a DocBin/);
  assert.match((await problemsOf(zlibSync(encode([1]))))[0]!, /the container is not a map/);
  assert.match(
    (await problemsOf(zlibSync(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff))))[0]!,
    /it is not a DocBin/,
    'a list that states four billion elements',
  );
  assert.match((await problemsOf(zlibSync(encode({ ['__proto__x']: 1 }))))[0]!, /attrs is not a list/);
  for (const [changes, reason] of [
    [{ attrs: [77] }, /no texts/],
    [{ attrs: ['x'] }, /attrs has a value that is not a number/],
    [{ strings: [1] }, /an element of strings is not a string/],
    [{ strings: 'x' }, /strings is not a list/],
    [{ lengths: Uint8Array.of(255, 255, 255, 127) }, /tokens with 3 attributes do not match/],
    [{ lengths: Uint8Array.of(255, 255, 255, 255) }, /do not match/],
    [{ lengths: Uint8Array.of(1) }, /lengths have 1 bytes/],
    [{ tokens: [] }, /tokens is not a sequence of bytes/],
    [{ cats: [{}, {}] }, /cats has 2 elements for 1 documents/],
    [{ cats: [{ A: 'x' }] }, /cats has a value that is not a number/],
    [{ span_groups: [encode([encode({ name: 'sc', attrs: {}, spans: [new Uint8Array(3)] })])] }, /a span has 3 bytes/],
    [{ span_groups: [Uint8Array.of(0xc1)] }, /it is not a DocBin/],
    [{ strings: ['Ada'] }, /1 error: the text of token 1 is not in the file/],
  ] as const) assert.match((await problemsOf(bin(changes)))[0]!, reason);
});

test('what is wrong in a document is named, and the rest is read', async () => {
  const span = new Uint8Array(40);
  span[31] = 9; // the end is token 9
  assert.deepEqual(
    await problemsOf(
      bin({
        strings: ['Ada', 'Bea'],
        span_groups: [encode([encode({ name: 'sc', attrs: {}, spans: [span] })])],
        flags: [{ has_unknown_spaces: true }],
      }),
    ),
    [
      '1 loss: the file does not know where spaces are: the text is rebuilt with one space between words',
      `1 loss: token 0: the label with the number ${numberOf('PER')} is not in the file`,
      '1 loss: token 0: no label was found; it becomes "unlabeled"',
      '1 loss: sc[0]: tokens 0 to 9 are not in the document, or empty',
    ],
  );
});

test('a small file that unpacks to much is refused', () => {
  const problems = new ProblemList();
  const bytes = zlibSync(new Uint8Array(100_000));
  assert.equal(inflate(bytes, problems.of('f'), 100_000)!.length, 100_000);
  assert.equal(inflate(bytes, problems.of('f'), 99_999), undefined);
  assert.deepEqual(reasons(problems.all), ['- error: the unpacked file has more than 99999 bytes']);
});
