import assert from 'node:assert/strict';
import { test } from 'node:test';
import { squad } from '../formats/squad.js';
import { changeQuestion, keepQuestion } from '../model/question-edits.js';
import { isRefusal } from '../model/refusal.js';
import type { Notes, Question } from '../model/types.js';
import { change, keep, remove } from '../view/keep-questions.js';
import { after, document, notes, scene } from './scenes.js';
import { MODEL, opened, piece, TEXT, type Opened } from './session-scenes.js';

const BYTES = new TextEncoder();

function asked(all: Opened): [string, string[]][] {
  return all.session.questions.value.map(({ question, answers }) => [question, answers.map((each) => all.session.text.slice(...each))]);
}

function withQuestion(more: Partial<Question> = {}): Notes {
  return { ...notes(), questions: [{ id: 'a', question: 'Who?', answers: [[0, 9]], by: 'import', state: 'accepted', extra: { plausible: 1 }, ...more }] };
}

test('an answer of the model is kept with its question, score and model; a second answer joins; each is one step of undo', async () => {
  const all = await opened();
  const { session } = all;
  assert.ok(await keep(session, { question: ' Who met? ', answers: [piece('Charles Babbage')], score: 0.8, model: MODEL }));
  assert.equal(session.message.value?.text, '"Who met?" with "Charles Babbage" kept.');
  const [kept] = session.questions.value;
  assert.deepEqual([kept?.by, kept?.score, kept?.model, kept?.state], ['model', 0.8, MODEL, 'accepted']);
  assert.ok(await keep(session, { question: 'Who met?', answers: [piece('Ada Byron')] }));
  assert.deepEqual(asked(all), [['Who met?', ['Ada Byron', 'Charles Babbage']]]);
  assert.equal(await keep(session, { question: 'Who met?', answers: [piece('Ada Byron')] }), false);
  assert.match(session.message.value?.text ?? '', /has this answer already/);
  await session.undo();
  assert.deepEqual(asked(all), [['Who met?', ['Charles Babbage']]]);
  await session.undo();
  assert.deepEqual(asked(all), []);
});

test('"no answer in this text" is kept; a question is corrected and deleted, and undo brings it back; it is there after a reload', async () => {
  const all = await opened();
  const { session } = all;
  assert.ok(await keep(session, { question: 'Who died?', answers: [] }));
  assert.equal(session.message.value?.text, '"Who died?" with no answer in this text kept.');
  const id = session.questions.value[0]?.id ?? '';
  assert.ok(await change(session, id, { question: 'Where?', answers: [piece('London')] }));
  assert.deepEqual(asked(all), [['Where?', ['London']]]);
  assert.equal(session.documents.head('a')?.counts.questions, 1);
  assert.ok(await remove(session, session.questions.value[0]!));
  assert.deepEqual(asked(all), []);
  await session.undo();
  assert.deepEqual((await session.project.document('a')).notes.questions.map(({ question }) => question), ['Where?']);
});

test('what was kept makes a SQuAD file of version 2.0; a SQuAD file that is read is shown, and corrected it is written with what we do not know', async () => {
  const file = { version: 'v2.0', data: [{ title: 'T', paragraphs: [{ context: TEXT, qas: [
    { id: 'x', question: 'Who?', is_impossible: false, answers: [{ text: 'Ada', answer_start: 0 }], note: 'hard' },
  ] }] }] };
  const { corpus } = await squad.read([{ name: 'f.json', bytes: BYTES.encode(JSON.stringify(file)) }]);
  const all = await opened(corpus.documents);
  assert.deepEqual(asked(all), [['Who?', ['Ada']]]);
  assert.ok(await change(all.session, 'x', { question: 'Who?', answers: [piece('Ada Byron')] }));
  assert.ok(await keep(all.session, { question: 'Who died?', answers: [] }));
  const written = await squad.write?.(await all.session.project.corpus(), { include: 'accepted' });
  const { data: [{ paragraphs: [{ qas }] }] } = JSON.parse(new TextDecoder().decode(written?.files[0]?.bytes));
  assert.deepEqual(qas, [
    { note: 'hard', id: 'x', question: 'Who?', is_impossible: false, answers: [{ text: 'Ada Byron', answer_start: 0 }] },
    { id: 'q5-2', question: 'Who died?', is_impossible: true, answers: [] },
  ]);
});

test('a corrected question is the person\'s; one that is the same, empty, double or with a place outside is refused or nothing', () => {
  const before = withQuestion({ by: 'model', score: 0.5, model: MODEL });
  const change = changeQuestion(scene(TEXT, before), 'a', { question: 'Who? ', answers: [[0, 3], [0, 3]] });
  assert.ok(change && !isRefusal(change));
  assert.deepEqual(after(before, change).questions, [{ id: 'a', question: 'Who?', answers: [[0, 3]], by: 'human', state: 'accepted', extra: { plausible: 1 }, at: 5 }]);
  assert.equal(changeQuestion(scene(TEXT, before), 'a', { question: 'Who?', answers: [[0, 9]] }), undefined);
  assert.equal(changeQuestion(scene(TEXT, before), 'none', { question: 'Who?', answers: [] }), undefined);
  for (const made of [
    changeQuestion(scene(TEXT, before), 'a', { question: ' ', answers: [] }),
    changeQuestion(scene(TEXT, before), 'a', { question: 'Who?', answers: [[0, 999]] }),
    keepQuestion(scene(TEXT, before), { question: '', answers: [] }),
    keepQuestion(scene(TEXT, before), { question: 'Who?', answers: [] }),
    keepQuestion(scene(TEXT, before), { question: 'Where?', answers: [[5, 5]] }),
  ]) assert.ok(made && isRefusal(made));
  const two: Notes = { ...before, questions: [...before.questions, { ...before.questions[0]!, id: 'b', question: 'Where?' }] };
  const double = changeQuestion(scene(TEXT, two), 'b', { question: 'Who?', answers: [] });
  assert.ok(double && isRefusal(double));
  assert.equal(document('a', TEXT, before).questions.length, 1);
});
