// Runs one engine in a new browser with a new profile and one page, and measures its processes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startChromium } from './chromium.mjs';
import { cpuBetween, memory, processesOf, threadTimes } from './meter.mjs';

const FLAGS = [
  '--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const WATCH_MS = 20;
const START_MS = 30_000;
const SETTLE_MS = 500;

/** Opens a browser with the bench page, which has loaded no engine. */
export async function openBrowser(site, executablePath) {
  const profile = mkdtempSync(join(tmpdir(), 'luke-bench-'));
  const page = await startChromium(executablePath, profile, FLAGS, (text) => console.error(`    page: ${text}`));
  const visit = async () => {
    await page.open(site.url);
    for (const until = Date.now() + START_MS; !(await page.evaluate('"bench" in globalThis').catch(() => false)); await wait(50)) {
      if (Date.now() > until) throw new Error(`${site.url} has not started`);
    }
  };
  await visit();
  let processes = processesOf(profile);
  const pids = () => [...processes.renderer, ...processes.gpu];

  const peak = { allocated: 0, resident: 0 };
  const watch = () => {
    const now = memory(processes.renderer);
    for (const kind of Object.keys(peak)) peak[kind] = Math.max(peak[kind], now[kind]);
    return peak;
  };
  // The empty page also has a peak while it starts.
  for (const until = Date.now() + SETTLE_MS; Date.now() < until; await wait(WATCH_MS)) watch();

  /** Calls `bench.METHOD(...args)` in the page. Returns `{ value, wallMs, cpuMs }`. */
  const measure = async (method, ...args) => {
    const before = threadTimes(pids());
    const watching = setInterval(watch, WATCH_MS);
    try {
      const result = await page.evaluate(`(async () => {
        const started = performance.now();
        const value = await bench[${JSON.stringify(method)}](...${JSON.stringify(args)});
        return { value, wallMs: performance.now() - started };
      })()`);
      return { ...result, cpuMs: cpuBetween(before, threadTimes(pids())) };
    } finally {
      clearInterval(watching);
    }
  };

  return {
    measure,
    call: async (method, ...args) => (await measure(method, ...args)).value,
    /** Peak of the memory that the renderer has allocated, in MiB. */
    peakMemory: () => watch().allocated,
    /** Peak of its resident memory in MiB, which includes pages of the browser's program. */
    peakResident: () => watch().resident,
    /** Opens the page again in the same browser. */
    revisit: async () => {
      await visit();
      processes = processesOf(profile);
    },
    version: () => page.evaluate('/Chrome\\/([\\d.]+)/.exec(navigator.userAgent)?.[1]'),
    close: async () => {
      await page.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
