// The demo with threads, as `./build.sh run` serves it, but in a folder below the root; also offline, with the keyboard only, and on a phone.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { startSite } from '../server.mjs';
import { isKept } from './offline.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const OTHER = 'Barack Obama visited Berlin and spoke at Microsoft.';

/** All tabs in order, with a word of their example. `needs` is the required class, for tasks that the default model does not have. */
const TABS = {
  ner: { name: 'Entities', example: /Scholz/ },
  qa: { name: 'Question answering', example: /Curie/ },
  typing: { name: 'Entity typing', example: /Lovelace/ },
  relation: { name: 'Relation', example: /Nadella/ },
  cloze: { name: 'Cloze', example: /Osaka/, needs: /cloze questions.*ReCoRD/ },
  fillMask: { name: 'Masked words', example: /<mask>/, needs: /masked words.*LukeForMaskedLM/ },
  predictEntities: { name: 'Masked entities', example: /Messi/, needs: /masked entities.*LukeForMaskedLM.*--entities full/ },
  embed: { name: 'Embeddings', example: /Hilton/ },
};

/** Checkpoints with random weights: the tasks that must run, and an element of each result. */
const HEADS = {
  'micro-qa': { qa: '.answer' },
  'micro-entity_cls': { typing: '.bars li' },
  'micro-entity_pair': { relation: '.bars li' },
  'micro-cloze': { cloze: '.bars li' },
  'micro-mlm': { fillMask: '.bars li', predictEntities: '.bars li' },
};

