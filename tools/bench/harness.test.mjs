import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cpuBetween } from './meter.mjs';
import { pairs, plan } from './plan.mjs';
import { plots } from './plots.mjs';
import { markdown } from './report.mjs';
import { makeText } from './text.mjs';

const shapes = Object.fromEntries(['16+4', '128+32', '512+128', '8x(128+32)', 'qa 384+32'].map((name) => [name, { outputs: {} }]));
const models = [
  { name: 'f32', dtype: 'f32', tasks: ['ner', 'qa'], layers: 12 },
  { name: 'q8', dtype: 'q8', tasks: ['ner'], layers: 12 },
];
const groups = (options) => plan({ models, shapes, threads: 1, webgpu: false, long: false, only: [], rounds: 10, ...options });

test('a plan begins with the control, and a model is in the groups whose head it has', () => {
  const all = groups({});
  assert.deepEqual(all.map(({ title }) => title), ['control', 'ner', 'qa', 'text', 'documents', 'start']);
  assert.deepEqual(all[1].engines.map(({ name }) => name), ['luke f32', 'luke q8', 'ort fp32', 'ort int8']);
  assert.deepEqual(all[2].engines.map(({ name }) => name), ['luke f32', 'ort fp32', 'ort int8']);
  assert.deepEqual(groups({ only: ['512+128'] }).flatMap(({ cases }) => cases.map(({ name }) => name)), ['512+128']);
});

test('f32 is compared with fp32, fewer bits with int8, and one peer with the other', () => {
  const [control, ner] = groups({});
  const named = (engines) => pairs(engines).map(([a, b]) => `${a.name} / ${b.name}`);
  assert.deepEqual(named(ner.engines), ['luke f32 / ort fp32', 'luke q8 / ort int8']);
  assert.deepEqual(named(control.engines), ['ort int8 / ort int8 again']);
  const threaded = ['luke f32, 2 threads / ort fp32', 'luke q8, 2 threads / ort int8', 'luke f32, 2 threads / luke f32', 'luke q8, 2 threads / luke q8'];
  assert.deepEqual(named(groups({ threads: 2 })[1].engines), threaded);
});

test('CPU time includes threads that started, and not threads that ended', () => {
  assert.equal(cpuBetween(new Map([['1', 5e6], ['2', 9e6]]), new Map([['1', 7e6], ['3', 1e6]])), 3);
});

test('a text has the given number of words, is always the same, and begins with the shorter texts', () => {
  assert.equal(makeText(1000).split(' ').length, 1000);
  assert.ok(makeText(1000).startsWith(makeText(100)));
});

test('the tables and plots of a result', () => {
  const [, { engines }] = groups({});
  const times = { cpuMs: [10, 12], wallMs: [11, 13], maxError: 1e-6 };
  const item = { name: '128+32', engines: { 'luke f32': times, 'luke q8': times, 'ort fp32': { ...times, cpuMs: [20, 24] }, 'ort int8': times } };
  const memoryMiB = Object.fromEntries(engines.map(({ name }) => [name, { empty: 1, loaded: 2, peak: 3 }]));
  const machine = { cpu: 'a CPU', loadBefore: 0.5, memoryGiB: 8, wasmBytes: { cpu: 1e6, webgpu: 2e6 } };
  const results = { machine, options: { rounds: 2, threads: 1 }, groups: [{ title: 'ner', engines, cases: [item], memoryMiB }] };
  assert.match(markdown(results), /\| 128\+32 \| 11\.0 \| 11\.0 \| 22\.0 \| 11\.0 \| \*\*0\.50\*\* \(0\.50 to 0\.50\) \| \*\*1\.00\*\*/);
  assert.equal(plots(results).ner.match(/<rect/g).length, 4);
});
