import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterHeads, NO_FILTER, SORTS } from '../view/document-filter.js';
import { labelOccurrences, previewOccurrences } from '../view/occurrences.js';
import { document, notes, span, STRICT_SETS } from './scenes.js';
import { opened, piece, screenOf, shown, suggestions, TEXT } from './session-scenes.js';

test('a relation: from the focused span, to the next focused one, by a label', async () => {
  const { session, editing } = await opened([document('a', TEXT, notes([span('p', ...piece('Ada Byron')), span('o', ...piece('Acme'), 'ORG')]))]);
  assert.equal(editing.startRelation(), false, 'no span has the focus');
  editing.moveFocus(1);
  assert.ok(editing.startRelation());
  assert.equal(await editing.label('relation:works for'), false, 'a span has no relation to itself');
  editing.moveFocus(1);
  assert.ok(await editing.label('relation:works for'));
  const [made] = session.relations.value;
  assert.deepEqual([made?.head, made?.tail, made?.by, editing.mode.value, session.focus.value], ['p', 'o', 'human', 'span', 'p']);
  assert.ok(made);
  await editing.removeRelation(made);
  assert.equal(session.relations.value.length, 0);
});

test('a relation between suggestions accepts both, as one step of undo', async () => {
  const all = await opened();
  const { session, editing } = all;
  session.found.value = [suggestions(['Ada Byron', 'PER', 0.9], ['Acme', 'ORG', 0.9])];
  editing.moveFocus(1);
  editing.startRelation();
  editing.moveFocus(1);
  assert.ok(await editing.label('relation:works for'));
  assert.deepEqual(shown(all), ['PER:Ada Byron', 'ORG:Acme']);
  await session.undo();
  assert.deepEqual([shown(all), session.relations.value.length], [['PER:Ada Byron?', 'ORG:Acme?'], 0]);
});

test('types and notes of spans', async () => {
  const { session, editing } = await opened([document('a', TEXT, notes([span('p', ...piece('Ada Byron'))]))]);
  editing.moveFocus(1);
  assert.ok(editing.startType());
  assert.ok(await editing.label('type:person'));
  assert.deepEqual([session.focused.value?.type, editing.mode.value], ['type:person', 'span']);
  assert.ok(await editing.clearType());
  assert.equal(session.focused.value?.type, undefined);
  assert.ok(session.focused.value && (await editing.setSpanNote(session.focused.value, ' why ')));
  assert.equal(session.focused.value?.note, 'why');
  await editing.setNote('look again');
  assert.equal(session.documents.head('a')?.note, 'look again');
  await editing.setNote('  ');
  assert.equal(session.documents.head('a')?.note, undefined);
});

test('a span that is removed twice at once is removed once', async () => {
  const { session, editing } = await opened([document('a', TEXT, notes([span('p', ...piece('Ada Byron'))]))]);
  editing.moveFocus(1);
  await Promise.all([editing.remove(), editing.remove()]);
  assert.deepEqual([session.save.value, session.spans.value.length], ['saved', 0]);
});

test('where overlap is forbidden, accept all leaves what is in the way and says so', async () => {
  const all = await opened([document('a', TEXT)], STRICT_SETS);
  all.session.found.value = [suggestions(['Ada Byron', 'PER', 0.9], ['Byron', 'PER', 0.8])];
  assert.ok(await all.editing.acceptAll());
  assert.deepEqual(shown(all), ['PER:Ada Byron']);
  assert.equal(all.session.message.value?.text, '1 suggestion accepted. 1 suggestion cannot be accepted and stay.');
});

test('done and next goes on with open documents, and says when there is none', async () => {
  const { session, navigation } = screenOf(await opened());
  assert.ok(await navigation.finish('done'));
  assert.equal(session.document.value?.head.id, 'b');
  assert.ok(await navigation.finish('skipped'));
  assert.equal(await navigation.finish('done'), false);
  assert.deepEqual([...session.documents.statusCounts.value], [['done', 2], ['skipped', 1]]);
  assert.equal(session.message.value?.text, 'Done. No other document of the list is open.');
  assert.ok(await navigation.step(-1));
  assert.equal(session.document.value?.head.id, 'b');
});

test('the most uncertain document comes first, those without a score after the others', async () => {
  const { session, navigation } = screenOf(await opened());
  await session.project.putUncertainties(new Map([['c', 3]]));
  await session.documents.reload();
  await navigation.nextUncertain();
  assert.equal(session.document.value?.head.id, 'c');
  await navigation.nextUncertain();
  assert.equal(session.document.value?.head.id, 'a');
});

test('all occurrences in all documents: a preview, and one step of undo for all', async () => {
  const all = await opened();
  const wanted = { text: 'Ada Byron', label: 'span:PER', scope: 'all' } as const;
  const preview = await previewOccurrences(all.session, wanted);
  assert.deepEqual([preview.spans, preview.left, preview.documents.map(({ id }) => id)], [2, 0, ['a', 'b']]);
  assert.ok(await labelOccurrences(all.session, wanted));
  assert.deepEqual(shown(all), ['PER:Ada Byron']);
  assert.equal((await previewOccurrences(all.session, wanted)).left, 2);
  await all.session.openDocument('b');
  assert.deepEqual(shown(all), ['PER:Ada Byron']);
  await all.session.undo();
  assert.equal(all.session.message.value?.text, 'Undone in 2 documents.');
  assert.equal((await previewOccurrences(all.session, { ...wanted, scope: 'document' })).spans, 1);
  assert.equal((await all.session.project.document('a')).notes.spans.length, 0);
});

test('search finds names at once and texts after it; a later search wins', async () => {
  const { session } = await opened();
  const visible = (): string[] => session.documents.visible.value.map(({ id }) => id);
  const first = session.documents.setFilter({ query: 'nobody' });
  await Promise.all([first, session.documents.setFilter({ query: 'BYRON' })]);
  assert.deepEqual([visible(), session.documents.searching.value], [['a', 'b'], false]);
  await session.documents.setFilter({ query: 'c' });
  assert.deepEqual(visible(), ['a', 'c']);
  await session.documents.setFilter({ query: '' });
  assert.equal(visible().length, 3);
});

test('filters and orders of documents', async () => {
  const { session, editing } = await opened();
  await editing.add(piece('Acme'), 'span:ORG');
  await editing.setStatus('done');
  const heads = session.documents.heads.value.map((head) => (head.id === 'c' ? { ...head, uncertainty: 1 } : head));
  const ids = (filter: object): string[] => filterHeads(heads, { ...NO_FILTER, ...filter }).map(({ id }) => id);
  assert.deepEqual([ids({ status: 'done' }), ids({ status: 'open' })], [['a'], ['b', 'c']]);
  assert.deepEqual([ids({ label: 'span:ORG' }), ids({ label: 'span:PER' })], [['a'], []]);
  const orders = SORTS.map((sort) => ids({ sort }).join(''));
  assert.deepEqual(orders, ['abc', 'abc', 'cab', 'abc', 'cba']);
});
