// Fake timers, and what the fakes of the network and the browser share: turns of the event loop, and tabs.
import { AsyncLocalStorage } from 'node:async_hooks';
import { mock } from 'node:test';

/** A tab of a browser. What runs in a tab that was closed does not go on. */
export class Tab {
  isClosed = false;

  run<T>(work: () => T): T {
    return tabs.run(this, work);
  }
}

const tabs = new AsyncLocalStorage<Tab>();

/** The tab whose code runs now. */
export function currentTab(): Tab | undefined {
  return tabs.getStore();
}

/** Counts the turns of all fakes, so that the clock knows whether anything happens. */
let activity = 0;
/** Work of other threads that is under way. */
let elsewhere = 0;

/** Counts the calls of a method whose work other threads do. */
function count(object: object, method: string): void {
  const original = (object as Record<string, (...args: unknown[]) => Promise<unknown>>)[method]!;
  const counted = function (this: unknown, ...args: unknown[]) {
    elsewhere += 1;
    return original.apply(this, args).finally(() => (elsewhere -= 1));
  };
  Object.defineProperty(object, method, { configurable: true, writable: true, value: counted });
}

count(crypto.subtle, 'digest');
count(Blob.prototype, 'arrayBuffer');

/** One turn of the event loop. In a closed tab it never ends. */
export async function turn(): Promise<void> {
  const tab = currentTab();
  activity += 1;
  await immediate();
  if (tab?.isClosed) await new Promise(() => {});
  activity += 1;
}

function immediate(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Turns without activity after which nothing more happens by itself. */
const IDLE_TURNS = 6;

/** Waits until nothing more happens by itself. */
export async function idle(): Promise<void> {
  for (let turns = 0, seen = activity; turns < IDLE_TURNS; seen = activity) {
    await immediate();
    turns = elsewhere > 0 || seen !== activity ? 0 : turns + 1;
  }
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (const start = performance.now(); !holds() && performance.now() - start < 10_000; ) await turn();
}

const setRealTimeout = globalThis.setTimeout;

/**
 * Runs `work` with fake timers. Their time goes on in steps when nothing else happens, so that waits take no time. Gives the result and
 * the milliseconds that passed. `pauseMs` is real time between two steps, for work that the fakes do not count.
 */
export async function quickly<T>(work: () => Promise<T>, { stepMs = 25, pauseMs = 0, maxMs = 3_600_000 } = {}): Promise<{ value: T; ms: number }> {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  let ms = 0;
  try {
    let isOver = false;
    const running = work().finally(() => (isOver = true));
    running.catch(() => {});
    while (!isOver) {
      await idle();
      if (pauseMs > 0) await new Promise((resolve) => setRealTimeout(resolve, pauseMs));
      if (isOver) break;
      mock.timers.tick(stepMs);
      ms += stepMs;
      if (ms > maxMs) throw new Error(`not over after ${maxMs} ms`);
    }
    return { value: await running, ms };
  } finally {
    mock.timers.reset();
  }
}

/** A random number from 0 to 1, from a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
