import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isRefusal } from '../model/refusal.js';
import { occurrences, planOccurrences, type OccurrenceOptions } from '../model/occurrences.js';
import { after, notes, scene, span, STRICT_SETS } from './scenes.js';
import { PROPERTY, texts } from './testing.js';

function starts(text: string, wanted: string, options?: OccurrenceOptions): number[] {
  return occurrences(text, wanted, options).map(([start]) => start);
}

test('whole words, or any place; capital and small letters, or both', () => {
  const text = 'Ada adage ADA, Ada-Ada';
  assert.deepEqual(starts(text, 'Ada'), [0, 15, 19]);
  assert.deepEqual(starts(text, 'Ada', { matchCase: false }), [0, 10, 15, 19]);
  assert.deepEqual(starts(text, 'Ada', { matchCase: false, wholeWords: false }), [0, 4, 10, 15, 19]);
  assert.deepEqual(starts('C++ and C+, C', 'C++'), [0]);
  assert.deepEqual(starts('a.b', ''), []);
});

test('occurrences do not overlap, and none is missed', () => {
  const any = { wholeWords: false };
  assert.deepEqual(starts('aaaaa', 'aa', any), [0, 2]);
  assert.deepEqual(starts('abababac', 'ababac', any), [2]);
  assert.deepEqual(starts('a aa', 'a', { wholeWords: true }), [0]);
});

test('an occurrence does not cut a character', () => {
  assert.deepEqual(starts('cafe\u0301 cafe', 'cafe', { wholeWords: false }), [6]);
  assert.deepEqual(starts('👨‍👩‍👧 👨', '👨', { wholeWords: false }), [9]);
});

test('without case no offset moves: İ, ß, final sigma, Kelvin', () => {
  const folded = { matchCase: false, wholeWords: false };
  assert.deepEqual(starts('İİ STRASSE straße STRAẞE', 'straße', folded), [11, 18]);
  assert.deepEqual(starts('ΟΔΟΣ οδος', 'οδος', folded), [0, 5]);
  assert.deepEqual(starts('\u212aelvin', 'kelvin', folded), [0]);
  assert.deepEqual(starts('ı I', 'i', folded), [2]);
  assert.deepEqual(starts('x𐐀y', '𐐨', folded), [1]);
});

test('property: the same places as a plain search, and each says what was asked', () => {
  fc.assert(
    fc.property(texts({ halves: true }), fc.nat(60), fc.integer({ min: 1, max: 6 }), (text, start, length) => {
      const wanted = text.slice(start, start + length);
      const found = occurrences(text, wanted, { wholeWords: false });
      const edges = new Set([0, text.length, ...[...new Intl.Segmenter('en').segment(text)].map(({ index }) => index)]);
      const expected: number[] = [];
      for (let from = 0; wanted && (from = text.indexOf(wanted, from)) >= 0;) {
        const isWhole = edges.has(from) && edges.has(from + wanted.length);
        if (isWhole) expected.push(from);
        from += isWhole ? wanted.length : 1;
      }
      assert.deepEqual(found.map(([first]) => first), expected);
      const all = occurrences(text, wanted, { wholeWords: false, matchCase: false }).map(
        ([first, end]) => text.slice(first, end).toUpperCase().toLowerCase(),
      );
      for (const each of all) assert.equal(each.length, wanted.toUpperCase().toLowerCase().length);
      assert.ok(all.length >= found.length);
    }),
    PROPERTY,
  );
});

test('a pattern that nearly fits everywhere is found', () => {
  assert.deepEqual(starts(`${'a'.repeat(200_000)}b`, `${'a'.repeat(50_000)}b`, { wholeWords: false }), [150_000]);
});

test('labeling all: new spans, suggestions accepted, the rest is left with the reason', () => {
  const text = 'Ada, Ada, Ada, Ada';
  const content = notes([
    span('s1', 0, 3), span('m', 5, 8, 'PER', { by: 'model', state: 'suggested', score: 0.4 }), span('x', 10, 13, 'PER', { state: 'rejected' }),
  ]);
  const plan = planOccurrences(scene(text, content), occurrences(text, 'Ada'), 'span:PER');
  assert.deepEqual(plan.added, [span('s4', 15, 18, 'PER', { at: 5 })]);
  assert.deepEqual(plan.accepted.map(({ id, state, score }) => [id, state, score]), [['m', 'accepted', 0.4]]);
  assert.deepEqual(plan.left.map(({ piece, refusal }) => [piece[0], refusal.refused, refusal.id]), [[0, 'duplicate', 's1'], [10, 'duplicate', 'x']]);
  assert.deepEqual(
    after(content, plan.change).spans.map(({ id, state }) => [id, state]),
    [['s1', 'accepted'], ['m', 'accepted'], ['x', 'rejected'], ['s4', 'accepted']],
  );
  const strict = planOccurrences(scene(text, notes([span('s1', 0, 8)]), STRICT_SETS), occurrences(text, 'Ada'), 'span:ORG');
  assert.deepEqual(strict.left.map(({ refusal }) => refusal.refused), ['overlap', 'overlap']);
  const nothing = planOccurrences(scene(text, notes()), [], 'span:PER');
  assert.ok(nothing.change === undefined && !isRefusal(nothing));
});
