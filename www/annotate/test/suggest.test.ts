import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { acceptSpan, rejectSpan, relabelSpan } from '../model/edits.js';
import { isRefusal } from '../model/refusal.js';
import { countAbove, mergeAll, mergeSuggestions, suggestedCounter, suggestionsOf, type Suggestion, type Suggestions } from '../model/suggest.js';
import type { Span } from '../model/types.js';
import { after, notes, relation, scene, span, STRICT_SETS } from './scenes.js';
import { PROPERTY } from './testing.js';

const TEXT = 'Ada Byron met Charles in London.';
const MODEL = { name: 'luke-mini-en', manifestHash: 'ab' };

function found(...spans: readonly Suggestion[]): Suggestions {
  return { model: MODEL, spans };
}

function said(start: number, end: number, score: number, name = 'PER'): Suggestion {
  return { pieces: [[start, end]], label: `span:${name}`, score };
}

test('suggestions are added in text order, with score and model, the same ids each time', () => {
  const merged = mergeSuggestions(notes(), { ...found(said(14, 21, 0.6), said(0, 9, 0.9)), at: 7 });
  assert.deepEqual(merged.spans.map(({ id, pieces, score, state, by, model, at }) => [id, pieces, score, state, by, model, at]), [
    ['span:PER@0-9', [[0, 9]], 0.9, 'suggested', 'model', MODEL, 7], ['span:PER@14-21', [[14, 21]], 0.6, 'suggested', 'model', MODEL, 7],
  ]);
  assert.deepEqual(mergeSuggestions(merged, { ...found(said(14, 21, 0.6), said(0, 9, 0.9)), at: 7 }), merged);
});

test('a decision stays: accepted, rejected and changed suggestions do not come again, and are not touched', () => {
  let now = notes();
  const run = found(said(0, 9, 0.9), said(14, 21, 0.6), said(25, 31, 0.8, 'ORG'));
  const [first, second, third] = mergeSuggestions(now, run).spans as [Span, Span, Span];
  for (const edit of [
    (): object => acceptSpan(scene(TEXT, now), first),
    (): object => rejectSpan(scene(TEXT, now), second),
    (): object => relabelSpan(scene(TEXT, now), third, 'span:LOC'),
  ]) {
    const change = edit();
    assert.ok(!isRefusal(change));
    now = after(now, change);
  }
  const rerun = { model: { ...MODEL, manifestHash: 'cd' }, spans: run.spans.map((item) => ({ ...item, score: 0.99 })) };
  assert.deepEqual(mergeSuggestions(now, rerun).spans, now.spans);
  assert.deepEqual(now.spans.map(({ state }) => state), ['accepted', 'rejected', 'accepted']);
});

const SCORED = fc.array(fc.tuple(fc.nat(20), fc.double({ min: 0, max: 1 })), { maxLength: 15 });

test('the threshold shows exactly the suggestions from it on, near misses included, and none for a score that is no number', () => {
  fc.assert(
    fc.property(SCORED, fc.double({ min: 0, max: 1, noNaN: true }), (items, threshold) => {
      const unique = new Map(items.map(([start, score]) => [start, { ...said(start, start + 1, score), lostTo: 'none' } as Suggestion]));
      const all = [...unique.values()];
      const shown = mergeSuggestions(notes(), found(...all), { threshold }).spans;
      assert.deepEqual(
        shown.map(({ pieces }) => pieces[0]![0]),
        all.filter(({ score }) => score >= threshold).map(({ pieces }) => pieces[0]![0]).sort((a, b) => a - b),
      );
      const numbers = all.filter(({ score }) => !Number.isNaN(score));
      assert.equal(countAbove(numbers)(threshold), shown.length);
    }),
    PROPERTY,
  );
});

test('older suggestions of the same model give way; those of files and of other models stay', () => {
  const old = (id: string, start: number, more: Partial<Span>): Span =>
    span(id, start, start + 2, 'PER', { by: 'model', state: 'suggested', ...more });
  const content = notes(
    [
      old('a', 0, { model: MODEL }), old('b', 4, { model: { ...MODEL, head: 'mine' } }), old('c', 8, {}), old('d', 12, { by: 'import' }),
      old('e', 16, { model: MODEL }),
    ],
    [relation('r', 'e', 'e')],
  );
  assert.deepEqual(mergeSuggestions(content, found()).spans.map(({ id }) => id), ['b', 'c', 'd', 'e'], 'e stays: a relation needs it');
});

