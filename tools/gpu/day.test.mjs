// The functions of the GPU day that need no GPU.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { candidates, chooseDriver } from './drivers.mjs';
import { planOf } from './plan.mjs';
import { digits, labelOf, markdown, parseTests, table } from './report.mjs';
import { encodeRow, half, SIZES, tensorsOf } from './synthetic.mjs';

const ENVIRONMENT = { kind: 'environment', step: 'env', adapter: { name: 'a GPU', isSoftware: false, features: ['timestamp-query'] }, cpu: 'a CPU', cores: 2 };
const SHAPE = { rows: 160, in: 768, out: 3072 };

test('a plan begins with the device, every step has a limit, and a quick one is short', () => {
  for (const quick of [false, true]) {
    const plan = planOf({ quick });
    assert.equal(plan[0].name, 'env');
    assert.equal(new Set(plan.map(({ name }) => name)).size, plan.length);
    assert.ok(plan.every(({ minutes, options }) => minutes > 0 && options.linear.length > 0 && options.shapes.length > 0));
  }
  assert.ok(planOf({ quick: true }).every(({ options: { size = 'mini' } }) => ['micro', 'mini'].includes(size)));
  assert.deepEqual(planOf({ quick: false, only: ['passes base'] }).map(({ name }) => name), ['env', 'passes base f32', 'passes base f16', 'passes base q8']);
});

test('every program of a plan is there', () => {
  for (const { program, python } of [...planOf({ quick: true }), ...planOf({ quick: false })].filter(({ tests }) => !tests)) {
    assert.ok(readFileSync(fileURLToPath(new URL(python ?? program, import.meta.url)), 'utf8').length > 0);
  }
});

test('the counts of a test run', () => {
  const printed = ['WebGPU adapter: x', 'ok     faults: a (3 ms)', 'FAILED faults: b: c (12 ms)', '    Error', '1 passed, 1 failed'];
  assert.deepEqual(parseTests(printed), { passed: 1, failed: 1, ended: true, failures: ['faults: b: c'] });
  assert.deepEqual(parseTests(printed.slice(0, 2)), { passed: 1, failed: 0, ended: false, failures: [] }, 'it was ended');
});

test('numbers have three digits that count', () => {
  assert.deepEqual([0, 0.00012, 0.0123, 1.236, 12.34, 123.4, 56789].map(digits), ['0', '1.2e-4', '0.012', '1.24', '12.3', '123', '56789']);
  assert.deepEqual([undefined, null, NaN].map(digits), ['', '', '']);
});

test('a table puts numbers on the right and keeps its shape whatever is in a cell', () => {
  assert.equal(table([{ a: 'x|y\nz', b: 1 }, { a: 'w' }], [['A', (l) => l.a], ['B', (l) => l.b]]), '| A | B |\n|--|--:|\n| x\\|y z | 1 |\n| w |  |');
});

