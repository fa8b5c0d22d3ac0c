import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptSpan, rejectSpan, relabelSpan } from '../model/edits.js';
import { countWords } from '../model/boundaries.js';
import { newLabelSet } from '../model/labels.js';
import { uncertainty } from '../model/measure.js';
import { settingKey } from '../store/settings.js';
import { suggestionsKey } from '../store/suggestions.js';
import type { Assistant } from '../assistant/assistant.js';
import { document, notes, SETS, span } from './scenes.js';
import { settle } from './store-fakes.js';
import { Bench, entitiesOf, FakeError, FakeModel, gate, until } from './assistant-fakes.js';
import { decide, doneDocuments, loaded, OTHER, REF, shown, TEXT } from './assistant-scenes.js';

test('documents get suggestions with labels of the project; the model is asked in the background, with near misses', async () => {
  const bench = await Bench.open([document('a', TEXT), document('b', OTHER)]);
  const asked: unknown[] = [];
  bench.model.answer = (text, { priority, runnersUp, context }) => {
    asked.push([priority, runnersUp, context]);
    return entitiesOf(text);
  };
  const assistant = bench.assistant();
  await assistant.start();
  await assistant.loadModel();
  assistant.openDocument('a');
  await bench.quiet(assistant);
  const [found] = assistant.suggestionsOf('a').value;
  const { entities, runnersUp } = entitiesOf(TEXT);
  assert.deepEqual(found?.model, REF);
  assert.deepEqual(
    found?.spans.map(({ pieces, label, score, lostTo }) => [...pieces[0]!, label, score, lostTo]),
    [...entities, ...runnersUp].map(({ start, end, label, score, lostTo }) => [start, end, `span:${label}`, score, lostTo]),
  );
  assert.deepEqual(asked, [['background', 0.05, 'sentence'], ['background', 0.05, 'sentence']]);
  assert.equal(assistant.progress.value.state, 'idle');
  assert.deepEqual([assistant.can('qa'), assistant.notices.value.size], [true, 0]);
  await assistant.dispose();
});

test('a project without labels of the model calls it for nothing, until a person says what a label means', async () => {
  const { bench, assistant } = await loaded([document('a', TEXT)], [newLabelSet('span', ['Drug'])]);
  assert.deepEqual(bench.model.calls, []);
  assistant.prefer({ choices: { ner: { PER: 'span:Drug', LOC: null } } });
  await bench.quiet(assistant);
  assert.equal(bench.model.calls.length, 1);
  assert.deepEqual([...new Set(assistant.suggestionsOf('a').value.flatMap(({ spans }) => spans.map(({ label }) => label)))], []);
  assistant.openDocument('a');
  await bench.quiet(assistant);
  const labels = assistant.suggestionsOf('a').value.flatMap(({ spans }) => spans.map(({ label }) => label));
  assert.deepEqual(labels, entitiesOf(TEXT).entities.filter(({ label }) => label === 'PER').map(() => 'span:Drug').concat(
    entitiesOf(TEXT).runnersUp.filter(({ label }) => label === 'PER').map(() => 'span:Drug')));
  await assistant.dispose();
});

test('M2: a threshold shows exactly the suggestions from it on, without a call of the model, and is kept', async () => {
  const { bench, assistant } = await loaded([document('a', TEXT + OTHER)]);
  assistant.openDocument('a');
  await bench.quiet(assistant);
  const { length } = bench.model.calls;
  const all = assistant.suggestionsOf('a').value.flatMap(({ spans }) => spans);
  assert.ok(all.length > 3);
  for (const threshold of [0, 0.25, 0.5, 0.75, 1]) {
    assistant.prefer({ threshold });
    const above = all.filter(({ score }) => score >= assistant.threshold.value);
    assert.equal(shown(notes(), assistant.suggestionsOf('a').value, assistant.threshold.value).length, above.length);
  }
  await bench.quiet(assistant);
  assert.equal(bench.model.calls.length, length);
  await assistant.dispose();
  const later = bench.assistant();
  await later.start();
  assert.equal(later.threshold.value, 1);
  await later.dispose();
});

