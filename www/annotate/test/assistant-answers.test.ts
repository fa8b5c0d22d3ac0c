import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkAnswer, checkEntities, checkLabels, checkStored } from '../assistant/answers.js';
import { PROPERTY } from './testing.js';

const TEXT = 'Ada 🙂 met.';
const GOOD = { start: 0, end: 3, label: 'PER', score: 0.9 };

test('entities with a wrong place, label or score are left out and counted', () => {
  const bad = [
    { ...GOOD, start: -1 }, { ...GOOD, end: 99 }, { ...GOOD, end: 0 }, { ...GOOD, start: 0.5 }, { ...GOOD, start: '0' }, { ...GOOD, end: 5 },
    { ...GOOD, score: NaN }, { ...GOOD, score: 1.5 }, { ...GOOD, score: '1' }, { ...GOOD, label: 7 }, null, 'x',
  ];
  const near = { start: 4, end: 6, label: 'LOC', score: 0.1, lostTo: 'none' };
  const { items, dropped } = checkEntities({ entities: [GOOD, ...bad], runnersUp: [near, { ...near, lostTo: 'luck' }] }, TEXT);
  assert.deepEqual(items, [GOOD, near]);
  assert.equal(dropped, bad.length + 1);
});

test('property: any answer gives only places in the text and probabilities', () => {
  fc.assert(
    fc.property(fc.anything(), fc.array(fc.record({ start: fc.anything(), end: fc.integer(), score: fc.double(), label: fc.string() })), (any, list) => {
      for (const answer of [any, { entities: any, runnersUp: list }, { entities: list, runnersUp: any }]) {
        for (const { start, end, score } of checkEntities(answer, TEXT).items) {
          assert.ok(start >= 0 && end <= TEXT.length && start < end && score >= 0 && score <= 1);
        }
        checkAnswer(answer, TEXT);
        checkLabels(answer);
        checkStored(answer, { name: 'm', manifestHash: '' }, 3);
      }
    }),
    PROPERTY,
  );
});

test('answers of qa: the best and the alternatives, with what makes them comparable; "no answer" is none', () => {
  const best = { answerable: true, start: 0, end: 3, score: 0.7, startLogit: 5, endLogit: 4, nullScore: 2 };
  const { items, dropped } = checkAnswer({ ...best, alternatives: [{ ...best, start: 7, end: 10, score: 0.2, startLogit: 1 }, { ...best, nullScore: NaN }] }, TEXT);
  assert.deepEqual(items, [{ piece: [0, 3], score: 0.7, margin: 7 }, { piece: [7, 10], score: 0.2, margin: 3 }]);
  assert.equal(dropped, 1);
  assert.deepEqual(checkAnswer({ answerable: false, nullScore: 1 }, TEXT), { items: [], dropped: 0 });
});

test('labels come best first', () => {
  const { items, dropped } = checkLabels([{ label: 'a', score: 0.1 }, { label: 'b', score: 0.8 }, { label: 'c', score: Infinity }]);
  assert.deepEqual(items.map(({ label }) => label), ['b', 'a']);
  assert.equal(dropped, 1);
});

test('what the cache has is taken only if all of it can be used', () => {
  const ref = { name: 'm', manifestHash: 'x' };
  const stored = { model: { name: 'other' }, spans: [{ pieces: [[0, 3]], label: 'PER', score: 0.5, lostTo: 'overlap' }], words: 2, at: 9 };
  assert.deepEqual(checkStored(stored, ref, 3), { ...stored, model: ref });
  assert.equal(checkStored(stored, ref, 2), undefined);
  assert.equal(checkStored({ ...stored, words: 'two' }, ref, 3), undefined);
  assert.equal(checkStored(undefined, ref, 3), undefined);
});
