import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doccano } from '../formats/doccano.js';
import type { Problem, ReadOptions, ReadResult, WriteResult } from '../formats/format.js';
import type { Corpus } from '../model/types.js';
import { checkFormat } from './testing.js';

function file(text: string, name = 'f.jsonl') {
  return { name, bytes: new TextEncoder().encode(text) };
}

function read(text: string, options?: ReadOptions): ReadResult {
  return doccano.read([file(text)], options) as ReadResult;
}

function written(corpus: Corpus, options = {}): string {
  const { files } = doccano.write!(corpus, { include: 'all', ...options }) as WriteResult;
  return new TextDecoder().decode(files[0]!.bytes);
}

function spanTexts({ corpus }: ReadResult): string[] {
  return corpus.documents.flatMap(({ text, spans }) => spans.map(({ pieces, label }) => `${label} ${text.slice(...pieces[0]!)}`));
}

function reasons(problems: readonly Problem[]): string[] {
  return problems.map(({ line, kind, reason }) => `${line} ${kind}: ${reason}`);
}

for (const layout of ['auto', 'label', 'relations']) {
  test(`what is written comes back, but for the losses: layout ${layout}`, () =>
    checkFormat(doccano, { shape: { halves: true }, write: { layout } }));
}
for (const unit of ['code-point', 'grapheme'] as const) {
  test(`what is written comes back, but for the losses: unit ${unit}`, () => checkFormat(doccano, { write: { unit }, read: { unit } }));
}

test('the names that doccano and its users give to text and labels', () => {
  for (const row of [
    '{"text":"Ada","label":[[0,3,"PER"]]}',
    '{"data":"Ada","labels":[[0,3,"PER"]]}',
    '{"text":"Ada","tags":[[0,3,"PER"]],"n":[1,2,3]}',
  ]) {
    const result = read(row);
    assert.deepEqual([spanTexts(result), result.problems], [['span:PER Ada'], []]);
    assert.ok(doccano.detect([file(row)]) >= 0.6);
  }
  assert.deepEqual(spanTexts(read('{"text":"Ada","label":[],"mine":[[0,3,"PER"]]}', { labelColumn: 'mine' })), ['span:PER Ada']);
});

test('a list is read as lines are', () => {
  const rows = '[{"text":"Ada","label":[[0,3,"PER"]]},\n{"text":"Bea","label":[[0,9,"PER"]]}]';
  const result = read(rows);
  assert.deepEqual(spanTexts(result), ['span:PER Ada']);
  assert.deepEqual(reasons(result.problems), ['2 loss: label[0]: 0 to 9 is outside of the text, which is 3 long in the unit utf-16']);
  assert.equal(doccano.detect([file(rows)]), 0.9);
  assert.deepEqual(result.corpus.documents[1]!.source, { format: 'doccano', file: 'f.jsonl', row: 1 });
});

test('entities with relations, metadata, and what doccano adds', () => {
  const row =
    '{"id":7,"text":"Ada at Acme","entities":[{"id":31,"label":"PER","start_offset":0,"end_offset":3,"x":1},' +
    '{"id":35,"label":"ORG","start_offset":7,"end_offset":11}],' +
    '"relations":[{"from_id":35,"to_id":31,"type":"employs"}],"author":"me","Comments":["hm"]}\n';
  const { corpus, problems } = read(row);
  assert.deepEqual(problems, []);
  const [document] = corpus.documents;
  assert.deepEqual([document!.meta, document!.extra, document!.spans[0]!.extra], [{ author: 'me' }, { id: 7, Comments: ['hm'] }, { x: 1 }]);
  assert.deepEqual(document!.relations.map(({ head, tail, label }) => [head, tail, label]), [['s1', 's0', 'relation:employs']]);
  assert.deepEqual(JSON.parse(written(corpus)), {
    id: 7, text: 'Ada at Acme', author: 'me', Comments: ['hm'],
    entities: [{ id: 1, label: 'PER', start_offset: 0, end_offset: 3, x: 1 }, { id: 2, label: 'ORG', start_offset: 7, end_offset: 11 }],
    relations: [{ id: 1, from_id: 2, to_id: 1, type: 'employs' }],
  });
});

test('rows have the same fields, because doccano refuses others', () => {
  const { corpus } = read('{"id":1,"text":"Ada","label":[],"author":"me","n":1}\n{"text":"Bo","label":[],"author":"you","filename":"x"}\n');
  const { files, losses } = doccano.write!(corpus, { include: 'all' }) as WriteResult;
  assert.equal(
    new TextDecoder().decode(files[0]!.bytes),
    '{"text":"Ada","label":[],"author":"me"}\n{"text":"Bo","label":[],"author":"you"}\n',
  );
  assert.deepEqual(
    losses.filter(({ kind }) => kind !== 'names').map(({ kind, document, item }) => [kind, document, item]),
    [['meta', 'd1', 'filename'], ['meta', 'd0', 'n'], ['columns', 'd0', undefined]],
  );
  assert.equal(
    written(corpus, { fields: 'all' }),
    '{"id":1,"text":"Ada","label":[],"author":"me","n":1}\n{"text":"Bo","label":[],"author":"you"}\n',
  );
});