test('a report names the device in every section, and says when it is software', () => {
  const lines = [
    ENVIRONMENT,
    { kind: 'linear', ...SHAPE, dtype: 'f32', shader: 'own', gpuMs: 0.1, wallMs: 0.2, gflops: 7549 },
    { kind: 'linear', ...SHAPE, dtype: 'f32', shader: 'low', gflops: 5000 },
    { kind: 'linear', ...SHAPE, dtype: 'f32', shader: 'high', gflops: 9000 },
    { kind: 'cublas', ...SHAPE, dtype: 'f32', gflops: 15098 },
    { kind: 'pass', model: 'base f32', words: 128, entities: 32, batch: 13, wallMs: { median: 5, min: 4, count: 20 }, rowsPerSecond: 416000, work: { submits: 9, dispatches: 92, submitMs: { max: 1.5 }, longestPassMs: 1.25, untimedPasses: 0 } },
    { kind: 'end', step: 'linear', ok: true, seconds: 3 },
    { kind: 'end', step: 'faults', ok: false, seconds: 240, reason: 'it took more than 4 min' },
    { kind: 'error', step: 'ner', message: 'no memory' },
  ];
  const report = markdown(lines);
  assert.equal(report.match(/^## /gm).length, report.match(/Measured on: a GPU\./g).length);
  assert.match(report, /\| 160 \| 768 \| 3072 \| f32 \| by itself \| 0\.100 \| 0\.200 \| 7549 \| 15098 \| {2}\| {2}\| 50\.0 % \|/);
  assert.match(report, /\| base f32 \| 13 × 128 \+ 32 \| 9 \| 1\.50 \| 1\.25 \| 0 \|/);
  assert.match(report, /\| 160 \| 768 \| 3072 \| f32 \| 7549 \| 5000 \| {2}\| 9000 \| high \|/);
  assert.match(report, /FAILED: it took more than 4 min/);
  assert.match(report, /- ner: no memory/);
  assert.doesNotMatch(report, /software adapter/);
  const software = markdown([{ ...ENVIRONMENT, adapter: { ...ENVIRONMENT.adapter, name: 'llvmpipe', isSoftware: true } }, lines[1]]);
  assert.match(software, /## Linear layer\n\nMeasured on: llvmpipe \(software adapter\)\./);
  assert.deepEqual(labelOf(ENVIRONMENT), { adapter: 'a GPU', software: false });
  const other = { kind: 'ner', adapter: 'another GPU', model: 'of another GPU', device: 'webgpu', words: 1, ms: 1, wordsPerSecond: 1 };
  assert.doesNotMatch(markdown([...lines, other]), /another/, 'figures of another device are left out');
  assert.match(markdown([...lines, { ...other, adapter: 'a GPU' }]), /of another GPU/);
  assert.match(markdown([]), /unknown device/, 'a day whose first step failed has a report too');
});

test('drivers: NVIDIA first, also without a file that names it; software last; a choice of the user is kept', () => {
  const written = [];
  const machine = ({ files = {}, there = [] }) => ({
    list: (folder) => files[folder] ?? [],
    exists: (path) => there.includes(path),
    write: (file) => written.push(file),
    software: () => ({ VK_DRIVER_FILES: 'swiftshader' }),
  });
  const names = (environment, what) => candidates(environment, '/drivers', machine(what)).map(({ env }) => env.VK_DRIVER_FILES);
  const folder = '/usr/share/vulkan/icd.d';
  assert.deepEqual(names({}, {}), ['swiftshader']);
  assert.deepEqual(names({ VK_DRIVER_FILES: 'mine' }, { files: { [folder]: ['nvidia_icd.json'] } }), [undefined]);
  assert.deepEqual(names({}, { files: { [folder]: ['lvp_icd.x86_64.json', 'radeon_icd.json', 'nvidia_icd.json'] }, there: ['/dev/dri'] }), [`${folder}/nvidia_icd.json`, `${folder}/radeon_icd.json`, 'swiftshader']);
  assert.deepEqual(names({}, { there: ['/usr/lib64/libEGL_nvidia.so.0'] }), ['/drivers/libEGL_nvidia.so.0.json', 'swiftshader']);
  assert.deepEqual(written, ['/drivers/libEGL_nvidia.so.0.json']);
});

test('the driver with a real GPU is taken, or else the first with any', () => {
  const all = ['a', 'b', 'c'].map((name) => ({ name, env: { name } }));
  const choose = (found) => chooseDriver(all, ({ name }) => found[name]);
  const [none, soft, gpu] = [{ problem: 'no adapter' }, { name: 's', isSoftware: true }, { name: 'g', isSoftware: false }];
  assert.equal(choose({ a: none, b: gpu, c: soft }).name, 'b');
  assert.equal(choose({ a: none, b: soft, c: soft }).name, 'b');
  assert.equal(choose({ a: none, b: none, c: none }).name, 'c');
  assert.deepEqual(choose({ a: none, b: gpu, c: soft }).tried, [{ driver: 'a', problem: 'no adapter' }, { driver: 'b', name: 'g', isSoftware: false }]);
});

test('rows have the bytes of docs/FORMATS.md', () => {
  const draw = () => 0.5;
  assert.deepEqual(['f32', 'f16', 'q8', 'q4'].map((dtype) => encodeRow(dtype, 64, draw).length), [256, 128, 68, 36]);
  assert.deepEqual([1, -1, 0.5, 0.099975586, 0].map(half), [0x3c00, 0xbc00, 0x3800, 0x2e66, 0]);
  const row = encodeRow('q8', 4, draw);
  assert.ok(Math.abs(row.readInt8(0) * row.readFloatLE(4) - 0.025) < 1e-6);
});

test('a synthetic model has the tensors of its size', () => {
  const config = { vocab_size: 602, entity_vocab_size: 4, max_position_embeddings: 514 };
  const tensors = tensorsOf(SIZES.base, config, 5);
  assert.equal(tensors.length, 2 + 3 + 2 + 4 + 12 * (2 + 2 + 12 + 2 + 2 + 2) + 4);
  const layers = tensors.filter(([name]) => name.includes('encoder')).reduce((sum, [, shape]) => sum + shape.reduce((a, b) => a * b), 0);
  assert.equal(layers, 12 * (7 * (768 * 768 + 768) + 2 * 768 * 3072 + 3072 + 768 + 4 * 768));
});
