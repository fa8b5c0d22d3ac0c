import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Browser, dump, putRaw } from './store-fakes.js';
import { apply, type DocumentChange, type State } from '../model/changes.js';
import { KEPT_OPS } from '../model/history.js';
import { removeLabel, withoutLabel } from '../model/label-edits.js';
import { isRefusal } from '../model/refusal.js';
import type { Project } from '../store/project.js';
import { document, notes, relation, SETS, span } from './scenes.js';
import { CHOICES, documentChange } from './random-changes.js';
import { property } from './testing.js';

const TEXT = 'Ada Byron met Charles Babbage.';

async function start(count = 3): Promise<{ browser: Browser; project: Project; reload: () => Promise<Project> }> {
  const browser = new Browser();
  let store = await browser.tab();
  const { id } = await store.createProject({ name: 'P' });
  let project = await store.openProject(id);
  const documents = Array.from(
    { length: count }, (_, index) => document(`d${index}`, TEXT, notes([span('a', 0, 9), span('b', 14, 29, 'ORG')], [relation('r', 'a', 'b')])),
  );
  await project.import({ name: 'f', labelSets: SETS, documents });
  const reload = async (): Promise<Project> => {
    project.close();
    store.close();
    store = await browser.tab();
    project = await store.openProject(id);
    return project;
  };
  return { browser, project, reload };
}

async function stateOf(project: Project, id: string): Promise<State> {
  const { head, notes: { spans, relations, questions } } = await project.document(id);
  return { spans, relations, questions, labelSets: [], status: head.status, ...(head.note !== undefined && { note: head.note }) };
}

function note(text: string): DocumentChange {
  return { type: 'note', note: text };
}

async function edit(project: Project, id: string, change: DocumentChange, group?: string): Promise<void> {
  await project.edit({ documents: [{ id, change }], ...(group !== undefined && { group }) });
}

async function kinds(project: Project, id: string): Promise<boolean[]> {
  const { undo, redo } = await project.history(id);
  return [undo !== undefined, redo !== undefined];
}

test('property: random edits, then undo all is the start, redo all is the end, across closing and opening the database', async () => {
  await fc.assert(
    fc.asyncProperty(CHOICES, fc.nat(40), async (choices, cut) => {
      const { project: first, reload } = await start(1);
      let project = first;
      const begin = await stateOf(project, 'd0');
      let now = begin;
      for (const choice of choices) {
        const change = documentChange(now, choice);
        await edit(project, 'd0', change);
        now = apply(now, change);
      }
      assert.equal(JSON.stringify(await stateOf(project, 'd0')), JSON.stringify(now));
      project = await reload();
      for (let step = 0; (await project.undo('d0')).kind === 'done'; step++) if (step === cut) project = await reload();
      assert.equal(JSON.stringify(await stateOf(project, 'd0')), JSON.stringify(begin));
      project = await reload();
      for (let step = 0; (await project.redo('d0')).kind === 'done'; step++) if (step === cut) project = await reload();
      assert.equal(JSON.stringify(await stateOf(project, 'd0')), JSON.stringify(now));
      project.close();
    }),
    property(3),
  );
});

test('undo in one document leaves the others, and survives a switch of documents', async () => {
  const { project } = await start();
  await edit(project, 'd0', note('one'));
  await edit(project, 'd1', note('two'));
  await edit(project, 'd0', note('three'));
  assert.equal((await project.undo('d0')).kind, 'done');
  assert.deepEqual([(await stateOf(project, 'd0')).note, (await stateOf(project, 'd1')).note], ['one', 'two']);
  assert.deepEqual(
    [await kinds(project, 'd0'), await kinds(project, 'd1'), await kinds(project, 'd2')], [[true, true], [true, false], [false, false]],
  );
  assert.deepEqual(await project.undo('d2'), { kind: 'nothing' });
});

test('an edit after an undo forgets what could be redone', async () => {
  const { browser, project } = await start();
  for (const text of ['1', '2', '3']) await edit(project, 'd0', note(text));
  await project.undo('d0');
  await project.undo('d0');
  await edit(project, 'd0', note('4'));
  assert.deepEqual(await kinds(project, 'd0'), [true, false]);
  assert.deepEqual((await dump(browser.name)).ops!.length, 2);
  await project.undo('d0');
  assert.equal((await stateOf(project, 'd0')).note, '1');
});

test('edits that continue a group are undone together', async () => {
  const { project } = await start();
  await edit(project, 'd0', note('before'));
  const { group } = await project.edit({ documents: [{ id: 'd0', change: note('1') }] });
  await edit(project, 'd0', note('2'), group);
  await edit(project, 'd0', note('3'), group);
  await project.undo('d0');
  assert.equal((await stateOf(project, 'd0')).note, 'before');
  await project.redo('d0');
  assert.equal((await stateOf(project, 'd0')).note, '3');
});

test('a group over several documents is undone here, or everywhere where it is the last', async () => {
  const { project } = await start();
  const everywhere = { documents: ['d0', 'd1', 'd2'].map((id) => ({ id, change: note('all') })) };
  await project.edit(everywhere);
  await edit(project, 'd1', note('later'));
  const done = await project.undo('d0', 'group');
  assert.ok(done.kind === 'done');
  assert.deepEqual([done.documents.map(({ head }) => head.id), done.skipped], [['d0', 'd2'], ['d1']]);
  assert.deepEqual(await Promise.all(['d0', 'd1', 'd2'].map(async (id) => (await stateOf(project, id)).note)), [undefined, 'later', undefined]);
  await project.redo('d2');
  assert.deepEqual(await Promise.all(['d0', 'd1', 'd2'].map(async (id) => (await stateOf(project, id)).note)), [undefined, 'later', 'all']);
});