test('files with relations are in ASCII, because doccano guesses their encoding', () => {
  const { corpus } = read('{"text":"🙂 Zoë","entities":[],"relations":[]}');
  const content = written(corpus, { layout: 'relations' });
  assert.equal(content, '{"text":"\\ud83d\\ude42 Zo\\u00eb","entities":[],"relations":[]}\n');
  assert.equal(read(content).corpus.documents[0]!.text, '🙂 Zoë');
});

test('both modes of doccano are told apart', () => {
  const text = '👍🏽 e\u0301 Ada met Bea\r\nand Cy.';
  const words = ['Ada', 'Bea', 'Cy'];
  const rows = (offset: (part: string) => number) => words.map((word) => {
    const start = offset(text.slice(0, text.indexOf(word)));
    return JSON.stringify({ text, label: [[start, start + word.length, 'PER']] });
  }).join('\n');
  const graphemes = read(rows((part) => [...new Intl.Segmenter().segment(part)].length));
  const units = read(rows((part) => part.length));
  assert.deepEqual([graphemes.unit!.unit, units.unit!.unit], ['grapheme', 'utf-16']);
  for (const result of [graphemes, units]) assert.deepEqual(spanTexts(result), words.map((word) => `span:PER ${word}`));
  assert.deepEqual(spanTexts(read(rows((part) => [...part].length), { unit: 'code-point' })), words.map((word) => `span:PER ${word}`));
});

test('ids are unique in the file, and the layout follows the relations', () => {
  const { corpus } = read('{"text":"ab","entities":[{"id":0,"label":"X","start_offset":0,"end_offset":1}],"relations":[]}\n'.repeat(2));
  assert.match(written(corpus), /^\{"text":"ab","label":\[\[0,1,"X"\]\]\}$/m);
  assert.deepEqual(
    written(corpus, { layout: 'relations' })
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { entities: { id: number }[] }).entities[0]!.id),
    [1, 2],
  );
});

test('broken rows are named', () => {
  const { corpus, problems } = read(
    [
      '{"text":"Ada","label":[[0,3],[1,2,3],"pos",[0,1.5,"X"],[-1,2,"X"],[2,2,"X"],[2,1,"X"],[0,1,""]]}',
      '{"text":5}',
      '[1]',
      '{"text":"x","label":"pos"}',
      '{"text":"x","entities":[{"id":1,"start_offset":0,"end_offset":1},{"id":1,"label":"A","start_offset":0,"end_offset":1},5],' +
        '"relations":[{"from_id":1,"to_id":9,"type":"r"}]}',
      '{"text":',
    ].join('\n'),
  );
  assert.deepEqual(
    corpus.documents.map(({ spans }) => spans.length),
    [1, 0, 2],
  );
  assert.deepEqual(reasons(problems), [
    '1 loss: label[0]: a list of 2 is not start, end and label',
    '1 loss: label[1]: a list of 3 is not start, end and label',
    '1 loss: label[2]: "pos" is not start, end and label',
    '1 loss: label[3]: start 0 and end 1.5 are not whole numbers',
    '1 loss: label[4]: -1 to 2 is outside of the text, which is 3 long in the unit utf-16',
    '1 loss: label[5]: 2 to 2 is empty',
    '1 loss: label[6]: 2 to 1 is backwards',
    '1 loss: label[7]: the label is empty; it becomes "unlabeled"',
    '2 loss: text: 5 is not a string',
    '2 error: it has no "text"; the row is left out',
    '3 loss: a list of 1 is not an object',
    '4 loss: label: "pos" is not a list',
    '5 loss: entities[2]: 5 is not an object',
    '5 loss: entities[0]: no label was found; it becomes "unlabeled"',
    '5 loss: entities[1]: the id 1 occurs twice; relations get the first',
    '5 loss: relations[0]: from_id 1 or to_id 9 is not an entity of the row; the relation is left out',
    '6 error: the JSON is not valid at column 9: a value was expected, not the end of the text',
  ]);
});

test('other files are not taken for doccano', () => {
  for (const text of ['', 'hello', '[]', '{}', '["a",{"entities":[]}]', '{"text":"a","spans":[]}', '\0\ud83d'])
    assert.equal(doccano.detect([file(text)]), 0, text);
  assert.equal(doccano.detect([file('{"text":"a"}')]), 0.3);
  assert.equal(doccano.detect([file('{"text":"a","label":[]}', 'a.txt')]), 0);
});
