import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallQueue } from '../src/queue.js';
import { rankOf, Turns, type RunningCall } from '../src/turns.js';
import type { Priority } from '../src/tasks.js';
import { counted } from './fakes.js';

/** A promise and what settles it. */
function deferred() {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A queue whose calls run until the test ends them, and the order of their starts. */
function queueOfCalls() {
  const queue = new CallQueue();
  const started: string[] = [];
  const ends = new Map<string, ReturnType<typeof deferred>>();
  const add = (name: string, priority: Priority = 'user-visible', signal?: AbortSignal) => {
    const end = deferred();
    ends.set(name, end);
    return queue.add(priority, signal, async () => {
      started.push(name);
      await end.promise;
      return name;
    });
  };
  return { add, started, end: async (name: string) => (ends.get(name)!.resolve(), settle()), fail: async (name: string) => (ends.get(name)!.reject(new Error(name)), settle()) };
}

test('queue: calls of one priority run one at a time, in their order, and a failure does not stop them', async () => {
  const { add, started, end, fail } = queueOfCalls();
  const calls = [add('a'), add('b'), add('c')];
  await settle();
  assert.deepEqual(started, ['a']);
  await end('a');
  assert.deepEqual(started, ['a', 'b']);
  await Promise.all([assert.rejects(calls[1]!, /b/), fail('b')]);
  assert.deepEqual(started, ['a', 'b', 'c']);
  await end('c');
  assert.deepEqual(await Promise.all([calls[0], calls[2]]), ['a', 'c']);
});

test('queue: a higher priority begins at once, a lower one waits until nothing higher runs or waits', async () => {
  const { add, started, end } = queueOfCalls();
  void add('low', 'background');
  void add('low 2', 'background');
  await settle();
  void add('normal');
  void add('high', 'user-blocking');
  void add('high 2', 'user-blocking');
  await settle();
  assert.deepEqual(started, ['low', 'normal', 'high']);
  await end('low'); // it ran beside the others, between their passes
  assert.deepEqual(started, ['low', 'normal', 'high']);
  await end('high');
  await end('normal');
  assert.deepEqual(started, ['low', 'normal', 'high', 'high 2']);
  await end('high 2');
  assert.deepEqual(started, ['low', 'normal', 'high', 'high 2', 'low 2']);
});

test('queue: work that was queued in the background gets its turn when the calls before it are over', async () => {
  const { add, started, end } = queueOfCalls();
  const low = add('low', 'background');
  await end('low');
  for (let i = 0; i < 20; i += 1) {
    void add(`high ${i}`, 'user-blocking');
    if (i === 0) void add('waits', 'background');
  }
  for (let i = 0; i < 20; i += 1) await end(`high ${i}`);
  await settle();
  assert.deepEqual([await low, started.at(-1)], ['low', 'waits']);
});

test('queue: an aborted call rejects with its reason; if it ran, the next one begins at once, if it waited, it never does', async () => {
  const { add, started, end } = queueOfCalls();
  const [running, waiting] = [counted(), counted()];
  const calls = [add('running', 'user-visible', running.signal), add('waiting', 'user-visible', waiting.signal), add('last')];
  await settle();
  waiting.abort.abort('second');
  await assert.rejects(calls[1]!, (reason) => reason === 'second');
  assert.deepEqual(started, ['running']);
  running.abort.abort('first');
  await assert.rejects(calls[0]!, (reason) => reason === 'first');
  assert.deepEqual(started, ['running', 'last']);
  void add('after');
  await end('running'); // the engine has ended it; nothing else begins because of that
  assert.deepEqual(started, ['running', 'last']);
  await end('last');
  assert.deepEqual(started, ['running', 'last', 'after']);
  await assert.rejects(add('late', 'user-visible', running.signal), (reason) => reason === 'first');
  assert.equal(started.includes('late'), false);
});

test('queue: no listener stays on the signal of a call that is over', async () => {
  const { add, end, fail } = queueOfCalls();
  const { signal, listeners } = counted();
  const calls = [add('a', 'user-visible', signal), add('b', 'user-visible', signal)];
  await end('a');
  await Promise.all([assert.rejects(calls[1]!), fail('b')]);
  assert.equal(listeners(), 0);
});

const call = (priority: Priority, signal = new AbortController().signal): RunningCall => ({ rank: rankOf(priority), signal });

test('turns: a pause within a turn is none; after it, messages are read', async () => {
  const turns = new Turns();
  const one = call('user-visible');
  await turns.run(one, async () => {
    assert.equal(turns.pause(one), undefined);
    for (const start = performance.now(); performance.now() - start < 20; );
    const pausing = turns.pause(one);
    assert.ok(pausing instanceof Promise);
    let message = false;
    setImmediate(() => (message = true));
    await pausing;
    await settle();
    assert.equal(message, true);
    assert.equal(turns.pause(one), undefined);
  });
  for (const start = performance.now(); performance.now() - start < 20; );
  await turns.pause(undefined); // a load pauses too
});

test('turns: an abort ends a call at its next pause, also at one that lasts', async () => {
  const turns = new Turns();
  const abort = new AbortController();
  const one = call('user-visible', abort.signal);
  abort.abort('enough');
  assert.throws(() => turns.pause(one), (reason) => reason === 'enough');
  const later = new AbortController();
  const two = call('user-visible', later.signal);
  for (const start = performance.now(); performance.now() - start < 20; );
  const pausing = turns.pause(two);
  later.abort('stop');
  await assert.rejects(pausing!, (reason) => reason === 'stop');
});

test('turns: a call waits at its pause while one of a higher priority runs, and not for one of its own', async () => {
  const turns = new Turns();
  const [low, other, high] = [call('background'), call('background'), call('user-blocking')];
  const [end, endOther] = [deferred(), deferred()];
  const order: string[] = [];
  const running = turns.run(high, async () => (await end.promise, order.push('high is over')));
  const beside = turns.run(other, () => endOther.promise);
  const waiting = turns.run(low, async () => {
    assert.equal(turns.pause(high), undefined);
    await turns.pause(low);
    order.push('low goes on');
  });
  await settle();
  assert.deepEqual(order, []);
  endOther.resolve();
  await beside;
  await settle();
  assert.deepEqual(order, []); // it is still the other's turn
  end.resolve();
  await Promise.all([running, waiting]);
  assert.deepEqual(order, ['high is over', 'low goes on']);
});

test('turns: a call that failed lets the others go on, and a call that waits ends with its signal', async () => {
  const turns = new Turns();
  const { abort, signal, listeners } = counted();
  const [low, aborted, high] = [call('background'), call('background', signal), call('user-visible')];
  const end = deferred();
  const failing = turns.run(high, () => end.promise);
  const pausing = Promise.resolve(turns.pause(low));
  const stopping = Promise.resolve(turns.pause(aborted));
  await settle();
  await settle();
  abort.abort('stop');
  await assert.rejects(stopping, (reason) => reason === 'stop');
  end.reject(new Error('no'));
  await assert.rejects(failing, /no/);
  await pausing;
  assert.equal(turns.pause(low), undefined);
  assert.equal(listeners(), 0);
});

test('turns: a call that waits often leaves no listeners', async () => {
  const turns = new Turns();
  const { signal, listeners } = counted();
  const low = call('background', signal);
  for (let i = 0; i < 30; i += 1) {
    const end = deferred();
    const high = turns.run(call('user-visible'), () => end.promise);
    const waiting = Promise.resolve(turns.pause(low));
    await settle();
    end.resolve();
    await Promise.all([high, waiting]);
  }
  assert.equal(listeners(), 0);
});
