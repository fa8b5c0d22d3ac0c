// What models suggest in documents that are not open: in exports, and in the list of documents.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejectSpan } from '../model/edits.js';
import type { ModelRef, Span } from '../model/types.js';
import { formatOf, readFiles } from '../formats/index.js';
import type { Assistant } from '../assistant/assistant.js';
import { planWriting } from '../files/writing.js';
import { suggestedText } from '../view/dialogs/suggested-text.js';
import { filterHeads, NO_FILTER } from '../view/document-filter.js';
import { document, notes, SETS, span } from './scenes.js';
import { Bench, entitiesOf, gate, until } from './assistant-fakes.js';
import { decide, loaded, OTHER, REF, shown, TEXT } from './assistant-scenes.js';

const all = (): boolean => true;

function above(text: string, threshold: number): number {
  const { entities, runnersUp } = entitiesOf(text);
  return [...entities, ...runnersUp].filter(({ score }) => score >= threshold).length;
}

async function written(assistant: Assistant, bench: Bench): Promise<NonNullable<Awaited<ReturnType<Assistant['withSuggestions']>>>> {
  const suggested = await assistant.withSuggestions(await bench.project.corpus());
  assert.ok(suggested);
  return suggested;
}

test('an export has what the model suggests from the threshold on, with source, score and hash, in each format that can hold it', async () => {
  const { bench, assistant } = await loaded([document('a', TEXT, notes([span('mine', 0, 9, 'ORG')])), document('b', OTHER)]);
  assistant.prefer({ threshold: 0.3 });
  const { length } = bench.model.calls;
  const { corpus, unread, threshold } = await written(assistant, bench);
  assert.deepEqual([unread.size, threshold, bench.model.calls.length], [0, 0.3, length], 'no call of the model');
  const suggestions = corpus.documents[1]!.spans;
  assert.equal(suggestions.length, above(OTHER, 0.3));
  assert.ok(suggestions.length > 0 && suggestions.every(({ score = 0 }) => score >= 0.3));
  assert.deepEqual(corpus.documents[0]!.spans[0], span('mine', 0, 9, 'ORG'), 'what a person made stays');
  const made = ({ spans }: { readonly spans: readonly Span[] }): unknown[] =>
    spans.map(({ pieces, state, by, score, model }) => [pieces, state, by, score, model]).sort();
  for (const [format, hasModel] of [['luke', true], ['label-studio', true], ['w3c', true], ['csv', false]] as const) {
    assert.ok(formatOf(format)?.write, format);
    const plan = await planWriting(corpus, { format, documents: 'all', include: 'all' });
    const back = (await readFiles([plan.file])).corpus.documents.find(({ text }) => text === OTHER);
    const expected = suggestions.map(({ model, ...rest }): Span => (hasModel && model ? { ...rest, model } : rest));
    assert.deepEqual(back && made(back), made({ spans: expected }), format);
  }
  const json = new TextDecoder().decode((await formatOf('label-studio')!.write!(corpus, { include: 'all' })).files[0]!.bytes);
  const tasks = JSON.parse(json) as { predictions: { model_version: string; result: { meta: { luke: { model: ModelRef } } }[] }[] }[];
  const prediction = tasks[1]!.predictions[0];
  assert.deepEqual([prediction?.model_version, prediction?.result.length], ['fake', suggestions.length]);
  assert.deepEqual(prediction?.result[0]?.meta.luke.model, REF);
  await assistant.dispose();
});

test('documents that the model has not read are counted for the export; without a model there is nothing', async () => {
  const bench = await Bench.open([document('a', TEXT), document('b', OTHER, notes(), { status: 'done' }), document('c', OTHER)]);
  const assistant = bench.assistant();
  await assistant.start();
  assert.equal(await assistant.withSuggestions(await bench.project.corpus()), undefined);
  assert.match(suggestedText('none', all), /^No model/);
  bench.model.tasks = ['ner'];
  bench.model.answer = (text) => {
    bench.model.gate = gate().closed; // of the next call
    return entitiesOf(text);
  };
  await assistant.loadModel();
  await until(assistant.progress, ({ done }) => done === 1);
  const suggested = await written(assistant, bench);
  assert.deepEqual([...suggested.unread], ['b', 'c']);
  const count = above(TEXT, 0.5);
  assert.equal(
    suggestedText(suggested, all),
    `${count} suggestion${count === 1 ? '' : 's'}, from a score of 50 % on. The model has not read 2 documents yet, so suggestions are missing there.`,
  );
  assert.match(suggestedText(suggested, ({ status }) => status === 'done'), /^0 suggestions, .* not read 1 document yet/);
  await assistant.dispose();
});

test('the list knows how many suggestions a document has at the threshold, follows each decision, and calls no model', async () => {
  const documents = [document('a', TEXT), document('b', TEXT + OTHER), document('c', 'no name at all.', notes([span('f', 0, 2, 'PER', { by: 'import', state: 'suggested' })]))];
  const { bench, assistant } = await loaded(documents);
  const { length } = bench.model.calls;
  for (const threshold of [0, 0.2, 0.7, 1]) {
    assistant.prefer({ threshold });
    const fromModel = ['a', 'b'].map((id) => assistant.suggested.value(id));
    assert.deepEqual(fromModel, [above(TEXT, threshold), above(TEXT + OTHER, threshold)]);
    assert.equal(assistant.suggested.value('c'), 1, 'suggestions of files count too');
  }
  assistant.prefer({ threshold: 0 });
  const order = filterHeads(bench.heads.value, { ...NO_FILTER, sort: 'suggestions' }, new Set(), () => assistant.suggested.value).map(({ id }) => id);
  assert.deepEqual(order.slice(0, 2), ['b', 'a']);
  assistant.openDocument('a');
  await bench.quiet(assistant);
  const [first] = shown(notes(), assistant.suggestionsOf('a').value);
  assert.ok(first);
  await decide(bench, 'a', (of, text) => rejectSpan({ notes: of, labelSets: SETS, text, now: 1 }, first));
  await bench.quiet(assistant);
  assert.equal(assistant.suggested.value('a'), above(TEXT, 0) - 1);
  assert.equal(bench.model.calls.length, length);
  await assistant.dispose();
  assert.equal(assistant.suggested.value('a'), undefined);
  const later = bench.assistant();
  await later.start();
  assert.equal(later.suggested.value('a'), undefined, 'without a model the annotations count');
  await later.loadModel();
  await bench.quiet(later);
  assert.equal(later.suggested.value('a'), above(TEXT, 0) - 1, 'after a reload, from the cache');
  assert.equal(bench.model.calls.length, length);
  await later.dispose();
});
