// The annotation workspace for people with screen readers: axe in dialogs that need more than one step, and what the list of spans says.
//   node tests/browser/annotate/access.mjs [URL] [WORD...]     alone; URL is that of the page, by default that of the built site
import assert from 'node:assert/strict';
import { checkAxe, jsonl, openProject } from './scenes.mjs';
import { command, keys, runAlone, said, saved, text, TIMEOUT_MS, waitForSpans, workspaceUrl } from './workspace.mjs';

const LATIN = [{ text: 'Grace Hopper worked at Univac. Ada met Bob.', label: [[31, 34, 'PER'], [39, 42, 'ORG']] }, { text: 'Alan Turing.', label: [] }];
const RTL = [{ text: 'ذهبت آدا إلى لندن مع Grace Hopper.', label: [[5, 8, 'PER'], [13, 17, 'LOC']] }, { text: 'ثم عادت Alan Turing.', label: [] }];
/** CSS pixels: some lines of the text are in view, however small the screen is. */
const LEAST_TEXT = 100;
const LOOKS = {
  light: [{}, LATIN], dark: [{ colorScheme: 'dark' }, LATIN], '320 px': [{ viewport: { width: 320, height: 640 } }, LATIN],
  'from right to left': [{}, RTL],
};

export default async function access({ test, browser, site, url = workspaceUrl(site) }) {
  for (const [name, [options, rows]] of Object.entries(LOOKS)) {
    await test(`no violation of axe in dialogs of several steps: ${name}`, async () => {
      const { page, close } = await openProject(browser, url, jsonl(rows), options);
      await page.getByRole('button', { name: 'Load the model' }).press('Enter');
      await waitForSpans(page, 3);
      await text(page).focus();
      await keys(page, 'Tab');
      await checkAxe(page, 'the main screen with a span and suggestions');
      const { height } = await page.locator('.text-frame').boundingBox();
      assert.ok(height >= LEAST_TEXT, `the text is ${height} px high`);
      await inDialog(page, () => page.getByRole('button', { name: 'Note', exact: true }).last().press('Enter'), /^Note for "/);
      await inDialog(page, () => command(page, 'export'), 'Export', async (dialog) => {
        await dialog.getByRole('combobox', { name: 'Format' }).selectOption('csv');
        await dialog.getByText(/^Excel rewrites line breaks/).waitFor();
      });
      await inDialog(page, () => command(page, 'storage and'), /^Storage/);
      await inDialog(page, () => command(page, 'labels of the model'), 'Labels of the model', (dialog) => dialog.getByLabel('PER means').waitFor());
      await inDialog(page, () => command(page, 'ask the'), 'Find me…', async (dialog) => {
        await dialog.getByRole('textbox', { name: 'Question' }).fill('Who?');
        await keys(page, 'Enter');
        await dialog.getByText(/^1 candidate/).waitFor();
      });
      await inDialog(page, async () => {
        const [chooser] = await Promise.all([page.waitForEvent('filechooser'), command(page, 'compare')]);
        await chooser.setFiles(jsonl([{ ...rows[0], label: rows[0].label.slice(1) }]));
      }, /^Compare/, (dialog) => dialog.getByRole('table').first().waitFor());
      await keys(page, 'Control+Enter');
      await saved(page);
      await inDialog(page, () => command(page, 'second look'), 'Second look', (dialog) => dialog.getByText('Grace Hopper').waitFor());
      await page.getByRole('button', { name: 'Projects' }).press('Enter');
      const remove = page.getByRole('button', { name: /^Delete texts/ });
      await remove.waitFor();
      await checkAxe(page, 'the first page');
      await inDialog(page, () => remove.press('Enter'), 'Delete this project?');
      await close();
    });
  }

  await test('a screen reader hears each span with its label, its state and its place, also from right to left', async () => {
    for (const [rows, expected] of [[LATIN, LATIN_SPANS], [RTL, RTL_SPANS]]) {
      const { page, close } = await openProject(browser, url, jsonl(rows));
      await page.getByRole('button', { name: 'Load the model' }).press('Enter');
      await waitForSpans(page, 3);
      await text(page).focus();
      await keys(page, 'Tab');
      const list = page.getByRole('listbox', { name: 'Spans in text order' });
      assert.equal(await list.ariaSnapshot(), expected);
      await keys(page, 'Backspace');
      await said(page, /rejected|removed/);
      await waitForSpans(page, 2);
      assert.equal((await list.ariaSnapshot()).match(/- option/g).length, 2);
      await close();
    }
  });
}

const LATIN_SPANS = `- listbox "Spans in text order":
  - option "PER Grace Hopper suggested 95 %" [selected]
  - option "PER Ada"
  - option "ORG Bob"`;
const RTL_SPANS = `- listbox "Spans in text order":
  - option "PER آدا" [selected]
  - option "LOC لندن"
  - option "PER Grace Hopper suggested 95 %"`;

/** Opens a dialog, checks it, and closes it. */
async function inDialog(page, open, name, fill) {
  await open();
  const dialog = page.getByRole('dialog', { name });
  await dialog.waitFor();
  await fill?.(dialog);
  await checkAxe(page, String(name));
  await keys(page, 'Escape');
  await dialog.waitFor({ state: 'detached' });
}

await runAlone(import.meta, access, 4 * TIMEOUT_MS);
