import assert from 'node:assert/strict';
import test from 'node:test';
import { conllu } from '../formats/conllu.js';
import { escapeSpaces, unescapeSpaces, withMisc } from '../formats/conllu-parse.js';
import type { InputFile, Loss, ReadResult } from '../formats/format.js';
import type { AnnotatedDocument, Corpus } from '../model/types.js';
import { applyEdges, renamed } from './squeezed.js';
import { checkFormat } from './testing.js';

const file = (name: string, text: string): InputFile => ({ name, bytes: new TextEncoder().encode(text) });
const read = (text: string) => conllu.read([file('a.conllu', text)]) as ReadResult;
const write = async (corpus: Corpus) => new TextDecoder().decode((await conllu.write!(corpus, { include: 'all' })).files[0]!.bytes);
const spansOf = ({ text, spans }: AnnotatedDocument) => spans.map(({ pieces: [piece], label }) => `${label.slice(5)} ${text.slice(...piece!)}`);
const words = (...rows: readonly string[]) =>
  rows
    .map((row) => {
      const [id, form, misc = '_'] = row.split(' ');
      return `${id}\t${form}\t_\tX\t_\t_\t_\t_\t_\t${misc}\n`;
    })
    .join('');

for (const overlap of ['outermost', 'innermost']) {
  test(`texts and spans come back exactly, after the losses: ${overlap}`, () => checkFormat(conllu, { write: { overlap }, more: applyConlluLosses }));
}

function applyConlluLosses(corpus: Corpus, losses: readonly Loss[]): Corpus {
  const isLost = losses.some(({ kind }) => kind === 'blank');
  const documents = corpus.documents.map((document) => (isLost && /^[\s\x1c-\x1f\x85]*$/.test(document.text) ? { ...document, text: '' } : document));
  return renamed(applyEdges({ ...corpus, documents }, losses), losses, /\s/g);
}

const FRENCH = `# newdoc id = doc 1
# sent_id = 1
# text = Il va au Havre, non\\oui.
1\tIl\til\tPRON\t_\t_\t2\tnsubj\t_\t_
2\tva\taller\tVERB\t_\t_\t0\troot\t_\t_
3-4\tau\t_\t_\t_\t_\t_\t_\t_\t_
3\tà\tà\tADP\t_\t_\t5\tcase\t_\t_
4\tle\tle\tDET\t_\t_\t5\tdet\t_\tNER=B-LOC
5\tHavre\tHavre\tPROPN\t_\t_\t2\tobl\t_\tGloss=x|NER=I-LOC|SpaceAfter=No
5.1\tvide\t_\t_\t_\t_\t_\t_\t_\tNER=B-X
6\t,\t,\tPUNCT\t_\t_\t2\tpunct\t_\t_
7\tnon\\oui\tnon\tINTJ\t_\t_\t2\tdep\t_\tSpaceAfter=No
8\t.\t.\tPUNCT\t_\t_\t2\tpunct\t_\tSpacesAfter=\\s\\n

# sent_id = 2
# text = Ada.
1\tAda\tAda\tPROPN\t_\t_\t0\troot\t_\tNER=B-PER|SpaceAfter=No
2\t.\t.\tPUNCT\t_\t_\t1\tpunct\t_\t_

`;

test('multi-word tokens, empty nodes, spaces', () => {
  const { corpus, problems } = read(FRENCH);
  const document = corpus.documents[0]!;
  assert.deepEqual([document.name, document.text], ['doc 1', 'Il va au Havre, non\\oui. \nAda.']);
  assert.deepEqual(spansOf(document), ['LOC au Havre', 'PER Ada']);
  assert.deepEqual(
    problems.map(({ line, reason }) => [line, reason]),
    [[8, 'a span begins or ends within a multi-word token; it gets the whole token']],
  );
  assert.equal(document.meta, undefined);
});

test('columns that we do not edit are kept', async () => {
  const whole = FRENCH.replace('\t_\n4\tle', '\tNER=B-LOC\n4\tle').replace('NER=B-LOC\n5', 'NER=I-LOC\n5');
  assert.equal(await write(read(whole).corpus), whole);
  const { corpus } = read(whole);
  const without = { ...corpus, documents: corpus.documents.map((document) => ({ ...document, spans: document.spans.slice(1) })) };
  assert.equal(await write(without), whole.replace('NER=B-LOC', '_').replace('NER=I-LOC', '_').replace('NER=I-LOC|', ''));
  const cut = {
    ...corpus,
    documents: corpus.documents.map((document) => ({ ...document, spans: [{ ...document.spans[0]!, pieces: [[0, 1]] as const }] })),
  };
  const { losses } = await conllu.write!(cut, { include: 'all' });
  assert.ok(losses.some(({ kind, document }) => kind === 'columns' && document === 'a.conllu:0'));
});

