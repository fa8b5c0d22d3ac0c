import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { apply, applyBoth, ChangeError, group, invert, type Change, type State } from '../model/changes.js';
import { documentFaults } from '../model/check.js';
import type { LabelSet } from '../model/types.js';
import { anyChange, CHOICES } from './random-changes.js';
import { document, notes, relation, SETS, span, state } from './scenes.js';
import { PROPERTY } from './testing.js';

const START = state(
  notes([span('a', 0, 3), span('b', 4, 6, 'ORG'), span('c', 7, 9)], [relation('r', 'a', 'b'), relation('q', 'c', 'b'), relation('p', 'a', 'c')]),
);

test('property: any random sequence undone gives the start, redone gives the end', () => {
  fc.assert(
    fc.property(CHOICES, (choices) => {
      const states: State[] = [START];
      const [undos, redos]: [Change[], Change[]] = [[], []];
      for (const choice of choices) {
        const before = states.at(-1)!;
        const text = JSON.stringify(before);
        const change = anyChange(before, choice);
        undos.push(invert(before, change));
        redos.push(change);
        states.push(apply(before, change));
        assert.equal(JSON.stringify(before), text, 'the state before is not changed');
      }
      let now = states.at(-1)!;
      for (let index = undos.length - 1; index >= 0; index--) {
        now = apply(now, JSON.parse(JSON.stringify(undos[index])) as Change);
        assert.equal(JSON.stringify(now), JSON.stringify(states[index]), JSON.stringify(redos[index]));
      }
      for (const [index, change] of redos.entries()) {
        now = apply(now, change);
        assert.equal(JSON.stringify(now), JSON.stringify(states[index + 1]));
      }
    }),
    PROPERTY,
  );
});

test('property: no sequence of changes leaves a relation without its spans', () => {
  fc.assert(
    fc.property(CHOICES, (choices) => {
      const end = choices.reduce((now, choice) => apply(now, anyChange(now, choice)), START);
      const relations = documentFaults(document('d', 'x'.repeat(2000), end), SETS, 1000).filter((fault) => fault.includes('unknown span'));
      assert.deepEqual(relations, []);
    }),
    PROPERTY,
  );
});

test('the relations of a removed span go with it, and undo brings all back in their places', () => {
  const { state: gone, inverse } = applyBoth(START, { type: 'remove', list: 'spans', id: 'a' });
  assert.deepEqual(gone.spans.map(({ id }) => id), ['b', 'c']);
  assert.deepEqual(gone.relations.map(({ id }) => id), ['q']);
  assert.deepEqual(apply(gone, inverse), START);
});

test('changes that do not fit throw, and leave the state as it was', () => {
  const label = { id: 'span:PER', name: 'X', color: 0 };
  const wrong: Change[] = [
    { type: 'add', list: 'spans', item: span('a', 0, 1) },
    { type: 'remove', list: 'spans', id: 'zz' },
    { type: 'replace', list: 'spans', item: span('zz', 0, 1) },
    { type: 'add', list: 'relations', item: relation('n', 'a', 'zz') },
    { type: 'replace', list: 'relations', item: relation('r', 'zz', 'a') },
    { type: 'remove', list: 'questions', id: 'zz' },
    { type: 'addLabel', set: 'zz', label },
    { type: 'addLabel', set: 'span', label },
    { type: 'removeLabel', set: 'span', id: 'zz' },
    { type: 'addLabelSet', set: SETS[0]! },
    { type: 'removeLabelSet', id: 'zz' },
    { type: 'overlap', set: 'zz', overlap: true },
    { type: 'group', changes: [{ type: 'status', status: 'done' }, { type: 'remove', list: 'spans', id: 'zz' }] },
  ];
  const text = JSON.stringify(START);
  for (const change of wrong) {
    assert.throws(() => apply(START, change), ChangeError, JSON.stringify(change));
    assert.equal(JSON.stringify(START), text);
  }
});

test('ids like those of JavaScript objects are ids', () => {
  const odd = state(notes([span('__proto__', 0, 1), span('constructor', 1, 2)], [relation('toString', '__proto__', 'constructor')]));
  const { state: gone, inverse } = applyBoth(odd, { type: 'remove', list: 'spans', id: '__proto__' });
  assert.deepEqual([gone.spans.length, gone.relations.length], [1, 0]);
  assert.deepEqual(apply(gone, inverse), odd);
});

test('an id is free again when its item is removed, in the same group too', () => {
  const change: Change = group([
    { type: 'remove', list: 'spans', id: 'c' }, { type: 'add', list: 'spans', item: span('c', 1, 2), index: 0 },
    { type: 'remove', list: 'spans', id: 'b' },
  ]);
  const { state: after, inverse } = applyBoth(START, change);
  assert.deepEqual(after.spans.map(({ id }) => id), ['c', 'a']);
  assert.deepEqual(apply(after, inverse), START);
});

test('status and note are set and taken back; a note that was not there is not there again', () => {
  const change: Change = group([{ type: 'note', note: 'x' }, { type: 'status', status: 'done' }]);
  const { state: after, inverse } = applyBoth(START, change);
  assert.deepEqual([after.note, after.status], ['x', 'done']);
  assert.ok(!('note' in apply(after, inverse)));
  assert.ok(!('note' in apply(after, { type: 'note' })));
});

test('labels: changes keep places and other sets', () => {
  const change: Change = group([
    { type: 'removeLabel', set: 'span', id: 'span:ORG' },
    { type: 'replaceLabel', set: 'span', label: { id: 'span:LOC', name: 'Place', color: 7 } },
    { type: 'addLabel', set: 'span', label: { id: 'n', name: 'N', color: 1 }, index: 0 },
    { type: 'overlap', set: 'relation', overlap: false },
  ]);
  const { state: after, inverse } = applyBoth(START, change);
  const [spans, relations, types] = after.labelSets as [LabelSet, LabelSet, LabelSet];
  assert.deepEqual(spans.labels.map(({ name }) => name), ['N', 'PER', 'Place']);
  assert.equal(relations.overlap, false);
  assert.equal(types, SETS[2]);
  assert.deepEqual(apply(after, inverse), START);
});

test('a group of thousands of changes, and its inverse', () => {
  const items = Array.from({ length: 5000 }, (_, index) => span(`s${index}`, index, index + 1));
  const add: Change = group(items.map((item) => ({ type: 'add', list: 'spans', item }) as const));
  const empty = state(notes());
  const { state: full, inverse } = applyBoth(empty, add);
  assert.equal(full.spans.length, items.length);
  const replace: Change = group(items.map((item) => ({ type: 'replace', list: 'spans', item: { ...item, state: 'rejected' } }) as const));
  assert.ok(apply(full, replace).spans.every(({ state: now }) => now === 'rejected'));
  assert.deepEqual(apply(full, inverse), empty);
});