async function removeOrg(project: Project): Promise<void> {
  const labels = removeLabel((await project.record()).labelSets, 'span:ORG', { then: 'remove' });
  assert.ok(!isRefusal(labels));
  const { documents } = await project.corpus();
  const changes = documents.flatMap((each) => {
    const change = withoutLabel(each, 'span', 'span:ORG', { then: 'remove' });
    return change ? [{ id: each.id, change }] : [];
  });
  await project.edit({ labels, documents: changes });
}

function labelNames(project: Project): Promise<string[]> {
  return project.record().then(({ labelSets }) => labelSets[0]!.labels.map(({ name }) => name));
}

test('deleting a label with its spans is undone as a whole, from a document or from the labels, across a reload', async () => {
  const { project: first, reload } = await start();
  const begin = await first.corpus();
  await removeOrg(first);
  assert.deepEqual(
    [await labelNames(first), (await stateOf(first, 'd2')).spans.length, (await stateOf(first, 'd2')).relations.length], [['PER', 'LOC'], 1, 0],
  );
  let project = await reload();
  assert.equal((await project.undo('d1')).kind, 'done');
  assert.deepEqual(await project.corpus(), begin);
  assert.equal((await project.redoLabels()).kind, 'done');
  assert.deepEqual(await labelNames(project), ['PER', 'LOC']);
  project = await reload();
  assert.equal((await project.undoLabels()).kind, 'done');
  assert.deepEqual(await project.corpus(), begin);
});

test('it is not undone in parts: documents that were changed since are named', async () => {
  const { project } = await start();
  await removeOrg(project);
  await edit(project, 'd1', note('later'));
  const before = await project.corpus();
  assert.deepEqual(await project.undo('d0'), { kind: 'blocked', why: 'changed-since', documents: ['d1'], labels: [] });
  assert.deepEqual(await project.undoLabels(), { kind: 'blocked', why: 'changed-since', documents: ['d1'], labels: [] });
  assert.deepEqual(await project.corpus(), before);
  await project.undo('d1');
  assert.equal((await project.undo('d0')).kind, 'done');
});

test('it is not undone when a part of it is gone', async () => {
  const { project } = await start();
  await removeOrg(project);
  await project.removeDocuments(['d1']);
  assert.deepEqual(await project.undo('d0'), { kind: 'blocked', why: 'forgotten', documents: [], labels: [] });
});

test('no step of the history leaves spans without a label', async () => {
  const { browser, project } = await start();
  await edit(project, 'd0', { type: 'remove', list: 'spans', id: 'b' });
  await removeOrg(project);
  const before = await dump(browser.name);
  assert.deepEqual(await project.undo('d0'), { kind: 'blocked', why: 'labels', documents: ['d0'], labels: ['span:ORG'] });
  assert.deepEqual(await dump(browser.name), before);
  await project.edit({ labels: { type: 'addLabel', set: 'span', label: { id: 'span:NEW', name: 'NEW', color: 0 } } });
  await edit(project, 'd2', { type: 'add', list: 'spans', item: span('n', 0, 3, 'NEW') });
  assert.deepEqual(await project.undoLabels(), { kind: 'blocked', why: 'labels', documents: ['d2'], labels: ['span:NEW'] });
});

test('a new label and its first span are one group', async () => {
  const { project } = await start();
  await project.edit({
    labels: { type: 'addLabel', set: 'span', label: { id: 'span:NEW', name: 'NEW', color: 0 } },
    documents: [{ id: 'd0', change: { type: 'add', list: 'spans', item: span('n', 0, 3, 'NEW') } }],
  });
  await project.undo('d0');
  assert.deepEqual([await labelNames(project), (await stateOf(project, 'd0')).spans.length], [['PER', 'ORG', 'LOC'], 2]);
});

test('the oldest operations of a long log are forgotten, whole groups, and undo goes on to where it can', async () => {
  const { browser, project: first, reload } = await start(1);
  const old = Array.from({ length: KEPT_OPS + 100 }, (_, index) => ({
    project: first.id, doc: 'd0', seq: index + 1, group: `g${Math.floor(index / 100)}`, at: 0, do: note(`${index + 1}`), undo: note(`${index}`),
  }));
  const [notesBefore] = (await dump(browser.name)).notes as [object];
  await putRaw(browser.name, [...old.map((op) => ['ops', op] as const), ['notes', { ...notesBefore, done: old.length }]]);
  let next = old.length;
  do await edit(first, 'd0', note(`${++next}`));
  while (next % 64);
  const { ops } = await dump(browser.name);
  assert.deepEqual([ops!.length, ops![0]], [next - 100, old[100]], 'the group on the edge stays whole');
  const project = await reload();
  let steps = 0;
  while ((await project.undo('d0')).kind === 'done') steps++;
  assert.equal(steps, next - old.length + 10);
  assert.equal((await stateOf(project, 'd0')).note, '100');
  assert.equal((await project.redo('d0')).kind, 'done');
  assert.equal((await stateOf(project, 'd0')).note, '200');
});
