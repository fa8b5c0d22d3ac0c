import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { groupsOf, rowsOf } from '../figures.js';
import { TASKS, type Setup } from '../plan.js';
import { endOf, newTimes, rate, setupReports, spread, type SetupTimes } from '../report.js';
import { MENTIONS, QUESTION, TEXT, WORDS } from '../text.js';

const CPU: Setup = { id: 'one-thread', title: 'CPU, one thread', options: { device: 'wasm', threads: 1 } };
const GPU: Setup = { id: 'webgpu', title: 'GPU (WebGPU)', options: { device: 'webgpu' } };

test('the text has 300 words, and the mentions are in it', () => {
  assert.equal(WORDS, 300);
  assert.equal(MENTIONS.length, 10);
  const names = MENTIONS.map(([start, end]) => TEXT.slice(start, end));
  assert.deepEqual([names[0], names[9], new Set(names).size], ['Harwich', 'Susan Whitfield', 10]);
  assert.ok(MENTIONS.every(([start, end]) => start >= 0 && start < end));
  assert.match(QUESTION, /\?$/);
});

test('the spread of times', () => {
  assert.equal(spread([]), undefined);
  assert.deepEqual(spread([5]), { median: 5, low: 5, high: 5, min: 5, max: 5, count: 1 });
  assert.deepEqual(spread([40, 10, 30, 20, 50]), { median: 30, low: 20, high: 40, min: 10, max: 50, count: 5 });
  assert.deepEqual(spread([1, 2]), { median: 1.5, low: 1.25, high: 1.75, min: 1, max: 2, count: 2 });
});

test('the parts of a spread are in order, for any times', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e7, noNaN: true }), { minLength: 1 }), (values) => {
      const found = spread(values);
      assert.ok(found && found.min <= found.low && found.low <= found.median && found.median <= found.high && found.high <= found.max);
      assert.equal(found.count, values.length);
    }),
  );
});

test('a rate is units a second, and finite for a call that took no time', () => {
  assert.equal(rate(300, { median: 150, low: 0, high: 0, min: 0, max: 0, count: 1 }), 2000);
  assert.ok(Number.isFinite(rate(1, { median: 0, low: 0, high: 0, min: 0, max: 0, count: 1 })));
});

/** Times of a setup that measured named entities alone. */
function timesOf(setup: Setup, ms: number[]): SetupTimes {
  return { ...newTimes(setup), coldMs: 900.12345, warmMs: [300, 200, 400], firstMs: { ner: 70 }, ms: { ner: ms } };
}

test('the report has what was measured and nothing else', () => {
  const error = { name: 'LukeError', message: 'no GPU', code: 'unsupported' };
  const [cpu, gpu] = setupReports([timesOf(CPU, [100, 300, 200]), { ...newTimes(GPU), error }], TASKS);
  assert.deepEqual(cpu, {
    id: 'one-thread',
    title: 'CPU, one thread',
    load: { coldMs: 900.123, warmMs: { median: 300, low: 250, high: 350, min: 200, max: 400, count: 3 } },
    tasks: [
      { id: 'ner', unit: 'words', countPerCall: 300, firstMs: 70, callMs: { median: 200, low: 150, high: 250, min: 100, max: 300, count: 3 }, perSecond: 1500 },
    ],
  });
  assert.deepEqual(gpu, { id: 'webgpu', title: 'GPU (WebGPU)', load: {}, tasks: [], error });
});

test('the longest bar is the fastest setup', () => {
  const groups = groupsOf(setupReports([timesOf(CPU, [400]), timesOf(GPU, [100])], TASKS));
  assert.deepEqual(groups, [
    {
      title: 'Named entities',
      bars: [{ name: 'CPU, one thread', value: '750 words/s', share: 0.25 }, { name: 'GPU (WebGPU)', value: '3,000 words/s', share: 1 }],
    },
  ]);
  assert.deepEqual(groupsOf([]), []);
});

test('the table has each figure with its spread, and what failed', () => {
  const rows = rowsOf(setupReports([timesOf(CPU, [100, 300, 200]), { ...newTimes(GPU), error: { name: 'Error', message: 'no GPU' } }], TASKS));
  assert.deepEqual(rows, [
    { what: 'CPU, one thread: load from the network', value: '900 ms' },
    { what: 'CPU, one thread: load from the store', value: '300 ms (250 ms to 350 ms; 3 times)' },
    { what: 'CPU, one thread: Named entities', value: '200 ms (150 ms to 250 ms; 3 times) a call; the first 70.0 ms' },
    { what: 'GPU (WebGPU)', value: 'failed: no GPU', isBad: true },
  ]);
});

test('a measurement that was stopped did not fail', () => {
  const abort = new AbortController();
  assert.deepEqual(endOf(new Error('x'), abort.signal), { failed: { name: 'Error', message: 'x' } });
  abort.abort();
  assert.equal(endOf(abort.signal.reason, abort.signal), 'stopped');
});
