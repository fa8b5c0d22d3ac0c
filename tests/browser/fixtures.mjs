// Reads the fixtures of the reference implementation for the specs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** The largest allowed difference from the reference. f32 noise is 5e-6; the smallest known bugs change logits by 8e-5 to 1e-3. */
export const TOLERANCE = 1e-4;
export const DEVICES = ['wasm', 'webgpu'];

/** Reads `tests/fixtures/NAME.json`. */
export function fixture(name) {
  return JSON.parse(readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'));
}

/** Converts the keys of an object to camel case: `entity_position_ids` → `entityPositionIds`. */
export function camelKeys(object) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [camel(key), value]));
}

export function camel(name) {
  return name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
}

/** Converts `[start, end]` from code points of a text to UTF-16 code units. */
export function utf16(text, span) {
  return span.map((end) => [...text].slice(0, end).join('').length);
}

/** The shape of nested arrays. */
export function shapeOf(nested) {
  return Array.isArray(nested) ? [nested.length, ...(nested.length ? shapeOf(nested[0]) : [])] : [];
}

/** The largest difference between two lists. It is infinite if the lengths differ or a value is NaN. */
export function maxDifference(actual, expected) {
  if (actual.length !== expected.length) return Infinity;
  return expected.reduce((max, value, i) => {
    const difference = Math.abs(actual[i] - value);
    return Number.isNaN(difference) ? Infinity : Math.max(max, difference);
  }, 0);
}

/** The inputs and outputs of every head, by checkpoint; and those of micro-case, which have token types. */
export function headsByCheckpoint() {
  const groups = {};
  for (const entry of [...fixture('heads'), ...fixture('case').spans]) (groups[entry.checkpoint] ??= []).push(entry);
  return groups;
}

/** Compares what `forward` gave with an entry of the fixture `heads`. */
export function compareOutputs({ checkpoint, inputs, outputs }, actual) {
  const { logits_stride: stride, ...expected } = outputs;
  for (const [name, nested] of Object.entries(expected)) {
    const where = `${checkpoint}, ${inputs.input_ids.length} tokens and ${inputs.entity_ids?.length ?? 0} entities, ${name}`;
    const got = actual[camel(name)];
    assert.ok(got, `${where}: not among ${Object.keys(actual)}`);
    const sampled = name === 'logits' && stride ? sampleColumns(got, stride) : got;
    assert.deepEqual(sampled.shape, shapeOf(nested), `${where}: shape`);
    const difference = maxDifference(sampled.data, nested.flat(Infinity));
    assert.ok(difference <= TOLERANCE, `${where}: off by ${difference}`);
  }
}

/** Every `stride`th column, because the fixture only contains these columns of the token logits. */
function sampleColumns({ shape: [rows, columns], data }, stride) {
  return { shape: [rows, Math.ceil(columns / stride)], data: data.filter((_, i) => (i % columns) % stride === 0) };
}
