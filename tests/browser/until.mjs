import { setTimeout as wait } from 'node:timers/promises';

/** Waits until an async function of the page gives true. `page.waitForFunction` does not await it, and takes its promise for true. */
export async function until(page, predicate, arg, timeoutMs = 30_000) {
  const end = Date.now() + timeoutMs;
  while (!(await page.evaluate(predicate, arg))) {
    if (Date.now() > end) throw new Error(`not true after ${timeoutMs} ms: ${predicate}`);
    await wait(100);
  }
}
