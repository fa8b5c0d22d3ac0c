import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { apply } from '../model/changes.js';
import { documentFaults, labelSetFaults } from '../model/check.js';
import { addLabel, changeLabel, labelUse, removeLabel, renameLabel, withoutLabel } from '../model/label-edits.js';
import {
  allowsEnds, COLORS, COMMAND_KEYS, labelId, labelSetsOf, mergeLabelSets, nameOfId, newLabelSet, withKeys, withLabelIds,
} from '../model/labels.js';
import { isRefusal } from '../model/refusal.js';
import type { LabelSet } from '../model/types.js';
import { after, document, notes, relation, SETS, span, state } from './scenes.js';
import { corpora, property } from './testing.js';

function changed(sets: readonly LabelSet[], change: ReturnType<typeof addLabel>): readonly LabelSet[] {
  assert.ok(!isRefusal(change), JSON.stringify(change));
  return apply(state(notes(), sets), change).labelSets;
}

function names(sets: readonly LabelSet[]): string[][] {
  return sets.map(({ labels }) => labels.map(({ name }) => name));
}

test('ids of labels are kind, colon, name', () => {
  assert.equal(labelId('span', 'a:b'), 'span:a:b');
  assert.equal(nameOfId('span', 'span:a:b'), 'a:b');
  assert.equal(nameOfId('span', 'x7'), 'x7');
});

test('labels are collected in the order of first occurrence, by kind', () => {
  const content = notes([span('a', 0, 1, 'LOC', { type: 'type:city' }), span('b', 1, 2, 'PER'), span('c', 2, 3, 'LOC')], [relation('r', 'a', 'b')]);
  const sets = labelSetsOf([content, notes([span('d', 0, 1, '__proto__')])]);
  assert.deepEqual(sets.map(({ id, kind }) => [id, kind]), [['span', 'span'], ['type', 'type'], ['relation', 'relation']]);
  assert.deepEqual(names(sets), [['LOC', 'PER', '__proto__'], ['city'], ['works for']]);
  assert.deepEqual(sets[0]!.labels.map(({ color }) => color), [0, 1, 2]);
  assert.deepEqual(labelSetsOf([]), []);
});

test('keys: 1 to 9, then letters that are no command; none is given twice, and given keys stay', () => {
  const many = newLabelSet('span', Array.from({ length: 40 }, (_, index) => `L${index}`));
  const taken = {
    ...many, labels: many.labels.map((label, index) => (index === 5 ? { ...label, key: '1' } : index === 6 ? { ...label, key: 'B' } : label)),
  };
  const [set] = withKeys([taken]);
  const keys = set!.labels.flatMap(({ key }) => key ?? []);
  assert.deepEqual(keys.slice(0, 7), ['2', '3', '4', '5', '6', '1', 'B']);
  assert.equal(new Set(keys.map((key) => key.toLowerCase())).size, keys.length);
  assert.equal(keys.length, 9 + 26 - COMMAND_KEYS.size);
  assert.ok(set!.labels.every(({ color }) => color < COLORS));
  const [spans, relations, more] = withKeys(
    [newLabelSet('span', ['A']), newLabelSet('relation', ['B']), { ...newLabelSet('span', ['C']), id: 'more' }],
  );
  assert.deepEqual([spans, relations, more].map((each) => each!.labels[0]!.key), ['1', '1', '2']);
});

test('a new name changes the label, not its id', () => {
  const sets = changed(SETS, renameLabel(SETS, 'span:PER', ' PERSON '));
  assert.deepEqual(names(sets)[0], ['PERSON', 'ORG', 'LOC']);
  assert.equal(sets[0]!.labels[0]!.id, 'span:PER');
  const again = changed(sets, addLabel(sets, 'span', 'PER'));
  assert.equal(again[0]!.labels.at(-1)!.id, 'span:PER:2');
  assert.equal(again[0]!.labels.at(-1)!.color, 3);
});

