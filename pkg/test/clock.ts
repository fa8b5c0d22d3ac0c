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
let hashing = 0;

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

/** Turns without activity after which time goes on. */
const IDLE_TURNS = 4;
const STEP_MS = 25;

/**
 * Runs `work` with fake timers. Their time goes on when nothing else happens, so that waits take no time. Gives the result and the
 * milliseconds that passed.
 */
export async function quickly<T>(work: () => Promise<T>, maxMs = 3_600_000): Promise<{ value: T; ms: number }> {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const digest = crypto.subtle.digest.bind(crypto.subtle);
  const hash = mock.method(crypto.subtle, 'digest', (...args: Parameters<typeof digest>) => {
    hashing += 1;
    return digest(...args).finally(() => (hashing -= 1));
  });
  let ms = 0;
  try {
    let isOver = false;
    const running = work().finally(() => (isOver = true));
    running.catch(() => {});
    for (let idle = 0, seen = activity; !isOver; ) {
      await immediate();
      idle = hashing > 0 || seen !== activity ? 0 : idle + 1;
      seen = activity;
      if (idle < IDLE_TURNS) continue;
      mock.timers.tick(STEP_MS);
      ms += STEP_MS;
      if (ms > maxMs) throw new Error(`not over after ${maxMs} ms`);
    }
    return { value: await running, ms };
  } finally {
    mock.timers.reset();
    hash.mock.restore();
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
