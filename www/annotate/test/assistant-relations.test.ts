import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_PAIRS } from '../assistant/relation-scan.js';
import { acceptRelation, addSpan, rejectRelation } from '../model/edits.js';
import { newLabelSet } from '../model/labels.js';
import { pairsOf } from '../model/pairs.js';
import { mergeAll } from '../model/suggest.js';
import type { LabelSet, Notes } from '../model/types.js';
import type { Assistant } from '../assistant/assistant.js';
import { checkStored } from '../assistant/answers.js';
import { decide, REF } from './assistant-scenes.js';
import { Bench, FakeModel } from './assistant-fakes.js';
import { document, notes, SETS, span } from './scenes.js';

const TEXT = 'Ada works for Acme in London. Byron is far away.';
const SPANS = [span('a', 0, 3), span('o', 14, 18, 'ORG'), span('l', 22, 28, 'LOC'), span('b', 30, 35)];

function asked({ calls }: FakeModel): string[] {
  return calls.filter((call) => call.startsWith('relation'));
}

function limited(from: readonly string[], to: readonly string[]): readonly LabelSet[] {
  const relations = newLabelSet('relation', ['works for']);
  return [SETS[0]!, { ...relations, labels: relations.labels.map((label) => ({ ...label, from, to })) }];
}

async function openOne(content: Notes, labelSets: readonly LabelSet[], model: (model: FakeModel) => void = () => undefined): Promise<{ bench: Bench; assistant: Assistant }> {
  const bench = await Bench.open([document('d', TEXT, content)], labelSets);
  bench.model.answer = () => ({ entities: [], runnersUp: [] });
  bench.model.tasks = ['ner', 'relation'];
  model(bench.model);
  const assistant = bench.assistant();
  await assistant.start();
  assistant.openDocument('d');
  await assistant.loadModel();
  await bench.quiet(assistant);
  return { bench, assistant };
}

/** `head > tail` of each relation that is shown. */
async function shown({ bench, assistant }: { bench: Bench; assistant: Assistant }, threshold = 0.2): Promise<string[]> {
  const { notes: own } = await bench.project.document('d');
  const { spans, relations } = mergeAll(own, assistant.suggestionsOf('d').value, { threshold, labelSets: bench.record.value.labelSets });
  const text = (id: string): string => TEXT.slice(...spans.find((each) => each.id === id)!.pieces[0]!);
  return relations.filter(({ state }) => state === 'suggested').map(({ head, tail }) => `${text(head)} > ${text(tail)}`);
}

test('pairs are those of one sentence, in both directions, with neighbors only, and as far as labels allow', () => {
  const pairs = (text: string, spans = SPANS, allows = () => true): string[] =>
    [...pairsOf(text, spans, allows)].flatMap((sentence) => sentence.pairs.map(([head, tail]) => `${head.id}${tail.id}`));
  assert.deepEqual(pairs(TEXT), ['ao', 'oa', 'al', 'la', 'ol', 'lo']);
  assert.deepEqual(pairs(TEXT.replace('for ', 'for\n')), ['ao', 'oa', 'al', 'la', 'ol', 'lo'], 'a line may break in a sentence');
  assert.deepEqual(pairs(TEXT.replace('s for', 's\n\nor')).length, 2, 'a paragraph ends one');
  const many = Array.from({ length: 100 }, (_, index) => span(`${index},`, index * 2, index * 2 + 1));
  assert.equal(pairs('a '.repeat(100), many).length, 2 * (96 * 4 + 3 + 2 + 1));
  assert.deepEqual(pairs('a '.repeat(2000), many), [], 'what is too long for a sentence has none');
  assert.deepEqual(pairs(TEXT, [span('x', 0, 9), span('y', 4, 18)]), [], 'spans that overlap are no pair');
});

test('relations are suggested in the background: the model is asked with the sentence about the pairs that labels allow', async () => {
  const all = await openOne(notes(SPANS), limited(['span:PER'], ['span:ORG', 'span:LOC']));
  assert.deepEqual(asked(all.bench.model), ['relation Ada Acme', 'relation Ada London']);
  assert.deepEqual(await shown(all), ['Ada > Acme', 'Ada > London']);
  assert.deepEqual(await shown(all, 0.5), [], 'the threshold is that of spans; the best label is "no relation"');
  await all.assistant.dispose();
});

