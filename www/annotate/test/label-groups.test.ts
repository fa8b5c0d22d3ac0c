import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupsByParent, MOST_RECENT, offeredGroups, wantedLabel, withRecent, type LabelGroup } from '../model/label-groups.js';
import type { Label } from '../model/types.js';
import { document } from './scenes.js';
import { opened, piece, screenOf, TEXT } from './session-scenes.js';

function label(id: string, parent?: string): Label {
  return { id, name: id, color: 0, ...(parent !== undefined && { parent }) };
}

const named = (groups: readonly LabelGroup[]): unknown[] => groups.map(({ name, labels }) => [name, labels.map(({ id }) => id).join(' ')]);
const MANY = Array.from({ length: 120 }, (_, index) => label(`L${index}`));

test('labels below the same one are a group with it in front; the others come before', () => {
  const labels = [label('dog', 'animal'), label('PER'), label('animal'), label('puppy', 'dog'), label('rose', 'plant'), label('plant'), label('x', 'gone')];
  assert.deepEqual(named(groupsByParent(labels)), [[undefined, 'PER x'], ['animal', 'animal dog puppy'], ['plant', 'plant rose']]);
  assert.deepEqual(groupsByParent([]), []);
});

test('labels that are above each other are a group too', () => {
  assert.deepEqual(named(groupsByParent([label('a', 'b'), label('b', 'a'), label('c', 'a'), label('d', 'd')])), [[undefined, 'd'], ['a', 'a b c']]);
});

test('of a long list, the labels that were used last come first and are there once; in a short one each keeps its place', () => {
  const [last, others] = offeredGroups(MANY, ['L7', 'gone', 'L3']);
  assert.deepEqual(named([last!]), [['Used last', 'L7 L3']]);
  assert.deepEqual([others?.labels.length, others?.labels.includes(MANY[7]!)], [118, false]);
  assert.deepEqual(named(offeredGroups(MANY.slice(0, 3), ['L2'])), [[undefined, 'L0 L1 L2']]);
});

test('a group stays one when its first label is used last, and while a label is looked for', () => {
  const labels = [label('animal'), label('dog', 'animal'), label('cat', 'animal'), ...MANY];
  assert.deepEqual(named(offeredGroups(labels, ['animal'])).at(-1), ['animal', 'dog cat']);
  assert.deepEqual(named(offeredGroups(labels, [], 'DOG ')), [['animal', 'dog']]);
});

test('typing takes the label with exactly this name, else the first that is found', () => {
  const groups = (query: string): LabelGroup[] => offeredGroups(MANY, ['L17'], query);
  assert.equal(wantedLabel(groups('L1'), 'l1')?.id, 'L1');
  assert.equal(wantedLabel(groups('L17'), 'L17')?.id, 'L17');
  assert.equal(wantedLabel(groups('L'), 'L')?.id, 'L17', 'it was used last');
  assert.equal(wantedLabel(groups('x'), 'x'), undefined);
});

test('the newest label is the first, each is there once, and the oldest are forgotten', () => {
  const recent = MANY.slice(0, 20).reduce<readonly string[]>((all, { id }) => withRecent(all, id), []);
  assert.deepEqual([recent.length, recent[0], withRecent(recent, 'L17').slice(0, 2)], [MOST_RECENT, 'L19', ['L17', 'L19']]);
  assert.equal(withRecent(recent, 'L19'), recent);
});

test('which labels were used last is kept for the next visit', async () => {
  const all = await opened([document('a', TEXT)]);
  const screen = screenOf(all);
  for (const [words, name] of [['Acme', 'ORG'], ['London', 'LOC']] as const) {
    all.session.selection.value = piece(words);
    await screen.editing.label(`span:${name}`);
  }
  assert.deepEqual([screen.editing.recent.value, screen.editing.lastLabel.value], [['span:LOC', 'span:ORG'], 'span:LOC']);
  const later = screenOf(all);
  await later.readOptions();
  assert.deepEqual(later.editing.recent.value, ['span:LOC', 'span:ORG']);
});
