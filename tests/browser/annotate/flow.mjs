// The annotation workspace as a person uses it: the whole flow by keyboard only, undo, two tabs, suggestions, many documents, accessibility.
//   node tests/browser/annotate/flow.mjs [URL]     alone; URL is that of the page, by default that of the built site
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkAxe } from './scenes.mjs';
import {
  addLabels, importFiles, keys, labelFirstWords, newContext, newPage, runAlone, said, saved, spans, tabTo, text, TIMEOUT_MS, waitForSpans,
  workspaceUrl,
} from './workspace.mjs';

const FAKE = readFileSync(fileURLToPath(new URL('fake-luke.js', import.meta.url)), 'utf8');

const FIRST = 'Grace Hopper 🚀 worked at Univac.\r\nAlan Turing worked at Bletchley.';
const SECOND = 'Grace Hopper met Alan Turing.';
const LABELED = { text: 'Ada Byron lived in London.', label: [[0, 9, 'PER'], [19, 25, 'LOC']] };
const RTL = 'ذهبت آدا لوفلايس إلى لندن في شهر مايو.\nثم عادت إلى Cairo مع فريق Acme.';
/** More rows than these are never in the page, however long the list is. */
const MOST_ROWS = 60;
/** Dialogs that axe checks, by what finds them in the palette. */
const CHECKED = { keys: 'Keys', documents: 'Documents and commands', 'note for': 'Note for', 'all occ': 'All occurrences' };

const jsonl = (rows) => {
  return { name: 'texts.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')) };
};
const NEWS = jsonl([{ text: FIRST, label: [] }, { text: SECOND, label: [] }, LABELED]);

