import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maxDifference, median, medianInterval, pairedRatio } from './statistics.mjs';

test('median of an odd, an even and an empty list in any order', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 10]), 3);
  assert.ok(Number.isNaN(median([])));
});

test('the interval of ten rounds leaves out one value at each end: confidence 97.9 %', () => {
  const { low, high, confidence, rounds } = medianInterval([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  assert.deepEqual([low, high, rounds], [2, 9, 10]);
  assert.ok(Math.abs(confidence - (1 - 2 * (11 / 1024))) < 1e-12);
});

test('the interval of a few rounds is smallest to largest, with less confidence', () => {
  const { median: middle, low, high, confidence } = medianInterval([2, 3, 1]);
  assert.deepEqual([middle, low, high], [2, 1, 3]);
  assert.equal(confidence, 0.75);
  assert.equal(medianInterval([7]).confidence, 0);
});

test('a load that slows both engines of a round does not change their ratio', () => {
  const quiet = [100, 101, 99, 100, 100, 102];
  const load = [1, 1, 3, 3, 1, 2];
  const { median: ratio, low, high } = pairedRatio(quiet.map((ms, i) => 2 * ms * load[i]), quiet.map((ms, i) => ms * load[i]));
  assert.deepEqual([ratio, low, high], [2, 2, 2]);
  assert.throws(() => pairedRatio([1], [1, 2]));
});

test('the difference to a missing value or NaN is infinite', () => {
  assert.equal(maxDifference([1, 2], [1.5, 2]), 0.5);
  assert.equal(maxDifference([1], [1, 2]), Infinity);
  assert.equal(maxDifference([NaN], [1]), Infinity);
});
