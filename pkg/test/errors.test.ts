import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toLukeError, toPlain } from '../src/errors.js';
import { LukeError } from '../src/index.js';

/** As an error arrives on the other side of a port. */
const sent = (error: unknown) => toLukeError(structuredClone(toPlain(error)));

test('an error keeps its code, detail and causes over a port, each with its name, message and stack', () => {
  const root = new RangeError('the root');
  const cause = new TypeError('fetch failed', { cause: root });
  const error = sent(new LukeError('network', 'no file', { url: 'u', status: 503 }, { cause }));
  assert.ok(error instanceof LukeError && error instanceof Error);
  assert.deepEqual([error.name, error.code, error.message, error.detail], ['LukeError', 'network', 'no file', { url: 'u', status: 503 }]);
  const [first, second] = [error.cause as Error, (error.cause as Error).cause as Error];
  assert.ok(first instanceof Error && second instanceof Error);
  assert.deepEqual([first.name, first.message, first.stack], ['TypeError', 'fetch failed', cause.stack]);
  assert.deepEqual([second.name, second.message, second.cause], ['RangeError', 'the root', undefined]);
});

test('an error without detail or cause has an empty detail and no cause', () => {
  for (const error of [new LukeError('disposed', 'over'), sent(new LukeError('disposed', 'over')), toLukeError({ code: 'disposed', message: 'over' })]) {
    assert.deepEqual([error.detail, error.cause, 'cause' in error], [{}, undefined, false]);
  }
});

test('what is no LukeError is the cause of one', () => {
  const bug = new TypeError('x is undefined');
  const internal = toLukeError(bug);
  assert.deepEqual([internal.code, internal.detail, internal.cause], ['internal', { error: 'TypeError', message: 'x is undefined' }, bug]);
  assert.equal((sent(bug).cause as Error).stack, bug.stack);
  assert.equal(toLukeError(new WebAssembly.CompileError('no SIMD')).code, 'unsupported');
  assert.match(toLukeError(new WebAssembly.CompileError('no SIMD')).message, /no SIMD\. For luke-web, use Chrome or Edge 120, .* Node\.js 20/);
  const refused = "Refused to compile or instantiate WebAssembly module because 'unsafe-eval' is not an allowed source of script";
  assert.match(toLukeError(new WebAssembly.CompileError(refused)).message, /needs 'wasm-unsafe-eval' in script-src/);
  assert.equal(toLukeError(new RangeError('Array buffer allocation failed')).code, 'out-of-memory');
  for (const odd of ['a string', 7, Symbol('s'), null, undefined, () => 1, Object.create(null), { code: 'unheard', message: 'of' }]) assert.equal(sent(odd).code, 'internal', typeof odd);
});

test('causes that cannot be sent, or have no end, are sent as far as they can be', () => {
  const endless: Error & { cause?: unknown } = new Error('endless');
  endless.cause = endless;
  let depth = 0;
  for (let error: unknown = sent(new LukeError('internal', 'a', {}, { cause: endless })).cause; error !== undefined; error = (error as Error).cause) depth += 1;
  assert.equal(depth, 4);
  const function_ = sent(new LukeError('internal', 'a', {}, { cause: () => 1 })).cause as Error;
  assert.deepEqual([function_.name, function_.message], ['function', '() => 1']);
  assert.equal((sent(new LukeError('quota', 'full', {}, { cause: new DOMException('no room', 'QuotaExceededError') })).cause as Error).name, 'QuotaExceededError');
});