export default async function flow({ test, browser, site, url = workspaceUrl(site) }) {
  /** A page whose errors are checked when it is closed. */
  async function open(options = {}) {
    const context = await newContext(browser, options);
    await context.addInitScript(() => {
      globalThis.pointerEvents = 0;
      addEventListener('pointerdown', () => globalThis.pointerEvents++, true);
    });
    await context.route('**/luke-web/dist/index.js', (route) => route.fulfill({ contentType: 'text/javascript', body: FAKE }));
    const page = await newPage(context, url);
    await page.getByText('There is no project yet.').waitFor();
    const close = async () => {
      assert.deepEqual(context.problems, [], 'the page has no errors');
      await context.close();
    };
    return { context, page, close };
  }

  /** A page with a project of these documents, the first of them open. */
  async function openProject(files = NEWS, options) {
    const opened = await open(options);
    await importFiles(opened.page, files);
    return opened;
  }

  await test('the whole flow by keyboard only: import, label, relation, done, export', async () => {
    const { page, close } = await open();
    await tabTo(page, 'Open files');
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.keyboard.press('Enter')]);
    await chooser.setFiles(NEWS);
    await page.getByRole('button', { name: 'Import 3 documents' }).waitFor();
    await tabTo(page, 'Import 3 documents');
    await page.keyboard.press('Enter');
    await text(page).waitFor();
    await addLabels(page, ['works at'], 'Labels of relations');

    await page.keyboard.press('Control+Home');
    await keys(page, 'Control+Shift+ArrowRight', 'Control+Shift+ArrowRight', '1');
    await said(page, 'PER "Grace Hopper" added.');
    await keys(page, 'Control+f', ...'Univac', 'Enter', 'Escape');
    await page.keyboard.press('2');
    await said(page, 'LOC "Univac" added.');
    await keys(page, 'Shift+Tab', 'r');
    await said(page, /^Relation from PER "Grace Hopper"/);
    await keys(page, 'Tab', '1');
    await said(page, '"Grace Hopper" → works at → "Univac" added.');
    await keys(page, 'Tab', ']');
    await said(page, /cannot move further|is now/);
    await page.keyboard.press('Control+Enter');
    await page.getByRole('heading', { name: 'texts 2' }).waitFor();

    await keys(page, 'Control+k', ...'export', 'Enter');
    const save = page.getByRole('button', { name: 'Save file' });
    await save.waitFor();
    await tabTo(page, 'Save file');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    const rows = readFileSync(await download.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
    const first = rows.find((row) => row.text === FIRST);
    assert.deepEqual(first.spans.map(({ pieces: [[start, end]] }) => FIRST.slice(start, end)), ['Grace Hopper', 'Univac']);
    assert.deepEqual([first.relations.length, first.status], [1, 'done']);
    assert.equal(await page.evaluate(() => globalThis.pointerEvents), 0, 'no pointer was used');
    await close();
  });

  await test('undo goes on in each document and after a reload; what was saved is there', async () => {
    const { page, close } = await openProject();
    await labelFirstWords(page, 2);
    await page.keyboard.press('j');
    await page.getByRole('heading', { name: 'texts 2' }).waitFor();
    await labelFirstWords(page, 2);
    await saved(page);
    await page.reload();
    await page.getByRole('heading', { name: 'texts 2' }).waitFor();
    assert.deepEqual(await spans(page), ['PER Grace Hopper']);
    await keys(page, 'Control+z');
    await said(page, 'Undone.');
    assert.deepEqual(await spans(page), []);
    await keys(page, 'k');
    await page.getByRole('heading', { name: 'texts 1' }).waitFor();
    await waitForSpans(page, 1);
    await keys(page, 'Control+z');
    await waitForSpans(page, 0);
    await keys(page, 'Control+Shift+z');
    await waitForSpans(page, 1);
    await close();
  });

  await test('two tabs: the second reads only, sees each edit, takes over, and the first only reads then', async () => {
    const { context, page: first, close } = await openProject();
    const second = await newPage(context, first.url());
    const takeOver = second.getByRole('button', { name: 'Take over' });
    await takeOver.waitFor();
    await labelFirstWords(first, 2);
    await waitForSpans(second, 1);
    await text(second).press('2');
    assert.equal((await spans(first)).length, 1, 'a tab that only reads changes nothing');
    await takeOver.press('Enter');
    await first.getByRole('button', { name: 'Take over' }).waitFor();
    await text(second).press('Control+z');
    await waitForSpans(second, 0);
    await waitForSpans(first, 0);
    await close();
  });

  await test('suggestions: the threshold shows what passes; accepted ones stay, rejected ones do not come back', async () => {
    const { page, close } = await openProject();
    await page.getByRole('button', { name: 'Load the model' }).press('Enter');
    await waitForSpans(page, 3);
    await page.getByRole('slider').fill('20');
    await waitForSpans(page, 4);
    await page.getByRole('slider').fill('50');
    await waitForSpans(page, 3);
    await text(page).focus();
    await keys(page, 'Tab', 'Enter');
    await said(page, 'PER "Grace Hopper" accepted. 2 suggestions left.');
    await keys(page, 'Backspace');
    await said(page, /"Alan Turing" rejected/);
    await waitForSpans(page, 2);
    await page.reload();
    await waitForSpans(page, 2);
    assert.deepEqual(await spans(page), ['PER Grace Hopper 95 %', 'LOC Bletchley suggested 60 %']);
    await page.keyboard.press('q');
    await page.getByRole('textbox', { name: 'Question' }).fill('Who?');
    await page.keyboard.press('Enter');
    await page.getByText('1 candidate, best first').waitFor();
    await page.getByRole('dialog').getByText('Grace Hopper').waitFor();
    await close();
  });

  await test(`5,000 documents: at most ${MOST_ROWS} rows in the page, also after a jump to the end and a search`, async () => {
    const rows = Array.from({ length: 5000 }, (_, index) => ({ text: `Text ${index} of many.`, label: [] }));
    const { page, close } = await openProject(jsonl(rows));
    const list = page.getByRole('listbox', { name: 'Documents' });
    const count = () => list.getByRole('option').count();
    await list.getByRole('option').first().waitFor();
    assert.ok((await count()) <= MOST_ROWS);
    await list.press('End');
    await list.getByText('texts 5000').waitFor();
    assert.ok((await count()) <= MOST_ROWS);
    await page.getByRole('searchbox', { name: 'Search in names and texts' }).fill('Text 4321 ');
    await page.getByText('1 of 5,000 documents').waitFor();
    assert.equal(await count(), 1);
    await close();
  });

  for (const [name, options, files] of [
    ['light', {}, NEWS], ['dark', { colorScheme: 'dark' }, NEWS], ['320 px', { viewport: { width: 320, height: 640 } }, NEWS],
    ['forced colors', { forcedColors: 'active' }, NEWS],
    ['from right to left', {}, jsonl([{ text: RTL, label: [[51, 56, 'LOC']] }])],
  ]) {
    await test(`no violation of axe, and no part wider than the page: ${name}`, async () => {
      const { page, close } = await openProject(files, options);
      await labelFirstWords(page, 2, files === NEWS ? 'Right' : 'Left');
      await checkAxe(page, 'the main screen');
      for (const [command, dialog] of Object.entries(CHECKED)) {
        await openDialog(page, command, dialog);
        await checkAxe(page, dialog);
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      if (name === '320 px') for (const panel of ['Documents', 'Spans']) {
        await page.getByRole('button', { name: panel, exact: true }).press('Enter');
        await checkAxe(page, panel);
      }
      await close();
    });
  }
}

async function openDialog(page, command, name) {
  await keys(page, 'Control+k');
  await page.getByRole('combobox', { name: 'Document or command' }).fill(command);
  await page.keyboard.press(command === 'documents' ? 'Shift' : 'Enter');
  await page.getByRole('dialog', { name: new RegExp(`^${name}`) }).waitFor();
}

await runAlone(import.meta, flow, 3 * TIMEOUT_MS);
