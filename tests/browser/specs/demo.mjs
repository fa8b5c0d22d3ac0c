// The demo as a visitor meets it: served from a folder below the root, then offline, by keyboard, on a phone.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const OTHER = 'Barack Obama visited Berlin and spoke at Microsoft.';

export default async function ({ test, browser, site }) {
  const real = existsSync(at('../../../www/dist/models/luke-mini-en/manifest.json'));
  const model = real ? '' : '&model=/models/micro-span_cls/';
  const url = `${site.url}some/where/demo/?device=wasm${model}`;
  const which = real ? 'the default model' : 'a model of random weights (www/models/luke-mini-en is not there)';

  async function open(options = {}) {
    const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 1000, height: 1150 }, ...options });
    const page = await context.newPage();
    const complaints = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    await page.locator('#results').waitFor({ timeout: 300_000 });
    return { context, page, complaints };
  }

  await test(`wasm, ${which}: entities of the sample, then of another text offline`, async () => {
    const { context, page, complaints } = await open();
    const first = await entities(page);
    assert.ok(first.length > 0, 'no entity in the sample');
    if (real) {
      has(first, 'PER', /Scholz|Macron|Leyen/);
      has(first, 'LOC', /Paris|Frankfurt|Ukraine/i);
      has(first, 'ORG', /Siemens|Volkswagen|Reuters|European Union/);
    }
    assert.equal(await page.locator('#marked').evaluate(textWithoutLabels), await page.locator('#text').inputValue(), 'the text is shown as it is');
    assert.match(await page.locator('#status').textContent(), /\d+ ms on the CPU/);
    assert.match(await page.locator('#runtime').textContent(), /weights/);
    assert.equal(await page.locator('#loading').isVisible(), false);
    if (process.env.LUKE_SCREENSHOT) await page.screenshot({ path: at('../../../www/screenshot.png'), fullPage: true });

    await context.setOffline(true);
    site.requests.length = 0;
    await page.locator('#text').fill(OTHER);
    await page.keyboard.press('Control+Enter');
    await page.waitForFunction((text) => document.querySelector('#marked').textContent.includes(text), 'visited');
    if (real) has(await entities(page), 'PER', /Obama/);
    assert.deepEqual(site.requests, []);
    assert.deepEqual(complaints, [], 'the console is clean, the security policy holds');
    await context.close();
  });

  await test('wasm: it works with the keyboard alone, and says what is wrong', async () => {
    const { context, page } = await open();
    await page.locator('#text').focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('   ');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'find');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#status').textContent.startsWith('no entities'));
    await page.goto(`${site.url}some/where/demo/?model=/nowhere/`);
    await page.locator('#error').waitFor();
    assert.match(await page.locator('#error').textContent(), /did not load.*404/);
    await context.close();
  });

  for (const colorScheme of ['light', 'dark']) {
    await test(`wasm: on a phone nothing is cut off, ${colorScheme}, and the contrast is enough`, async () => {
      const { context, page } = await open({ colorScheme, viewport: { width: 360, height: 740 } });
      const width = await page.evaluate(() => document.scrollingElement.scrollWidth);
      assert.ok(width <= 360, `the page is ${width} pixels wide`);
      const low = await page.evaluate(lowContrast);
      assert.deepEqual(low, []);
      await context.close();
    });
  }
}

function has(found, label, text) {
  assert.ok(found.some((entity) => entity.label === label && text.test(entity.text)), `no ${label} like ${text} in ${JSON.stringify(found)}`);
}

function entities(page) {
  return page.locator('#table tbody tr').evaluateAll((rows) => rows.map(({ cells }) => ({ text: cells[0].textContent, label: cells[1].textContent })));
}

// In the page.
function textWithoutLabels(marked) {
  const copy = marked.cloneNode(true);
  for (const label of copy.querySelectorAll('small')) label.remove();
  return copy.textContent;
}

/** Elements with text whose contrast is below the 4.5 of WCAG AA. */
function lowContrast() {
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = numbers(color).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (node) => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if ((numbers(color)[3] ?? 1) > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const low = [];
  for (const node of document.querySelectorAll('body *')) {
    const own = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
    if (!own || !node.checkVisibility() || node.matches(':disabled')) continue;
    const [dark, light] = [luminance(getComputedStyle(node).color), luminance(background(node))].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) low.push(`${node.tagName} "${node.textContent.trim().slice(0, 20)}" ${ratio.toFixed(2)}`);
  }
  return low;
}
