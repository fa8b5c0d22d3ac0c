import assert from 'node:assert/strict';
import { test } from 'node:test';
import { document } from './scenes.js';
import { opened, piece, reopened, shown, suggestions, TEXT, type Opened } from './session-scenes.js';
import { quotaExceeded, settle, withFault } from './store-fakes.js';

async function label({ session, editing }: Opened, words: string, name: string): Promise<boolean> {
  session.selection.value = piece(words);
  return editing.label(`span:${name}`);
}

test('a label for the selection: trimmed, saved, focused, and the document is a draft', async () => {
  const all = await opened();
  const { session } = all;
  assert.ok(await label(all, 'Ada Byron ', 'PER'));
  assert.deepEqual(shown(all), ['PER:Ada Byron']);
  assert.equal(session.focused.value?.label, 'span:PER');
  assert.equal(session.selection.value, undefined);
  assert.deepEqual([session.documents.head('a')?.status, session.documents.head('a')?.counts.spans.accepted], ['draft', 1]);
  assert.deepEqual([session.save.value, session.message.value?.text], ['saved', 'PER "Ada Byron" added.']);
  assert.deepEqual((await session.project.document('a')).notes.spans.length, 1);
});

test('the next key is about the new span: focus and selection are there when the message is', async () => {
  const all = await opened();
  const { session } = all;
  const seen: unknown[] = [];
  session.message.subscribe((message) => message && seen.push([session.focused.value?.label, session.selection.value]));
  await label(all, 'Acme', 'ORG');
  assert.deepEqual(seen, [['span:ORG', undefined]]);
});

test('the saved mark waits for the disk', async () => {
  const all = await opened();
  const states: string[] = [];
  const end = all.session.save.subscribe((state) => states.push(state));
  const first = label(all, 'Ada Byron', 'PER');
  const second = label(all, 'Acme', 'ORG');
  await Promise.all([first, second]);
  end();
  assert.deepEqual(states, ['saved', 'saving', 'saved']);
  assert.deepEqual(shown(all), ['PER:Ada Byron', 'ORG:Acme']);
});

test('a full disk is said, nothing is half there, and the next edit works', async () => {
  const all = await opened();
  await withFault('notes', 1, quotaExceeded, () => label(all, 'Acme', 'ORG'));
  assert.deepEqual([all.session.save.value, all.session.message.value?.kind, shown(all)], ['failed', 'error', []]);
  assert.ok(await label(all, 'Acme', 'ORG'));
  assert.deepEqual([all.session.save.value, shown(all)], ['saved', ['ORG:Acme']]);
});

test('a refused edit says why and is no failure', async () => {
  const all = await opened();
  await label(all, 'Acme', 'ORG');
  assert.equal(await label(all, 'Acme', 'ORG'), false);
  assert.deepEqual([all.session.message.value?.kind, all.session.save.value], ['warning', 'saved']);
  assert.match(all.session.message.value?.text ?? '', /has this label already/);
});

test('suggestions: threshold, accept with score and model, reject for good', async () => {
  const all = await opened();
  const { session, editing } = all;
  const found = suggestions(['Ada Byron', 'PER', 0.9], ['Acme', 'ORG', 0.6], ['London', 'LOC', 0.3]);
  session.found.value = [found];
  assert.deepEqual(shown(all), ['PER:Ada Byron?', 'ORG:Acme?']);
  session.threshold.value = 0.2;
  assert.deepEqual(shown(all), ['PER:Ada Byron?', 'ORG:Acme?', 'LOC:London?']);
  assert.ok(editing.moveFocus(1));
  assert.ok(await editing.accept());
  assert.equal(session.focused.value?.label, 'span:ORG', 'the next suggestion has the focus');
  assert.ok(await editing.remove());
  assert.deepEqual(shown(all), ['PER:Ada Byron', 'LOC:London?']);
  const [accepted, rejected] = session.document.value?.notes.spans ?? [];
  assert.deepEqual([accepted?.state, accepted?.score, accepted?.model, accepted?.by], ['accepted', 0.9, found.model, 'model']);
  assert.deepEqual([rejected?.state, rejected?.score], ['rejected', 0.6]);
  const again = await reopened(all.browser, session.project.id);
  await again.session.openDocument('a');
  again.session.found.value = [found];
  again.session.threshold.value = 0;
  assert.deepEqual(shown(again), ['PER:Ada Byron', 'LOC:London?']);
});

test('the document that is open can be opened again: what the model says of it stays, and goes with another document', async () => {
  const { session } = await opened();
  session.found.value = [suggestions(['Ada Byron', 'PER', 0.9])];
  await session.openDocument('a');
  assert.equal(session.found.value.length, 1);
  await session.openDocument('b');
  assert.equal(session.found.value.length, 0);
});

test('another label for a suggestion keeps what the model said; accept all is one step of undo', async () => {
  const all = await opened();
  const { session, editing } = all;
  session.found.value = [suggestions(['Ada Byron', 'ORG', 0.9], ['Acme', 'ORG', 0.6], ['London', 'LOC', 0.6])];
  editing.moveFocus(1);
  await editing.label('span:PER');
  assert.deepEqual(session.document.value?.notes.spans[0]?.was, { label: 'span:ORG', pieces: [piece('Ada Byron')], score: 0.9 });
  assert.ok(await editing.acceptAll());
  assert.deepEqual(shown(all), ['PER:Ada Byron', 'ORG:Acme', 'LOC:London']);
  await session.undo();
  assert.deepEqual(shown(all), ['PER:Ada Byron', 'ORG:Acme?', 'LOC:London?']);
});