test('what cannot be is refused, with the label that is in the way', () => {
  const refused = (change: object): unknown => isRefusal(change) && [change.refused, change.id];
  assert.deepEqual(refused(renameLabel(SETS, 'span:PER', 'ORG')), ['duplicate', 'span:ORG']);
  assert.deepEqual(refused(renameLabel(SETS, 'span:PER', '  ')), ['empty', 'span:PER']);
  assert.deepEqual(refused(renameLabel(SETS, 'span:X', 'Y')), ['unknown', 'span:X']);
  assert.deepEqual(refused(addLabel(SETS, 'nothing', 'Y')), ['unknown', 'nothing']);
  assert.deepEqual(refused(changeLabel(SETS, 'span:PER', { key: 'ab' })), ['not-allowed', 'span:PER']);
  const keyed = changed(SETS, changeLabel(SETS, 'span:PER', { key: 'p' }));
  assert.deepEqual(refused(changeLabel(keyed, 'span:ORG', { key: 'P' })), ['taken', 'span:PER']);
  assert.ok(!isRefusal(changeLabel(keyed, 'type:person', { key: 'p' })), 'labels of another kind may have the key');
  const below = changed(SETS, changeLabel(SETS, 'span:PER', { parent: 'span:ORG' }));
  assert.deepEqual(refused(changeLabel(below, 'span:ORG', { parent: 'span:PER' })), ['cycle', 'span:ORG']);
  assert.deepEqual(refused(removeLabel(SETS, 'span:PER', { then: 'move', to: 'relation:works for' })), ['not-allowed', 'relation:works for']);
  assert.deepEqual(refused(removeLabel(SETS, 'span:PER', { then: 'move', to: 'span:PER' })), ['unknown', 'span:PER']);
});

test('a label that is removed leaves no reference in other labels', () => {
  let sets = changed(SETS, changeLabel(SETS, 'span:PER', { parent: 'span:ORG' }));
  sets = changed(sets, changeLabel(sets, 'relation:works for', { from: ['span:ORG'], to: ['span:ORG', 'span:PER'] }));
  const removed = changed(sets, removeLabel(sets, 'span:ORG', { then: 'remove' }));
  assert.deepEqual(removed.map(({ labels }) => labels.map(({ parent, from, to }) => [parent, from, to])), [
    [[undefined, undefined, undefined], [undefined, undefined, undefined]],
    [[undefined, undefined, ['span:PER']]],
    [[undefined, undefined, undefined]],
  ]);
  const moved = changed(sets, removeLabel(sets, 'span:ORG', { then: 'move', to: 'span:PER' }));
  assert.deepEqual(moved[1]!.labels[0], { ...sets[1]!.labels[0]!, from: ['span:PER'], to: ['span:PER'] });
});

test('removing a label removes its spans and their relations, or moves them', () => {
  const content = notes([span('a', 0, 3), span('b', 4, 6, 'ORG'), span('c', 0, 3, 'ORG')], [relation('r', 'a', 'b'), relation('q', 'c', 'b')]);
  assert.equal(labelUse(content, 'span', 'span:ORG'), 2);
  const removed = after(content, withoutLabel(content, 'span', 'span:ORG', { then: 'remove' }));
  assert.deepEqual([removed.spans.map(({ id }) => id), removed.relations], [['a'], []]);
  const moved = after(content, withoutLabel(content, 'span', 'span:ORG', { then: 'move', to: 'span:PER' }));
  assert.deepEqual(moved.spans.map(({ id, label }) => [id, label]), [['a', 'span:PER'], ['b', 'span:PER']], 'the double is gone');
  assert.deepEqual(
    moved.relations.map(({ id, head, tail }) => [id, head, tail]), [['r', 'a', 'b'], ['q', 'a', 'b']], 'and its relation is at the other span',
  );
  assert.equal(withoutLabel(content, 'span', 'span:LOC', { then: 'remove' }), undefined);
});

test('of two equal spans that meet under one label, the accepted state wins', () => {
  const content = notes([span('a', 0, 3, 'PER', { state: 'rejected' }), span('c', 0, 3, 'ORG')]);
  const moved = after(content, withoutLabel(content, 'span', 'span:ORG', { then: 'move', to: 'span:PER' }));
  assert.deepEqual(moved.spans.map(({ id, state }) => [id, state]), [['a', 'accepted']]);
});

test('spans that were equal before meet only once', () => {
  const content = notes([span('a', 0, 3, 'ORG'), span('b', 0, 3, 'ORG')], [relation('r', 'b', 'b')]);
  const moved = after(content, withoutLabel(content, 'span', 'span:ORG', { then: 'move', to: 'span:PER' }));
  assert.deepEqual([moved.spans.map(({ id, label }) => [id, label]), moved.relations.map(({ head }) => head)], [[['a', 'span:PER']], ['a']]);
});

test('removing a type keeps the span; removing a label of relations removes or moves them', () => {
  const content = notes(
    [span('a', 0, 3, 'PER', { type: 'type:person' }), span('b', 4, 6)], [relation('r', 'a', 'b'), relation('q', 'a', 'b', { label: 'relation:x' })],
  );
  const untyped = after(content, withoutLabel(content, 'type', 'type:person', { then: 'remove' }));
  assert.deepEqual(untyped.spans, [span('a', 0, 3), span('b', 4, 6)]);
  const moved = after(content, withoutLabel(content, 'relation', 'relation:x', { then: 'move', to: 'relation:works for' }));
  assert.deepEqual(moved.relations.map(({ id }) => id), ['r'], 'an equal relation is not there twice');
});

