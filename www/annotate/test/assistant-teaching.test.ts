// The assistant teaches the labels of a project as its documents are done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { document, notes, span } from './scenes.js';
import { sharedLabels } from '../assistant/sources.js';
import { Bench, entitiesOf, FakeError, FakeModel } from './assistant-fakes.js';

import { decide, doneDocuments, loaded, REF, TEXT } from './assistant-scenes.js';

test('labels are taught when five documents are done, and again after five more; the head speaks alone for its labels only if the person says so', async () => {
  const open = Array.from({ length: 6 }, (_, index) => document(`n${index}`, `${TEXT} ${index}`, notes([span('a', 0, 9)])));
  const bench = await Bench.open([...doneDocuments(4), ...open]);
  const { model } = bench;
  model.answer = (text, { head }) => (head ? { entities: [{ start: 0, end: 9, label: 'PER', score: 0.97 }], runnersUp: [] } : entitiesOf(text));
  const assistant = bench.assistant();
  await assistant.start();
  await assistant.loadModel();
  await bench.quiet(assistant);
  assert.equal(model.taught.length, 0);
  const finish = async (id: string): Promise<void> => {
    await decide(bench, id, () => ({ type: 'status', status: 'done' }));
    await bench.quiet(assistant);
  };
  await finish('n0');
  assert.equal(model.taught.length, 1);
  assert.deepEqual(model.taught[0]?.examples.map(({ text }) => text)[0], `${TEXT} 0`, 'the one that was finished last is the newest');
  assistant.openDocument('n1');
  await bench.quiet(assistant);
  const isTaught = ({ label }: { readonly label: string }): boolean => label !== 'span:ORG';
  assert.deepEqual(sharedLabels(assistant.sources.value).sort(), ['span:LOC', 'span:PER']);
  assert.ok(assistant.suggestionsOf('n1').value[1]?.spans.some(isTaught), 'nobody was asked yet: both speak');
  assistant.prefer({ headUse: 'replace' });
  const [own, built] = assistant.suggestionsOf('n1').value;
  assert.deepEqual([own?.model, own?.spans.length], [{ ...REF, head: 'My project' }, 1]);
  assert.ok(built && built.spans.every(({ label }) => label === 'span:ORG'), 'the head was taught PER and LOC');
  assistant.prefer({ headUse: 'beside' });
  assert.ok(assistant.suggestionsOf('n1').value[1]?.spans.some(({ label }) => label !== 'span:ORG'));
  const [first] = bench.heads.value;
  const firstKey = assistant.sources.value[0]?.source.key ?? '';
  assert.equal((await bench.store.suggestions.missing([first?.sha256 ?? ''], firstKey)).length, 0);
  for (const id of ['n1', 'n2', 'n3', 'n4']) await finish(id);
  assert.equal(model.taught.length, 1);
  await finish('n5');
  assert.equal(model.taught.length, 2);
  assert.equal((await bench.store.suggestions.missing([first?.sha256 ?? ''], firstKey)).length, 1, 'what the older head said is removed');
  assert.equal((await bench.store.suggestions.missing([first?.sha256 ?? ''], assistant.sources.value[0]?.source.key ?? '')).length, 0);
  assistant.prefer({ headUse: 'off' });
  await bench.quiet(assistant);
  assert.deepEqual(assistant.sources.value.map(({ source }) => source.ref.head), [undefined]);
  await assistant.dispose();
});

test('a head is there after a reload; one of another version of the model is dropped, and taught again at once', async () => {
  const { bench, assistant } = await loaded(doneDocuments(5));
  assert.equal(bench.model.taught.length, 1);
  await assistant.dispose();
  const later = bench.assistant();
  await later.start();
  await later.loadModel();
  await bench.quiet(later);
  assert.deepEqual([later.taught.value.head?.documents, bench.model.taught.length], [5, 1]);
  await later.dispose();
  const other = new FakeModel('cd'.repeat(32));
  const last = bench.assistant({ load: async () => other });
  await last.start();
  await last.loadModel();
  await bench.quiet(last);
  assert.deepEqual([other.taught.length, last.taught.value.head?.manifestHash], [1, 'cd'.repeat(32)]);
  await last.dispose();
});

test('labels of the model are offered to a project without them; labels can be taught by hand with enough documents that are done', async () => {
  const { bench, assistant } = await loaded([document('a', TEXT)], []);
  assert.deepEqual(assistant.offered.value, bench.model.info.labels.ner);
  assert.equal(assistant.canTeach.value, false);
  await assistant.dispose();
  const { assistant: taught } = await loaded(doneDocuments(5));
  assert.deepEqual([taught.offered.value, taught.canTeach.value], [[], true]);
  await taught.dispose();
});

test('teaching that fails is not tried again with each edit, but by hand; without spans there is nothing to teach', async () => {
  const bench = await Bench.open(doneDocuments(5));
  bench.model.answerTeach = () => {
    throw new FakeError('internal');
  };
  const assistant = bench.assistant();
  await assistant.start();
  await assistant.loadModel();
  await bench.quiet(assistant);
  await bench.refresh();
  await bench.quiet(assistant);
  const taught = (): number => bench.model.calls.filter((call) => call === 'teach').length;
  assert.equal(taught(), 1);
  assert.match(assistant.notices.value.get('teaching') ?? '', /could not be taught/);
  await assistant.teachNow();
  assert.equal(taught(), 2);
  assistant.dismiss('teaching');
  assert.equal(assistant.notices.value.size, 0);
  await assistant.dispose();
  const { bench: empty, assistant: second } = await loaded([document('a', TEXT)]);
  await second.teachNow();
  assert.match(second.notices.value.get('teaching') ?? '', /nothing to teach/);
  assert.equal(empty.model.taught.length, 0);
  await second.dispose();
});
