import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headOf } from '../model/heads.js';
import type { Suggestions } from '../model/suggest.js';
import type { HeadRecord } from '../store/schema.js';
import { isLoss } from '../assistant/model.js';
import { Notices } from '../assistant/notices.js';
import { workOrder } from '../assistant/order.js';
import { Queue, type QueueOptions } from '../assistant/queue.js';
import type { Source } from '../assistant/scan.js';
import { document } from './scenes.js';
import { settle } from './store-fakes.js';
import { FakeError, FakeModel, gate } from './assistant-fakes.js';

const LONG = 'The quick brown Fox jumps over lazy animals. '.repeat(6);

/** A queue over texts, with a cache in memory. The texts are their own hashes. */
class Stage {
  readonly model = new FakeModel();
  readonly notices = new Notices();
  readonly stored = new Map<string, Suggestions>();
  readonly found: string[] = [];
  readonly lost: unknown[] = [];
  readonly heads: readonly HeadRecord[];
  readonly queue: Queue;
  readonly source: Source;
  time = 0;
  #hidden = false;
  #low = false;
  #listener: (() => void) | undefined;

  constructor(texts: readonly string[], options: Partial<QueueOptions> = {}) {
    this.heads = texts.map((text, index) => ({ project: 'p', ...headOf(document(`d${index}`, text), index, text) }));
    this.source = this.sourceOf('k');
    this.queue = new Queue({
      cache: {
        missing: async (hashes, key) => hashes.filter((hash) => !this.stored.has(key + hash)),
        put: async (records) => records.forEach(({ sha256, key, found }) => void this.stored.set(key + sha256, found)),
      },
      text: async ({ sha256 }) => sha256, onFound: async (heads) => void this.found.push(heads.map(({ id }) => id).join('+')),
      onLost: (error) => void this.lost.push(error), notices: this.notices, now: () => (this.time += 1), sliceWords: 8,
      visibility: { isHidden: () => this.#hidden, isLow: () => this.#low, subscribe: (listener) => this.#subscribe(listener) }, ...options,
    });
  }

  sourceOf(key: string): Source {
    return { ref: { name: 'fake', manifestHash: '' }, key, find: (text, signal) => this.model.ner(text, { runnersUp: 0.05, priority: 'background', signal }) };
  }

  hide(isHidden: boolean): void {
    this.#hidden = isHidden;
    this.#listener?.();
  }

  low(isLow: boolean): void {
    this.#low = isLow;
    this.#listener?.();
  }

  get isSubscribed(): boolean {
    return this.#listener !== undefined;
  }

  get state(): string {
    const { state, done, total } = this.queue.progress.value;
    return `${state} ${done}/${total}`;
  }

  #subscribe(listener: () => void): () => void {
    this.#listener = listener;
    return () => (this.#listener = undefined);
  }
}

test('order: the open document, five behind it, what is in view, the rest', () => {
  const { heads } = new Stage(Array.from({ length: 12 }, (_, index) => `Text ${index}`));
  const names = (list: readonly HeadRecord[]): string => list.map(({ id }) => id.slice(1)).join(' ');
  assert.equal(names(workOrder(heads, heads, 'd3')), '3 4 5 6 7 8 0 1 2 9 10 11');
  const filtered = [heads[9], heads[2], heads[6]].filter((head) => head !== undefined);
  assert.equal(names(workOrder(heads, filtered, 'd2')), '2 6 9 0 1 3 4 5 7 8 10 11');
  assert.equal(names(workOrder(heads, filtered, 'd0')), '0 1 2 3 4 5 9 6 7 8 10 11', 'the open document is not in view');
  assert.equal(names(workOrder(heads, filtered, undefined)), '9 2 6 0 1 3 4 5 7 8 10 11');
});

test('documents are done in order, each text once, and what the cache has is not done again', async () => {
  const stage = new Stage(['Ada.', 'Byron.', 'Ada.', 'Charles.']);
  stage.stored.set('kByron.', { model: stage.source.ref, spans: [] });
  await stage.queue.setWork([...stage.heads].reverse(), [stage.source]);
  await stage.queue.settled();
  assert.deepEqual(stage.model.calls, ['ner Charles.', 'ner Ada.']);
  assert.deepEqual(stage.found, ['d3', 'd2+d0']);
  assert.equal(stage.state, 'idle 4/4');
  assert.equal(stage.stored.get('kAda.')?.words, 1);
  await stage.queue.setWork(stage.heads, [stage.source]);
  await stage.queue.settled();
  assert.equal(stage.model.calls.length, 2);
});

test('M1: at most one slice is before a call of a person, and another document comes first after that slice', async () => {
  const stage = new Stage([LONG, 'Ada.']);
  const { closed, open } = gate();
  stage.model.gate = closed;
  await stage.queue.setWork(stage.heads, [stage.source]);
  await settle();
  assert.equal(stage.model.calls.length, 1);
  const user = stage.model.typing('Ada', [0, 3], {});
  stage.queue.reorder([...stage.heads].reverse());
  open();
  await user;
  assert.equal(stage.model.calls[1], 'typing Ada', 'only the slice that ran was before it');
  await stage.queue.settled();
  assert.equal(stage.model.calls[2], 'ner Ada.');
  assert.equal(stage.model.calls.filter((call) => call.includes('quick')).length, 6, 'the begun document goes on where it was');
  assert.deepEqual(stage.found, ['d1', 'd0']);
});

test('a low battery stops the work, until it is charged or the person wants to go on; the next time it stops again', async () => {
  const stage = new Stage([LONG, 'Ada.', 'Bob.']);
  stage.low(true);
  await stage.queue.setWork(stage.heads, [stage.source]);
  await settle();
  assert.deepEqual([stage.state, stage.model.calls.length], ['low 0/3', 0]);
  stage.low(false);
  await stage.queue.settled();
  assert.equal(stage.state, 'idle 3/3');
  const other = stage.sourceOf('other');
  stage.low(true);
  await stage.queue.setWork(stage.heads, [other]);
  assert.equal(stage.state, 'low 0/3');
  stage.queue.resume();
  await stage.queue.settled();
  assert.equal(stage.state, 'idle 3/3', 'the person wants it');
  stage.low(false);
  stage.low(true);
  await stage.queue.setWork(stage.heads, [stage.sourceOf('last')]);
  assert.equal(stage.state, 'low 0/3');
  await stage.queue.dispose();
});

test('pause, a hidden page and a hold stop before the next slice; afterwards it goes on', async () => {
  const stage = new Stage([LONG]);
  const steps: [string, () => void, () => void][] = [
    ['paused 0/1', () => stage.queue.pause(), () => stage.queue.resume()], ['hidden 0/1', () => stage.hide(true), () => stage.hide(false)],
  ];
  let release = (): void => undefined;
  steps.push(['paused 0/1', () => (release = stage.queue.hold()), () => release()]);
  await stage.queue.setWork(stage.heads, [stage.source]);
  for (const [state, stop, go] of steps) {
    stop();
    await stage.queue.settled();
    assert.equal(stage.state, state);
    const { length } = stage.model.calls;
    assert.ok(length < 6);
    await settle();
    assert.equal(stage.model.calls.length, length);
    go();
  }
  release();
  await stage.queue.settled();
  assert.equal(stage.state, 'idle 1/1');
  assert.equal(stage.model.calls.length, 6);
});

test('the time that is left is that of the characters that are left', async () => {
  const stage = new Stage(['Ada.', 'Byron was here.']);
  const { closed, open } = gate();
  const answer = stage.model.answer;
  stage.model.answer = (text, options) => {
    if (text === 'Ada.') stage.model.gate = closed;
    return answer(text, options);
  };
  await stage.queue.setWork(stage.heads, [stage.source]);
  await settle();
  const { left } = stage.queue.progress.value;
  assert.equal(left, 15 / 4, 'one tick of the clock for four characters');
  open();
  await stage.queue.settled();
  assert.equal(stage.queue.progress.value.left, undefined);
});

test('a document that fails is left out with a message, and the queue goes on; after three in a row it stops', async () => {
  const stage = new Stage(['bad 1', 'Ada.', 'bad 2', 'bad 3', 'bad 4', 'Byron.']);
  const answer = stage.model.answer;
  let isBroken = true;
  stage.model.answer = (text, options) => {
    if (isBroken && text.startsWith('bad')) throw new FakeError('input');
    return answer(text, options);
  };
  await stage.queue.setWork(stage.heads, [stage.source]);
  await stage.queue.settled();
  assert.equal(stage.state, 'stopped 5/6');
  assert.deepEqual(stage.found, ['d1']);
  assert.match(stage.notices.all.value.get('documents') ?? '', /"d4".*input/);
  stage.queue.resume();
  await stage.queue.settled();
  assert.deepEqual(stage.found, ['d1', 'd5']);
  isBroken = false;
  await stage.queue.setWork(stage.heads, [stage.source]);
  await stage.queue.settled();
  assert.deepEqual(stage.found, ['d1', 'd5', 'd0', 'd2', 'd3', 'd4'], 'what failed is tried again with the next work');
});

test('a lost model stops the queue; with a new model it does what is left', async () => {
  const stage = new Stage(['Ada.', 'Byron.']);
  stage.model.answer = () => {
    throw new FakeError('worker-lost');
  };
  await stage.queue.setWork(stage.heads, [stage.source]);
  await stage.queue.settled();
  assert.equal(stage.lost.length, 1);
  assert.equal(stage.state, 'stopped 0/2');
  assert.equal(stage.model.calls.length, 1);
  stage.model.answer = () => ({ entities: [], runnersUp: [] });
  await stage.queue.setWork(stage.heads, [stage.sourceOf('k')]);
  await stage.queue.settled();
  assert.equal(stage.state, 'idle 2/2');
});

test('a text that comes after the model was lost is not read by the old model', async () => {
  const { closed, open } = gate();
  const stage = new Stage(['Ada.'], { text: async ({ sha256 }) => closed.then(() => sha256) });
  await stage.queue.setWork(stage.heads, [stage.source]);
  await settle();
  const other = new FakeModel();
  const source = { ...stage.source, find: (text: string) => other.ner(text, { runnersUp: 0 }) };
  await stage.queue.setWork(stage.heads, [source]);
  open();
  await stage.queue.settled();
  assert.deepEqual([stage.model.calls.length, other.calls.length], [0, 1]);
});

test('errors of luke-web are told apart', () => {
  assert.deepEqual(['input', 'internal', 'task-unavailable', 'device-lost', 'disposed'].map((code) => isLoss(new FakeError(code))), [false, false, false, true, true]);
  assert.equal(isLoss(new Error('x')), false);
});

test('wrong answers are left out with one message that counts them', async () => {
  const stage = new Stage(['Ada.', 'Byron.']);
  const bad = [{ start: 0, end: 99, label: 'PER', score: 0.5 }, { start: 0, end: 2, label: 'PER', score: NaN }];
  stage.model.answer = () => ({ entities: [...bad, { start: 0, end: 3, label: 'PER', score: 0.5 }], runnersUp: [] });
  await stage.queue.setWork(stage.heads, [stage.source]);
  await stage.queue.settled();
  assert.deepEqual([...stage.notices.all.value.keys()], ['answers']);
  assert.match(stage.notices.all.value.get('answers') ?? '', /^4 answers of the model "fake"/);
  assert.equal(stage.stored.get('kAda.')?.spans.length, 1);
});

test('a full disk costs the cache, not the suggestions', async () => {
  const stage = new Stage(['Ada.'], { cache: { missing: async (hashes) => [...hashes], put: async () => Promise.reject(new Error('full')) } });
  await stage.queue.setWork(stage.heads, [stage.source]);
  await stage.queue.settled();
  assert.deepEqual(stage.found, ['d0']);
  assert.match(stage.notices.all.value.get('cache') ?? '', /full/);
});

test('other sources end the call that runs; dispose leaves nothing running, also with a model that never answers', async () => {
  const stage = new Stage([LONG]);
  stage.model.gate = new Promise(() => undefined);
  await stage.queue.setWork(stage.heads, [stage.source]);
  await settle();
  assert.equal(stage.model.calls.length, 1);
  await stage.queue.setWork(stage.heads, []);
  await stage.queue.settled();
  assert.equal(stage.state, 'idle 0/0');
  await stage.queue.setWork(stage.heads, [stage.sourceOf('other')]);
  await stage.queue.dispose();
  assert.equal(stage.isSubscribed, false);
  stage.queue.resume();
  await settle();
  assert.deepEqual([stage.model.calls.length, stage.found.length, stage.notices.all.value.size], [1, 0, 0]);
});
