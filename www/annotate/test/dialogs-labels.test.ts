// The dialog of label sets: forms, removal with its question, undo, in a project.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Browser } from './store-fakes.js';
import { apply, type LabelsChange } from '../model/changes.js';
import { moveLabel, moveLabelTo } from '../model/label-edits.js';
import { COMMAND_KEYS, labelsById } from '../model/labels.js';
import { isRefusal, type Refusal } from '../model/refusal.js';
import type { LabelSet } from '../model/types.js';
import type { Project } from '../store/project.js';
import {
  addAllOfKind, addOfKind, changeByForm, describeUse, formOf, labelUses, parentChoices, removalEdit, undoMessage, UNUSED,
} from '../view/dialogs/label-form.js';
import { document, notes, relation, SETS, span } from './scenes.js';

async function start(): Promise<Project> {
  const store = await new Browser().tab();
  const project = await store.openProject((await store.createProject({ name: 'P' })).id);
  const spans = [span('s1', 0, 3), span('s2', 8, 11, 'ORG', { state: 'suggested' })];
  const first = document('a', 'Ada met Bob', notes(spans, [relation('r', 's1', 's2')]));
  await project.import({ name: 'f', labelSets: SETS, documents: [first, document('b', 'Rome', notes([span('s1', 0, 4, 'LOC')]))] });
  return project;
}

function changed(labelSets: readonly LabelSet[], change: LabelsChange | Refusal | undefined): readonly LabelSet[] {
  assert.ok(change && !isRefusal(change), JSON.stringify(change));
  return apply({ ...notes(), labelSets, status: 'new' }, change).labelSets;
}

function refusal(made: object | undefined): string {
  assert.ok(made && isRefusal(made), JSON.stringify(made));
  return made.message;
}

function names(labelSets: readonly LabelSet[], kind = 'span'): string[] {
  return labelSets.filter((set) => set.kind === kind).flatMap(({ labels }) => labels.map(({ name }) => name));
}

test('uses are counted from the heads, in all states', async () => {
  const uses = labelUses(await (await start()).heads());
  assert.deepEqual(uses.get('span:ORG'), { total: 1, states: { suggested: 1, accepted: 0, rejected: 0 }, documents: ['a'] });
  assert.equal(describeUse(uses.get('relation:works for')!, 'relation'), '1 relation in 1 document');
  assert.equal(describeUse(UNUSED, 'span'), '0 spans in 0 documents');
});

test('a form changes a label; empty fields are taken away', () => {
  const label = SETS[0]!.labels[0]!;
  const filled = { ...formOf(label), name: ' Person ', key: 'p', guide: '*who*', parent: 'span:ORG' };
  const full = changed(SETS, changeByForm(SETS, label.id, filled, COMMAND_KEYS));
  assert.deepEqual(labelsById(full).get(label.id), { id: label.id, name: 'Person', color: 0, key: 'p', guide: '*who*', parent: 'span:ORG' });
  const empty = changed(full, changeByForm(full, label.id, { ...formOf(label), key: ' ', guide: ' ' }, COMMAND_KEYS));
  assert.deepEqual(labelsById(empty).get(label.id), { id: label.id, name: 'PER', color: 0 });
});

test('a new label gets a free key of its kind, and is added without one if all are taken', () => {
  const keyOf = (sets: readonly LabelSet[], name: string): unknown => [...labelsById(sets).values()].find((label) => label.name === name)?.key;
  const one = changed([], addOfKind([], 'span', 'A'));
  const two = changed(one, addOfKind(one, 'span', 'B'));
  const three = changed(two, addOfKind(two, 'relation', 'C'));
  assert.deepEqual(['A', 'B', 'C'].map((name) => keyOf(three, name)), ['1', '2', '1']);
  const many = changed(three, addAllOfKind(three, 'span', Array.from({ length: 30 }, (_, index) => `L${index}`)));
  assert.equal(keyOf(changed(many, addOfKind(many, 'span', 'last')), 'last'), undefined);
});

test('several labels are added as one change, with colors of their own; a name that is taken adds none', () => {
  const all = changed([], addAllOfKind([], 'span', ['PER', 'LOC']));
  assert.deepEqual(all.map(({ labels }) => labels.map(({ id, color }) => [id, color])), [[['span:PER', 0], ['span:LOC', 1]]]);
  assert.deepEqual(names(changed(SETS, addAllOfKind(SETS, 'span', ['A', 'B']))).slice(-2), ['A', 'B']);
  refusal(addAllOfKind(all, 'span', ['X', 'PER']));
});

