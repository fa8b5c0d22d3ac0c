import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RuntimeInfo } from 'luke-web';
import type { Model, Setup, Task, TaskId } from '../plan.js';
import { Measurement, rotated, stepCount, type Loader, type Progress } from '../run.js';

const SETUPS: readonly Setup[] = [
  { id: 'one-thread', title: 'one', options: {} },
  { id: 'threads', title: 'two', options: {} },
];
const INFO: RuntimeInfo = {
  version: '1', name: 'm', bytes: 1, dtype: 'q4', parameters: 1, device: 'wasm', worker: true, threads: 1, tasks: [], heads: [], labels: {},
  runtimeUrls: [], loadMs: 1,
};
const EFFORT = { warmLoads: 2, rounds: 3 };
const LOAD_MS = { network: 100, store: 10 };

/** A world with a clock of its own, models that write down what happens, and calls that take a known time. */
class World {
  readonly log: string[] = [];
  readonly progress: Progress[] = [];
  readonly abort = new AbortController();
  alive = 0;
  tasksOf: readonly TaskId[] = ['ner', 'qa'];
  /** Runs before each thing that is written down. */
  before: (event: string) => void = () => {};
  #clock = 0;

  readonly loader: Loader = {
    load: async (setup, from, signal) => {
      this.#note(`${setup.title} load ${from}`, LOAD_MS[from]);
      signal.throwIfAborted();
      this.alive += 1;
      return this.#model(setup);
    },
    store: async () => this.#note('store', 1),
    now: () => this.#clock,
  };

  readonly tasks: readonly Task[] = (['ner', 'qa'] as const).map((id, at) => ({
    id, title: id, unit: 'things', count: 1,
    call: async (model, signal) => {
      this.#note(`${model.info.name} ${id}`, at + 1);
      signal.throwIfAborted();
    },
  }));

  measurement(effort = EFFORT): Measurement {
    return new Measurement(SETUPS, this.tasks, effort, this.loader, this.abort.signal, (progress) => this.progress.push(progress));
  }

  #note(event: string, ms: number): void {
    this.before(event);
    this.log.push(event);
    this.#clock += ms;
  }

  #model({ title }: Setup): Model {
    const refuse = () => Promise.reject(new Error('only the tasks of the test are called'));
    return {
      info: { ...INFO, name: title }, tasks: this.tasksOf, ner: refuse, qa: refuse, typing: refuse,
      dispose: async () => void (this.alive -= 1),
    };
  }
}

test('all setups take turns, and each time is in its place', async () => {
  const world = new World();
  const measurement = world.measurement();
  await measurement.run();
  assert.deepEqual(world.log, [
    'one load network', 'two load network', 'store',
    'one load store', 'two load store', 'two load store', 'one load store',
    'one ner', 'two ner', 'one qa', 'two qa',
    'one ner', 'two ner', 'one qa', 'two qa',
    'two ner', 'one ner', 'two qa', 'one qa',
    'one ner', 'two ner', 'one qa', 'two qa',
  ]);
  for (const { coldMs, warmMs, firstMs, ms, info, error } of measurement.times) {
    assert.deepEqual([coldMs, warmMs, firstMs, ms, error], [100, [10, 10], { ner: 1, qa: 2 }, { ner: [1, 1, 1], qa: [2, 2, 2] }, undefined]);
    assert.equal(info?.version, '1');
  }
  assert.equal(world.alive, 0, 'all models are disposed');
  assert.deepEqual(world.progress.map(({ done }) => done), world.log.map((_, at) => at));
  assert.equal(world.progress[0]?.total, world.log.length);
});

test('a setup that fails is left out from then on, with its error', async () => {
  for (const event of ['two load network', 'two load store', 'two ner']) {
    const world = new World();
    world.before = (next) => {
      if (next === event) throw Object.assign(new Error('it broke'), { code: 'device-lost' });
    };
    const measurement = world.measurement();
    await measurement.run();
    const [one, two] = measurement.times;
    assert.deepEqual(one?.ms, { ner: [1, 1, 1], qa: [2, 2, 2] });
    assert.deepEqual(two?.error, { name: 'Error', message: 'it broke', code: 'device-lost' });
    assert.equal(world.alive, 0);
  }
});

test('it rejects with the reason if no setup works, and stores nothing', async () => {
  const world = new World();
  world.before = (event) => {
    if (event.includes('load')) throw new Error('no model');
  };
  await assert.rejects(world.measurement().run(), /no model/);
  assert.ok(!world.log.includes('store'));
});

test('it ends when it is stopped, at any time, with what it has, and disposes all models', async () => {
  const whole = new World();
  await whole.measurement().run();
  for (let at = 0; at < whole.log.length; at += 1) {
    const world = new World();
    world.before = () => world.log.length === at && world.abort.abort();
    const measurement = world.measurement();
    await assert.rejects(measurement.run(), { name: 'AbortError' });
    assert.ok(world.log.length <= at + 2, `nothing runs on after event ${at}`);
    assert.equal(world.alive, 0);
    assert.ok(measurement.times.every(({ error }) => error === undefined), 'being stopped is no error of a setup');
  }
});

test('without a store there are no warm loads, but a reason and calls', async () => {
  const world = new World();
  world.before = (event) => {
    if (event === 'store') throw new Error('the disk is full');
  };
  const measurement = world.measurement();
  await measurement.run();
  assert.equal(measurement.storeProblem, 'the disk is full');
  assert.deepEqual(measurement.times.map(({ warmMs, ms }) => [warmMs, ms.ner]), [[[], [1, 1, 1]], [[], [1, 1, 1]]]);
  assert.equal(world.alive, 0);
});

test('a task that the model does not have is not called', async () => {
  const world = new World();
  world.tasksOf = ['qa'];
  const measurement = world.measurement();
  await measurement.run();
  assert.deepEqual(measurement.times.map(({ ms }) => Object.keys(ms)), [['qa'], ['qa']]);
});

test('a list is rotated, and each element is once at each place', () => {
  assert.deepEqual([rotated(['a', 'b', 'c'], 4), rotated([], 3)], [['b', 'c', 'a'], []]);
  fc.assert(fc.property(fc.array(fc.integer()), fc.nat(), (list, round) => {
    assert.deepEqual([...rotated(list, round)].sort((a, b) => a - b), [...list].sort((a, b) => a - b));
  }));
  assert.equal(stepCount(2, 2, EFFORT), 1 + 2 * (1 + 2 + 2 * 4));
});
