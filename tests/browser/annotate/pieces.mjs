// Spans in several pieces, and relations as arcs, by keyboard only and by mouse only.
//   node tests/browser/annotate/pieces.mjs [URL] [WORD...]     alone; URL is that of the page, by default that of the built site
import assert from 'node:assert/strict';
import { jsonl, openProject, placeOf } from './scenes.mjs';
import { addLabels, command, keys, runAlone, said, spans, text, TIMEOUT_MS, workspaceUrl } from './workspace.mjs';

const TEXTS = jsonl([{ text: 'Ada Lovelace Byron wrote notes. Bob read.', label: [[0, 12, 'PER'], [32, 35, 'PER']] }]);

export default async function pieces({ test, browser, site, url = workspaceUrl(site) }) {
  await test('by keyboard: a piece is added from another place, its edge moves alone, a part is taken out, the span is split, undo', async () => {
    const { page, close } = await openProject(browser, url, TEXTS);
    await text(page).focus();
    await keys(page, 'Tab', '+');
    await said(page, 'Select the words of the new piece and add it again. Escape ends.');
    await keys(page, 'Control+Home', ...Array(3).fill('Control+ArrowRight'), 'ArrowRight', 'Control+Shift+ArrowRight');
    await page.getByRole('region', { name: 'New piece' }).waitFor();
    await keys(page, '+');
    await said(page, 'The span is now "Ada Lovelace … wrote".');
    await keys(page, '.', '.');
    await said(page, 'Piece 2 of 2: "wrote". The keys of edges move its edges.');
    await keys(page, '}');
    await said(page, 'The span is now "Ada Lovelace wrote notes".');
    await keys(page, '.');
    await said(page, 'The whole span. The keys of edges move its edges.');
    await keys(page, 'Control+Home', 'Control+ArrowRight', '_');
    await said(page, 'The span is now "Ada … Lovelace … wrote notes".');
    await keys(page, '.', '-');
    await said(page, 'The span is now "Lovelace … wrote notes".');
    for (const row of ['PER Ada Lovelace wrote notes', 'PER Ada Lovelace wrote notes', 'PER Ada Lovelace wrote', 'PER Ada Lovelace']) {
      await keys(page, 'Control+z');
      await said(page, 'Undone.');
      await shows(page, row);
    }
    await close();
  });

  await test('by mouse: a piece that is selected is added, another one is taken out, and whole words are selected if the person wants', async () => {
    const { page, close } = await openProject(browser, url, TEXTS);
    const bob = await placeOf(page, 'Bob');
    await page.mouse.click(bob.x, bob.y);
    await drag(page, 'read');
    await page.getByRole('button', { name: 'Add piece' }).click();
    await said(page, 'The span is now "Bob read".');
    await drag(page, 'Bob');
    await page.getByRole('button', { name: 'Take out' }).click();
    await said(page, 'The span is now "read".');
    await command(page, 'whole words');
    await said(page, 'What is selected counts: with whole words.');
    await drag(page, 'not');
    await page.getByRole('button', { name: /^PER/ }).click();
    await said(page, 'PER "notes" added.');
    await page.reload();
    await text(page).waitFor();
    await drag(page, 'yro');
    await page.getByRole('button', { name: /^PER/ }).click();
    await said(page, 'PER "Byron" added.');
    await close();
  });

  await test('arcs are those of the span with the focus; with the box beside the relations, all, also after a reload', async () => {
    const { page, close } = await openProject(browser, url, TEXTS);
    await addLabels(page, ['knows'], 'Labels of relations');
    await text(page).focus();
    await keys(page, 'Tab', 'r', 'Tab', '1');
    await said(page, /knows/);
    const arcs = (count) => page.waitForFunction((wanted) => {
      return document.querySelector('.text-host > div').shadowRoot.querySelectorAll('.arcs text').length === wanted;
    }, count);
    await arcs(1);
    await text(page).focus();
    await keys(page, 'Control+End');
    await page.getByText('1 of 1 with this span').waitFor({ state: 'detached' });
    await arcs(0);
    const box = page.getByRole('checkbox', { name: 'All as arcs in the text' });
    await box.check();
    await said(page, 'Arcs: those of all relations.');
    await arcs(1);
    await page.reload();
    await box.waitFor();
    assert.ok(await box.isChecked());
    await close();
  });
}

/** The first span is this row. */
async function shows(page, row) {
  await page.waitForFunction((wanted) => document.querySelector('.spans [role=option]')?.innerText.replace(/\s+/g, ' ').trim() === wanted, row);
  assert.equal((await spans(page))[0], row);
}

/** Selects words with the mouse. */
async function drag(page, words) {
  const { left, right, y } = await placeOf(page, words);
  await page.mouse.move(left + 1, y);
  await page.mouse.down();
  await page.mouse.move((left + right) / 2, y);
  await page.mouse.move(right - 1, y);
  await page.mouse.up();
}

await runAlone(import.meta, pieces, 3 * TIMEOUT_MS);