test('M3: documents get their uncertainty by the formula, the most uncertain is next, and without scores there is one too', async () => {
  const documents = [document('a', TEXT), document('b', OTHER), document('c', 'No name at all.'), document('d', TEXT + OTHER, notes(), { status: 'done' })];
  const bench = await Bench.open(documents);
  const assistant = bench.assistant();
  await assistant.start();
  assert.equal(assistant.next()?.document.id, 'a', 'nothing is scored');
  await assistant.loadModel();
  await bench.quiet(assistant);
  await bench.refresh();
  const expected = new Map<string, number>();
  for (const { id, text } of documents) {
    const { entities, runnersUp } = entitiesOf(text);
    const all = [...entities, ...runnersUp].map((entity) => ({ ...entity, pieces: [[entity.start, entity.end]] as const }));
    expected.set(id, uncertainty(all, countWords(text)));
  }
  for (const { id, uncertainty: value } of bench.heads.value) {
    assert.ok(Math.abs((value ?? -1) - (expected.get(id) ?? 0)) < 1e-9, `${id}: ${value}, not ${expected.get(id)}`);
  }
  const open = ['a', 'b', 'c'].sort((x, y) => (expected.get(y) ?? 0) - (expected.get(x) ?? 0));
  assert.equal(assistant.next()?.document.id, open[0]);
  assistant.openDocument(open[0]);
  assert.equal(assistant.next()?.document.id, open[1]);
  await assistant.dispose();
});

test('one document in ten is drawn by chance, counted across reloads', async () => {
  const { bench, assistant } = await loaded([document('a', 'No name.'), document('b', OTHER)]);
  for (let draw = 0; draw < 9; draw++) assert.equal(assistant.next()?.random, false);
  await assistant.dispose();
  const later = bench.assistant();
  await later.start();
  assert.deepEqual([later.next()?.random, later.next()?.random], [true, false]);
  await later.dispose();
});

test('a document that a person leaves is scored again without what was decided', async () => {
  const { bench, assistant } = await loaded([document('a', TEXT), document('b', OTHER)]);
  assistant.openDocument('a');
  await bench.quiet(assistant);
  await bench.refresh();
  const before = bench.heads.value[0]?.uncertainty ?? 0;
  assert.ok(before > 0);
  for (const item of shown(notes(), assistant.suggestionsOf('a').value)) {
    await decide(bench, 'a', (of, text) => acceptSpan({ notes: of, labelSets: SETS, text, now: 1 }, item));
  }
  assistant.openDocument('b');
  await bench.quiet(assistant);
  await assistant.dispose();
  await bench.refresh();
  assert.equal(bench.heads.value[0]?.uncertainty, 0);
});

test('M4: a rejected suggestion does not come again after another run, a reload, or another load of the model', async () => {
  const { bench, assistant } = await loaded([document('a', TEXT)]);
  assistant.openDocument('a');
  await bench.quiet(assistant);
  const [first] = shown(notes(), assistant.suggestionsOf('a').value);
  assert.ok(first);
  await decide(bench, 'a', (of, text) => rejectSpan({ notes: of, labelSets: SETS, text, now: 1 }, first));
  const suggested = async (by: Assistant): Promise<string[]> => {
    const { notes: of } = await bench.project.document('a');
    return shown(of, by.suggestionsOf('a').value).filter(({ state }) => state === 'suggested').map(({ id }) => id);
  };
  const left = await suggested(assistant);
  assert.ok(left.length > 0 && !left.includes(first.id));
  await bench.store.suggestions.clear();
  await assistant.dispose();
  const { calls } = bench.model;
  const later = bench.assistant();
  await later.start();
  later.openDocument('a');
  await later.loadModel();
  await bench.quiet(later);
  assert.equal(calls.length, 2, 'the model ran again');
  assert.deepEqual(await suggested(later), left);
  await later.dispose();
});

