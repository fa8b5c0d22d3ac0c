#!/usr/bin/env node
// Times of the page of the annotation workspace in headless Chromium, with a project of 5,000 documents and about 10 MB: from the key or the
// click to the frame with the result. With wasm, the model reads the documents at the end, and long tasks of the page are counted.
//
//   node tools/bench/annotate-page.mjs [--rounds N] [--edits N] [--documents N]
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { importFiles, keys, newContext, newPage, text, workspaceUrl } from '../../tests/browser/annotate/workspace.mjs';
import { launchChromium } from '../../tests/browser/launch.mjs';
import { startSite } from '../../tests/browser/server.mjs';
import { median } from './statistics.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '10' }, edits: { type: 'string', default: '100' }, documents: { type: 'string', default: '5000' } },
});
const [rounds, edits, documents] = ['rounds', 'edits', 'documents'].map((name) => {
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} must be a whole number from 1: ${values[name]}`);
  return number;
});
if (documents < 5000) throw new Error('--documents must be a whole number from 5000');
/** How long long tasks are counted. */
const BACKGROUND_MS = 15_000;
const IMPORT_MS = 120_000;
const SENTENCE = 'Ada Lovelace met Charles Babbage in the town of Turin, and wrote a long letter about it.\n';
const WASM = fileURLToPath(new URL('../../www/dist/luke-web/wasm/cpu', import.meta.url));

const rows = Array.from({ length: documents }, (_, index) => {
  const label = Array.from({ length: 3 }, (_, place) => [place * SENTENCE.length, place * SENTENCE.length + 12, 'PER']);
  return JSON.stringify({ text: `${SENTENCE.repeat(22)}Number ${index}.`, label });
});
const content = Buffer.from(rows.join('\n'));
const folder = mkdtempSync(join(tmpdir(), 'luke-annotate-bench-'));
// On the disk, as the file of a person: Playwright would send a buffer as base64, and the page would decode it in the time that is measured.
const file = join(folder, 'texts.jsonl');
writeFileSync(file, content);

const site = await startSite();
const browser = await launchChromium();
const url = workspaceUrl(site);
const table = [];

/** Adds a row: the median, or another quantile, and what is to be held. */
function add(what, times, limit, at = 0.5) {
  const sorted = [...times].sort((a, b) => a - b);
  const value = at === 0.5 ? median(times) : sorted[Math.min(sorted.length - 1, Math.ceil(at * sorted.length) - 1)];
  table.push({ what, ms: Math.round(10 * value) / 10, 'at most': limit, measured: times.length });
}

/** Milliseconds in the page from the key that `act` presses until the first frame in which `isThere`. */
async function timed(page, act, isThere, argument) {
  await page.evaluate(() => addEventListener('keydown', () => (globalThis.started = performance.now()), { capture: true, once: true }));
  const there = page.waitForFunction(isThere, argument, { polling: 'raf' });
  await act();
  return (await there).jsonValue();
}

// In the page: the milliseconds since the key, once it is so.
const isFound = () => document.querySelector('.list-head .hint').textContent.trim().startsWith('1 of ') && performance.now() - globalThis.started;
const isOpen = (name) => document.querySelector('.document-title h2')?.textContent === name && performance.now() - globalThis.started;

async function cold() {
  const context = await newContext(browser);
  const page = await newPage(context, url);
  await page.getByRole('button', { name: 'Try with example texts' }).waitFor();
  const time = await page.evaluate(() => performance.now());
  await context.close();
  return time;
}

const load = loadavg()[0].toFixed(1);
const visits = [];
for (let round = 0; round < Math.min(rounds, 5); round++) visits.push(await cold());
add('cold visit until it can be used', visits, 1000);

const context = await newContext(browser);
const page = await newPage(context, url);
page.setDefaultTimeout(IMPORT_MS);
const started = performance.now();
await importFiles(page, file);
add(`import of ${documents.toLocaleString('en')} documents, ${(content.length / 1e6).toFixed(1)} MB, with reading`, [performance.now() - started], 3000);

const opened = [];
for (let round = 0; round < Math.min(rounds, 5); round++) {
  await page.reload();
  await page.getByRole('listbox', { name: 'Documents' }).getByRole('option').first().waitFor();
  opened.push(await page.evaluate(() => performance.now()));
}
add('page and project opened to the list', opened, 500);

const searches = [];
for (let round = 0; round < rounds; round++) {
  const wanted = `Number ${101 + ((37 * round) % 390)}.`; // without the point, it is in eleven texts
  const field = page.getByRole('searchbox', { name: 'Search in names and texts' });
  await field.fill('');
  await field.fill(wanted.slice(0, -1));
  searches.push(await timed(page, () => field.press('.'), isFound));
}
add('search in names and texts', searches, 150);
await page.getByRole('searchbox', { name: 'Search in names and texts' }).fill('');
await page.getByText(`${documents.toLocaleString('en')} documents`, { exact: true }).waitFor();

const switches = [];
await text(page).focus();
for (let round = 0; round < rounds; round++) {
  const name = `texts ${round + 2}`;
  switches.push(await timed(page, () => page.keyboard.press('j'), isOpen, name));
}
add('switch to another document', switches, 100);

const saves = [];
await page.evaluate(() => {
  globalThis.saves = [];
  addEventListener('keydown', () => (globalThis.started = performance.now()), true);
  let wasSaving = false;
  new MutationObserver(() => {
    const isSaved = document.querySelector('.save').classList.contains('saved');
    if (isSaved && wasSaving) globalThis.saves.push(performance.now() - globalThis.started);
    wasSaving = !isSaved;
  }).observe(document.querySelector('.save'), { attributes: true });
});
for (let edit = 1; edit <= edits; edit++) {
  await keys(page, 'f');
  await page.waitForFunction((count) => globalThis.saves.length >= count, edit);
}
saves.push(...await page.evaluate(() => globalThis.saves));
add('edit until the page says "Saved": median', saves, '');
add('edit until the page says "Saved": 95 %', saves, 20, 0.95);

if (existsSync(WASM)) {
  await page.getByRole('button', { name: 'Load the model' }).press('Enter');
  await page.getByText(/^The model reads the documents/).waitFor();
  const tasks = await page.evaluate(async (wait) => {
    const found = [];
    const observer = new PerformanceObserver((list) => found.push(...list.getEntries().map(({ duration }) => duration)));
    observer.observe({ type: 'longtask' });
    await new Promise((resolve) => setTimeout(resolve, wait));
    observer.disconnect();
    return found;
  }, BACKGROUND_MS);
  add(`tasks over 50 ms in ${BACKGROUND_MS / 1000} s of background work: ${tasks.length}, the longest`, tasks.length ? [Math.max(...tasks)] : [0], 50);
}

console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, load ${load} before and ${loadavg()[0].toFixed(1)} after, ${browser.version()}`);
console.table(table);
await browser.close();
site.close();
rmSync(folder, { recursive: true });
