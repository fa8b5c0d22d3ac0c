import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prodigy } from '../formats/prodigy.js';
import { readText, reasons, spanTexts, textFile, writeText } from './helpers.js';
import { checkFormat } from './testing.js';

const ROW = {
  text: 'Uber’s 🙂 Lesson', _input_hash: -12, _task_hash: 7, meta: { source: 'NYT' },
  tokens: [
    { text: 'Uber', start: 0, end: 4, id: 0, ws: false },
    { text: '’s', start: 4, end: 6, id: 1, ws: true },
    { text: '🙂', start: 7, end: 8, id: 2, ws: true, odd: 1 },
    { text: 'Lesson', start: 9, end: 15, id: 3, ws: false },
  ],
  spans: [
    { source: 'model', start: 0, end: 4, token_start: 0, token_end: 0, label: 'ORG' },
    { start: 9, end: 15, token_start: 3, token_end: 3, label: 'X' },
  ],
  relations: [
    {
      color: '#fff',
      head: 0,
      child: 3,
      head_span: { start: 0, end: 4, token_start: 0, token_end: 0, label: 'ORG' },
      child_span: { start: 9, end: 15, token_start: 3, token_end: 3, label: 'X' },
      label: 'has',
    },
  ],
  answer: 'accept',
};

test('what is written comes back, but for the losses', () => checkFormat(prodigy, { shape: { halves: true } }));

test('a row comes back with its hashes, tokens and all unknown fields', async () => {
  const { corpus, problems, unit } = await readText(prodigy, JSON.stringify(ROW), 'f.jsonl');
  assert.deepEqual(problems, []);
  assert.deepEqual([unit!.unit, unit!.candidates], ['code-point', ['code-point']]);
  assert.deepEqual(spanTexts(corpus), ['span:ORG Uber', 'span:X Lesson']);
  const [document] = corpus.documents;
  assert.deepEqual([document!.status, document!.meta], ['done', { source: 'NYT' }]);
  assert.deepEqual(JSON.parse(await writeText(prodigy, corpus)), ROW);
});

test('tokens that a span cuts are made anew, and ends are inclusive', async () => {
  const { corpus } = await readText(
    prodigy,
    JSON.stringify({
      text: 'New York-based',
      tokens: [
        { text: 'New', start: 0, end: 3, id: 0, ws: true },
        { text: 'York-based', start: 4, end: 14, id: 1, ws: false },
      ],
      spans: [{ start: 0, end: 8, label: 'GPE' }],
    }),
    'f.jsonl',
  );
  const row = JSON.parse(await writeText(prodigy, corpus)) as { tokens: { text: string }[]; spans: { token_end: number }[]; answer?: string };
  assert.deepEqual(row.tokens.map(({ text }) => text), ['New', 'York', '-', 'based']);
  assert.deepEqual([row.spans[0]!.token_end, row.answer], [1, undefined]);
});

test('answers are states', async () => {
  const row = (answer: string) => JSON.stringify({ ...ROW, answer });
  const { corpus } = await readText(prodigy, ['accept', 'reject', 'ignore'].map(row).join('\n'), 'f.jsonl');
  assert.deepEqual(
    corpus.documents.map(({ status, spans }) => [status, spans[0]!.state]),
    [
      ['done', 'accepted'],
      ['flagged', 'rejected'],
      ['skipped', 'accepted'],
    ],
  );
  assert.deepEqual(
    (await writeText(prodigy, corpus))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
    ['accept', 'reject', 'ignore'].map((answer) => ({ ...ROW, answer })),
  );
});

test('tokens tell that offsets count UTF-16 units', async () => {
  const row = {
    text: '🙂 Ada',
    tokens: [
      { text: '🙂', start: 0, end: 2, id: 0 },
      { text: 'Ada', start: 3, end: 6, id: 1 },
    ],
    spans: [{ start: 3, end: 6, label: 'PER' }],
  };
  const { corpus, unit } = await readText(prodigy, JSON.stringify(row), 'f.jsonl');
  assert.deepEqual([unit!.unit, spanTexts(corpus)], ['utf-16', ['span:PER Ada']]);
  assert.match(await writeText(prodigy, corpus), /"text":"Ada","start":2,"end":5/);
});

test('relations by tokens alone', async () => {
  const { relations, ...row } = ROW;
  const { corpus, problems } = await readText(
    prodigy,
    JSON.stringify({
      ...row,
      relations: [
        { head: 3, child: 0, label: 'of' },
        { head: 2, child: 0, label: 'of' },
      ],
    }),
    'f.jsonl',
  );
  assert.equal(relations.length, 1);
  assert.deepEqual(corpus.documents[0]!.relations.map(({ head, tail }) => [head, tail]), [['s1', 's0']]);
  assert.deepEqual(reasons(problems), ['1 loss: relations[1]: its head 2 is not a span of the row; the relation is left out']);
});

test('broken rows are named', async () => {
  const { corpus, problems } = await readText(
    prodigy,
    [
      '{"text":"Ada","spans":[{"start":0,"end":9,"label":"X"},{"start":0},{"start":0,"end":3,"text":"Eve"},5],"answer":"maybe","meta":[]}',
      '{"image":"x.png"}',
      '[]',
      '{"text":"x","spans":{},"tokens":7}',
      '{"text" "x"}',
    ].join('\n'),
    'f.jsonl',
  );
  assert.deepEqual(spanTexts(corpus), ['span:unlabeled Ada']);
  assert.deepEqual(reasons(problems), [
    '1 loss: spans[3]: 5 is not an object',
    '1 loss: answer: "maybe" is not one of accept, reject, ignore',
    '1 loss: meta: [] is not an object',
    '1 loss: spans[0]: 0 to 9 is outside of the text, which is 3 long in the unit code-point',
    '1 loss: spans[1]: end is missing or not a number',
    '1 loss: spans[2]: the file says that its text is "Eve", but at its offsets is "Ada"',
    '1 loss: spans[2]: no label was found; it becomes "unlabeled"',
    '2 error: it has no "text"; the row is left out',
    '3 loss: [] is not an object',
    '4 loss: spans: an object is not a list',
    '4 loss: tokens: 7 is not a list',
    '5 error: the JSON is not valid at column 9: a colon was expected, not "\\"x\\"}"',
  ]);
});

test('detection', () => {
  const detect = (value: unknown, name = 'f.jsonl') => prodigy.detect([textFile(JSON.stringify(value), name)]);
  assert.deepEqual([detect(ROW), detect({ text: 'a', answer: 'accept' }), detect({ text: 'a', spans: [{ start: 0, end: 1 }] })], [0.95, 0.95, 0.85]);
  assert.deepEqual([detect({ text: 'a' }), detect({ text: 'a', label: [] }), detect([]), detect(ROW, 'f.txt')], [0, 0, 0, 0]);
});
