import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { segmentsOf } from '../formats/segments.js';
import { PIECES, PROPERTY, texts } from './testing.js';

test('short windows give the segments of the whole text', () => {
  // The words of Thai and Chinese come from a dictionary, and so may depend on the window.
  const pieces = PIECES.filter((piece) => !/[\u0e00-\u0e7f\u3040-\u9fff]|𠮷/.test(piece));
  fc.assert(
    fc.property(
      texts({ halves: true, pieces: [...pieces, '🇨', 'a.', '\u0301'.repeat(40)] }),
      fc.constantFrom('grapheme', 'word'),
      fc.integer({ min: 8, max: 64 }),
      (text, granularity, window) => {
        const whole = [...new Intl.Segmenter('und', { granularity }).segment(text)].map(({ index, segment }) => ({ index, segment }));
        assert.deepEqual([...segmentsOf(text, granularity, window)], whole);
      },
    ),
    { ...PROPERTY, numRuns: 5 * PROPERTY.numRuns },
  );
});

test('segments cover every text', () => {
  fc.assert(fc.property(texts({ halves: true }), (text) => {
    assert.equal([...segmentsOf(text, 'word', 8)].map(({ segment }) => segment).join(''), text);
  }), PROPERTY);
});

test('one segment of 100,000 characters', () => {
  assert.equal([...segmentsOf(`a${'\u0301'.repeat(100_000)}b`, 'grapheme')].length, 2);
});
