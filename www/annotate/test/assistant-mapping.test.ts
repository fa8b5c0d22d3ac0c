import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newLabelSet } from '../model/labels.js';
import { FakeModel } from './assistant-fakes.js';
import { labelMap, labelsToOffer, readChoices, withChoice, withProjectLabels } from '../assistant/mapping.js';

const SPANS = newLabelSet('span', ['Person', 'LOC', 'loc', 'Drug']);
const SETS = [SPANS, newLabelSet('relation', ['Works For'])];

function ids(map: ReadonlyMap<string, string>): object {
  return Object.fromEntries(map);
}

test('labels are found by name, whatever their case, and by names that mean the same; the first counts, and others are left out', () => {
  assert.deepEqual(ids(labelMap('ner', ['PER', 'LOC', 'ORG', 'drug'], SETS)), { PER: 'span:Person', LOC: 'span:LOC', drug: 'span:Drug' });
  assert.deepEqual(ids(labelMap('relation', ['works for', 'PER'], SETS)), { 'works for': 'relation:Works For' });
});

test('types are found among types, and without a set of types among spans', () => {
  assert.deepEqual(ids(labelMap('typing', ['person'], SETS)), { person: 'span:Person' });
  assert.deepEqual(ids(labelMap('typing', ['person'], [...SETS, newLabelSet('type', ['human'])])), {});
});

test('what a person has chosen goes before the name; a label that was removed does not', () => {
  const choices = { ner: { ORG: 'span:Drug', PER: null, LOC: 'span:gone', constructor: 'span:Drug' } };
  assert.deepEqual(ids(labelMap('ner', ['PER', 'LOC', 'ORG', 'toString'], SETS, choices)), { LOC: 'span:LOC', ORG: 'span:Drug' });
});

test('a choice is made and taken back; those of other labels and tasks stay', () => {
  const chosen = withChoice(withChoice({ typing: { x: 'y' } }, 'ner', 'ORG', 'span:Drug'), 'ner', 'PER', null);
  assert.deepEqual(chosen, { typing: { x: 'y' }, ner: { ORG: 'span:Drug', PER: null } });
  assert.deepEqual(withChoice(chosen, 'ner', 'ORG', undefined), { typing: { x: 'y' }, ner: { PER: null } });
});

test('the labels of a model are offered if the project has none of them, without those that are left out', () => {
  const model = new FakeModel();
  const names = model.info.labels.ner ?? [];
  assert.ok(names.length > 1);
  assert.deepEqual(labelsToOffer(model, [newLabelSet('span', ['Drug'])], {}), names);
  assert.deepEqual(labelsToOffer(model, [], { ner: { [names[0] ?? '']: null } }), names.slice(1));
  assert.deepEqual(labelsToOffer(model, [newLabelSet('span', [names[1] ?? ''])], {}), []);
});

test('choices from the settings are checked', () => {
  assert.deepEqual(readChoices({ ner: { A: 'x', B: null, C: 7 }, toString: { A: 'x' }, relation: 'x' }), { ner: { A: 'x', B: null }, relation: {} });
  for (const value of [undefined, null, 'x', [1]]) assert.deepEqual(readChoices(value), {});
});

test('suggestions get the labels of the project, or are left out', () => {
  const found = { model: { name: 'm', manifestHash: '' }, spans: ['PER', 'ORG'].map((label) => ({ pieces: [[0, 1]] as const, label, score: 1 })), words: 1 };
  assert.deepEqual(withProjectLabels(found, new Map([['PER', 'p']])).spans.map(({ label }) => label), ['p']);
});
