import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { conll2003 } from '../formats/conll2003.js';
import type { InputFile, ReadOptions, ReadResult } from '../formats/format.js';
import { ProblemList } from '../formats/problems.js';
import { TagReader, tagsOf, type TagSpan } from '../formats/tags.js';
import type { AnnotatedDocument } from '../model/types.js';
import { checkSqueezed } from './squeezed.js';
import { PROPERTY } from './testing.js';

const file = (name: string, text: string): InputFile => ({ name, bytes: new TextEncoder().encode(text) });
const read = (text: string, options?: ReadOptions) => conll2003.read([file('a.conll', text)], options) as ReadResult;
const spansOf = ({ text, spans }: AnnotatedDocument) => spans.map(({ pieces: [piece], label }) => `${label.slice(5)} ${text.slice(...piece!)}`);

for (const scheme of ['iob1', 'iob2', 'iobes']) {
  test(`what is written comes back, after the losses: ${scheme}`, async () => {
    await checkSqueezed(conll2003, { write: { scheme, columns: 'two', separator: '\t' }, unsafe: /\s/g });
    await checkSqueezed(conll2003, { write: { scheme, overlap: 'innermost' }, unsafe: /\s/g });
  });
}

test('tags of any spans come back in every scheme', () => {
  const lists = fc.array(fc.record({ gap: fc.nat(2), length: fc.integer({ min: 1, max: 3 }), label: fc.constantFrom('A', 'B', 'I-A', '-') }), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(lists, fc.constantFrom('IOB1' as const, 'IOB2' as const, 'IOBES' as const), (parts, scheme) => {
      const spans: TagSpan[] = [];
      let at = 0;
      for (const { gap, length, label } of parts) spans.push({ first: at + gap, last: (at += gap + length) - 1, label });
      const problems = new ProblemList();
      const reader = new TagReader();
      assert.deepEqual(
        reader.sentence(tagsOf(at + 1, spans, scheme), () => problems.of('t')),
        spans,
      );
      reader.finish();
      assert.deepEqual(problems.all, []);
    }),
    PROPERTY,
  );
});

const ORIGINAL = `-DOCSTART- -X- O O

EU NNP I-NP I-ORG
rejects VBZ I-VP O
German JJ I-NP I-MISC
British JJ B-NP B-MISC
lamb NN I-NP O
. . O O

Peter NNP I-NP I-PER
Blackburn NNP I-NP I-PER

-DOCSTART- -X- O O

U.S. NNP I-NP I-LOC
-LRB- -LRB- O O

`;

test('the real CoNLL-2003 has IOB1', () => {
  const { corpus, problems } = read(ORIGINAL);
  assert.deepEqual(problems, []);
  assert.deepEqual(
    corpus.documents.map(({ text }) => text),
    ['EU rejects German British lamb .\nPeter Blackburn', 'U.S. ('],
  );
  assert.deepEqual(corpus.documents.map(spansOf), [['ORG EU', 'MISC German', 'MISC British', 'PER Peter Blackburn'], ['LOC U.S.']]);
  assert.deepEqual(corpus.documents[0]!.meta, { text: 'rebuilt from tokens', tags: 'IOB1' });
});

test('a file that was read is written with the same tokens and columns', async () => {
  const { files, losses } = await conll2003.write!(read(ORIGINAL).corpus, { include: 'all', scheme: 'iob1' });
  const written = new TextDecoder().decode(files[0]!.bytes);
  assert.equal(written, ORIGINAL.replaceAll('-X- O O', '-X- -X- O').replace('-LRB- -LRB-', '( -LRB-'));
  assert.deepEqual(
    losses.map(({ kind }) => kind),
    ['names'],
  );
});