test('M5: an accepted suggestion has who made it, score and hash of the model; a changed one has what it was', async () => {
  const { bench, assistant } = await loaded([document('a', TEXT)]);
  assistant.openDocument('a');
  await bench.quiet(assistant);
  const [first, second] = shown(notes(), assistant.suggestionsOf('a').value);
  assert.ok(first && second);
  await decide(bench, 'a', (of, text) => acceptSpan({ notes: of, labelSets: SETS, text, now: 1 }, first));
  const other = second.label === 'span:ORG' ? 'span:PER' : 'span:ORG';
  await decide(bench, 'a', (of, text) => relabelSpan({ notes: of, labelSets: SETS, text, now: 1 }, second, other));
  const { spans } = (await bench.project.document('a')).notes;
  const [accepted, changed] = spans;
  assert.deepEqual([accepted?.by, accepted?.state, accepted?.score, accepted?.model], ['model', 'accepted', first.score, REF]);
  assert.deepEqual([changed?.label, changed?.model, changed?.was], [other, REF, { label: second.label, pieces: second.pieces, score: second.score }]);
  await assistant.dispose();
});

test('a lost model stops all, its failure is shown, and after another load the rest is done', async () => {
  const bench = await Bench.open([document('a', TEXT), document('b', OTHER)]);
  const models = [new FakeModel(), new FakeModel()] as const;
  models[0].answer = () => {
    throw new FakeError('device-lost');
  };
  let loads = 0;
  const assistant = bench.assistant({ load: async () => models[loads++ === 0 ? 0 : 1] });
  await assistant.start();
  await assistant.loadModel();
  await bench.quiet(assistant);
  assert.deepEqual(assistant.modelState.value, { kind: 'failed', message: 'the model says device-lost' });
  assert.deepEqual([models[0].disposed, models[0].calls.length, assistant.can('ner')], [true, 1, false]);
  await assistant.loadModel();
  await bench.quiet(assistant);
  assert.deepEqual([models[1].calls.length, assistant.progress.value.done], [2, 2]);
  await assistant.dispose();
});

test('a second look lists finished documents; quality is measured for each source by its own decisions', async () => {
  const many = Array.from({ length: 30 }, (_, index) => document(`m${index}`, TEXT, notes([span('a', 0, 9, 'PER', {
    by: 'model', model: index % 2 ? { ...REF, head: 'mine' } : REF, score: 0.8, state: index < 20 ? 'accepted' : 'rejected',
  })])));
  const bench = await Bench.open([document('done', TEXT, notes([span('x', 0, 3)]), { status: 'done' }), ...many]);
  const near = { start: 0, end: 3, label: 'PER', score: 0.06, lostTo: 'none' };
  bench.model.answer = () => ({ entities: [{ start: 33, end: 39, label: 'LOC', score: 0.95 }], runnersUp: [near] });
  const assistant = bench.assistant();
  await assistant.start();
  await assistant.loadModel();
  await bench.quiet(assistant);
  const looks = await assistant.secondLook();
  assert.deepEqual(looks.map(({ document: id, doubts }) => [id, doubts.map(({ kind }) => kind)]), [['done', ['doubtful', 'missing']]]);
  const [source] = assistant.sources.value;
  assert.ok(source);
  assert.equal(await assistant.measure(source), undefined, '15 decisions on this source are too few');
  await assistant.dispose();
});