test('suggested spans make pairs too; without a label that maps to one of the model, no pair is asked about', async () => {
  const entities = [{ start: 0, end: 3, label: 'PER', score: 0.9 }, { start: 14, end: 18, label: 'ORG', score: 0.8 }, { start: 22, end: 28, label: 'LOC', score: 0.3 }];
  const answer = (model: FakeModel): void => void (model.answer = () => ({ entities, runnersUp: [] }));
  const all = await openOne(notes(), SETS, answer);
  assert.deepEqual(asked(all.bench.model), ['relation Ada Acme', 'relation Acme Ada'], 'a span that is suggested with a low score makes none');
  assert.deepEqual(await shown(all), ['Ada > Acme', 'Acme > Ada']);
  await all.assistant.dispose();
  for (const sets of [[SETS[0]!, newLabelSet('relation', ['knows'])], [SETS[0]!]]) {
    const none = await openOne(notes(SPANS), sets);
    assert.deepEqual(asked(none.bench.model), []);
    await none.assistant.dispose();
  }
  const without = await openOne(notes(SPANS), SETS, (model) => void (model.tasks = ['ner']));
  assert.deepEqual(asked(without.bench.model), []);
  await without.assistant.dispose();
});

test('a new span asks about its pairs only; what was said is kept over a reload, and not asked again', async () => {
  const all = await openOne(notes(SPANS.slice(0, 2)), SETS);
  const { bench, assistant } = all;
  assert.equal(asked(bench.model).length, 2);
  await decide(bench, 'd', (own, text) => addSpan({ notes: own, labelSets: SETS, text, now: 7 }, { pieces: [[22, 28]], label: 'span:LOC' }));
  await bench.quiet(assistant);
  assert.deepEqual(asked(bench.model).slice(2), ['relation Ada London', 'relation London Ada', 'relation Acme London', 'relation London Acme']);
  assert.equal((await shown(all)).length, 6);
  await assistant.dispose();
  const second = bench.assistant();
  await second.start();
  second.openDocument('d');
  await second.loadModel();
  await bench.quiet(second);
  assert.equal(asked(bench.model).length, 6);
  assert.equal((await shown({ bench, assistant: second })).length, 6);
  await second.dispose();
});

test('accepted and rejected relations do not come again; rejecting keeps ends that were only suggested', async () => {
  const entities = [{ start: 0, end: 3, label: 'PER', score: 0.9 }, { start: 14, end: 18, label: 'ORG', score: 0.8 }];
  const all = await openOne(notes(), SETS, (model) => void (model.answer = () => ({ entities, runnersUp: [] })));
  const { bench, assistant } = all;
  const merged = async (): Promise<Notes> =>
    mergeAll((await bench.project.document('d')).notes, assistant.suggestionsOf('d').value, { threshold: 0.2, labelSets: SETS });
  const before = await merged();
  const [there, back] = before.relations;
  await decide(bench, 'd', (own, text) => rejectRelation({ notes: own, labelSets: SETS, text, now: 7 }, back!, before)!);
  await bench.quiet(assistant);
  const between = await merged();
  assert.deepEqual(between.relations.map(({ state }) => state), ['rejected', 'suggested']);
  assert.deepEqual(between.spans.map(({ state }) => state), ['suggested', 'suggested']);
  await decide(bench, 'd', (own, text) => acceptRelation({ notes: own, labelSets: SETS, text, now: 7 }, between, between.relations[1]!));
  await bench.quiet(assistant);
  const after = await merged();
  assert.deepEqual(after.relations.map(({ id, state }) => [id, state]), [[back!.id, 'rejected'], [there!.id, 'accepted']]);
  assert.deepEqual([after.relations[1]?.score, after.relations[1]?.model, after.spans.map(({ state }) => state)], [0.3, REF, ['accepted', 'accepted']]);
  assert.equal(asked(bench.model).length, 2);
  await assistant.dispose();
});

test('documents that are not open come when all spans are found; a document has at most so many pairs', async () => {
  const long = `${'Ada saw Bob and Eve. '.repeat(80)}`;
  const spans = Array.from({ length: 80 }, (_, index) => [0, 8, 16].map((place) => span(`${index} ${place}`, index * 21 + place, index * 21 + place + 3))).flat();
  const bench = await Bench.open([document('y', TEXT, notes(SPANS)), document('x', long, notes(spans))]);
  bench.model.tasks = ['ner', 'relation'];
  bench.model.answer = () => ({ entities: [], runnersUp: [] });
  const assistant = bench.assistant();
  await assistant.start();
  await assistant.loadModel();
  await bench.quiet(assistant);
  assert.equal(asked(bench.model).length, MOST_PAIRS + 6);
  assert.ok(bench.model.calls.findIndex((call) => call === 'relation Ada Bob') > bench.model.calls.findLastIndex((call) => call.startsWith('ner')));
  await assistant.dispose();
});

test('relations in the cache are checked', () => {
  const good = { head: [[0, 1]], tail: [[2, 3], [4, 5]], label: 'x', score: 0.5 };
  const stored = (relations: unknown): unknown => ({ spans: [], words: 0, relations });
  assert.deepEqual(checkStored(stored([good]), REF, 9)?.relations, [good]);
  for (const bad of [7, [{ ...good, head: [] }], [{ ...good, tail: [[2, 30]] }], [{ ...good, score: 2 }], [{ ...good, label: 1 }]]) {
    assert.equal(checkStored(stored(bad), REF, 9), undefined);
  }
});