test('two columns, tabs, IOB2 and IOBES, Windows line ends, a byte order mark, no empty line at the end', () => {
  const { corpus, problems } = read('\ufeffNew York\tB-LOC\r\n City\tI-LOC\r\n\r\nAda\tS-PER\r\nx\tO');
  assert.deepEqual(problems, []);
  assert.deepEqual(spansOf(corpus.documents[0]!), ['LOC New York  City', 'PER Ada']);
  assert.equal(corpus.documents[0]!.meta!.tags, 'IOBES');
  assert.deepEqual(spansOf(read('Ada PER\nLovelace PER\nin O\nUSA LOC\n').corpus.documents[0]!), ['PER Ada Lovelace', 'LOC USA']);
  assert.deepEqual(spansOf(read('Ada B\nLovelace I\n').corpus.documents[0]!), ['span Ada Lovelace']);
});

test('each sentence can be a document', () => {
  assert.deepEqual(
    read(ORIGINAL, { documents: 'sentence' }).corpus.documents.map(({ text }) => text.length),
    [32, 15, 6],
  );
});

test('no span is cut by the end of a sentence, and a line end within a paragraph ends none', async () => {
  const text = 'It was in Yahoo! Inc. Then it\nended. Bye.';
  const start = text.indexOf('Yahoo');
  const span = { id: 's', pieces: [[start, start + 11]], label: 'ORG', by: 'human', state: 'accepted' } as const;
  const document = { id: 'd', name: 'd', text, status: 'done', spans: [span], relations: [], questions: [] } as const;
  const { files } = await conll2003.write!({ name: 'x', labelSets: [], documents: [document] }, { include: 'all', columns: 'two' });
  const lines = new TextDecoder()
    .decode(files[0]!.bytes)
    .split('\n\n')
    .slice(1)
    .map((sentence) =>
      sentence
        .split('\n')
        .map((line) => line.replace(' O', ''))
        .join(' '),
    );
  assert.deepEqual(lines, ['It was in Yahoo B-ORG ! I-ORG Inc I-ORG . I-ORG', 'Then it ended .', 'Bye .', '']);
});

test('IOB1 looks at neighbors in one sentence only', async () => {
  const text = 'I saw Ada. Bo Cy came.';
  const span = (start: number, end: number) => ({ id: String(start), pieces: [[start, end]], label: 'PER', by: 'human', state: 'accepted' }) as const;
  const document = {
    id: 'd',
    name: 'd',
    text,
    status: 'done',
    relations: [],
    questions: [],
    spans: [span(6, 10), span(11, 13), span(14, 16)],
  } as const;
  const { files } = await conll2003.write!({ name: 'x', labelSets: [], documents: [document] }, { include: 'all', columns: 'two', scheme: 'iob1' });
  const tags = new TextDecoder()
    .decode(files[0]!.bytes)
    .split('\n')
    .filter((line) => line.includes('-PER'));
  assert.deepEqual(tags, ['Ada I-PER', '. I-PER', 'Bo I-PER', 'Cy B-PER']);
});

test('irregular and broken lines are named', () => {
  const broken: readonly (readonly [string, number, RegExp])[] = [
    ['a B-X\nb O\nc I-Y\n', 3, /"I-Y" continues a span/],
    ['a O\nb\nc O\n', 2, /one column/],
    ['a O\n\tO\n', 2, /the token is empty/],
    ['# id 1\na O\n\n# id 2\nb O\n', 1, /comments are left out: 2 lines/],
  ];
  for (const [text, line, reason] of broken) {
    const { problems } = read(text);
    assert.deepEqual([problems.length, problems[0]?.line], [1, line], text);
    assert.match(problems[0]!.reason, reason);
  }
  assert.equal(conll2003.detect([file('a.txt', 'Ada was here.\nBob too.\n')]), 0);
  assert.ok(conll2003.detect([file('a.txt', 'Ada B-PER\nwas O\n')]) > 0.8);
});

test('reading takes linear time', () => {
  const long = `${'\t'.repeat(300_000)}x\n${' '.repeat(300_000)}x O\n`;
  assert.equal(read(long).problems.length, 1);
});
