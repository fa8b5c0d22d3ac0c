import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Processes } from './processes.mjs';
import { Queue, StepFailed, Steps } from './steps.mjs';

/** Steps that write to arrays. */
function recorded(options = {}) {
  const [said, printed] = [[], []];
  const console = { say: (line) => said.push(line), print: (line) => printed.push(line) };
  const processes = new Processes();
  return { said, printed, processes, steps: new Steps(processes, { console, ...options }) };
}

const fail = async () => {
  throw new Error('out of luck');
};
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a step that fails is counted and said, and the next one runs', async () => {
  const { steps, said, printed } = recorded();
  assert.equal(await steps.step('first', fail), false);
  assert.equal(await steps.step('second', async () => {}), true);
  steps.count('rust: 3 passed, 0 failed');
  steps.report();
  assert.equal(steps.failed, 1);
  assert.ok(said.includes('first: out of luck'));
  assert.match(printed.join('\n'), /^first +\d+ s  FAILED\nsecond +\d+ s  ok\ntotal +\d+ s\n\nrust: 3 passed, 0 failed\n1 step\(s\) FAILED$/m);
});

test('a step without which the rest makes no sense rejects', async () => {
  await assert.rejects(recorded().steps.must('first', fail), (error) => error instanceof StepFailed && error.message === 'first failed');
});

test('a progress line names every running step', async () => {
  const { steps, said } = recorded({ tickMs: 20 });
  await Promise.all([steps.step('one', () => wait(70)), steps.step('two', () => wait(70))]);
  assert.ok(said.some((line) => /^    \.\.\. one: \d+ s; two: \d+ s$/.test(line)), said.join('\n'));
  const before = said.length;
  await wait(50);
  assert.equal(said.length, before, 'none when nothing runs');
});

test('when a step in the foreground fails, the program in the background is ended and its step says so', async () => {
  const { steps, processes, printed } = recorded();
  const started = Date.now();
  const background = () => steps.must('background', () => processes.run('sleep', ['100'], { onLine: () => {} }));
  await assert.rejects(steps.together(background, () => steps.must('foreground', fail)), { message: 'foreground failed' });
  assert.ok(Date.now() - started < 20_000);
  steps.report();
  assert.match(printed.join('\n'), /background +\d+ s  ended/);
});

test('when the program in the background is killed, whoever waits for it fails', async () => {
  const { steps, processes } = recorded();
  const work = async () => {
    const running = processes.run('sleep', ['100'], { onLine: () => {} });
    process.kill(processes.pids[0], 'SIGKILL');
    await running;
  };
  await assert.rejects(steps.together(() => steps.must('background', work), async () => {}), { message: 'background failed' });
});

test('no step begins after the end has begun', async () => {
  const { steps, processes } = recorded();
  await processes.endAll();
  await assert.rejects(steps.step('late', async () => assert.fail('it ran')), { name: 'Ended' });
});

test('a queue does one thing at a time, in order, and goes on after a failure', async () => {
  const [queue, order] = [new Queue(), []];
  const slow = queue.add(async () => {
    await wait(20);
    order.push('slow');
  });
  const failing = queue.add(fail);
  const last = queue.add(async () => order.push('last'));
  await assert.rejects(failing, /out of luck/);
  await Promise.all([slow, last]);
  assert.deepEqual(order, ['slow', 'last']);
});