test('a place that has a span gets no suggestion of another label; one whose span was rejected does', () => {
  const ofFile = span('b', 14, 21, 'PRODUCT', { by: 'import', state: 'suggested' });
  const own = notes([span('a', 0, 9, 'PRODUCT'), ofFile, span('c', 25, 31, 'ORG', { state: 'rejected' })]);
  const merged = mergeSuggestions(own, found(said(0, 9, 0.9), said(0, 3, 0.9), said(14, 21, 0.9), said(25, 31, 0.9)));
  assert.deepEqual(merged.spans.slice(3).map(({ id }) => id), ['span:PER@0-3', 'span:PER@25-31']);
  const second = mergeSuggestions(merged, { model: { ...MODEL, head: 'mine' }, spans: [said(0, 3, 1, 'ORG'), said(4, 9, 1, 'ORG')] });
  assert.deepEqual(second.spans.slice(5).map(({ id }) => id), ['span:ORG@4-9'], 'a place with a suggestion of one model gets none of another');
});

test('where overlap is forbidden, what would be refused is not shown', () => {
  const content = notes([span('a', 0, 9)]);
  const run = found(said(4, 9, 0.9), said(4, 9, 0.8, 'ORG'), said(14, 21, 0.9));
  assert.deepEqual(mergeSuggestions(content, run, { labelSets: STRICT_SETS }).spans.map(({ pieces }) => pieces[0]![0]), [0, 14]);
  assert.equal(mergeSuggestions(content, run).spans.length, 4);
});

test('relations are suggested between spans that are there, and not a second time', () => {
  const relations = [
    { head: [[0, 9]], tail: [[14, 21]], label: 'relation:works for', score: 0.8 },
    { head: [[0, 9]], tail: [[25, 31]], label: 'relation:works for', score: 0.8 },
  ] as const;
  const merged = mergeSuggestions(
    notes([span('a', 0, 9), span('b', 25, 31, 'LOC', { state: 'rejected' })]), { ...found(said(14, 21, 0.6)), relations },
  );
  assert.deepEqual(merged.relations.map(({ head, tail, state, score }) => [head, tail, state, score]), [['a', 'span:PER@14-21', 'suggested', 0.8]]);
  assert.deepEqual(mergeSuggestions(merged, { ...found(said(14, 21, 0.6)), relations }), merged);
  assert.equal(mergeSuggestions(notes([span('a', 0, 9), span('c', 14, 21)]), { ...found(), relations }, { threshold: 0.9 }).relations.length, 0);
});

test('an id that is taken by another span is not taken again', () => {
  const merged = mergeSuggestions(notes([span('span:PER@0-9', 3, 4)]), found(said(0, 9, 0.9)));
  assert.equal(new Set(merged.spans.map(({ id }) => id)).size, 2);
});

test('entities of luke.ner become suggestions; labels that the project does not have are left out', () => {
  const entities = [
    { start: 0, end: 9, label: 'PER', score: 0.9 }, { start: 0, end: 3, label: 'PER', score: 0.2, lostTo: 'overlap' },
    { start: 25, end: 31, label: 'GPE', score: 0.5 },
  ] as const;
  assert.deepEqual(
    suggestionsOf(entities, (name) => (name === 'PER' ? 'span:PER' : undefined)), [said(0, 9, 0.9), { ...said(0, 3, 0.2), lostTo: 'overlap' }],
  );
});

test('property: the counter gives as many suggestions as are shown, at each threshold, of several models', () => {
  const score = fc.integer({ min: 0, max: 20 }).map((value) => value / 20);
  const place = fc.tuple(fc.nat(6), fc.integer({ min: 1, max: 3 }), fc.constantFrom('PER', 'ORG'));
  const saids = fc.uniqueArray(fc.tuple(place, score), { maxLength: 12, selector: ([at]) => at.join() })
    .map((all) => all.map(([[start, length, name], value]) => said(start, start + length, value, name)));
  const made = fc.record({
    state: fc.constantFrom('suggested', 'accepted', 'rejected'), by: fc.constantFrom('human', 'model', 'import'), model: fc.constantFrom(MODEL, { ...MODEL, head: 'mine' }),
  });
  const spans = fc.array(fc.tuple(place, made), { maxLength: 5 }).map((all) => all.map(([[start, length, name], more], index) => {
    return span(`s${index}`, start, start + length, name, more as Partial<Span>);
  }));
  fc.assert(fc.property(spans, saids, saids, saids, score, (own, first, second, third, threshold) => {
    const models = [first, second, third].map((each, index): Suggestions => ({ model: { ...MODEL, head: ['mine', 'other', 'third'][index]! }, spans: each }));
    const count = suggestedCounter(notes(own), models, STRICT_SETS);
    const merged = mergeAll(notes(own), models, { threshold, labelSets: STRICT_SETS });
    assert.equal(count(threshold), merged.spans.filter(({ state }) => state === 'suggested').length);
  }), PROPERTY);
});
