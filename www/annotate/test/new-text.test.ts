// A file with changed texts: which documents they are of, what is lost, and the change as one step of undo.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeText } from '../model/new-text.js';
import type { Corpus } from '../model/types.js';
import { sha256 } from '../store/hash.js';
import { matchDocuments, planUpdate, type Known } from '../view/dialogs/changed-texts.js';
import { document, notes, relation, SETS, span, state } from './scenes.js';
import { apply, applyBoth } from '../model/changes.js';
import { opened, shown, type Opened } from './session-scenes.js';
import { dump, quotaExceeded, settle, withFault } from './store-fakes.js';

const BEFORE = 'Ada hired Bob, it is said here.';
const AFTER = 'In 1840 Ada hired nobody, it is said here.';
const NOTES = notes([span('a', 0, 3), span('b', 10, 13)], [relation('r', 'a', 'b')]);

function corpus(...documents: readonly ReturnType<typeof document>[]): Corpus {
  return { name: 'f', labelSets: SETS, documents };
}

test('another text as a change: spans move, what has no place goes, a done document is a draft; its inverse brings all back', () => {
  const { change, losses } = takeText({ ...NOTES, text: BEFORE, status: 'done' }, { text: AFTER, sha256: 'new' });
  assert.deepEqual(losses.map(({ kind, id, quote }) => [kind, id, quote]), [['span', 'b', 'Bob'], ['relation', 'r', undefined]]);
  const start = { ...state(NOTES), status: 'done', text: { text: BEFORE, sha256: 'old' } } as const;
  const { state: after, inverse } = applyBoth(start, change);
  assert.deepEqual([after.spans.map(({ id, pieces }) => [id, ...pieces]), after.relations], [[['a', [8, 11]]], []]);
  assert.deepEqual([after.status, after.text], ['draft', { text: AFTER, sha256: 'new' }]);
  assert.deepEqual(apply(after, inverse), start);
  assert.throws(() => apply(state(NOTES), change), /the text is changed, but it is not there/);
});

test('documents are found by text, then by name; of several with a name by id and place', () => {
  const known = (id: string, name: string, hash: string, row?: number): Known =>
    ({ id, name, sha256: hash, ...(row !== undefined && { source: { format: 'x', file: 'f', row } }) });
  const ids = (...args: Parameters<typeof matchDocuments>): unknown[] => {
    const { changed, same, added } = matchDocuments(...args);
    return [changed.map(({ imported, id }) => `${imported.id}>${id}`), same, added.map(({ id }) => id)];
  };
  const named = (id: string, name: string, row?: number): ReturnType<typeof document> =>
    document(id, '', notes(), { name, ...(row !== undefined && { source: { format: 'x', file: 'f', row } }) });
  assert.deepEqual(ids([named('d0', 'one'), named('d1', 'two'), named('d2', 'new')], ['A', 'b', 'c'], [known('x', 'one', 'a'), known('y', 'two', 'b')]), [
    ['d0>x'], 1, ['d2'],
  ]);
  // A row that is put before all others gives them other names.
  assert.deepEqual(ids([named('d0', 'f 1'), named('d1', 'f 2'), named('d2', 'f 3')], ['new', 'a', 'b'], [known('d0', 'f 1', 'a'), known('d1', 'f 2', 'b')]), [
    [], 2, ['d0'],
  ]);
  // The same names: the id, then the row, then the order. An id alone says nothing.
  assert.deepEqual(ids([named('k', 'n'), named('z', 'n', 7), named('d0', 'other')], ['1', '2', '3'], [
    known('d0', 'n', 'a', 5), known('q', 'n', 'b', 7), known('k', 'n', 'c', 9),
  ]), [['k>k', 'z>q'], 0, ['d0']]);
  // Each document is taken once.
  assert.deepEqual(ids([named('1', 'n'), named('2', 'n')], ['a', 'a'], [known('x', 'n', 'a')]), [[], 1, ['2']]);
});

async function imported(): Promise<{ all: Opened; update: NonNullable<Awaited<ReturnType<typeof planUpdate>>>; file: Corpus }> {
  const all = await opened([document('a', BEFORE, NOTES), document('b', 'Same.'), document('c', 'Ada slept.', notes([span('s', 0, 3)]))]);
  const file = corpus(
    document('d0', AFTER, notes([span('x', 0, 2)]), { name: 'a' }), document('d1', 'Same.', notes(), { name: 'b' }),
    document('d2', 'Then Ada slept.', notes(), { name: 'c' }), document('d3', 'Brand new.', notes(), { name: 'd' }),
  );
  const update = await planUpdate(all.session.project, file);
  assert.ok(update);
  return { all, update, file };
}

test('an update says what is lost, left out, new and the same; without a changed text there is none', async () => {
  const { all, update } = await imported();
  assert.deepEqual(update.lost, ['a: PER "Bob"', 'a: relation works for: one of its spans was lost']);
  assert.deepEqual([update.changes.map(({ id }) => id), update.same, update.added.map(({ name }) => name), update.leftOut], [['a', 'c'], 1, ['d'], 1]);
  assert.equal(await planUpdate(all.session.project, corpus(document('a', BEFORE))), undefined);
  assert.equal(await planUpdate(all.session.project, corpus(document('z', 'x'))), undefined);
});

test('the import changes texts and adds the rest in one transaction; the open document follows, and one undo brings all back', async () => {
  const { all, update, file } = await imported();
  const { session } = all;
  const before = await dump(all.browser.name);
  const run = (): Promise<unknown> => session.project.import({ ...file, documents: update.added }, { edit: { documents: update.changes } });
  await assert.rejects(withFault('bodies', 2, quotaExceeded, run));
  assert.deepEqual(await dump(all.browser.name), before);

  const old = await session.project.corpus();
  session.focus.value = 'b';
  await run();
  await settle();
  assert.deepEqual([session.text, shown(all), session.focus.value, session.canUndo.value], [AFTER, ['PER:Ada'], undefined, true]);
  const { documents } = await session.project.corpus();
  assert.deepEqual(documents.map(({ name, text }) => `${name} ${text}`), [`a ${AFTER}`, 'b Same.', 'c Then Ada slept.', 'd Brand new.']);
  assert.deepEqual(documents[2]!.spans.map(({ pieces }) => pieces), [[[5, 8]]]);
  const head = session.documents.head('a')!;
  assert.deepEqual([head.sha256, head.chars, head.counts.spans.accepted], [await sha256(AFTER), AFTER.length, 1]);
  const texts: string[] = [];
  for await (const [, text] of session.project.texts(session.documents.heads.value)) texts.push(text);
  assert.deepEqual(texts, documents.map(({ text }) => text));

  await session.undo();
  await settle();
  assert.deepEqual([session.text, shown(all)], [BEFORE, ['PER:Ada', 'PER:Bob']]);
  assert.deepEqual((await session.project.corpus()).documents.slice(0, 3), old.documents);
  assert.equal(session.documents.head('a')!.sha256, await sha256(BEFORE));
  await session.redo();
  await settle();
  assert.deepEqual([session.text, (await session.project.document('c')).body.text], [AFTER, 'Then Ada slept.']);
  await session.project.removeDocuments(session.documents.heads.value.map(({ id }) => id));
  const left = await dump(all.browser.name);
  assert.deepEqual([left.heads, left.bodies, left.notes, left.packs, left.ops], [[], [], [], [], []]);
});
