// Projects for specs of the workspace, with a model that knows a few names in place of luke-web.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { importFiles, newContext, newPage } from './workspace.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FAKE = readFileSync(fileURLToPath(new URL('fake-luke.js', import.meta.url)), 'utf8');

/** Texts with labels as doccano writes them: rows `{ text, label: [[start, end, name]] }`. */
export function jsonl(rows, name = 'texts.jsonl') {
  return { name, mimeType: 'application/jsonl', buffer: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')) };
}

/** A project of these files, its first document open. `init` runs in the page before it. Errors of the page are checked when it is closed. */
export async function openProject(browser, url, files, { init, ...options } = {}) {
  const context = await newContext(browser, options);
  if (init) await context.addInitScript(init);
  await context.route('**/luke-web/dist/index.js', (route) => route.fulfill({ contentType: 'text/javascript', body: FAKE }));
  const page = await newPage(context, url);
  await page.getByText('There is no project yet.').waitFor();
  await importFiles(page, files);
  const close = async () => {
    assert.deepEqual(context.problems, [], 'the page has no errors');
    await context.close();
  };
  return { context, page, close };
}

/** axe finds nothing, and no part is wider than the page. */
export async function checkAxe(page, what) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => {
    const { violations } = await axe.run();
    const places = (nodes) => nodes.slice(0, 3).map(({ target, any }) => `${target.join(' ')} ${any[0]?.message ?? ''}`).join(' | ');
    return violations.map(({ id, nodes }) => `${id}: ${places(nodes)}`);
  });
  assert.deepEqual(violations, [], what);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wider <= 0, `${what} is ${wider} px wider than the page`);
}

/** Where words of the text are on the screen. They are in one line, and no edge of a mark is inside of them. */
export function placeOf(page, words) {
  return page.evaluate((wanted) => {
    const { shadowRoot } = document.querySelector('.text-host > div');
    const walker = document.createTreeWalker(shadowRoot.querySelector('.cm-content'), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const start = node.nodeValue.indexOf(wanted);
      if (start < 0) continue;
      const range = document.createRange();
      range.setStart(node, start);
      range.setEnd(node, start + wanted.length);
      const { left, right, top, bottom } = range.getBoundingClientRect();
      return { left, right, x: (left + right) / 2, y: (top + bottom) / 2 };
    }
    throw new Error(`"${wanted}" is not drawn`);
  }, words);
}
