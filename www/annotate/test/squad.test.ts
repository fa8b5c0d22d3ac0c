import assert from 'node:assert/strict';
import test from 'node:test';
import { importedStatus } from '../formats/documents.js';
import type { InputFile, Loss, ReadResult } from '../formats/format.js';
import { squad } from '../formats/squad.js';
import type { Corpus, Json } from '../model/types.js';
import { checkFormat } from './testing.js';

const json = (value: Json): InputFile => ({ name: 'dev.json', bytes: new TextEncoder().encode(JSON.stringify(value)) });
const read = (value: Json) => squad.read([json(value)]) as ReadResult;

for (const version of ['1.1', 'v2.0']) {
  test(`what is written comes back, after the losses: ${version}`, () =>
    checkFormat(squad, { shape: { halves: true }, write: { version }, more: applySquadLosses }));
}

function applySquadLosses(corpus: Corpus, losses: readonly Loss[]): Corpus {
  if (!losses.some(({ kind }) => kind === 'spans')) return corpus;
  const isStatusLost = losses.some(({ kind }) => kind === 'status');
  const documents = corpus.documents.map((document) => {
    const notes = { spans: [], relations: [], questions: document.questions };
    return { ...document, ...notes, status: isStatusLost ? importedStatus(notes) : document.status };
  });
  return { ...corpus, documents };
}

const WHOLE = {
  version: 'v2.0',
  data: [
    {
      title: 'Ada',
      x: 1,
      paragraphs: [
        {
          context: '🙂 Ada was born\r\nin London.',
          y: 2,
          qas: [
            {
              id: 'q1',
              question: 'Who?',
              is_impossible: false,
              answers: [
                { text: 'Ada', answer_start: 2 },
                { text: 'Ada', answer_start: 2 },
              ],
            },
            { id: 'q2', question: 'Why?', is_impossible: true, plausible_answers: [{ text: 'x', answer_start: 1 }], answers: [] },
          ],
        },
        { context: 'Two', qas: [{ id: 'q3', question: '', answers: [{ text: '', answer_start: -1 }] }] },
      ],
    },
  ],
} as const;

test('paragraphs are documents, and other fields come back', async () => {
  const { corpus, problems, unit } = read(WHOLE);
  assert.deepEqual([problems, unit?.unit], [[], 'code-point']);
  assert.deepEqual(
    corpus.documents.map(({ name, questions }) => [name, questions.map(({ answers }) => answers)]),
    [
      [
        'Ada 1',
        [
          [
            [3, 6],
            [3, 6],
          ],
          [],
        ],
      ],
      ['Ada 2', [[]]],
    ],
  );
  const { files } = await squad.write!(corpus, { include: 'all' });
  const { data } = JSON.parse(new TextDecoder().decode(files[0]!.bytes)) as { data: readonly Json[] };
  assert.deepEqual(data[0], { title: 'Ada 1', x: 1, paragraphs: [WHOLE.data[0].paragraphs[0]] });
});

test('the unit is found by the answers', () => {
  const file = (start: number) => ({
    data: [{ paragraphs: [{ context: '🙂 Ada', qas: [{ question: 'Who?', answers: [{ text: 'Ada', answer_start: start }] }] }] }],
  });
  assert.deepEqual(
    [2, 3, 5].map((start) => read(file(start)).unit?.unit),
    ['code-point', 'utf-16', 'byte'],
  );
  for (const start of [2, 3, 5]) assert.deepEqual(read(file(start)).corpus.documents[0]!.questions[0]!.answers, [[3, 6]]);
});

test('broken files are named', () => {
  const withQa = (qa: Json) => ({ data: [{ title: 't', paragraphs: [{ context: 'Ada', qas: [qa] }] }] });
  const broken: readonly (readonly [Json, RegExp])[] = [
    [{ version: '1' }, /no "data"/],
    [[], /not an object/],
    [{ data: 7 }, /data: 7 is not a list/],
    [{ data: [{ paragraphs: [{ qas: [] }] }] }, /data\[0\]\.paragraphs\[0\]: a paragraph without "context"/],
    [withQa({}), /paragraphs\[0\]\.qas\[0\]: a question without "question"/],
    [withQa({ question: 'q', answers: [{ text: 'Ada', answer_start: 1 }] }), /"Ada" at 1, but there is "da"/],
    [withQa({ question: 'q', answers: [{ text: 'Ada', answer_start: 9 }] }), /outside of the text/],
    [withQa({ question: 'q', answers: [{ text: 'Ada' }] }), /without "text" or "answer_start"/],
    [withQa({ question: 'q', is_impossible: true, answers: [{ text: 'Ada', answer_start: 0 }] }), /there are answers; they are kept/],
    [withQa({ question: 'q', is_impossible: 'no', answers: [] }), /not true or false/],
  ];
  for (const [value, reason] of broken) {
    const { problems } = read(value);
    assert.equal(problems.length, 1, JSON.stringify(value));
    assert.match(problems[0]!.reason, reason);
  }
});