test('labels of a file join those of the project by name', () => {
  const known = changed(SETS, renameLabel(SETS, 'span:PER', 'PERSON'));
  const coming: LabelSet = { id: 'x', kind: 'span', overlap: false, labels: [
    { id: 'a', name: 'PERSON', color: 1 }, { id: 'span:PER', name: 'PER', color: 2, parent: 'a' }, { id: 'b', name: 'NEW', color: 3 },
  ] };
  const { labelSets, ids } = mergeLabelSets(known, [coming]);
  assert.deepEqual([...ids], [['a', 'span:PER'], ['span:PER', 'span:PER:2'], ['b', 'b']]);
  assert.deepEqual(names(labelSets)[0], ['PERSON', 'ORG', 'LOC', 'PER', 'NEW']);
  assert.equal(labelSets[0]!.labels[3]!.parent, 'span:PER');
  assert.equal(labelSets[0]!.overlap, true, 'the set of the project stays');
  assert.deepEqual(withLabelIds(notes([span('s', 0, 1)]), ids).spans[0]!.label, 'span:PER:2');
});

test('several sets of one kind stay apart, and their labels of one name too', () => {
  const layer = (id: string): LabelSet => ({ id, kind: 'span', overlap: true, labels: [{ id: `${id}1`, name: 'PER', color: 0 }] });
  const { labelSets } = mergeLabelSets([], [layer('one'), layer('two')]);
  assert.deepEqual(labelSets, [layer('one'), layer('two')]);
  assert.deepEqual(mergeLabelSets(labelSets, labelSets), { labelSets, ids: new Map([['one1', 'one1'], ['two1', 'two1']]) });
});

test('property: merging keeps all rules, and merging the same again changes nothing', () => {
  fc.assert(
    fc.property(corpora(), corpora(), (first, second) => {
      const { labelSets, ids } = mergeLabelSets(first.labelSets, second.labelSets);
      assert.deepEqual(labelSetFaults(labelSets), []);
      for (const item of second.documents) assert.deepEqual(documentFaults(withLabelIds(item, ids), labelSets), []);
      for (const item of first.documents) assert.deepEqual(documentFaults(item, labelSets), []);
      assert.deepEqual(mergeLabelSets(labelSets, second.labelSets).labelSets, labelSets);
    }),
    property(25),
  );
});

test('a relation can limit the labels of its ends', () => {
  const label = { id: 'r', name: 'r', color: 0, from: ['a'] };
  assert.ok(allowsEnds(label, 'a', 'z') && !allowsEnds(label, 'z', 'a'));
});

test('faults of documents and label sets are found', () => {
  const wrong = document('d', 'Ada', {
    spans: [
      span('a', 0, 4), span('a', 0, 1), { ...span('b', 2, 3), pieces: [[1, 2], [0, 1]] }, span('c', 1, 1), span('d', 0, 1, 'WHO'),
      { ...span('e', 0, 1), pieces: [] }, { ...span('f', 0, 1), type: 'x' },
    ],
    relations: [relation('r', 'a', 'zz'), relation('r', 'a', 'a', { label: 'relation:x' })],
    questions: [{ id: 'q', question: '', answers: [[0.5, 1]], by: 'human', state: 'accepted' }],
  });
  const faults = documentFaults(wrong, SETS, 100).join('\n');
  for (const part of [
    'two spans', 'has no piece', 'pieces 0-4', 'pieces 1-2, 0-1', 'pieces 1-1', 'unknown label "span:WHO"', 'unknown type "x"', 'unknown span "zz"',
    'two relations', 'unknown label "relation:x"', 'answer 0.5-1',
  ]) {
    assert.ok(faults.includes(part), `${part} in ${faults}`);
  }
  assert.equal(documentFaults(wrong, SETS, 3).length, 3);
  const set: LabelSet = {
    id: 's', kind: 'span', overlap: true, labels: [{ id: 'a', name: 'a', color: 0, parent: 'b' }, { id: 'b', name: '', color: 0, parent: 'a' }],
  };
  assert.deepEqual(labelSetFaults([set, set]), [
    'label "b" has no name', 'two label sets have the id "s"', 'two labels have the id "a"', 'two labels have the id "b"', 'label "b" has no name',
    'label "a" is below itself',
  ]);
});
