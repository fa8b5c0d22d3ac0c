// The first page with threads, as `./build.sh run` serves it, but in a folder below the root; also offline, with the keyboard only, and on a phone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MODELS, startSite } from '../server.mjs';
import { kept } from './offline.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const SAMPLE = 'PARIS, Tuesday – German Chancellor Olaf Scholz met French President Emmanuel Macron in Paris to discuss energy prices. Shares of Siemens and Volkswagen rose in Frankfurt after the talks, Reuters reported. Ursula von der Leyen said the European Union would send more aid to Ukraine.';
const OTHER = 'Barack Obama visited Berlin and spoke at Microsoft.';
const AXE = readFileSync(at('../../../node_modules/axe-core/axe.min.js'), 'utf8');

/** All tabs in order, with a word of their example and the class of the checkpoint that a model without the task is told to need. The default model has all tasks. */
const TABS = {
  ner: { name: 'Who and where', paper: 'named entities', example: /Scholz/, needs: /LukeForEntitySpanClassification/ },
  qa: { name: 'Ask the text', paper: 'question answering', example: /Curie/, needs: /LukeForQuestionAnswering/ },
  typing: { name: 'What kind of thing', paper: 'entity typing', example: /Lovelace/, needs: /LukeForEntityClassification/ },
  relation: { name: 'How are they related', paper: 'relation classification', example: /Nadella/, needs: /LukeForEntityPairClassification/ },
  cloze: { name: 'Fill the blank', paper: 'cloze questions', example: /Osaka/, needs: /ReCoRD/ },
  fillMask: { name: 'Missing words', paper: 'masked words', example: /MASK/, needs: /LukeForMaskedLM/ },
  predictEntities: { name: 'Which entity', paper: 'masked entities', example: /Einstein/, needs: /LukeForMaskedLM.*--entities full/ },
  embed: { name: 'Compare meanings', paper: 'embeddings', example: /Hilton/ },
};
const titles = (tabs) => tabs.map(({ name, paper }) => name + paper);
const ALL_TITLES = titles(Object.values(TABS));

