// Long label sets, and what the labels of the model mean.
//   node tests/browser/annotate/labels.mjs [URL] [WORD...]     alone; URL is that of the page, by default that of the built site
import assert from 'node:assert/strict';
import { jsonl, openProject } from './scenes.mjs';
import { command, keys, runAlone, said, saved, spans, text, TIMEOUT_MS, waitForSpans, workspaceUrl } from './workspace.mjs';

const LONG = { text: 'word '.repeat(120), label: Array.from({ length: 120 }, (_, index) => [5 * index, 5 * index + 4, `LABEL ${index + 1}`]) };
const PEOPLE = { text: 'Grace Hopper met Alan Turing at Bletchley.', label: [[0, 12, 'PER'], [17, 28, 'PER'], [32, 41, 'LOC']] };

export default async function labels({ test, browser, site, url = workspaceUrl(site) }) {
  await test('of 120 labels, those that were used last come first, also after a reload; typing finds one; labels below another are a group', async () => {
    const { page, close } = await openProject(browser, url, jsonl([LONG, { text: 'Ada met Bob.', label: [] }]));
    const bar = page.getByRole('region', { name: 'Labels' });
    const first = async () => (await bar.locator('.label-name').allInnerTexts()).slice(0, 2);
    await keys(page, 'j');
    await page.getByRole('heading', { name: 'texts 2' }).waitFor();
    assert.deepEqual(await first(), ['LABEL 1', 'LABEL 2']);
    for (const name of ['label 77', 'label 1']) {
      await text(page).focus();
      await keys(page, 'Control+Home', 'Control+Shift+ArrowRight');
      await bar.getByRole('searchbox', { name: 'Find a label' }).fill(name);
      await page.keyboard.press('Enter');
      await said(page, `${name.toUpperCase()} "Ada" added.`);
    }
    assert.deepEqual(await first(), ['LABEL 1', 'LABEL 77']);
    await bar.getByRole('group', { name: 'Used last' }).waitFor();
    await saved(page);
    await page.reload();
    await page.getByRole('heading', { name: 'texts 2' }).waitFor();
    assert.deepEqual(await first(), ['LABEL 1', 'LABEL 77']);

    await command(page, 'edit labels');
    const dialog = page.getByRole('dialog', { name: 'Labels' });
    await dialog.getByRole('button', { name: 'Change LABEL 5', exact: true }).press('Enter');
    await dialog.getByRole('combobox', { name: 'Parent' }).selectOption({ label: 'LABEL 9' });
    await dialog.getByRole('button', { name: 'Save label' }).press('Enter');
    await dialog.getByText('LABEL 5 is saved.').waitFor();
    const group = dialog.getByRole('region', { name: 'LABEL 9', exact: true });
    assert.deepEqual(await group.locator('.chip').allInnerTexts(), ['LABEL 9', 'LABEL 5']);
    await keys(page, 'Escape');
    assert.deepEqual(await bar.getByRole('group', { name: 'LABEL 9', exact: true }).locator('.label-name').allInnerTexts(), ['LABEL 9', 'LABEL 5']);
    await close();
  });

  await test('a label of the model gets the meaning that the person chooses, or is left out; the choice is there after a reload', async () => {
    const { page, close } = await openProject(browser, url, jsonl([{ text: PEOPLE.text, label: [] }, { text: 'Acme.', label: [[0, 4, 'Human']] }]));
    await page.getByRole('button', { name: 'Load the model' }).press('Enter');
    await page.getByText('This project has none of these labels.').waitFor();
    await command(page, 'labels of the model');
    const dialog = page.getByRole('dialog', { name: 'Labels of the model' });
    await dialog.getByLabel('PER means').selectOption({ label: 'Human' });
    await keys(page, 'Escape');
    await waitForSpans(page, 2);
    const expected = ['Human Grace Hopper suggested 95 %', 'Human Alan Turing suggested 90 %'];
    assert.deepEqual(await spans(page), expected);
    await page.reload();
    await waitForSpans(page, 2);
    assert.deepEqual(await spans(page), expected);
    await command(page, 'labels of the model');
    await dialog.getByLabel('PER means').selectOption('left out');
    await keys(page, 'Escape');
    await waitForSpans(page, 0);
    await close();
  });

  await test('a head that was taught takes nothing from the model without being asked; the answer can be changed later', async () => {
    const done = Array.from({ length: 5 }, (_, index) => ({ ...PEOPLE, text: `${PEOPLE.text} ${index}` }));
    const { page, close } = await openProject(browser, url, jsonl([...done, { text: 'Grace Hopper met Alan Turing.', label: [] }]));
    await page.getByRole('button', { name: 'Load the model' }).press('Enter');
    await page.getByText('A model can suggest spans').waitFor({ state: 'detached' });
    for (let document = 1; document <= 5; document++) {
      await page.getByRole('heading', { name: `texts ${document}`, exact: true }).waitFor();
      await keys(page, 'Control+Enter');
      await saved(page);
    }
    await page.getByRole('heading', { name: 'texts 6' }).waitFor();
    await page.getByText(/^You taught PER, LOC, and the model has them too\. Now both suggest them\.$/).waitFor();
    const [ofModel, ofHead] = [['PER Grace Hopper suggested 95 %', 'PER Alan Turing suggested 90 %'], ['PER Hopper suggested 70 %', 'PER Turing suggested 70 %']];
    await waitForSpans(page, 4);
    assert.deepEqual((await spans(page)).sort(), [...ofModel, ...ofHead].sort());
    await page.getByRole('button', { name: 'Only what I taught' }).press('Enter');
    await waitForSpans(page, 2);
    assert.deepEqual(await spans(page), ofHead);
    await page.getByRole('button', { name: 'Only what I taught' }).waitFor({ state: 'detached' });
    await command(page, 'labels of the model');
    await page.getByRole('combobox', { name: 'The labels that you taught' }).selectOption({ label: 'do not suggest' });
    await keys(page, 'Escape');
    await waitForSpans(page, 2);
    assert.deepEqual(await spans(page), ofModel);
    await close();
  });
}

await runAlone(import.meta, labels, 3 * TIMEOUT_MS);