test('hidden suggestions are not shown, also those of files', async () => {
  const all = await opened();
  all.session.found.value = [suggestions(['Ada Byron', 'PER', 0.9])];
  all.session.suggestionsHidden.value = true;
  assert.deepEqual(shown(all), []);
});

test('edges: moves one after the other are one step of undo, quick ones too', async () => {
  const all = await opened();
  const { session, editing } = all;
  await label(all, 'Byron', 'PER');
  const move = { edge: 'start', direction: 'left', by: 'word' } as const;
  await Promise.all([editing.move(move), editing.move({ edge: 'end', direction: 'right', by: 'word' })]);
  assert.deepEqual(shown(all), ['PER:Ada Byron met']);
  assert.equal(await editing.move(move), false);
  assert.equal(session.message.value?.text, 'The edge cannot move further.');
  await editing.move({ edge: 'end', direction: 'left', by: 'word' });
  await session.undo();
  await session.undo();
  assert.deepEqual(shown(all), []);
});

test('undo goes on after a switch of documents and after a reload', async () => {
  const all = await opened();
  await label(all, 'Acme', 'ORG');
  await all.session.openDocument('b');
  assert.equal(all.session.canUndo.value, false);
  await all.session.openDocument('a');
  assert.equal(all.session.canUndo.value, true);
  all.session.close();
  const again = await reopened(all.browser, all.session.project.id);
  await again.session.openDocument('a');
  await again.session.undo();
  assert.deepEqual([shown(again), again.session.canUndo.value, again.session.canRedo.value], [[], false, true]);
  await again.session.redo();
  assert.deepEqual(shown(again), ['ORG:Acme']);
  await again.session.undo();
  await again.session.undo();
  assert.equal(again.session.message.value?.text, 'There is nothing to undo in this document.');
});

test('what can be undone and redone is known with the saved mark', async () => {
  const all = await opened();
  const { session, editing } = all;
  const seen: unknown[] = [];
  session.save.subscribe((state) => state === 'saved' && seen.push([session.canUndo.value, session.canRedo.value]));
  await label(all, 'Acme', 'ORG');
  await session.undo();
  assert.deepEqual([session.canUndo.value, session.canRedo.value], [false, true]);
  await editing.setStatus('flagged');
  assert.deepEqual([seen.at(0), seen.at(1), seen.at(-1)], [[false, false], [true, false], [true, false]]);
  await session.openDocument('b');
  await session.commit(async () => ({ documents: [{ id: 'a', change: { type: 'note', note: 'x' } }] }));
  assert.deepEqual([session.canUndo.value, session.canRedo.value], [false, false], 'the edit was in another document');
});

test('an edit that waits is for its document, also if another one is opened meanwhile', async () => {
  const all = await opened();
  const edit = label(all, 'Acme', 'ORG');
  await all.session.openDocument('b');
  await edit;
  assert.deepEqual([all.session.document.value?.head.id, shown(all)], ['b', []]);
  assert.equal((await all.session.project.document('a')).notes.spans.length, 1);
});

test('of two documents asked for, the last one is open', async () => {
  const { session } = await opened();
  await Promise.all([session.openDocument('b'), session.openDocument('c')]);
  assert.equal(session.document.value?.head.id, 'c');
  assert.equal(await session.openDocument('none'), false);
  assert.deepEqual([session.document.value?.head.id, session.message.value?.text], ['c', 'The document does not exist any more.']);
});

test('two tabs: the second follows, is refused, takes over, and the first follows then', async () => {
  const first = await opened();
  const second = await reopened(first.browser, first.session.project.id);
  await second.session.openDocument('a');
  assert.deepEqual([first.session.role.value, second.session.role.value, second.session.isReadOnly], ['writer', 'reader', true]);
  await label(first, 'Acme', 'ORG');
  await settle();
  assert.deepEqual([shown(second), second.session.documents.head('a')?.status], [['ORG:Acme'], 'draft']);
  assert.equal(await label(second, 'London', 'LOC'), false);
  assert.deepEqual(second.session.message.value, { kind: 'warning', text: 'Another tab edits this project.' });
  await second.session.takeOver();
  await settle();
  assert.deepEqual([first.session.role.value, second.session.role.value], ['reader', 'writer']);
  assert.ok(await label(second, 'London', 'LOC'));
  await settle();
  assert.deepEqual(shown(first), ['ORG:Acme', 'LOC:London']);
});

test('documents that others add or remove come and go', async () => {
  const { session } = await opened();
  await session.project.import({ name: 'more', labelSets: [], documents: [document('d', TEXT)] });
  await settle();
  assert.deepEqual(session.documents.heads.value.map(({ id }) => id), ['a', 'b', 'c', 'd']);
  await session.project.removeDocuments(['a']);
  await settle();
  assert.deepEqual([session.documents.heads.value.length, session.document.value], [3, undefined]);
});
