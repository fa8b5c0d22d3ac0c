import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LukeError } from '../src/index.js';
import { checkPlain } from '../src/plain.js';
import { checkForward, checkNer, checkTask, toPair, toPairs } from '../src/validate.js';

const cyclic: Record<string, unknown> = { inputIds: [0, 2] };
cyclic['self'] = cyclic;
let deep: unknown = [];
for (let i = 0; i < 10_000; i++) deep = i % 2 ? [deep] : { deep };
// Sixteen levels of a hundred times the same array: small in memory, endless when it is read.
let shared: unknown = [];
for (let i = 0; i < 15; i++) shared = Array(100).fill(shared);
const throwing = { get entities() { throw new TypeError('no'); } };
const trap = new Proxy({}, { ownKeys: () => { throw 'odd'; } });
const revoked = Proxy.revocable([], {});
revoked.revoke();
const sparse: unknown[] = [];
sparse.length = 4_294_967_295;

const NOT_PLAIN: [string, unknown, RegExp][] = [
  ['cyclic', cyclic, /levels/], ['deep', deep, /levels/], ['shared', shared, /values|levels/], ['sparse', sparse, /values/],
  ['a getter that throws', throwing, /cannot be read: no/], ['a proxy that throws', trap, /cannot be read: string/], ['a revoked proxy', revoked.proxy, /cannot be read/],
  ['BigInt', 1n, /bigint/], ['a BigInt inside', { a: [1n] }, /\.a\[0\] .*bigint/], ['a symbol', Symbol('x'), /symbol/], ['a function', { a: () => 1 }, /\.a .*function/],
  ['NaN', { a: { b: [0, NaN] } }, /\.a\.b\[1\] .*NaN/], ['Infinity', [-Infinity], /\[0\] .*-Infinity/],
  ['a map', new Map([['a', 'b']]), /Map/], ['a set', { a: new Set() }, /\.a .*Set/], ['a date', new Date(0), /Date/], ['a promise', Promise.resolve(), /Promise/],
  ['a typed array', new Int32Array(3), /Int32Array/], ['BigInt64Array', { inputIds: new BigInt64Array(2) }, /\.inputIds .*BigInt64Array/], ['a buffer', new ArrayBuffer(3), /ArrayBuffer/],
];

const isInput = (message: RegExp) => (error: unknown) => error instanceof LukeError && error.code === 'input' && message.test(error.message);

test('an argument that is no plain data is an input error, in every method', () => {
  for (const [what, value, message] of NOT_PLAIN) {
    assert.throws(() => checkPlain('ner', 'text', value), isInput(message), what);
    assert.throws(() => checkForward(value, {}), isInput(message), `forward: ${what}`);
    assert.throws(() => checkForward([{ inputIds: value }], {}), isInput(message), `forward, inside: ${what}`);
    assert.throws(() => checkNer(value, {}), isInput(message), `ner: ${what}`);
    assert.throws(() => checkNer({ words: [], sentences: value } as never, {}), isInput(message), `ner, inside: ${what}`);
    assert.throws(() => checkNer('a', { sentences: value } as never), isInput(message), `ner, options: ${what}`);
    assert.throws(() => checkTask('qa', { question: 'a', context: 'b' }, { entities: value }), isInput(message), `qa: ${what}`);
    assert.throws(() => checkTask('qa', { question: value, context: 'b' }, {}), isInput(message), `qa, question: ${what}`);
    assert.throws(() => toPairs('embed', 'spans', [[0, value]], 'utf16'), isInput(message), `embed: ${what}`);
    assert.throws(() => toPair('typing', 'span', value, 'utf16'), isInput(message), `typing: ${what}`);
  }
  assert.throws(() => checkTask('qa', { question: 'a', context: 'b' }, throwing), isInput(/options cannot be read/));
  assert.throws(() => checkTask('qa', { question: 'a', context: 'b' }, trap), isInput(/options cannot be read/));
});

test('plain data is accepted as it is', () => {
  class Options {
    topK = 3;
    nullThreshold = -0;
  }
  const entities = Object.assign(Object.create(null), { 'half \ud800': 'B', '': undefined });
  checkTask('qa', { question: '\udc00', context: '' }, { ...new Options(), entities, signal: new AbortController().signal });
  checkTask('qa', { question: 'a', context: 'b' }, new Options());
  checkNer({ words: ['a'], sentences: undefined } as never, { threshold: 1e308, labels: [] });
  checkForward([{ inputIds: [0, 2], entityPositionIds: [[1, -1], []] }], { head: 'ner' });
});

test('two million numbers are checked at once', () => {
  const inputs = { inputIds: Array.from({ length: 1_000_000 }, (_, i) => i % 1000), attentionMask: Array(1_000_000).fill(1) };
  checkForward(inputs, {});
  const started = performance.now();
  checkForward(inputs, {});
  const time = performance.now() - started;
  assert.ok(time < 5_000, `${time} ms`);
});
