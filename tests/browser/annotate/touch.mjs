// The annotation workspace by touch only: long press, label, edge, undo; and what can be touched is large enough.
//   node tests/browser/annotate/touch.mjs [URL] [WORD...]     alone; URL is that of the page, by default that of the built site
import assert from 'node:assert/strict';
import { jsonl, openProject, placeOf } from './scenes.mjs';
import { keys, runAlone, said, TIMEOUT_MS, waitForSpans, workspaceUrl } from './workspace.mjs';

const TEXTS = jsonl([{ text: 'Grace Hopper worked at Univac.', label: [] }, { text: 'Ada Byron met Bob.', label: [[0, 9, 'PER'], [14, 17, 'ORG']] }]);
const SCREENS = {
  phone: { hasTouch: true, isMobile: true, viewport: { width: 400, height: 760 } },
  tablet: { hasTouch: true, isMobile: true, viewport: { width: 1180, height: 820 } },
};
/** CSS pixels: the least width and height of what can be touched. */
const LEAST = 44;
/** Dialogs, by what finds them in the palette. */
const DIALOGS = { 'edit labels': 'Labels', export: 'Export', 'storage and': 'Storage', 'note for': 'Note for', 'all occ': 'All occurrences', keys: 'Keys' };

export default async function touch({ test, browser, site, url = workspaceUrl(site) }) {
  for (const [name, options] of Object.entries(SCREENS)) {
    await test(`by touch only: a long press selects, a label is given, an edge moves, undo: ${name}`, async () => {
      const { context, page, close } = await openProject(browser, url, TEXTS, options);
      await page.evaluate(countOthers);
      await longPress(context, page, 'Grace');
      await page.getByRole('button', { name: /^PER/ }).tap();
      await said(page, 'PER "Grace" added.');
      await page.getByRole('button', { name: 'End of the span: one word to the right' }).tap();
      await said(page, 'The span is now "Grace Hopper".');
      await longPress(context, page, 'Univac');
      await page.getByRole('button', { name: /^Add piece/ }).tap();
      await said(page, 'The span is now "Grace Hopper … Univac".');
      const undo = page.getByRole('button', { name: 'Undo' });
      for (const words of ['Grace Hopper', 'Grace']) {
        await undo.tap();
        await said(page, 'Undone.');
        await page.waitForFunction((wanted) => document.querySelector('.spans [role=option]')?.textContent === `PER${wanted}`, words);
      }
      await undo.tap();
      await waitForSpans(page, 0);
      assert.deepEqual(await page.evaluate(() => globalThis.others), [], 'neither a mouse nor a keyboard was used');
      await close();
    });

    await test(`what can be touched is ${LEAST} px high and wide, and no key is shown: ${name}`, async () => {
      const { page, close } = await openProject(browser, url, TEXTS, options);
      await page.getByRole('button', { name: 'Load the model' }).tap();
      await keys(page, 'j');
      await page.getByRole('heading', { name: 'texts 2' }).waitFor();
      await waitForSpans(page, 2);
      await page.locator('.cm-content').focus();
      await keys(page, 'Tab');
      await page.getByRole('button', { name: /^Remove/ }).waitFor();
      assert.deepEqual(await page.evaluate(tooSmall, LEAST), [], 'the main screen');
      assert.equal(await page.locator('.workspace kbd:visible').count(), 0);
      for (const [command, dialog] of Object.entries(DIALOGS)) {
        await keys(page, 'Control+k');
        await page.getByRole('combobox', { name: 'Document or command' }).fill(command);
        assert.deepEqual(await page.evaluate(tooSmall, LEAST), [], 'the palette');
        await keys(page, 'Enter');
        await page.getByRole('dialog', { name: new RegExp(`^${dialog}`) }).waitFor();
        assert.deepEqual(await page.evaluate(tooSmall, LEAST), [], dialog);
        await keys(page, 'Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
      }
      await close();
    });
  }

  await test('a laptop at a high zoom is as narrow as a phone, and shows the keys of labels', async () => {
    const { page, close } = await openProject(browser, url, TEXTS, { viewport: { width: 640, height: 400 } });
    assert.ok(await page.getByRole('button', { name: /^PER/ }).locator('kbd').isVisible());
    await close();
  });
}

/**
 * A finger that stays on words. Headless Chromium sends a long press to the page, but selects nothing by it: so the test selects the word under
 * the finger, as browsers with a touch screen do.
 */
async function longPress(context, page, words) {
  const { x, y } = await placeOf(page, words);
  const client = await context.newCDPSession(page);
  await client.send('Input.synthesizeTapGesture', { x, y, duration: 800, gestureSourceType: 'touch' });
  await client.detach();
  await page.evaluate(selectWord, [words, x, y]);
}

// In the page.
function selectWord([words, x, y]) {
  const { shadowRoot } = document.querySelector('.text-host > div');
  const line = shadowRoot.elementFromPoint(x, y).closest('.cm-line');
  const walker = document.createTreeWalker(line, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const start = node.nodeValue.indexOf(words);
    if (start >= 0) return shadowRoot.getSelection().setBaseAndExtent(node, start, node, start + words.length);
  }
  throw new Error(`"${words}" is not under the finger`);
}

// In the page.
function countOthers() {
  globalThis.others = [];
  addEventListener('keydown', ({ key }) => globalThis.others.push(key), true);
  addEventListener('pointerdown', ({ pointerType }) => pointerType === 'touch' || globalThis.others.push(pointerType), true);
}

// In the page: controls that are in view and smaller than this. A box to be checked is as large as its label.
function tooSmall(least) {
  const dialog = [...document.querySelectorAll('dialog[open]')].at(-1);
  const { shadowRoot } = document.querySelector('.text-host > div');
  const found = (dialog ? [dialog] : [document, shadowRoot]).flatMap((root) => [...root.querySelectorAll('button, select, input, summary, [role=option]')]);
  const targets = found.map((element) => (['checkbox', 'radio'].includes(element.type) ? element.closest('label') ?? element : element));
  return targets.flatMap((element) => {
    const { width, height } = element.getBoundingClientRect();
    if (!width || !height || element.closest('[hidden], .hidden')) return [];
    const isLarge = width >= least - 0.5 && height >= least - 0.5;
    return isLarge ? [] : [`${element.tagName} ${(element.ariaLabel ?? element.textContent).slice(0, 30)} ${Math.round(width)}x${Math.round(height)}`];
  });
}

await runAlone(import.meta, touch, 3 * TIMEOUT_MS);
