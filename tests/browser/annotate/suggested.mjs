// What the model suggests beside the open document: in the list, in exports, and at a second look.
//   node tests/browser/annotate/suggested.mjs [URL] [WORD...]     alone; URL is that of the page, by default that of the built site
import assert from 'node:assert/strict';
import { checkAxe, jsonl, openProject } from './scenes.mjs';
import { command, exportAs, keys, runAlone, said, saved, spans, text, waitForSpans, workspaceUrl } from './workspace.mjs';

const NEWS = [
  { text: 'Nobody at Univac.', label: [[0, 6, 'PER']] }, { text: 'Grace Hopper met Alan Turing.', label: [[0, 12, 'LOC']] },
  { text: 'A Zeppelin over Bletchley.', label: [[2, 10, 'PER'], [16, 25, 'LOC']] },
];
const ALL = 'all, with suggestions and rejections';

export default async function suggested({ test, browser, site, url = workspaceUrl(site) }) {
  /** A project whose documents the model has read. */
  async function openRead(news = NEWS) {
    const opened = await openProject(browser, url, jsonl(news));
    await opened.page.getByRole('button', { name: 'Load the model' }).press('Enter');
    const search = opened.page.getByRole('searchbox', { name: 'Search in names and texts' });
    await search.fill(`texts ${news.length}`);
    await opened.page.getByRole('option', { name: /uncertainty/ }).waitFor(); // the last document is read
    await search.fill('');
    return opened;
  }

  /** The rows of the list of documents. */
  async function rows(page) {
    const all = await page.getByRole('listbox', { name: 'Documents' }).getByRole('option').allInnerTexts();
    return all.map((row) => row.replace(/\s+/g, ' ').trim());
  }

  /** Sets all documents to done, by keyboard. */
  async function finish(page, count) {
    await text(page).focus();
    for (let done = 1; done <= count; done++) {
      if (done > 1) await page.getByRole('heading', { name: `texts ${done}`, exact: true }).waitFor();
      await keys(page, 'Control+Enter');
    }
    await page.getByRole('combobox', { name: 'Status' }).getByText(`Done (${count})`).waitFor({ state: 'attached' });
    await saved(page);
  }

  const look = async (page) => {
    await command(page, 'second look');
    const dialog = page.getByRole('dialog', { name: 'Second look' });
    await dialog.waitFor();
    return dialog;
  };

  await test('the list knows the suggestions of documents that are not open, at the threshold, and its order too', async () => {
    const { page, close } = await openRead();
    const waiting = (name, what) => page.getByRole('option', { name: new RegExp(`^${name}.*${what}`) }).waitFor();
    await waiting('texts 2', '1 suggestion');
    assert.match((await rows(page))[0], /^texts 1\b(?!.*suggestion)/);
    await page.getByRole('slider').fill('20');
    await waiting('texts 1', '1 suggestion');
    await page.getByRole('slider').fill('50');
    await page.getByRole('combobox', { name: 'Order' }).selectOption('Most suggestions first');
    assert.match((await rows(page))[0], /^texts 2/);
    await page.getByRole('option', { name: /^texts 2/ }).click();
    await waitForSpans(page, 2);
    await text(page).focus();
    await keys(page, 'Shift+Enter');
    await said(page, /suggestion/);
    await page.waitForFunction(() => !/texts 2[^t]*suggestion/.test(document.querySelector('.documents').innerText));
    await close();
  });

  await test('an export with suggestions has those of the model, and says what is missing', async () => {
    const { page, close } = await openProject(browser, url, jsonl(NEWS));
    await command(page, 'export');
    const dialog = page.getByRole('dialog', { name: 'Export' });
    await dialog.getByRole('combobox', { name: 'Annotations' }).selectOption({ label: ALL });
    await dialog.getByText(/^No model is at work in this project/).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Load the model' }).press('Enter');
    await page.getByRole('option', { name: /^texts 2.*1 suggestion/ }).waitFor();
    await command(page, 'export');
    await dialog.getByRole('combobox', { name: 'Annotations' }).selectOption({ label: ALL });
    await dialog.getByText('1 suggestion, from a score of 50 % on.', { exact: true }).waitFor();
    await checkAxe(page, 'the dialog of exports');
    await page.keyboard.press('Escape');
    const { bytes } = await exportAs(page, 'Label Studio JSON', ALL);
    assert.match(bytes.toString('latin1'), /^PK/, 'a zip of two files');
    const own = await exportAs(page, 'LUKE annotations (backup: holds everything)', ALL);
    const made = own.bytes.toString().trim().split('\n').slice(1).flatMap((line) => JSON.parse(line).spans ?? []);
    const [suggestion, ...others] = made.filter(({ state }) => state === 'suggested');
    assert.deepEqual([suggestion.by, suggestion.score, suggestion.model.manifestHash, others], ['model', 0.9, 'f'.repeat(64), []]);
    const backup = await exportAs(page, 'LUKE annotations (backup: holds everything)');
    assert.doesNotMatch(backup.bytes.toString(), /"suggested"/, 'a backup has no new suggestions');
    await close();
  });

  await test('a second look is settled by keyboard: decisions are undone, and do not come back after a reload', async () => {
    const { page, close } = await openRead();
    await finish(page, 3);
    let dialog = await look(page);
    await dialog.getByText('3 places in 2 documents', { exact: true }).waitFor();
    await checkAxe(page, 'the second look');
    const press = async (name, message) => {
      await dialog.getByRole('button', { name }).focus();
      await page.keyboard.press('Enter');
      await dialog.getByText(message).waitFor();
    };
    await press("Take the model's: Grace Hopper", /^PER "Grace Hopper" changed to what the model says\. 2 places in 2 documents$/);
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Add: Alan Turing', 'the next place has the focus');
    await keys(page, 'ArrowDown');
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Is right: Zeppelin');
    await press('Is right: Zeppelin', /^PER "Zeppelin" is right\. 1 place in 1 document$/);
    await press('Reject: Alan Turing', /^PER "Alan Turing" rejected\. All is decided\.$/);
    await keys(page, 'Control+z');
    await dialog.getByText(/1 place in 1 document$/).waitFor();
    await press('Add: Alan Turing', /^PER "Alan Turing" added\. All is decided\.$/);
    await keys(page, 'Escape');
    await saved(page);
    await page.reload();
    await page.getByRole('slider').waitFor();
    dialog = await look(page);
    await dialog.getByText(/^Nothing to look at/).waitFor();
    await keys(page, 'Escape');
    await page.getByRole('option', { name: /^texts 2/ }).click();
    await page.getByRole('heading', { name: 'texts 2' }).waitFor();
    await waitForSpans(page, 2);
    assert.deepEqual(await spans(page), ['PER Grace Hopper', 'PER Alan Turing 90 %']);
    await text(page).focus();
    await keys(page, 'Control+z');
    await said(page, 'Undone.');
    assert.deepEqual(await spans(page), ['PER Grace Hopper', 'PER Alan Turing suggested 90 %']);
    await close();
  });

  await test('the model is one side of a comparison: agreement, differences, and what it says can be taken over', async () => {
    const { page, close } = await openRead();
    await command(page, 'compare with the model');
    const dialog = page.getByRole('dialog', { name: 'Compare with the model' });
    await dialog.getByRole('button', { name: 'Compare', exact: true }).press('Enter');
    await dialog.getByText('3 documents compared. Theirs is what the model suggests, from a score of 50 % on.').waitFor();
    await dialog.getByRole('table').first().waitFor();
    await checkAxe(page, 'the comparison with the model');
    await keys(page, 'ArrowRight');
    await dialog.getByRole('button', { name: 'Write 1 decision' }).press('Enter');
    await dialog.getByText(/^Written: 1 document changed/).waitFor();
    await close();
  });

  await test('a second look at many documents says that it shows the first ones, and goes on', async () => {
    const many = Array.from({ length: 53 }, (_, index) => ({ text: `${index}. Alan Turing.`, label: [] }));
    const { page, close } = await openRead([NEWS[0], ...many]);
    await finish(page, many.length + 1);
    const dialog = await look(page);
    await dialog.getByText('50 places in the first 50 of 53 documents').waitFor();
    await dialog.getByRole('button', { name: 'Next 50 documents' }).press('Enter');
    await dialog.getByText('3 places in documents 51 to 53 of 53').waitFor();
    assert.ok(await dialog.getByRole('button', { name: 'Next 50 documents' }).isDisabled());
    await dialog.getByRole('button', { name: 'Previous 50 documents' }).press('Enter');
    await dialog.getByText('50 places in the first 50 of 53 documents').waitFor();
    await close();
  });
}

await runAlone(import.meta, suggested);
