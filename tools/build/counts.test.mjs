import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countLine, countTests, failures } from './counts.mjs';

test('cargo test: the sum over all its programs, colors or not', () => {
  const lines = [
    'running 3 tests',
    'test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s',
    'test result: \x1b[31mFAILED\x1b[0m. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s',
  ];
  assert.deepEqual(countTests(lines, false), { passed: 8, failed: 2, skipped: 1 });
});

test('node --test: TAP and its own style', () => {
  assert.deepEqual(countTests(['# tests 9', '# pass 7', '# fail 1', '# skipped 1'], false), { passed: 7, failed: 1, skipped: 1 });
  assert.deepEqual(countTests(['ℹ pass 7', 'ℹ fail 0', 'ℹ skipped 0'], true), { passed: 7, failed: 0, skipped: 0 });
});

test('a plain line, with the runner before it or not', () => {
  assert.deepEqual(countTests(['ok     one (3 ms)', '12 passed, 0 failed'], true), { passed: 12, failed: 0, skipped: 0 });
  assert.deepEqual(countTests(['browser: 12 passed, 1 failed, 2 skipped'], false), { passed: 12, failed: 1, skipped: 2 });
});

test('a runner that failed without a failed test crashed, which counts as one', () => {
  assert.deepEqual(countTests(['error: could not compile'], false), { passed: 0, failed: 1, skipped: 0 });
  assert.deepEqual(countTests(['test result: ok. 3 passed; 0 failed; 0 ignored;'], false), { passed: 3, failed: 1, skipped: 0 });
});

test('the line of the report names what was skipped only where something was', () => {
  assert.equal(countLine('rust', { passed: 8, failed: 0, skipped: 0 }), 'rust: 8 passed, 0 failed');
  assert.equal(countLine('rust', { passed: 8, failed: 0, skipped: 2 }), 'rust: 8 passed, 0 failed, 2 skipped');
});

test('of a runner that failed, the failed tests are named again with the lines below them', () => {
  const [good, rest] = [Array(100).fill('ok 1 - good'), Array(100).fill('more')];
  assert.deepEqual(failures([...good, 'not ok 2 - bad', '  error: why', ...rest]), ['not ok 2 - bad', '  error: why', ...rest.slice(0, 14)]);
  assert.equal(failures([...good, 'FAILED bad (3 ms)', ...good])[0], 'FAILED bad (3 ms)');
  const killed = '  process didn\'t exit successfully: `it` (signal: 9, SIGKILL: kill)';
  assert.ok(failures([...good, 'error: test failed, to rerun pass `--test it`', killed]).includes(killed));
  assert.equal(failures(Array(1000).fill('not ok')).length, 15, 'a line that is none of a failed test');
  assert.equal(failures(Array(1000).fill('not ok 3 - bad')).length, 60);
  assert.deepEqual(failures(['one', 'two']), ['one', 'two']);
});
