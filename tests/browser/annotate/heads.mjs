// What the heads of a model do in the workspace beside entities: questions that are kept, labels that are ranked, relations that are suggested.
//   node tests/browser/annotate/heads.mjs [URL] [WORD...]     alone; URL is that of the page, by default that of the built site
import assert from 'node:assert/strict';
import { checkAxe, jsonl, openProject } from './scenes.mjs';
import { addLabels, command, exportAs, keys, runAlone, said, saved, spans, tabTo, text, TIMEOUT_MS, waitForSpans, workspaceUrl } from './workspace.mjs';

const TEXT = 'Grace Hopper worked at Univac.\r\nAlan Turing worked at Bletchley.';
const FILES = jsonl([{ text: TEXT, label: [] }, { text: 'Ada is in Rome.', label: [[0, 3, 'PER'], [10, 14, 'LOC']] }]);
const SQUAD = 'SQuAD questions';

export default async function heads({ test, browser, site, url = workspaceUrl(site) }) {
  const open = (options) => openProject(browser, url, FILES, options);

  await test('questions by keyboard: an answer becomes a span, or is kept with its question; "no answer" too; corrected, deleted, undone, exported', async () => {
    const { page, close } = await open();
    await loadModel(page);
    await text(page).focus();
    await keys(page, 'q');
    const dialog = page.getByRole('dialog', { name: 'Find me…' });
    await dialog.getByRole('textbox', { name: 'Question' }).fill('Who worked at Univac?');
    await keys(page, 'Enter');
    await dialog.getByText('1 candidate, best first').waitFor();
    await checkAxe(page, 'Find me…');
    await keys(page, 'ArrowDown');
    await dialog.getByRole('listbox', { name: 'Candidates' }).and(page.locator(':focus')).waitFor();
    await keys(page, 'Shift+Enter');
    await dialog.getByRole('status').getByText('"Who worked at Univac?" with "Grace Hopper" kept.').waitFor();
    await keys(page, 'Enter');
    await dialog.getByRole('status').getByText('PER "Grace Hopper" added.').waitFor();
    await dialog.getByRole('textbox', { name: 'Question' }).fill('Who died?');
    await tabTo(page, 'Keep: no answer in this text');
    await keys(page, 'Enter');
    await dialog.getByRole('status').getByText('"Who died?" with no answer in this text kept.').waitFor();
    await keys(page, 'Escape');

    const list = page.getByRole('region', { name: 'Questions' });
    assert.equal(await list.getByRole('listitem').count(), 2);
    await text(page).focus();
    await keys(page, 'Control+f', ...'Bletchley', 'Enter', 'Escape');
    await list.getByRole('button', { name: 'Edit Who died?' }).press('Enter');
    const form = page.getByRole('dialog', { name: 'Question' });
    await form.getByRole('textbox', { name: 'Question' }).fill('Where?');
    await form.getByRole('button', { name: 'Take "Bletchley" as an answer' }).press('Enter');
    await checkAxe(page, 'Question');
    await form.getByRole('textbox', { name: 'Question' }).press('Control+Enter');
    await said(page, '"Where?" with "Bletchley" saved.');
    await list.getByRole('button', { name: 'Delete Who worked at Univac?' }).press('Enter');
    await said(page, '"Who worked at Univac?" deleted.');
    assert.deepEqual(await questionsOf(page), [['Where?', false, ['Bletchley']]]);
    await text(page).focus();
    await keys(page, 'Control+z');
    await said(page, 'Undone.');
    await saved(page);
    await page.reload();
    await list.getByText('Where?').waitFor();
    assert.deepEqual(await questionsOf(page), [['Who worked at Univac?', false, ['Grace Hopper']], ['Where?', false, ['Bletchley']]]);
    await close();
  });

  await test('questions of a SQuAD file are shown; an answer is shown in the text; one is written by hand', async () => {
    const context = 'Ada lived in London.';
    const qas = [{ id: 'x', question: 'Where did Ada live?', is_impossible: false, answers: [{ text: 'London', answer_start: 13 }] }];
    const file = { name: 'dev.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify({ version: 'v2.0', data: [{ title: 'Ada', paragraphs: [{ context, qas }] }] })) };
    const { page, close } = await openProject(browser, url, file);
    const list = page.getByRole('region', { name: 'Questions' });
    await list.getByRole('button', { name: 'London', exact: true }).press('Enter');
    await command(page, 'write a question');
    const form = page.getByRole('dialog', { name: 'New question' });
    await form.getByRole('list', { name: 'Answers' }).getByText('London').waitFor();
    await form.getByRole('textbox', { name: 'Question' }).fill('Which city?');
    await form.getByRole('textbox', { name: 'Question' }).press('Control+Enter');
    await said(page, '"Which city?" with "London" kept.');
    assert.deepEqual((await questionsOf(page)).map(([question]) => question), ['Where did Ada live?', 'Which city?']);
    await close();
  });

  await test('T with text selected ranks the labels; types of the model are offered; without the head, a sentence says what is needed', async () => {
    const { page, close } = await open();
    await loadModel(page);
    await select(page, 'Univac');
    await keys(page, 't');
    await said(page, '"Univac": LOC 70 %, PER 10 %.');
    const labels = page.getByRole('region', { name: 'Labels', exact: true });
    assert.match(await labels.locator('.label').first().innerText(), /^LOC/);
    await command(page, 'edit labels');
    const dialog = page.getByRole('dialog', { name: 'Labels', exact: true });
    await dialog.getByRole('combobox', { name: 'Show' }).selectOption('Types');
    await dialog.getByText('The model knows person, place, event.').waitFor();
    await dialog.getByRole('button', { name: 'Add these labels' }).press('Enter');
    await dialog.getByText('The labels of the model are added.').waitFor();
    await page.keyboard.press('Escape');
    await close();

    const without = await open({ init: () => { globalThis.fakeTasks = ['ner']; } });
    await loadModel(without.page);
    await select(without.page, 'Univac');
    await keys(without.page, 't');
    await without.page.getByRole('region', { name: 'Labels', exact: true }).getByText(/^The model fake has no typing head/).waitFor();
    await without.close();
  });

  await test('relations are suggested for pairs of one sentence; accepted, rejected, kept over a reload; only labels that fit are offered', async () => {
    const { page, close } = await open();
    await addLabels(page, ['worked at', 'near'], 'Labels of relations');
    await command(page, 'edit labels');
    await page.getByRole('combobox', { name: 'Show' }).selectOption('Labels of relations');
    await page.getByRole('button', { name: 'Change near' }).press('Enter');
    await page.getByRole('group', { name: /^May begin at/ }).getByRole('checkbox', { name: 'LOC' }).check();
    await page.getByRole('button', { name: 'Save label' }).press('Enter');
    await page.getByText('near is saved.').waitFor();
    await page.keyboard.press('Escape');
    await loadModel(page);
    const list = page.getByRole('region', { name: 'Relations' });
    const row = (words) => list.getByRole('listitem').filter({ hasText: words });
    await row('Alan Turing → worked at → Bletchley suggested 80 %').waitFor();
    await row('Alan Turing').getByRole('button', { name: 'Accept' }).press('Enter');
    await said(page, 'Relation accepted.');
    assert.ok((await spans(page)).includes('LOC Bletchley 60 %'), 'its ends are accepted');

    await select(page, 'Univac');
    await keys(page, '2');
    await row('Grace Hopper → worked at → Univac suggested 80 %').waitFor();
    await row('Grace Hopper').getByRole('button', { name: /^Reject/ }).press('Enter');
    await said(page, 'Relation rejected.');
    await saved(page);
    await page.reload();
    await row('Alan Turing → worked at → Bletchley').waitFor();
    await waitForSpans(page, 4);
    assert.equal(await list.getByRole('listitem').count(), 1);

    await page.getByRole('option', { name: /^PER Grace Hopper/ }).click();
    await text(page).focus();
    await keys(page, 'r');
    await page.getByRole('region', { name: 'Label of the relation' }).waitFor();
    assert.deepEqual(await page.locator('.labels .label-name').allInnerTexts(), ['worked at']);
    await close();
  });
}

async function loadModel(page) {
  await page.getByRole('button', { name: 'Load the model' }).press('Enter');
  await page.getByText('A model can suggest spans').waitFor({ state: 'detached' });
}

async function select(page, words) {
  await text(page).focus();
  await keys(page, 'Control+f');
  await page.keyboard.type(words);
  await keys(page, 'Enter', 'Escape');
}

/** The questions in a SQuAD file: words, whether the text has no answer, answers. */
async function questionsOf(page) {
  const { data } = JSON.parse((await exportAs(page, SQUAD)).bytes.toString());
  return data.flatMap(({ paragraphs }) => paragraphs.flatMap(({ qas }) => qas.map(({ question, is_impossible: none, answers }) => [question, none, answers.map((each) => each.text)])));
}

await runAlone(import.meta, heads, 3 * TIMEOUT_MS);
