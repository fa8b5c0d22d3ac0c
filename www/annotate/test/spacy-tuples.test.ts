import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spacyTuples } from '../formats/spacy-tuples.js';
import { readText, reasons, spanTexts, textFile, writeText } from './helpers.js';
import { checkFormat } from './testing.js';

for (const form of ['lines', 'list'] as const) {
  for (const group of ['rest', 'all'] as const) {
    test(`what is written comes back, but for the losses: ${form}, group ${group}`, () =>
      checkFormat(spacyTuples, { shape: { halves: true }, write: { form, group } }));
  }
}
test('what is written comes back, but for the losses: ner-annotator', () =>
  checkFormat(spacyTuples, { shape: { halves: true }, write: { form: 'ner-annotator' }, read: { unit: 'utf-16' } }));

test('all layouts of tuples', async () => {
  const row = '["🙂 Ada at Acme",{"entities":[[2,5,"PER"],[9,13,"ORG","Q7"]],"cats":{"A":1.0}}]';
  for (const text of [row, `${row}\n`, `${row}\n${row}`, `[${row}]`, `[\n  ${row},\n${row}]`]) {
    const { corpus, problems, unit } = await readText(spacyTuples, text, 'f.json');
    assert.deepEqual(problems, []);
    assert.equal(unit!.unit, 'code-point');
    assert.deepEqual(spanTexts(corpus).slice(0, 2), ['span:PER Ada', 'span:ORG Acme']);
    assert.ok(spacyTuples.detect([textFile(text, 'f.json')]) === 0.9);
  }
  const { corpus } = await readText(spacyTuples, row, 'f.json');
  assert.deepEqual(corpus.documents[0]!.extra, { cats: { A: 1 } });
  assert.deepEqual(JSON.parse(await writeText(spacyTuples, corpus)), [
    '🙂 Ada at Acme',
    {
      cats: { A: 1 },
      entities: [
        [2, 5, 'PER'],
        [9, 13, 'ORG', 'Q7'],
      ],
    },
  ]);
});

test('ner-annotator: labels in their order, UTF-16 units, null for lines that were skipped', async () => {
  const text = '{"classes":["ORG","PER","LOC"],"annotations":[["🙂 Ada",{"entities":[[3,6,"PER"]]}],null]}';
  const { corpus, problems, unit } = await readText(spacyTuples, text, 'a.json');
  assert.equal(spacyTuples.detect([textFile(text, 'a.json')]), 0.95);
  assert.equal(unit!.unit, 'utf-16');
  assert.deepEqual(spanTexts(corpus), ['span:PER Ada']);
  assert.deepEqual(corpus.labelSets[0]!.labels.map(({ name }) => name), ['ORG', 'PER', 'LOC']);
  assert.deepEqual(reasons(problems), ['2 loss: the row is null: ner-annotator writes this for a skipped line, whose text is not in the file']);
});

test('spans that overlap are in the group of spaCy', async () => {
  const { corpus } = await readText(
    spacyTuples,
    '["New York Times",{"entities":[[0,8,"LOC"],[0,14,"ORG"]],"spans":{"sc":[[4,8,"X"]]}}]\n',
    'f.jsonl',
  );
  const grouped = await readText(spacyTuples, '["Ada",{"entities":[],"spans":{"mine":[[0,3,"X"]]}}]', 'f.json');
  assert.match(await writeText(spacyTuples, grouped.corpus), /"spans":\{"mine":\[\[0,3,"X"\]\]\}/);
  assert.deepEqual(JSON.parse(await writeText(spacyTuples, corpus)), [
    'New York Times',
    {
      entities: [[0, 14, 'ORG']],
      spans: {
        sc: [
          [0, 8, 'LOC'],
          [4, 8, 'X'],
        ],
      },
    },
  ]);
});

test('broken rows are named', async () => {
  const { corpus, problems } = await readText(
    spacyTuples,
    [
      '["Ada",{"entities":[[0,9,"PER"],[0,"3","PER"],[0,3],[0,3,null],[0,3,"OK"]]}]',
      '["Ada"]',
      '{"entities":[]}',
      '["Ada",{"entities":{},"spans":{"own":[[0,3,"X"],7]}}]',
      '["Ada",',
    ].join('\n'),
    'f.jsonl',
  );
  assert.deepEqual(spanTexts(corpus), ['span:unlabeled Ada', 'span:OK Ada', 'span:X Ada']);
  assert.deepEqual(reasons(problems), [
    '1 loss: entities[1]: a list of 3 is not start, end and label',
    '1 loss: entities[2]: a list of 2 is not start, end and label',
    '1 loss: entities[0]: 0 to 9 is outside of the text, which is 3 long in the unit code-point',
    '1 loss: entities[3]: no label was found; it becomes "unlabeled"',
    '2 error: a list of 1 is not a text with an object of annotations',
    '3 error: an object is not a text with an object of annotations',
    '4 loss: entities: an object is not a list',
    '4 loss: spans.own[1]: 7 is not start, end and label',
    '5 error: the JSON is not valid at column 8: a value was expected, not the end of the text',
  ]);
});

test('other files are not taken for tuples', () => {
  for (const text of ['', '{}', '[]', '[1,2]', '{"text":"a","label":[]}', '["a","b"]', 'null'])
    assert.equal(spacyTuples.detect([textFile(text, 'f.json')]), 0, text);
});