test('questions: the queue waits meanwhile, a second question ends the first, and an answer is a place in its document', async () => {
  const { bench, assistant } = await loaded([document('a', TEXT), document('b', OTHER)]);
  const place = { answerable: true, start: 0, end: 3, score: 0.5, endLogit: 0, nullScore: 0, alternatives: [] };
  bench.model.answerQa = (_question, text) => ({ ...place, startLogit: text.length });
  const { closed, open } = gate();
  bench.model.gate = closed;
  const first = assistant.ask('Who?', 'all');
  await settle();
  const second = assistant.ask('Where?', 'all');
  open();
  await Promise.all([first?.done, second?.done]);
  assert.deepEqual(first?.state.value.candidates, []);
  assert.deepEqual(second?.state.value.candidates.map(({ document: id, text }) => [id, text]), [['a', 'Ada'], ['b', 'Par']]);
  assistant.openDocument('b');
  const third = assistant.ask('Where?', 'document');
  await third?.done;
  assert.deepEqual(third?.state.value.candidates.map(({ document: id }) => id), ['b']);
  assert.deepEqual(await assistant.types(TEXT, { pieces: [[0, 3]] }), [{ label: 'type:person', score: 0.4 }]);
  bench.model.tasks = ['ner'];
  assert.deepEqual([assistant.ask('Who?', 'all'), await assistant.types(TEXT, { pieces: [[0, 3]] })], [undefined, []]);
  await assistant.dispose();
});

test('dispose ends the queue, the teaching and a question, and leaves nothing running', async () => {
  const bench = await Bench.open(doneDocuments(5));
  const assistant = bench.assistant();
  await assistant.start();
  bench.model.gate = new Promise(() => undefined);
  await assistant.loadModel();
  const ask = assistant.ask('Who?', 'all');
  await until(assistant.taught, ({ teaching }) => teaching !== undefined);
  await assistant.dispose();
  const { length } = bench.model.calls;
  await ask?.done;
  assert.deepEqual([assistant.modelState.value, bench.model.disposed, assistant.taught.value], [{ kind: 'none' }, true, {}]);
  await bench.refresh();
  assistant.resume();
  await assistant.loadModel();
  await settle();
  assert.deepEqual([bench.model.calls.length, assistant.notices.value.size, assistant.ask('Who?', 'all')], [length, 0, undefined]);
});

test('settings and cache that another version wrote are not trusted', async () => {
  const bench = await Bench.open([document('a', TEXT)]);
  await bench.store.settings.put(settingKey(bench.project.id, 'preferences'), { threshold: 7, headUse: 'x', choices: [1], draws: -1 });
  await bench.store.settings.put(settingKey(bench.project.id, 'head'), { bytes: 7 });
  const key = suggestionsKey(REF, JSON.stringify({ form: 1, runnersUp: 0.05, context: 'sentence' }));
  const spans = [{ pieces: [[0, 999]] as const, label: 'PER', score: 1 }];
  await bench.store.suggestions.put([{ sha256: bench.heads.value[0]?.sha256 ?? '', key, found: { model: REF, spans, words: 1 } }]);
  const assistant = bench.assistant();
  await assistant.start();
  await assistant.loadModel();
  assistant.openDocument('a');
  await bench.quiet(assistant);
  assert.deepEqual(assistant.preferences.value, { threshold: 0.5, choices: {}, draws: 0 });
  assert.deepEqual(assistant.suggestionsOf('a').value, []);
  assert.match(assistant.notices.value.get('teaching') ?? '', /could not be read/);
  await assistant.dispose();
});

test('a project that is deleted takes its settings and its taught head with it, and not those of others', async () => {
  const { bench, assistant } = await loaded(doneDocuments(5));
  assistant.prefer({ threshold: 0.7 });
  await assistant.dispose();
  const { settings } = bench.store;
  const keys = ['head', 'preferences'].map((name) => settingKey(bench.project.id, name));
  await settings.put('project:other:head', 'x');
  assert.ok((await Promise.all(keys.map((key) => settings.get(key)))).every((value) => value !== undefined));
  bench.project.close();
  await settle();
  await bench.store.deleteProject(bench.project.id);
  assert.deepEqual(await Promise.all([...keys, 'project:other:head'].map((key) => settings.get(key))), [undefined, undefined, 'x']);
});
