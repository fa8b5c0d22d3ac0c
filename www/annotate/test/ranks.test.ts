import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effect } from '@preact/signals-core';
import { Assistant } from '../assistant/assistant.js';
import { labelsToOffer } from '../assistant/mapping.js';
import { newLabelSet } from '../model/labels.js';
import type { LabelSet } from '../model/types.js';
import { Editing } from '../view/editing.js';
import { rankSelection, whyUnranked } from '../view/ranks.js';
import { Screen } from '../view/screen.js';
import { FakeModel } from './assistant-fakes.js';
import { document, notes, SETS, span } from './scenes.js';
import { opened, piece, suggestions, TEXT } from './session-scenes.js';

async function screenWith(model: FakeModel): Promise<Screen> {
  const { session } = await opened();
  const { project, record, documents, store } = session;
  const assistant = new Assistant({
    project, record, heads: documents.heads, visible: documents.visible, cache: store.suggestions, settings: store.settings, load: async () => model,
  });
  return new Screen(session, assistant);
}

const ABORT = new AbortController().signal;

test('T with text selected ranks the labels of spans by the typing head and by what the models found there; the better score counts', async () => {
  const model = new FakeModel();
  const screen = await screenWith(model);
  const { session, editing, assistant } = screen;
  session.selection.value = piece('Ada Byron');
  assert.equal(whyUnranked(screen), '', 'nobody asked');
  assert.ok(editing.startType());
  assert.deepEqual([editing.mode.value, editing.ranked.value], ['span', piece('Ada Byron')]);
  assert.equal(whyUnranked(screen), 'The labels are ranked when the model is loaded.');
  await assistant.loadModel();
  assert.equal(whyUnranked(screen), '');
  const ranks = await rankSelection(screen, [piece('Ada Byron')], ABORT);
  assert.deepEqual(ranks, [{ label: 'span:PER', score: 0.4 }], 'of kind span, although there is a set of types');
  session.found.value = [suggestions(['Ada Byron', 'ORG', 0.7], ['Ada Byron', 'PER', 0.1], ['Acme', 'LOC', 0.9])];
  assert.deepEqual(await rankSelection(screen, [piece('Ada Byron')], ABORT), [{ label: 'span:ORG', score: 0.7 }, { label: 'span:PER', score: 0.4 }]);
  await screen.close();
});

test('without a typing or relation head, the place says so, and what is needed', async () => {
  const model = new FakeModel();
  model.tasks = ['ner'];
  const screen = await screenWith(model);
  await screen.assistant.loadModel();
  screen.session.selection.value = piece('Ada Byron');
  screen.editing.startType();
  const sentence = 'The model fake has no typing head, so the labels are not ranked. A checkpoint with a typing head can rank them';
  assert.equal(whyUnranked(screen), `${sentence}, and so can labels that you teach.`);
  screen.editing.mode.value = 'type';
  assert.equal(whyUnranked(screen), `${sentence}.`);
  screen.editing.mode.value = 'relation';
  assert.match(whyUnranked(screen), /no relation head.+A checkpoint with a relation head can rank them\.$/);
  await screen.close();
});

test('the labels of the model are offered for each kind of which the project has none of them; "no relation" is no label', () => {
  const model = new FakeModel();
  model.tasks = ['typing', 'relation'];
  assert.deepEqual(labelsToOffer(model, [newLabelSet('span', ['PER'])], {}, 'typing'), ['person'], 'a label of a span is no type');
  assert.deepEqual(labelsToOffer(model, SETS, {}, 'typing'), []);
  assert.deepEqual(labelsToOffer(model, [newLabelSet('relation', ['knows'])], {}, 'relation'), ['works for']);
  assert.deepEqual(labelsToOffer(model, SETS, {}, 'relation'), []);
});

const LIMITED: readonly LabelSet[] = [SETS[0]!, { ...newLabelSet('relation', ['works for', 'lives in', 'near']), labels: [
  { id: 'w', name: 'works for', color: 0, from: ['span:PER'], to: ['span:ORG'] },
  { id: 'l', name: 'lives in', color: 1, from: ['span:PER'], to: ['span:LOC'] },
  { id: 'n', name: 'near', color: 2, from: ['span:LOC'] },
] }];

test('labels of relations: only those are offered that may begin at the head and end at the tail', async () => {
  const spans = [span('p', ...piece('Ada Byron')), span('o', ...piece('Acme'), 'ORG'), span('l', ...piece('London'), 'LOC')];
  const { session } = await opened([document('a', TEXT, notes(spans))], LIMITED);
  const editing = new Editing(session);
  const seen: string[] = [];
  const end = effect(() => void (editing.mode.value === 'relation' && seen.push(editing.labels.value.map(({ name }) => name).join())));
  session.focus.value = 'p';
  assert.ok(editing.startRelation());
  session.focus.value = 'o';
  session.focus.value = 'l';
  end();
  assert.deepEqual(seen, ['works for,lives in', 'works for', 'lives in']);
  editing.stepOut();
  session.focus.value = 'o';
  assert.equal(editing.startRelation(), false);
  assert.equal(session.message.value?.text, 'No relation may begin at ORG.');
});