test('keys that are taken, by a label or by the page, are refused', () => {
  const label = SETS[0]!.labels[0]!;
  const keyed = changed(SETS, changeByForm(SETS, 'span:ORG', { ...formOf(SETS[0]!.labels[1]!), key: 'o' }, COMMAND_KEYS));
  assert.match(refusal(changeByForm(keyed, label.id, { ...formOf(label), key: 'O' }, COMMAND_KEYS)), /key O sets "ORG"/);
  assert.match(refusal(changeByForm(keyed, label.id, { ...formOf(label), key: 'J' }, COMMAND_KEYS)), /command of this page/);
  assert.match(refusal(changeByForm(keyed, label.id, { ...formOf(label), key: 'ab' }, COMMAND_KEYS)), /one character/);
  assert.match(refusal(changeByForm(keyed, label.id, { ...formOf(label), name: 'ORG' }, COMMAND_KEYS)), /has a label "ORG" already/);
  // A key that the label has already may stay.
  const own = changed(SETS, changeByForm(SETS, label.id, { ...formOf(label), key: 'j' }, new Set()));
  assert.equal(isRefusal(changeByForm(own, label.id, formOf(labelsById(own).get(label.id)!), COMMAND_KEYS)), false);
});

test('a kind without a label set gets one; ids are free', () => {
  const sets = changed([], addOfKind([], 'relation', ' knows '));
  const labels = [{ id: 'relation:knows', name: 'knows', color: 0, key: '1' }];
  assert.deepEqual(sets, [{ id: 'relation', kind: 'relation', labels, overlap: true }]);
  assert.deepEqual(names(changed(sets, addOfKind(sets, 'relation', 'likes')), 'relation'), ['knows', 'likes']);
  assert.match(refusal(addOfKind([], 'span', ' ')), /needs a name/);
  assert.match(refusal(addOfKind(SETS, 'span', 'PER')), /already/);
});

test('labels move in their order, not beyond its ends, and can be moved back', () => {
  assert.deepEqual(names(changed(SETS, moveLabel(SETS, 'span:PER', 1))), ['ORG', 'PER', 'LOC']);
  assert.deepEqual(names(changed(SETS, moveLabel(SETS, 'span:LOC', -9))), ['LOC', 'PER', 'ORG']);
  assert.equal(moveLabel(SETS, 'span:PER', -1), undefined);
  assert.match(refusal(moveLabel(SETS, 'span:X', 1)), /does not exist/);
  assert.deepEqual(names(changed(SETS, moveLabelTo(SETS, 'span:PER', 'span:LOC'))), ['ORG', 'LOC', 'PER']);
  assert.deepEqual(names(changed(SETS, moveLabelTo(SETS, 'span:LOC', 'span:PER'))), ['LOC', 'PER', 'ORG']);
  assert.match(refusal(moveLabelTo(SETS, 'span:PER', 'relation:works for')), /other label does not exist/);
});

test('a parent is not below its child', () => {
  const sets = changed(SETS, changeByForm(SETS, 'span:ORG', { ...formOf(SETS[0]!.labels[1]!), parent: 'span:PER' }, COMMAND_KEYS));
  assert.deepEqual(parentChoices(sets, 'span:PER').map(({ name }) => name), ['LOC']);
  assert.deepEqual(parentChoices(sets, 'span:ORG').map(({ name }) => name), ['PER', 'LOC']);
  assert.deepEqual(parentChoices(sets, 'span:X'), []);
});

test('a label is removed with its spans and relations, or they get another one; undo brings all back', async () => {
  const project = await start();
  const before = await project.corpus();
  const { documents } = labelUses(await project.heads()).get('span:ORG')!;
  for (const fate of [{ then: 'remove' }, { then: 'move', to: 'span:LOC' }] as const) {
    const edit = await removalEdit(project, before.labelSets, 'span:ORG', fate, documents);
    assert.ok(!isRefusal(edit));
    await project.edit(edit);
    const after = await project.corpus();
    assert.deepEqual(names(after.labelSets), ['PER', 'LOC']);
    assert.deepEqual(after.documents[0]!.spans.map(({ label }) => label), fate.then === 'move' ? ['span:PER', 'span:LOC'] : ['span:PER']);
    assert.equal(after.documents[0]!.relations.length, fate.then === 'move' ? 1 : 0);
    const result = await project.undoLabels();
    assert.equal(undoMessage(result, 'undone', new Map()), 'The change of labels is undone, with its changes in 1 document.');
    assert.deepEqual(await project.corpus(), before);
  }
  assert.match(refusal(await removalEdit(project, before.labelSets, 'span:ORG', { then: 'move', to: 'relation:works for' }, [])), /same kind/);
});

test('an undo that is not possible says why, with the names of documents', async () => {
  const project = await start();
  const labelSets = (await project.record()).labelSets;
  const edit = await removalEdit(project, labelSets, 'span:ORG', { then: 'remove' }, ['a']);
  assert.ok(!isRefusal(edit));
  await project.edit(edit);
  await project.edit({ documents: [{ id: 'a', change: { type: 'status', status: 'done' } }] });
  const text = undoMessage(await project.undoLabels(), 'undone', new Map([['a', 'First']]));
  assert.equal(text, 'This cannot be undone: 1 document changed since (First). Undo those changes first.');
  assert.equal(undoMessage(await (await start()).redoLabels(), 'done again', new Map()), 'There is nothing to be done again.');
});
