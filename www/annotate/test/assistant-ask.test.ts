import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newLabelSet } from '../model/labels.js';
import { Ask, rankRelations, rankTypes } from '../assistant/ask.js';
import { SETS } from './scenes.js';
import { settle } from './store-fakes.js';
import { FakeError, FakeModel, gate } from './assistant-fakes.js';

const TEXTS = [['a', 'Ada was here.'], ['b', 'Byron was here.'], ['c', 'nobody']] as const;

function answerOf(text: string): unknown {
  if (!/^[AB]/.test(text)) return { answerable: false };
  const place = { answerable: true, start: 0, end: text.indexOf(' '), score: 0.9, startLogit: text.startsWith('A') ? 1 : 5, endLogit: 1, nullScore: 0 };
  return { ...place, alternatives: [{ ...place, start: 6, end: 9, startLogit: 3 }] };
}

function ask(model: FakeModel, lost: unknown[] = []): Ask {
  return new Ask(model, 'Who?', { total: 3, texts: TEXTS }, { priority: 'background', onLost: (error) => void lost.push(error) });
}

test('candidates come document by document, best first among all', async () => {
  const model = new FakeModel();
  model.answerQa = (_question, text) => answerOf(text);
  const asked = ask(model);
  const seen: string[] = [];
  asked.state.subscribe(({ done, candidates }) => void seen.push(`${done}: ${candidates.map(({ document, text }) => `${document} ${text}`).join(', ')}`));
  await asked.done;
  assert.deepEqual(seen.slice(0, 3), ['0: ', '1: a s h, a Ada', '2: b Byron, a s h, b was, a Ada']);
  const { done, total, isRunning, message } = asked.state.value;
  assert.deepEqual([done, total, isRunning, message], [3, 3, false, undefined]);
});

test('a document that fails is a message, and the others are asked; a lost model ends the question', async () => {
  const model = new FakeModel();
  const lost: unknown[] = [];
  let code = 'input';
  model.answerQa = (_question, text) => {
    if (text.startsWith('A')) throw new FakeError(code);
    return answerOf(text);
  };
  const asked = ask(model, lost);
  await asked.done;
  assert.deepEqual([asked.state.value.done, asked.state.value.candidates.length, lost.length], [3, 2, 0]);
  assert.match(asked.state.value.message ?? '', /input/);
  code = 'worker-lost';
  const second = ask(model, lost);
  await second.done;
  assert.deepEqual([second.state.value.done, second.state.value.isRunning, lost.length], [0, false, 1]);
});

test('a question that is stopped ends at once and keeps what was found', async () => {
  const model = new FakeModel();
  model.answerQa = (_question, text) => answerOf(text);
  const { closed } = gate();
  const asked = ask(model);
  asked.state.subscribe(({ done }) => {
    if (done === 1) model.gate = closed;
  });
  await settle();
  asked.stop();
  await asked.done;
  assert.deepEqual([asked.state.value.candidates.length, asked.state.value.isRunning, asked.state.value.message], [2, false, undefined]);
  assert.equal(model.calls.length, 2);
});

test('labels of a span and of a pair are those of the project, best first, and only those that the pair may have', async () => {
  const model = new FakeModel();
  const text = 'Ada worked for Byron.';
  assert.deepEqual(await rankTypes(model, text, { pieces: [[0, 3]] }, { labelSets: SETS, choices: {} }), [{ label: 'type:person', score: 0.4 }]);
  const [head, tail] = [{ pieces: [[0, 3]], label: 'span:PER' }, { pieces: [[15, 20]], label: 'span:ORG' }] as const;
  assert.deepEqual(await rankRelations(model, text, head, tail, { labelSets: SETS, choices: {} }), [{ label: 'relation:works for', score: 0.3 }]);
  assert.deepEqual(model.calls, ['typing Ada', 'relation Ada Byron']);
  const relations = newLabelSet('relation', ['works for']);
  const strict = [{ ...relations, labels: relations.labels.map((label) => ({ ...label, to: ['span:LOC'] })) }];
  assert.deepEqual(await rankRelations(model, text, head, tail, { labelSets: strict, choices: {} }), []);
});
