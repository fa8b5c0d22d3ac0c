// What specs of the annotation workspace do in its page, as a person does it.
import assert from 'node:assert/strict';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { until } from '../until.mjs';

export const TIMEOUT_MS = 20_000;

/** The address of the workspace on the test site. */
export function workspaceUrl(site) {
  return new URL('some/where/demo/annotate/', site.url).href;
}

/** A context whose files are chosen by the old way, which tests can answer. `context.problems` lists errors and warnings of its pages. */
export async function newContext(browser, options = {}) {
  const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 1280, height: 800 }, ...options });
  await prepare(context);
  return context;
}

export async function prepare(context) {
  context.setDefaultTimeout(TIMEOUT_MS);
  context.problems = [];
  await context.addInitScript(() => {
    delete globalThis.showOpenFilePicker;
    delete globalThis.showSaveFilePicker;
  });
}

export async function newPage(context, address) {
  const page = await context.newPage();
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && context.problems.push(message.text()));
  page.on('pageerror', (error) => context.problems.push(error.message));
  page.on('filechooser', () => undefined); // a chooser is seen only if somebody listened when it was opened
  await page.goto(address);
  return page;
}

export function text(page) {
  return page.getByRole('textbox', { name: 'Text of the document' });
}

export async function keys(page, ...names) {
  for (const name of names) await page.keyboard.press(name);
}

/** Chooses files, imports them, and waits for the first document. `ask` opens the dialog of files. */
export async function importFiles(page, files, ask = () => page.getByRole('button', { name: 'Open files' }).press('Enter')) {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), ask()]);
  await chooser.setFiles(files);
  await page.getByRole('button', { name: /^Import [\d,]+ document/ }).press('Enter');
  await text(page).waitFor();
}

/** Runs a command by a part of its name. */
export async function command(page, name) {
  await keys(page, 'Control+k');
  const field = page.getByRole('combobox', { name: 'Document or command' });
  await field.fill(name);
  await page.keyboard.press('Enter');
  await field.waitFor({ state: 'detached' });
}

/** The message line has this text. */
export async function said(page, message, timeout = TIMEOUT_MS) {
  const line = page.locator('.status-bar').getByRole('status');
  await (typeof message === 'string' ? line.getByText(message, { exact: true }) : line.getByText(message)).waitFor({ timeout });
}

export async function saved(page) {
  await page.locator('.save.saved').waitFor();
}

/** The first words of the text get the label with the key 1. */
export async function labelFirstWords(page, words, direction = 'Right') {
  await text(page).focus();
  await keys(page, 'Control+Home', ...Array.from({ length: words }, () => `Control+Shift+Arrow${direction}`), '1');
  await said(page, /added\.$/);
}

/** The list of spans, as screen readers have it. */
export async function spans(page) {
  const rows = await page.getByRole('listbox', { name: 'Spans in text order' }).getByRole('option').allInnerTexts();
  return rows.map((row) => row.replace(/\s+/g, ' ').trim());
}

export async function waitForSpans(page, count) {
  await page.waitForFunction((wanted) => document.querySelectorAll('.spans [role=option]').length === wanted, count);
}

/** Adds labels in the dialog of labels. `kind`: as the dialog names it. */
export async function addLabels(page, names, kind = 'Labels of spans') {
  await command(page, 'edit labels');
  const dialog = page.getByRole('dialog', { name: 'Labels' });
  await dialog.getByRole('combobox', { name: 'Show' }).selectOption(kind);
  for (const name of names) {
    await dialog.getByRole('textbox', { name: 'New label' }).fill(name);
    await page.keyboard.press('Enter');
    await dialog.getByText(`${name} is added.`).waitFor();
  }
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
}

/** Saves a file of a format by the dialog of exports: `{ name, bytes }`. `annotations`: as the dialog names them; by default those that it offers. */
export async function exportAs(page, format, annotations) {
  await command(page, 'export');
  const dialog = page.getByRole('dialog', { name: 'Export' });
  await dialog.getByRole('combobox', { name: 'Format' }).selectOption({ label: format });
  if (annotations) await dialog.getByRole('combobox', { name: 'Annotations' }).selectOption({ label: annotations });
  const save = dialog.getByRole('button', { name: 'Save file' });
  const [download] = await Promise.all([page.waitForEvent('download'), save.click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  await dialog.getByText('is saved.').waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  return { name: download.suggestedFilename(), bytes: Buffer.concat(chunks) };
}

/** Waits until the service worker has files whose addresses end like these. */
export async function kept(page, ends) {
  const there = async (wanted) => {
    if (navigator.serviceWorker.controller?.state !== 'activated') return false;
    const urls = [];
    for (const name of await caches.keys()) urls.push(...(await (await caches.open(name)).keys()).map(({ url }) => url));
    return wanted.every((end) => urls.some((url) => url.endsWith(end)));
  };
  await until(page, there, ends);
}

/** Presses Tab until the button with this name has the focus. */
export async function tabTo(page, name) {
  for (let presses = 0; presses < 40; presses++) {
    if ((await page.evaluate(() => document.activeElement?.textContent?.trim())) === name) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the button ${name} cannot be reached by Tab`);
}

/** Runs a spec, if its file was started itself: `node FILE [URL] [WORD...]` */
export async function runAlone(meta, spec, timeoutMs) {
  if (argv[1] !== fileURLToPath(meta.url)) return;
  const { Report } = await import('../../report.mjs');
  const { launchChromium } = await import('../launch.mjs');
  const { startSite } = await import('../server.mjs');
  const isUrl = /^https?:/.test(argv[2] ?? '');
  const [url, words] = isUrl ? [argv[2], argv.slice(3)] : [undefined, argv.slice(2)];
  const isSelected = (name) => words.every((word) => name.includes(word));
  const browser = await launchChromium();
  const site = await startSite();
  const report = new Report();
  const test = async (name, body) => isSelected(name) && report.test(name, body, timeoutMs);
  const skip = (name, reason) => isSelected(name) && report.skip(name, reason);
  await spec({ test, skip, browser, site, ...(url && { url }) });
  await browser.close();
  site.close();
  process.exit(report.end());
}
