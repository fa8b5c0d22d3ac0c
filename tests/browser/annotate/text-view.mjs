// The text view of the annotation workspace: what is drawn, what is selected, keys, screen readers, and a strict security policy.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { countElements, flick, openLanguages, openNested, tryTexts } from './in-page.mjs';
import { startTextSite } from './site.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Of a long line CodeMirror draws 10,000 characters before and behind the visible part; of a text with lines, much less. */
const MOST_ELEMENTS = { lines: 400, oneLine: 500 };
const FLICKS = 20;

export default async function ({ test, browser }) {
  const site = await startTextSite();
  const opened = [];

  /** A page whose problems are checked when it is closed. */
  async function open(options = {}) {
    const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 1000, height: 760 }, ...options });
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    const problems = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load resource')) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(site.url);
    await page.waitForFunction(() => 'textPage' in globalThis);
    const close = async () => {
      assert.deepEqual([...problems, ...(await page.evaluate(() => textPage.violations))], [], 'the page has no errors, and the policy was kept');
      await context.close();
    };
    opened.push(context);
    return { page, close };
  }

  await test('the policy is in force: a style element is refused', async () => {
    const { page } = await open();
    await page.evaluate(() => {
      document.head.append(Object.assign(document.createElement('style'), { textContent: 'body { color: red; }' }));
    });
    await page.waitForFunction(() => textPage.violations.length > 0);
    assert.match((await page.evaluate(() => textPage.violations)).join(), /style-src/);
  });

  for (const [name, characters, spans, lineLength, most] of [
    ['200,000 characters with 5,000 spans', 200_000, 5000, 400, MOST_ELEMENTS.lines],
    ['one line of 200,000 characters', 200_000, 5000, 1e9, MOST_ELEMENTS.oneLine],
    ['2,000,000 characters with 20,000 spans', 2_000_000, 20_000, 400, MOST_ELEMENTS.lines],
  ]) {
    await test(`${name}: at most ${most} elements, at the start, in the middle and at the end`, async () => {
      const { page, close } = await open();
      const counts = await page.evaluate(countElements, [characters, spans, lineLength]);
      assert.ok(counts.every(({ elements }) => elements <= most), JSON.stringify(counts));
      assert.ok(counts.every(({ marks }) => marks >= 10), JSON.stringify(counts));
      await close();
    });
  }

  await test(`flick up and down ${FLICKS} times: the marks in view are those of the lines in view, each with one name`, async () => {
    const { page, close } = await open();
    const problems = await page.evaluate(flick, FLICKS);
    assert.deepEqual(problems, []);
    await close();
  });

  await test('other marks in the same text: only the new ones are drawn', async () => {
    const { page, close } = await open();
    const drawn = await page.evaluate(async () => {
      const names = () => [...textPage.root.querySelectorAll('[data-chip]')].map(({ dataset }) => dataset.chip);
      const { mark } = textPage;
      textPage.view.open('Ada met Bob Cole in New York', [mark('a', [[0, 3]]), mark('b', [[8, 16]], { state: 'suggested', score: 0.874, key: '2' })]);
      const first = names();
      textPage.view.setMarks([mark('a', [[0, 3], [8, 11]], { name: 'ORG' }), mark('x', [[200, 300]]), mark('y', [[4, 4]])]);
      return [first, names()];
    });
    assert.deepEqual(drawn, [['PER', '2 PER 87 %'], ['ORG …', '… ORG']]);
    await close();
  });

  await test('a thousand equal spans: a few are drawn, and the number of the others', async () => {
    const { page, close } = await open();
    const chips = await page.evaluate(async () => {
      const marks = Array.from({ length: 1000 }, (_, index) => textPage.mark(`${index}`, [[0, 3]], { color: index % 10 }));
      textPage.view.open('Ada met Bob', marks);
      textPage.view.setFocus('0');
      await textPage.frame();
      const focused = textPage.root.querySelectorAll('.focused').length;
      return { focused, texts: [...textPage.root.querySelectorAll('[data-chip]')].map(({ dataset }) => dataset.chip).sort() };
    });
    assert.equal(chips.focused, 1, 'the focused span is drawn, though there is no lane for it');
    assert.deepEqual(chips.texts, [...Array(8).fill('PER'), 'PER +992']);
    await close();
  });

  await test('states differ without color: dashed and solid lines, also in forced colors', async () => {
    for (const forcedColors of ['none', 'active']) {
      const { page, close } = await open({ forcedColors, reducedMotion: 'reduce' });
      const styles = await page.evaluate(() => {
        textPage.view.open('Ada met Bob', [textPage.mark('a', [[0, 3]], { state: 'suggested' }), textPage.mark('b', [[8, 11]])]);
        textPage.view.setFocus('b');
        return [...textPage.root.querySelectorAll('.mark')].map((element) => {
          const { borderBottomStyle, outlineStyle } = getComputedStyle(element);
          return { borderBottomStyle, outlineStyle, name: getComputedStyle(element, '::after').content };
        });
      });
      assert.deepEqual(styles.map(({ borderBottomStyle }) => borderBottomStyle), ['dashed', 'solid']);
      assert.deepEqual(styles.map(({ outlineStyle }) => outlineStyle), ['none', 'solid']);
      assert.ok(styles.every(({ name }) => name.includes('PER')), JSON.stringify(styles));
      await close();
    }
  });

  await test('hostile texts are kept exactly, and each offset can be selected', async () => {
    const { page, close } = await open();
    assert.deepEqual(await page.evaluate(tryTexts), []);
    await close();
  });

  await test('the mouse selects across lines, and on while the text scrolls; scrolling does not change the selection', async () => {
    const { page, close } = await open();
    const text = await page.evaluate(() => {
      const { text, marks } = textPage.scene(60_000, 1500, 200);
      textPage.view.open(text, marks);
      return text;
    });
    const [first, last] = [await box(page, 'L1 '), await box(page, 'L2 ')];
    await drag(page, first, last);
    const expected = [text.indexOf('L1 '), text.indexOf('L2 ')];
    assert.deepEqual(await page.evaluate(() => textPage.view.selection), expected);
    assert.deepEqual(await page.evaluate(() => textPage.selected.at(-1)), expected);

    await page.mouse.move(first.left + 1, (first.top + first.bottom) / 2);
    await page.mouse.click(first.left + 1, (first.top + first.bottom) / 2);
    assert.equal(await page.evaluate(() => textPage.selected.at(-1)), undefined, 'a click selects nothing any more');
    await page.mouse.down();
    await page.mouse.move(500, 400);
    await page.mouse.move(500, 640);
    await page.waitForFunction(() => textPage.root.querySelector('.cm-scroller').scrollTop > 2000);
    await page.mouse.move(500, 400);
    await page.mouse.up();
    const long = await page.evaluate(() => textPage.view.selection);
    assert.equal(long[0], expected[0]);
    assert.ok(long[1] > 3000, `${long}`);
    await page.mouse.wheel(0, -100_000);
    await page.waitForFunction(() => textPage.root.querySelector('.cm-scroller').scrollTop === 0);
    await page.mouse.wheel(0, 100_000);
    await page.waitForFunction(() => textPage.root.querySelector('.cm-scroller').scrollTop > 10_000);
    assert.deepEqual(await page.evaluate(() => textPage.view.selection), long);
    assert.deepEqual(await page.evaluate(() => textPage.selected.at(-1)), long);
    await close();
  });

  await test('a double click selects a word: without the space behind it, also in Chinese, Arabic and Thai', async () => {
    const { page, close } = await open();
    const text = 'Angela Merkel visited\r\n我们在北京大学学习\nزار محمد القاهرة أمس\nฉันรักประเทศไทยมาก\nnaïve cafe\u0301s.';
    await page.evaluate((whole) => textPage.view.open(whole, []), text);
    for (const word of ['Angela', 'visited', '学习', 'القاهرة', 'รัก', 'cafe\u0301s']) {
      const { left, right, top, bottom } = await box(page, word);
      await page.mouse.dblclick((left + right) / 2, (top + bottom) / 2);
      const [from, to] = await page.evaluate(() => textPage.view.selection);
      assert.equal(text.slice(from, to), word);
    }
    await close();
  });

  await test('a click chooses the innermost mark, the next clicks the ones around it, then again the innermost', async () => {
    const { page, close } = await open();
    await page.evaluate(openNested);
    const click = async (word) => {
      const { left, right, top, bottom } = await box(page, word);
      await page.mouse.click((left + right) / 2, (top + bottom) / 2);
      return page.evaluate(() => textPage.focused.at(-1));
    };
    assert.equal(await click('Paris'), 'place');
    assert.equal(await click('Paris'), 'university');
    assert.equal(await click('Paris'), 'sentence');
    assert.equal(await click('Paris'), 'place');
    assert.equal(await click('University'), 'university');
    assert.equal(await click('nobody'), undefined);
    assert.equal(await page.evaluate(() => textPage.root.querySelectorAll('.focused').length), 0);
    await close();
  });

  await test('the caret chooses the innermost mark; setFocus moves the caret and scrolls, and is not reported', async () => {
    const { page, close } = await open();
    await page.evaluate(openNested);
    await page.evaluate(() => textPage.view.focusText());
    await page.keyboard.press('ArrowRight');
    assert.deepEqual(await page.evaluate(() => textPage.focused), ['sentence']);
    for (let count = 0; count < 4; count++) await page.keyboard.press('Control+ArrowRight');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await page.evaluate(() => textPage.focused.at(-1)), 'place');
    const { start, inView, reported } = await page.evaluate(async () => {
      const made = textPage.scene(100_000, 2000, 300);
      textPage.view.open(made.text, made.marks);
      textPage.focused.length = 0;
      textPage.view.setFocus('s1500');
      await textPage.frame();
      await textPage.frame();
      const isDrawn = textPage.drawnLines().some(({ ids }) => ids.includes('s1500'));
      return { start: made.marks[1500].pieces[0][0], inView: isDrawn, reported: [...textPage.focused, ...textPage.selected] };
    });
    assert.ok(inView);
    assert.deepEqual(reported, []);
    await page.keyboard.press('Shift+ArrowRight');
    assert.equal((await page.evaluate(() => textPage.view.selection))[0], start);
    await close();
  });

  await test('keys move and select everywhere in the text, other keys are reported, and nothing is typed', async () => {
    const { page, close } = await open();
    const length = await page.evaluate(() => {
      const { text, marks } = textPage.scene(100_000, 2000, 300);
      textPage.view.open(text, marks);
      textPage.view.focusText();
      return text.length;
    });
    const selection = () => page.evaluate(() => textPage.view.selection);
    await page.keyboard.press('Control+Shift+End');
    assert.deepEqual(await selection(), [0, length]);
    await page.keyboard.press('Control+Home');
    assert.equal(await selection(), undefined);
    await page.keyboard.press('Control+Shift+ArrowRight');
    assert.deepEqual(await selection(), [0, 2]);
    await page.keyboard.press('Shift+End');
    assert.ok((await selection())[1] > 20);
    await page.keyboard.press('PageDown');
    await page.keyboard.press('Control+A');
    assert.deepEqual(await selection(), [0, length]);
    await page.evaluate(() => (textPage.keys.length = 0));
    for (const key of ['1', 'x', 'Enter', 'Backspace', '[', 'Delete']) await page.keyboard.press(key);
    assert.deepEqual(await page.evaluate(() => textPage.keys), ['1', 'x', 'Enter', 'Backspace', '[', 'Delete']);
    await page.keyboard.insertText('typed');
    assert.equal(await page.evaluate(() => textPage.editor().state.doc.length), length);
    await close();
  });

  await test('Tab leaves the text, unless the caller uses it; then Escape and Tab do', async () => {
    const { page, close } = await open();
    const isAfter = () => page.evaluate(() => document.activeElement.id === 'after');
    await page.evaluate(() => textPage.view.focusText());
    await page.keyboard.press('Tab');
    assert.ok(await isAfter());
    await page.evaluate(() => {
      textPage.handled.add('Tab').add('Escape').add('1');
      textPage.view.focusText();
      textPage.leftKeys.length = 0;
    });
    await page.keyboard.press('Tab');
    await page.keyboard.press('1');
    await page.keyboard.press('2');
    assert.equal(await isAfter(), false);
    assert.deepEqual(await page.evaluate(() => textPage.leftKeys), ['2'], 'what was handled does not reach the page');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    assert.ok(await isAfter());
    await close();
  });

  await test('the search panel finds text that is not drawn, and its keys do not reach the page', async () => {
    const { page, close } = await open();
    const offset = await page.evaluate(() => {
      const { text, marks } = textPage.scene(100_000, 2000, 300);
      textPage.view.open(text, marks);
      textPage.view.openSearch();
      textPage.keys.length = textPage.leftKeys.length = 0;
      return text.indexOf('L300 ');
    });
    await page.keyboard.type('L300 ');
    await page.keyboard.press('Enter');
    assert.deepEqual(await page.evaluate(() => textPage.selected.at(-1)), [offset, offset + 5]);
    assert.deepEqual(await page.evaluate(() => [...textPage.keys, ...textPage.leftKeys]), []);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.cm-search').count(), 0);
    await close();
  });

  await test('relations of the focused span are arrows, also to a mark that is not in view', async () => {
    const { page, close } = await open();
    const names = await page.evaluate(async () => {
      const { text, marks } = textPage.scene(100_000, 2000, 300);
      textPage.view.open(text, marks);
      textPage.view.setFocus('s3');
      const arc = (from, to, name) => ({ from, to, name });
      textPage.view.setRelations([arc('s3', 's9', 'knows'), arc('s1999', 's3', 'works for'), arc('s3', 'gone', 'no')]);
      await textPage.frame();
      await textPage.frame();
      const drawn = [...textPage.root.querySelectorAll('.arcs text')].map(({ textContent }) => textContent);
      textPage.view.setRelations([]);
      await textPage.frame();
      return [drawn, textPage.root.querySelectorAll('.arcs text').length];
    });
    assert.deepEqual(names, [['knows', 'works for'], 0]);
    await close();
  });

  for (const [name, options, isSearching] of [
    ['light', {}, false], ['dark', { colorScheme: 'dark' }, false], ['320 pixels wide', { viewport: { width: 320, height: 600 } }, true],
    ['dark, search panel', { colorScheme: 'dark' }, true],
  ]) {
    await test(`axe finds nothing: ${name}`, async () => {
      const { page, close } = await open(options);
      await page.evaluate(openLanguages, isSearching);
      await page.evaluate(AXE);
      const { violations, passes } = await page.evaluate(() => axe.run());
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`), []);
      const looked = passes.filter(({ id }) => id === 'color-contrast').flatMap(({ nodes }) => nodes.map(({ target }) => String(target)));
      assert.ok(looked.some((target) => target.includes('mark')), 'marks were looked at');
      await close();
    });
  }

  await test('the direction of each line is that of its first letter, also of a long line in its middle', async () => {
    const { page, close } = await open();
    const directions = await page.evaluate(async () => {
      textPage.view.open(`Ada\nשלום Ada\n123 القاهرة\n${'שלום '.repeat(10_000)}${'Ada met Bob '.repeat(10_000)}`, []);
      const direction = () => [...textPage.root.querySelectorAll('.cm-line')].map((line) => getComputedStyle(line).direction);
      const first = direction();
      textPage.root.querySelector('.cm-scroller').scrollTop = 1e9;
      for (let count = 0; count < 5; count++) await textPage.frame();
      return [first, direction().at(-1)];
    });
    assert.deepEqual(directions, [['ltr', 'rtl', 'rtl', 'rtl'], 'rtl']);
    await close();
  });

  await test('touch: no keyboard, and what a long press selects is reported', async () => {
    const { page, close } = await open({ hasTouch: true, isMobile: true, viewport: { width: 400, height: 760 } });
    await page.evaluate(() => textPage.view.open('Angela Merkel visited Paris', [textPage.mark('a', [[7, 13]])]));
    const content = page.locator('.cm-content');
    assert.deepEqual(await content.evaluate((element) => [element.contentEditable, element.tabIndex, element.inputMode]), ['false', 0, 'none']);
    const { left, right, top, bottom } = await box(page, 'Merkel');
    await page.touchscreen.tap((left + right) / 2, (top + bottom) / 2);
    assert.deepEqual(await page.evaluate(() => textPage.focused), ['a']);
    // Headless Chromium has no long press, so the test selects as the browser does then.
    await page.evaluate(() => {
      const [, node] = textPage.root.querySelector('.cm-line').childNodes;
      textPage.root.getSelection().selectAllChildren(node);
    });
    await page.waitForFunction(() => textPage.selected.length > 0);
    assert.deepEqual(await page.evaluate(() => textPage.selected), [[7, 13]]);
    await close();
  });

  await Promise.all(opened.map((context) => context.close()));
  site.close();
}

const box = (page, word) => page.evaluate((text) => textPage.boxOf(text), word);

async function drag(page, from, to) {
  await page.mouse.move(from.left + 1, (from.top + from.bottom) / 2);
  await page.mouse.down();
  await page.mouse.move(to.left + 30, (to.top + to.bottom) / 2);
  await page.mouse.move(to.left + 1, (to.top + to.bottom) / 2);
  await page.mouse.up();
}