/** Checkpoints with random weights: the tasks of their heads, and an element of each result. All have `embed` too. */
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
    await page.waitForFunction(() => document.querySelector('#runtime').textContent !== 'none yet');
    return { context, page, problems };
  }

  const openModelBox = (page) => page.locator('#model-box summary').click();
  const hasModel = (page, name) => page.waitForFunction((wanted) => document.querySelector('#runtime').textContent.startsWith(wanted), name);

  await test('wasm, the default model: entities of the sample, then of another text while offline', async () => {
    const { context, page, problems } = await open();
    await result(page, 'ner').waitFor();
    const first = await entities(page);
    assert.ok(first.length > 0, 'no entity in the sample');
    assertEntity(first, 'PER', /Scholz|Macron|Leyen/);
    assertEntity(first, 'LOC', /Paris|Frankfurt|Ukraine/i);
    assertEntity(first, 'ORG', /Siemens|Volkswagen|Reuters|European Union/);
    assert.equal(await page.locator('#panel-ner .marked').evaluate(textWithoutLabels), SAMPLE, 'the text is shown unchanged');
    assert.match(await page.locator('#panel-ner .status').textContent(), /^\d+ names · \d+ ms on the CPU$/);
    assert.match(await page.locator('#runtime').textContent(), /^luke-mini-en, .* weights .* on the CPU with .* thread/);
    assert.equal(await page.locator('#loading').isVisible(), false);
    assert.ok(site.requests.some((path) => path.includes('/wasm/threads/')));
    if (process.env.LUKE_SCREENSHOT) await page.screenshot({ path: at('../../../www/screenshot.png') });

    await kept(page);
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

  await test('wasm, the default model: every tab shows its example, and runs it', async () => {
    const { context, page, problems } = await open();
    assert.deepEqual(await page.getByRole('tab').allTextContents(), ALL_TITLES);
    assert.equal(await page.locator('#more').isVisible(), false);
    for (const [task, { name, example }] of Object.entries(TABS)) {
      await page.locator(`#tab-${task}`).click();
      const panel = page.getByRole('tabpanel');
      assert.equal(await panel.count(), 1, 'one panel is shown');
      assert.equal(await panel.getAttribute('id'), `panel-${task}`);
      assert.equal(await page.locator(`#tab-${task}`).getAttribute('data-available'), 'true', name);
      if (task === 'predictEntities') await page.locator(`#${task}-run`).click(); // it runs on request
      await result(page, task).waitFor();
      const texts = await panel.locator('textarea').evaluateAll((areas) => areas.map(({ value }) => value));
      assert.match([...texts, await panel.innerText()].join(' '), example, name);
      for (const hidden of ['.needs', '.error']) assert.equal(await panel.locator(hidden).isVisible(), false, name);
    }
    assert.equal(await page.locator('#panel-embed .nearest').count(), 5);
    const cosines = await page.locator('#panel-embed .matrix tbody td').allTextContents();
    assert.equal(cosines.length, 25);
    assert.ok(cosines.every((text, i) => (i % 6 === 0 ? text === '1.00' : Math.abs(Number(text)) <= 1)), cosines.join(' '));
    assert.deepEqual(problems, []);
    await context.close();
  });

  await test('wasm: what a model cannot do is not in the way, and names the checkpoint that it needs', async () => {
    const { context, page, problems } = await open({ model: 'micro-qa', tab: 'qa' });
    const own = titles([TABS.qa, TABS.embed]);
    assert.deepEqual(await page.getByRole('tab').allTextContents(), own);
    await page.locator('#more').click();
    assert.deepEqual(await page.getByRole('tab').allTextContents(), ALL_TITLES);
    for (const [task, { name, needs }] of Object.entries(TABS).filter(([task]) => !['qa', 'embed'].includes(task))) {
      await page.locator(`#tab-${task}`).click();
      assert.match(await page.locator(`#panel-${task} .needs`).textContent(), needs);
      assert.equal(await page.locator(`#${task}-run`).isVisible(), false, name);
    }
    await page.locator('#tab-qa').click();
    await page.locator('#more').click();
    assert.deepEqual(await page.getByRole('tab').allTextContents(), own);
    assert.deepEqual(problems, []);
    await context.close();
  });

  await test('wasm: while the default model is loaded, the tabs and the sample are those that it will have', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    let go;
    const wait = new Promise((resolve) => (go = resolve));
    await context.route('**/luke-mini-en/manifest.json', async (route) => {
      await wait;
      await route.continue();
    });
    await page.goto(demo);
    await page.waitForFunction(() => document.querySelector('#panel-ner .marked') !== null);
    assert.equal(await page.locator('#panel-ner .marked').textContent(), SAMPLE);
    const tabs = await page.getByRole('tab').allTextContents();
    assert.deepEqual(tabs, ALL_TITLES);
    go();
    await result(page, 'ner').waitFor();
    assert.deepEqual(await page.getByRole('tab').allTextContents(), tabs);
    await context.close();
  });

  for (const [model, tasks] of Object.entries(HEADS)) {
    await test(`wasm, ${model}: ${Object.keys(tasks).join(' and ')}`, async () => {
      const { context, page, problems } = await open({ model });
      assert.equal(await page.getByRole('tab', { selected: true }).getAttribute('id'), `tab-${Object.keys(tasks)[0]}`, 'a tab whose task the model has is shown');
      const available = await page.locator('[role=tab][data-available=true]').evaluateAll((tabs) => tabs.map(({ id }) => id.replace('tab-', '')));
      assert.deepEqual(available, Object.keys(TABS).filter((task) => task in tasks || task === 'embed'), 'the tasks are those of the model');
      for (const [task, shown] of Object.entries(tasks)) {
        await page.locator(`#tab-${task}`).click();
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
    await openModelBox(page);
    await page.locator('#model').fill('/models/micro-qa/');
    await page.keyboard.press('Enter');
    await hasModel(page, 'micro-qa');
    assert.equal(new URL(page.url()).search, '?device=wasm&model=/models/micro-qa/', 'the address loads the same model again');
    assert.match(await page.locator('#panel-typing .needs').textContent(), /^micro-qa does not have this task\. It needs another model: .*LukeForEntityClassification/);
    assert.equal(await result(page, 'typing').isVisible(), false, 'the result of the earlier model is hidden');
    await page.locator('#model').fill('/models/nowhere/');
    await page.getByRole('button', { name: 'Load', exact: true }).click();
    await page.locator('#error').waitFor();
    assert.match(await page.locator('#error').textContent(), /did not load \(micro-qa is still there\).*404.*network/);
    await page.locator('#tab-qa').click();
    await result(page, 'qa').waitFor();
    await context.close();
  });

  await test('wasm: a load that hangs shows its progress and can be stopped; then another model loads', async () => {
    const { context, page } = await open({ model: 'micro-entity_cls', tab: 'typing' });
    await openModelBox(page);
    await page.locator('#model').fill('/faults/stuck/');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => / of .* MB/.test(document.querySelector('#loading-bytes').textContent));
    await page.locator('#stop').click();
    assert.equal(await page.locator('#loading').isVisible(), false);
    assert.equal(await page.locator('#error').isVisible(), false);
    await page.locator('#model').fill('/models/micro-span_cls/');
    await page.keyboard.press('Enter');
    await hasModel(page, 'micro-span_cls');
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
    await page.waitForFunction(() => document.querySelector('#panel-ner .status').textContent.startsWith('no names'));
    const focused = () => page.evaluate(() => [document.activeElement.id, document.activeElement.ariaSelected]);
    await page.locator('#tab-ner').focus();
    for (const [key, id] of [['ArrowLeft', 'embed'], ['ArrowRight', 'ner'], ['ArrowRight', 'qa'], ['End', 'embed'], ['Home', 'ner']]) {
      await page.keyboard.press(key);
      assert.deepEqual(await focused(), [`tab-${id}`, 'true'], key);
    }
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.closest('main') !== null && document.activeElement.role !== 'tab'), true, 'only one tab is in the tab order');
    await page.goto(`${site.url}some/where/demo/?model=/nowhere/`);
    await page.locator('#error').waitFor();
    assert.match(await page.locator('#error').textContent(), /did not load.*404/);
    await context.close();
  });

  await test('wasm: another sample is shown and its button pressed, until a text is typed', async () => {
    const { context, page } = await open();
    const pressed = () => page.locator('.samples [aria-pressed=true]').allTextContents();
    await result(page, 'ner').waitFor();
    assert.deepEqual(await pressed(), ['News']);
    await page.getByRole('button', { name: 'Science' }).click();
    await page.locator('#panel-ner mark', { hasText: 'Marie Curie' }).waitFor();
    assert.deepEqual(await pressed(), ['Science']);
    await page.locator('#ner-text').fill(OTHER);
    assert.deepEqual(await pressed(), []);
    await page.locator('#ner-text').fill('');
    assert.deepEqual(await pressed(), ['Science']);
    await context.close();
  });

  for (const viewport of [{ width: 1280, height: 800 }, { width: 390, height: 844 }]) {
    await test(`wasm: the first screen of ${viewport.width} pixels has the names of a text, and a line to type into`, async () => {
      const { context, page } = await open({ viewport });
      await result(page, 'ner').waitFor();
      assert.equal(await page.evaluate(() => scrollY), 0);
      const bottom = async (locator) => locator.evaluate((node) => node.getBoundingClientRect().bottom);
      assert.ok((await bottom(page.locator('#ner-text'))) < viewport.height);
      assert.ok((await page.locator('#panel-ner mark').count()) > 5);
      assert.ok((await bottom(page.locator('#panel-ner mark').nth(5))) < viewport.height);
      await context.close();
    });
  }

  await test('wasm: a name is hovered, focused, selected and copied, and its kind is hidden', async () => {
    const { context, page } = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await result(page, 'ner').waitFor();
    const detail = page.locator('#panel-ner .detail');
    const marks = page.locator('#panel-ner mark');
    const scholz = marks.filter({ hasText: 'Olaf Scholz' });
    await scholz.hover();
    assert.match(await detail.textContent(), /^“Olaf Scholz”: person .*%.*, characters 35–46$/);
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await scholz.click();
    await page.keyboard.press('Control+C');
    assert.equal(await clipboard(), 'Olaf Scholz', 'without its label');
    await page.evaluate(() => getSelection().selectAllChildren(document.querySelector('#panel-ner .marked')));
    await page.keyboard.press('Control+C');
    assert.equal(await clipboard(), SAMPLE);
    await marks.first().focus();
    await page.keyboard.press('ArrowRight');
    const second = await marks.nth(1).evaluate((node) => [node === document.activeElement, node.firstChild.data]);
    assert.equal(second[0], true);
    assert.ok((await detail.textContent()).startsWith(`“${second[1]}”`));
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => getSelection().toString()), second[1]);
    assert.equal(await page.locator('#panel-ner mark[tabindex="0"]').count(), 1, 'one mark is in the tab order');
    const chip = page.locator('#panel-ner .legend button').filter({ hasText: 'person' });
    await chip.click();
    assert.equal(await scholz.locator('small').isVisible(), false);
    assert.equal(await chip.getAttribute('aria-pressed'), 'false');
    await chip.click();
    assert.equal(await scholz.locator('small').isVisible(), true);
    await context.close();
  });

  await test('wasm: a long text lights up part by part, and can be stopped', async () => {
    const { context, page } = await open();
    await result(page, 'ner').waitFor();
    const text = Array.from({ length: 400 }, (_, i) => `In week ${i} Olaf Scholz met Emmanuel Macron in Paris, and Reuters reported it ${i} times. `).join('');
    const status = page.locator('#panel-ner .status');
    await page.locator('#ner-text').fill(text);
    await page.waitForFunction(() => /\d % of the text is read/.test(document.querySelector('#panel-ner .status').textContent));
    await page.locator('#panel-ner .stop').first().click();
    assert.match(await status.textContent(), /% of the text is read, then it was stopped$/);
    const part = await entities(page);
    assert.ok(part.length > 0 && part.length < 1600, String(part.length));
    assert.equal(await page.locator('#panel-ner .marked').evaluate(textWithoutLabels), text, 'the rest of the text is shown too');
    await page.locator('#ner-run').click();
    await page.waitForFunction(() => /ms on the CPU$/.test(document.querySelector('#panel-ner .status').textContent));
    const whole = await entities(page);
    assert.equal(whole.filter(({ text: name }) => name === 'Emmanuel Macron').length, 400);
    assert.deepEqual(whole, await page.evaluate(inOneCall, text), 'the same as in one call');
    assert.equal(await page.locator('#panel-ner .marked').evaluate(textWithoutLabels), text);
    await context.close();
  });

  await test('wasm: a link has the task and its text, which no server sees, and the code makes the same call', async () => {
    const { context, page } = await open({ tab: 'typing', permissions: ['clipboard-read', 'clipboard-write'] });
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    const panel = page.locator('#panel-typing');
    await panel.locator('textarea').fill('Zanzibar & 50 % of A+B');
    await panel.locator('#typing-mention').fill('A+B');
    await page.keyboard.press('Enter');
    await page.locator('#typing-run').click();
    await result(page, 'typing').waitFor();
    await panel.getByRole('button', { name: 'Copy link' }).click();
    await page.waitForFunction(() => document.querySelector('#panel-typing .status').textContent.startsWith('The link is copied'));
    const link = await clipboard();
    await panel.getByRole('button', { name: 'Copy as code' }).click();
    await page.waitForFunction(() => document.querySelector('#panel-typing .status').textContent.startsWith('The code is copied'));
    assert.ok((await clipboard()).includes('luke.typing("Zanzibar & 50 % of A+B", [19,22])'), await clipboard());
    site.requests.length = 0;
    const other = await context.newPage();
    await other.goto(link);
    await result(other, 'typing').waitFor();
    assert.equal(await other.locator('#panel-typing textarea').inputValue(), 'Zanzibar & 50 % of A+B');
    assert.deepEqual(await other.locator('#panel-typing .mention').allTextContents(), ['A+B19–22']);
    assert.ok(site.requests.length > 0 && site.requests.every((path) => !path.includes('Zanzibar')));
    await context.close();
  });

  await test('wasm: the annotation page gets the text', async () => {
    const { context, page } = await open();
    await context.route('**/annotate/', (route) => route.fulfill({ contentType: 'text/html', body: '<title>annotate</title>' }));
    await page.locator('#ner-text').fill(OTHER);
    await page.waitForFunction((text) => document.querySelector('#panel-ner .status').textContent.includes('ms on') && document.querySelector('#panel-ner .marked').textContent.includes(text), 'spoke at');
    await page.getByRole('button', { name: 'Annotate this text' }).click();
    await page.waitForURL('**/demo/annotate/');
    assert.deepEqual(await page.evaluate(() => Object.values(sessionStorage)), [OTHER]);
    await context.close();
  });

  for (const [what, folder] of [['a model folder', join(MODELS, 'micro-qa')], ['a Hugging Face folder', at('../../fixtures/checkpoints/micro-qa')]]) {
    await test(`wasm: ${what} of this machine is opened, and no file of it is sent or stored`, async () => {
      const context = await browser.newContext();
      await context.addInitScript(() => delete globalThis.showOpenFilePicker); // Playwright can only answer the older dialog
      const page = await context.newPage();
      await page.goto(`${demo}#qa`);
      await openModelBox(page);
      await page.waitForFunction(() => document.querySelector('#runtime').textContent !== 'none yet');
      site.requests.length = 0;
      const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.locator('#open-folder').click()]);
      await chooser.setFiles(folder);
      await hasModel(page, 'micro-qa');
      await result(page, 'qa').locator('.answer').waitFor();
      assert.deepEqual(site.requests.filter((path) => path.includes('micro')), []);
      assert.equal(new URL(page.url()).search, '?device=wasm');
      await context.close();
    });
  }

  for (const colorScheme of ['light', 'dark']) {
    await test(`wasm: on a phone nothing is cut off and the contrast is sufficient, ${colorScheme}`, async () => {
      for (const model of [undefined, ...Object.keys(HEADS)]) {
        const { context, page } = await open({ model, colorScheme, viewport: { width: 360, height: 740 } });
        if (await page.locator('#more').isVisible()) await page.locator('#more').click();
        if (!model) await openModelBox(page);
        for (const [task, { name }] of Object.entries(TABS)) {
          await page.locator(`#tab-${task}`).click();
          const run = page.locator(`#${task}-run`);
          if (await run.isVisible()) {
            await run.click();
            await result(page, task).waitFor();
          }
          const where = `${model ?? 'default'}, ${name}`;
          const width = await page.evaluate(() => document.scrollingElement.scrollWidth);
          assert.ok(width <= 360, `${where}: the page is ${width} pixels wide`);
          assert.deepEqual(await page.evaluate(lowContrast), [], where);
          if (!model) assert.deepEqual(await violations(page), [], where);
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
  return page.locator('#panel-ner mark').evaluateAll((marks) => marks.map(({ firstChild, dataset }) => ({ text: firstChild.data, label: dataset.kind })));
}

/** What axe-core finds in the page. It is run without the page's policy, which forbids it. */
async function violations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => (await globalThis.axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`));
}

// In the page.
async function inOneCall(text) {
  const { Luke } = await import('luke-web');
  const luke = await Luke.load('models/luke-mini-en/', { device: 'wasm' });
  const found = await luke.ner(text);
  await luke.dispose();
  return found.map(({ text: name, label }) => ({ text: name, label }));
}

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