test('without spaces in MISC, "# text" tells them; without both the text is rebuilt', () => {
  const withText = read(`# text = Ada,  hi\n${words('1 Ada Entity=S-PER', '2 ,', '3 hi')}`).corpus.documents[0]!;
  assert.deepEqual([withText.text, spansOf(withText), withText.meta], ['Ada,  hi', ['PER Ada'], undefined]);
  const without = read(words('1 Ada NER=PER', '2 ,')).corpus.documents[0]!;
  assert.deepEqual([without.text, spansOf(without), without.meta], ['Ada ,', ['PER Ada'], { text: 'rebuilt from tokens' }]);
});

test('documents, paragraphs, CoNLL-U Plus', () => {
  const { corpus, problems } = read(
    `# global.columns = ID FORM PARSEME:NE\n# newdoc id = a\n1\tAda\tB-PER\n\n# newpar\n1\tBo\tO\n\n# newdoc id = b\n1\tParis\tB-LOC\n`,
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    corpus.documents.map((document) => [document.name, document.text, spansOf(document)]),
    [
      ['a', 'Ada\n\nBo', ['PER Ada']],
      ['b', 'Paris', ['LOC Paris']],
    ],
  );
});

test('spaces are escaped as UDPipe does', () => {
  assert.equal(escapeSpaces(' \t\n\r|\\\u00a0'), '\\s\\t\\n\\r\\p\\\\\u00a0');
  assert.equal(unescapeSpaces('\\s\\t\\n\\r\\p\\\\\u00a0\\x'), ' \t\n\r|\\\u00a0\\x');
  assert.equal(withMisc('A=1|NER=B-X|Z', ['NER'], 'I-Y'), 'A=1|NER=I-Y|Z');
  assert.equal(withMisc('NER=B-X', ['NER'], undefined), '_');
  assert.equal(withMisc('_', ['NER'], 'B-X'), 'NER=B-X');
});

test('readers that take white space off the end of a line, or what is behind a second "=", lose nothing', async () => {
  const text = '\ufeff« Ada\u00a0» x\u2028y';
  const spans = [[3, 6, 'a=b|c'], [9, 10, 'X']] as const;
  const corpus: Corpus = {
    name: 'c', labelSets: [],
    documents: [{
      id: 'd', name: 'd', text, status: 'new', relations: [], questions: [],
      spans: spans.map(([start, end, name], index) => ({ id: `s${index}`, pieces: [[start, end]], label: `span:${name}`, by: 'human', state: 'accepted' })),
    }],
  };
  const content = await write(corpus);
  const miscs = content.split('\n').flatMap((line) => line.split('\t')[9] ?? []);
  assert.deepEqual(miscs, ['SpacesBefore=\ufeff|NER=O', 'SpacesAfter=\u00a0|NER=B-a_b_c', '_', 'SpacesAfter=\u2028|NER=B-X', '_']);
  const { corpus: back } = read(content);
  assert.deepEqual([back.documents[0]!.text, spansOf(back.documents[0]!)], [text, ['a_b_c Ada', 'X x']]);
  // Lines that are kept from the file of a document are written in the same way.
  assert.equal(await write(back), content);
  assert.equal(withMisc('NER=B-X|SpacesAfter=\u00a0', ['NER'], 'I-Y'), 'SpacesAfter=\u00a0|NER=I-Y');
});

test('broken lines are named', () => {
  const broken: readonly (readonly [string, number, RegExp])[] = [
    [`${words('1 a')}2\tb\n`, 2, /has 2 columns/],
    [words('1 a', 'x b'), 2, /"x" is not the id/],
    [words('1 a', '3 b'), 2, /the id 3 was expected to be 2/],
    [words('1-2 ab', '1 a'), 1, /covers words up to 2, and there are 1/],
    [words('1 a', '1-2 b'), 2, /1-2 is not before its words/],
    [`# text = Ada x\n${words('1 Ada', '2 y')}`, 2, /"# text" is not the text of the tokens/],
    [words('1 a', '2 b NER=I-PER', '3 c', '4 d NER=B-PER'), 2, /continues a span/],
    [words('1 a NER=B-X', '2 b NER=(e1-person)'), 2, /style of CorefUD/],
    ['# global.columns = A B\n1\ta\n', 1, /without ID or FORM/],
  ];
  for (const [text, line, reason] of broken) {
    const { problems } = read(text);
    assert.equal(problems[0]?.line, line, text);
    assert.match(problems[0]!.reason, reason);
  }
  assert.deepEqual(read('').problems, []);
  assert.equal(conllu.detect([file('a.txt', words('1 a', '2 b'))]), 0.95);
  assert.equal(conllu.detect([file('a.txt', 'a\tb\n')]), 0);
});