export default async function ({ test, browser }) {
  const site = await startSite({ isolated: true });
  const demo = `${site.url}some/where/demo/?device=wasm`;

  async function open({ model, tab = '', ...options } = {}) {
    const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 1000, height: 1150 }, ...options });
    context.setDefaultTimeout(300_000);
    const page = await context.newPage();
    const problems = [];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`${demo}${model ? `&model=/models/${model}/` : ''}${tab && `#${tab}`}`);
    await page.locator('[role=tab][data-available]').first().waitFor();
    return { context, page, problems };
  }

  await test('wasm, the default model: entities of the sample, then of another text while offline', async () => {
    const { context, page, problems } = await open();
    await result(page, 'ner').waitFor();
    const first = await entities(page);
    assert.ok(first.length > 0, 'no entity in the sample');
    assertEntity(first, 'PER', /Scholz|Macron|Leyen/);
    assertEntity(first, 'LOC', /Paris|Frankfurt|Ukraine/i);
    assertEntity(first, 'ORG', /Siemens|Volkswagen|Reuters|European Union/);
    assert.equal(await page.locator('#panel-ner .marked').evaluate(textWithoutLabels), await page.locator('#ner-text').inputValue(), 'the text is shown unchanged');
    assert.match(await page.locator('#panel-ner .status').textContent(), /\d+ ms on the CPU/);
    assert.match(await page.locator('#runtime').textContent(), /weights.*it does entities, question answering, entity typing, relation,? and embeddings/);
    assert.equal(await page.locator('#loading').isVisible(), false);
    assert.ok(site.requests.some((path) => path.includes('/wasm/threads/')));
    if (process.env.LUKE_SCREENSHOT) await page.screenshot({ path: at('../../../www/screenshot.png'), fullPage: true });

    while (!(await page.evaluate(isKept))) await page.waitForTimeout(50);
    await context.setOffline(true);
    site.requests.length = 0;
    await page.locator('#ner-text').fill(OTHER);
    await page.keyboard.press('Control+Enter');
    await page.waitForFunction((text) => document.querySelector('#panel-ner .marked').textContent.includes(text), 'visited');
    assertEntity(await entities(page), 'PER', /Obama/);
    assert.deepEqual(site.requests, []);
    assert.deepEqual(problems, [], 'the console has no errors and no reports of the security policy');
    await context.close();
  });

  await test('wasm, the default model: every tab shows its example, and runs it or names the checkpoint that it needs', async () => {
    const { context, page, problems } = await open();
    assert.deepEqual(await page.getByRole('tab').allTextContents(), Object.values(TABS).map(({ name }) => name));
    for (const [task, { name, example, needs }] of Object.entries(TABS)) {
      await page.getByRole('tab', { name, exact: true }).click();
      const panel = page.getByRole('tabpanel', { name, exact: true });
      assert.equal(await page.getByRole('tabpanel').count(), 1, 'one panel is shown');
      assert.match((await panel.locator('textarea').evaluateAll((areas) => areas.map(({ value }) => value))).join(' '), example, name);
      assert.equal(await page.locator(`#tab-${task}`).getAttribute('data-available'), String(!needs), name);
      if (needs) {
        assert.match(await panel.locator('.needs').textContent(), needs);
        assert.equal(await page.locator(`#${task}-run`).isDisabled(), true, name);
      } else {
        await result(page, task).waitFor();
        assert.equal(await panel.locator('.needs').isVisible(), false, name);
      }
    }
    assert.ok((await page.locator('#panel-embed .matrix').count()) === 2, 'mentions and tokens');
    const cosines = await page.locator('#panel-embed .matrix').first().locator('tbody td').allTextContents();
    assert.equal(cosines.length, 25);
    assert.ok(cosines.every((text, i) => (i % 6 === 0 ? text === '1.00' : Math.abs(Number(text)) <= 1)), cosines.join(' '));
    assert.deepEqual(problems, []);
    await context.close();
  });

  for (const [model, tasks] of Object.entries(HEADS)) {
    await test(`wasm, ${model}: ${Object.keys(tasks).join(' and ')}`, async () => {
      const { context, page, problems } = await open({ model });
      assert.equal(await page.getByRole('tab', { selected: true }).textContent(), TABS[Object.keys(tasks)[0]].name, 'a tab whose task the model has is shown');
      for (const [task, shown] of Object.entries(tasks)) {
        await page.getByRole('tab', { name: TABS[task].name, exact: true }).click();
        await page.locator(`#${task}-run`).click();
        await result(page, task).locator(shown).first().waitFor();
        assert.equal(await page.locator(`#panel-${task} .error`).isVisible(), false);
        const [text] = await page.locator(`#panel-${task} textarea`).evaluateAll((areas) => areas.map(({ value }) => value));
        if (task !== 'fillMask') assert.equal(await result(page, task).locator('.marked').last().evaluate(textWithoutLabels), text, 'the text is shown unchanged');
      }
      assert.deepEqual(problems, []);
      await context.close();
    });
  }

  await test('wasm: another model is loaded by its URL, and stays if a later load fails', async () => {
    const { context, page } = await open({ model: 'micro-entity_cls', tab: 'typing' });
    await result(page, 'typing').waitFor();
    await page.locator('#model').fill('/models/micro-qa/');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#runtime').textContent.startsWith('micro-qa'));
    assert.equal(new URL(page.url()).search, '?device=wasm&model=/models/micro-qa/', 'the address loads the same model again');
    assert.match(await page.locator('#panel-typing .needs').textContent(), /^micro-qa has no head for entity typing\. /);
    assert.equal(await result(page, 'typing').isVisible(), false, 'the result of the earlier model is hidden');
    await page.locator('#model').fill('/models/nowhere/');
    await page.getByRole('button', { name: 'Load' }).click();
    await page.locator('#error').waitFor();
    assert.match(await page.locator('#error').textContent(), /did not load \(micro-qa is still there\).*404.*network/);
    await page.getByRole('tab', { name: 'Question answering', exact: true }).click();
    await result(page, 'qa').waitFor();
    await context.close();
  });

  await test('wasm: a load that hangs shows its progress and can be stopped; then another model loads', async () => {
    const { context, page } = await open({ model: 'micro-entity_cls', tab: 'typing' });
    await page.locator('#model').fill('/faults/stuck/');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => / of .* MB/.test(document.querySelector('#loading-bytes').textContent));
    await page.locator('#stop').click();
    assert.equal(await page.locator('#loading').isVisible(), false);
    assert.equal(await page.locator('#error').isVisible(), false);
    await page.locator('#model').fill('/models/micro-span_cls/');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#runtime').textContent.startsWith('micro-span_cls'));
    await context.close();
  });

  await test('wasm: mentions are selected or typed, follow edits of the text, and are refused if the text no longer contains them', async () => {
    const { context, page } = await open({ model: 'micro-entity_cls' });
    const panel = page.locator('#panel-typing');
    const chosen = () => panel.locator('.mention').allTextContents();
    assert.deepEqual(await chosen(), ['Ada Lovelace0–12']);
    await panel.locator('textarea').fill('Paris, Paris and Rome');
    assert.deepEqual(await chosen(), ['Ada Lovelacenot in the text']);
    await page.keyboard.press('Control+Enter');
    await panel.locator('.error').waitFor();
    assert.match(await panel.locator('.error').textContent(), /“Ada Lovelace” does not stand in the text input/);
    await panel.locator('textarea').evaluate((area) => area.setSelectionRange(6, 12));
    await panel.getByRole('button', { name: 'Use selection' }).click();
    assert.deepEqual(await chosen(), ['Paris7–12'], 'the second Paris, without the selected space');
    await panel.locator('textarea').fill('In Paris, Paris and Rome');
    assert.deepEqual(await chosen(), ['Paris10–15']);
    await panel.locator('#typing-mention').fill('Rome');
    await page.keyboard.press('Enter');
    assert.deepEqual(await chosen(), ['Rome20–24']);
    await page.locator('#typing-run').click();
    await result(page, 'typing').waitFor();
    assert.match(await panel.locator('mark').textContent(), /^Rome/);
    await context.close();
  });

  await test('wasm: mentions move when text is pasted before them, and never two to the same place', async () => {
    const { context, page } = await open({ model: 'micro-entity_cls', tab: 'embed' });
    const panel = page.locator('#panel-embed');
    const area = panel.locator('textarea');
    const chosen = () => panel.locator('.mention').allTextContents();
    const edit = async (start, end, text) => {
      await area.evaluate((element, range) => element.setSelectionRange(...range), [start, end]);
      await area.focus();
      await (text ? page.keyboard.insertText(text) : page.keyboard.press('Delete'));
    };
    for (const remove of await panel.locator('.remove').all()) await panel.locator('.remove').first().click();
    await area.fill('Rome, Rome');
    for (let i = 0; i < 2; i += 1) {
      await panel.locator('#embed-mentions').fill('Rome');
      await page.keyboard.press('Enter');
    }
    assert.deepEqual(await chosen(), ['Rome0–4', 'Rome6–10']);
    await edit(0, 0, 'Rome and Rome. ');
    assert.deepEqual(await chosen(), ['Rome15–19', 'Rome21–25']);
    await edit(4, 4, ' itself');
    assert.deepEqual(await chosen(), ['Rome22–26', 'Rome28–32']);
    await area.fill('Rome, Rome');
    assert.deepEqual(await chosen(), ['Rome0–4', 'Rome6–10']);
    await edit(0, 6, '');
    assert.deepEqual(await chosen(), ['Romenot in the text', 'Rome0–4']);
    await edit(0, 0, 'Rome, ');
    assert.deepEqual((await chosen()).sort(), ['Rome0–4', 'Rome6–10']);
    await context.close();
  });

  await test('wasm: it works with the keyboard only, and shows an error', async () => {
    const { context, page } = await open();
    await result(page, 'ner').waitFor();
    await page.locator('#ner-text').focus();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('   ');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'ner-run');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => document.querySelector('#panel-ner .status').textContent.startsWith('no entities'));
    const focused = () => page.evaluate(() => [document.activeElement.id, document.activeElement.ariaSelected]);
    await page.locator('#tab-ner').focus();
    for (const [key, id] of [['ArrowLeft', 'embed'], ['ArrowRight', 'ner'], ['ArrowRight', 'qa'], ['End', 'embed'], ['Home', 'ner']]) {
      await page.keyboard.press(key);
      assert.deepEqual(await focused(), [`tab-${id}`, 'true'], key);
    }
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'News', 'only one tab is in the tab order');
    await page.goto(`${site.url}some/where/demo/?model=/nowhere/`);
    await page.locator('#error').waitFor();
    assert.match(await page.locator('#error').textContent(), /did not load.*404/);
    await context.close();
  });

  for (const colorScheme of ['light', 'dark']) {
    await test(`wasm: on a phone nothing is cut off and the contrast is sufficient, ${colorScheme}`, async () => {
      for (const model of [undefined, ...Object.keys(HEADS)]) {
        const { context, page } = await open({ model, colorScheme, viewport: { width: 360, height: 740 } });
        for (const [task, { name }] of Object.entries(TABS)) {
          await page.getByRole('tab', { name, exact: true }).click();
          const run = page.locator(`#${task}-run`);
          if (await run.isEnabled()) {
            await run.click();
            await result(page, task).waitFor();
          }
          const where = `${model ?? 'default'}, ${name}`;
          const width = await page.evaluate(() => document.scrollingElement.scrollWidth);
          assert.ok(width <= 360, `${where}: the page is ${width} pixels wide`);
          assert.deepEqual(await page.evaluate(lowContrast), [], where);
        }
        await context.close();
      }
    });
  }
  site.close();
}

/** The result of a tab, after its call has ended. */
function result(page, task) {
  return page.locator(`#panel-${task} .results[aria-busy=false]`);
}

function assertEntity(found, label, text) {
  assert.ok(found.some((entity) => entity.label === label && text.test(entity.text)), `no ${label} like ${text} in ${JSON.stringify(found)}`);
}

function entities(page) {
  return page.locator('#panel-ner .entities tbody tr').evaluateAll((rows) => rows.map(({ cells }) => ({ text: cells[0].textContent, label: cells[1].textContent })));
}

// In the page.
function textWithoutLabels(marked) {
  const copy = marked.cloneNode(true);
  for (const label of copy.querySelectorAll('small')) label.remove();
  return copy.textContent;
}

/** Elements with text whose contrast is below 4.5, the minimum of WCAG AA. */
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
    const hasText = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
    if (!hasText || !node.checkVisibility() || node.matches(':disabled')) continue;
    const [dark, light] = [luminance(getComputedStyle(node).color), luminance(background(node))].sort((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < 4.5) low.push(`${node.tagName} "${node.textContent.trim().slice(0, 20)}" ${ratio.toFixed(2)}`);
  }
  return low;
}
