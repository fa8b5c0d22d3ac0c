// One engine in a browser process of its own: a fresh profile, one page, and meters on its processes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { cpuBetween, peakMemory, processesOf, threadTimes } from './meter.mjs';

const FLAGS = [
  '--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const TIMEOUT_MS = 1_800_000;
const WATCH_MS = 100;

/** A browser with the bench page open and nothing loaded. */
export async function openBrowser(site, executablePath) {
  const profile = mkdtempSync(join(tmpdir(), 'luke-bench-'));
  const context = await chromium.launchPersistentContext(profile, { ...(executablePath && { executablePath }), args: FLAGS });
  context.setDefaultTimeout(TIMEOUT_MS);
  const [page] = context.pages();
  page.on('pageerror', (error) => console.error(`    page: ${error.message}`));
  page.on('console', (message) => message.type() === 'error' && console.error(`    page: ${message.text()}`));
  const visit = async () => {
    await page.goto(site.url);
    await page.waitForFunction(() => 'bench' in globalThis);
  };
  await visit();
  let processes = processesOf(profile);
  const pids = () => [...processes.renderer, ...processes.gpu];

  // Chromium now and then sets the kernel's peak back for its own statistics, so one reading at the end would miss it.
  let most = 0;
  const watch = () => (most = Math.max(most, peakMemory(processes.renderer)));

  /** Calls `bench.METHOD(...args)` in the page: `{ value, wallMs, cpuMs }`. */
  const measure = async (method, ...args) => {
    const before = threadTimes(pids());
    const watching = setInterval(watch, WATCH_MS);
    try {
      const result = await page.evaluate(async ({ method, args }) => {
        const started = performance.now();
        const value = await globalThis.bench[method](...args);
        return { value, wallMs: performance.now() - started };
      }, { method, args });
      return { ...result, cpuMs: cpuBetween(before, threadTimes(pids())) };
    } finally {
      clearInterval(watching);
    }
  };

  return {
    measure,
    call: async (method, ...args) => (await measure(method, ...args)).value,
    /** The most memory the renderer ever held, MiB. */
    peakMemory: watch,
    /** Opens the page again, in the same browser. */
    revisit: async () => {
      await visit();
      processes = processesOf(profile);
    },
    version: () => page.evaluate(() => /Chrome\/([\d.]+)/.exec(navigator.userAgent)?.[1]),
    close: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
