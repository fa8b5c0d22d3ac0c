// Deleting documents, the name and guide of a project, and the cache of suggestions.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { suggestionsKey } from '../store/suggestions.js';
import { run } from '../view/commands.js';
import { MODEL, opened, reopened, screenOf, suggestions } from './session-scenes.js';
import { settle } from './store-fakes.js';

test('a document is deleted with its history, and the next one is opened; after the last one none is open', async () => {
  const all = await opened();
  const { session, editing } = all;
  const { navigation } = screenOf(all);
  await editing.setNote('x');
  const seen: unknown[] = [];
  for (let left = 3; left > 0; left--) {
    if (left === 2) await navigation.open('c'); // the last of the list: the one before is next
    await navigation.remove();
    await settle();
    seen.push([session.document.value?.head.id, session.documents.heads.value.map(({ id }) => id), session.message.value?.text]);
  }
  assert.deepEqual(seen, [['b', ['b', 'c'], 'a is deleted.'], ['b', ['b'], 'c is deleted.'], [undefined, [], 'b is deleted.']]);
  await navigation.remove();
  assert.equal((await session.project.corpus()).documents.length, 0);
});

test('a tab that only reads deletes nothing, and is not asked', async () => {
  const first = await opened();
  const second = await reopened(first.browser, first.session.project.id);
  await second.session.openDocument('a');
  const screen = screenOf(second);
  run(screen, 'delete-document');
  assert.deepEqual([screen.dialog.value, second.session.message.value?.kind], [undefined, 'warning']);
  await screen.navigation.remove();
  assert.deepEqual([second.session.documents.heads.value.length, second.session.document.value?.head.id], [3, 'a']);
  const writer = screenOf(first);
  run(writer, 'delete-document');
  assert.equal(writer.dialog.value, 'delete-document');
});

test('name and guide are changed: the session follows, and the project keeps the rest', async () => {
  const { session } = await opened();
  await session.project.update({ name: 'Letters', guide: 'Mark names.' });
  await settle();
  const { name, guide, labelSets } = session.record.value;
  assert.deepEqual([name, guide, labelSets.length], ['Letters', 'Mark names.', 3]);
});

test('entries of the cache are counted and cleared; annotations stay', async () => {
  const { store, session, editing } = await opened();
  await store.suggestions.put(['x', 'y'].map((sha256) => ({ sha256, key: suggestionsKey(MODEL), found: suggestions(['Ada Byron', 'PER', 0.9]) })));
  await editing.setNote('n');
  assert.equal(await store.suggestions.count(), 2);
  await store.suggestions.clear();
  assert.deepEqual([await store.suggestions.count(), (await session.project.corpus()).documents[0]!.note], [0, 'n']);
});
