// The first page and the dialogs of the annotation workspace: import, export, labels.
//   node tests/browser/annotate/dialogs.mjs [URL]    URL is that of the page; default: www/dist, which the build has made
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ISOLATION, listen, staticFiles } from '../../../www/serve.mjs';
import { Report } from '../../report.mjs';
import { launchChromium } from '../launch.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** 30 texts with emoji, combining marks and CRLF, as doccano writes them: offsets count UTF-16 units. */
const DOCCANO = readFileSync(at('fixtures/doccano.jsonl'), 'utf8');
const ROWS = DOCCANO.trim().split('\n').map((line) => JSON.parse(line));
/** All spans: label and text. */
const SPANS = ROWS.flatMap(({ text, label }) => label.map(([start, end, name]) => `${name} ${text.slice(start, end)}`));

export default async function spec({ test, browser, url }) {
  const site = url ? undefined : await listen(staticFiles({ '/': at('../../../www/dist') }, ISOLATION));
  const base = url ?? `${site.url}annotate/`;

  /** A page of a new browser profile. Its errors are checked at the end of the test. */
  async function open(options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light', ...options });
    context.setDefaultTimeout(60_000);
    // Pickers of the system cannot be driven: without them, the page uses the file input and downloads.
    await context.addInitScript(withoutPickers);
    const page = await context.newPage();
    const problems = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(base);
    await page.getByRole('heading', { name: 'Annotate texts' }).waitFor();
    const close = async () => {
      await context.close();
      assert.deepEqual(problems, []);
    };
    return { page, close };
  }

  await test('a doccano export with emoji and CRLF is imported as it is; what is exported in our format comes back equal', async () => {
    const { page, close } = await open();
    await choose(page, 'Open files', 'doccano.jsonl', DOCCANO);
    const dialog = page.getByRole('dialog', { name: 'Import files' });
    await dialog.getByText('Found: 30 documents with 60 spans.').waitFor();
    assert.equal(await selected(dialog, 'Format'), 'doccano JSONL (found)');
    assert.match(await selected(dialog, 'Offsets count'), /^UTF-16 units/);
    assert.deepEqual((await dialog.locator('mark').allTextContents()).every((text) => SPANS.some((span) => span.endsWith(` ${text}`))), true);
    await assertAccessible(page);
    await dialog.getByRole('button', { name: 'Import 30 documents' }).click();
    const first = await exported(page, 'luke');
    const documents = documentsOf(first.text);
    assert.deepEqual(documents.map(({ text }) => text), ROWS.map(({ text }) => text));
    assert.deepEqual(documents.flatMap(spansOf), SPANS);

    await page.goto(base);
    await page.getByRole('heading', { name: 'Annotate texts' }).waitFor();
    await choose(page, 'Open files', first.name, first.text);
    await page.getByRole('button', { name: 'Import 30 documents' }).click();
    assert.equal((await exported(page, 'luke')).text, first.text);
    await close();
  });

  await test('CoNLL-2003 and spaCy are written with their losses named', async () => {
    const { page, close } = await open();
    await importFile(page, 'doccano.jsonl', DOCCANO);
    const conll = await exported(page, 'conll2003', /white space/i);
    assert.equal(conll.text.match(/ B-PER$/gm).length, 30);
    assert.equal(conll.text.match(/ B-LOC$/gm).length, 30);
    const rows = (await exported(page, 'spacy-tuples')).text.trim().split('\n').map((line) => JSON.parse(line));
    // spaCy counts code points.
    const spans = rows.flatMap(([text, { entities }]) => entities.map(([start, end, label]) => `${label} ${[...text].slice(start, end).join('')}`));
    assert.deepEqual(spans, SPANS);
    await close();
  });

  await test('a unit that was guessed wrongly is corrected by hand, and the preview shows it', async () => {
    const { page, close } = await open();
    // Code points, but all edges are edges of words in UTF-16 units too.
    await choose(page, 'Open files', 'grades.jsonl', '{"text":"😀😀 A-B-C","label":[[5,6,"GOOD"],[7,8,"BAD"]]}\n');
    const dialog = page.getByRole('dialog', { name: 'Import files' });
    await dialog.locator('mark').first().waitFor();
    assert.deepEqual(await dialog.locator('mark').allTextContents(), ['A', 'B']);
    await dialog.getByLabel('Offsets count').selectOption('code-point');
    await dialog.getByText('chosen by a person').waitFor();
    assert.deepEqual(await dialog.locator('mark').allTextContents(), ['B', 'C']);
    await dialog.getByRole('button', { name: 'Import 1 document' }).click();
    assert.deepEqual(documentsOf((await exported(page, 'luke')).text).flatMap(spansOf), ['GOOD B', 'BAD C']);
    await close();
  });

  await test('a broken file is listed with line and reason, and nothing is written', async () => {
    const { page, close } = await open();
    await choose(page, 'Open files', 'broken.jsonl', '{"text":"Ada","label":[[0,3,"PER"]]}\n{"text":"Bob","label":[[0,99,"PER"]]}\n{"text":"Eve"');
    const dialog = page.getByRole('dialog', { name: 'Import files' });
    await dialog.getByRole('alert').filter({ hasText: '1 line or file cannot be read. Nothing is written yet.' }).waitFor();
    const problems = await dialog.getByRole('region', { name: 'Problems' }).locator('tbody tr').allTextContents();
    assert.ok(problems.some((text) => text.startsWith('broken.jsonl, line 2') && /99/.test(text)), problems.join('\n'));
    assert.ok(problems.some((text) => text.startsWith('broken.jsonl, line 3') && /the whole line/.test(text)), problems.join('\n'));
    assert.equal(await dialog.getByRole('button', { name: 'Import 2 documents' }).isEnabled(), false);
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Open files', 'the focus is where it was');
    assert.deepEqual(await page.evaluate(stored), { projects: 0, heads: 0, bodies: 0, notes: 0 });
    await choose(page, 'Open files', 'empty.jsonl', '{"text');
    await page.getByText('There is no document to import.').waitFor();
    await close();
  });

  await test('deleting a label asks what becomes of its spans, and can be undone', async () => {
    const { page, close } = await open();
    await importFile(page, 'doccano.jsonl', DOCCANO);
    const before = (await exported(page, 'luke')).text;
    await page.getByRole('button', { name: /^(Edit )?Labels…?$/i }).first().click();
    const labels = page.getByRole('dialog', { name: 'Labels' });
    await labels.getByText('30 spans in 30 documents').first().waitFor();
    await assertAccessible(page);
    await labels.getByRole('button', { name: 'Delete LOC' }).click();
    const question = page.getByRole('dialog', { name: 'Delete LOC?' });
    await question.getByText('30 spans in 30 documents have this label. What becomes of them?').waitFor();
    await assertAccessible(page);
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    await labels.getByRole('button', { name: 'Delete LOC' }).click();
    await question.getByLabel('Delete the spans and their relations too').check();
    await question.getByRole('button', { name: 'Delete label' }).click();
    await labels.getByText('LOC is deleted.').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.closest('dialog') !== null), true, 'the focus stays in the dialog');
    await labels.getByRole('button', { name: 'Close' }).click();
    const without = documentsOf((await exported(page, 'luke')).text).flatMap(spansOf);
    assert.deepEqual(without, SPANS.filter((span) => span.startsWith('PER')));
    await page.reload();
    await page.getByRole('button', { name: /^(Edit )?Labels…?$/i }).first().click();
    await labels.getByRole('button', { name: 'Undo' }).click();
    await labels.getByText('The change of labels is undone, with its changes in 30 documents.').waitFor();
    await labels.getByRole('button', { name: 'Close' }).click();
    assert.equal((await exported(page, 'luke')).text, before);
    await close();
  });

  for (const [name, options] of [['dark', { colorScheme: 'dark' }], ['320 pixels wide', { viewport: { width: 320, height: 640 } }]]) {
    await test(`the first page and the import are accessible and not cut off: ${name}`, async () => {
      const { page, close } = await open(options);
      await assertAccessible(page);
      await page.getByRole('button', { name: 'Try with example texts' }).click();
      await page.getByText('Found: 10 documents').waitFor();
      await assertAccessible(page);
      const widths = await page.evaluate(() => {
        const bodies = Array.from(document.querySelectorAll('.dialog-body'), (body) => body.scrollWidth - body.clientWidth);
        return [document.scrollingElement.scrollWidth - innerWidth, ...bodies];
      });
      assert.ok(widths.every((width) => width <= 0), `too wide by ${widths}`);
      await close();
    });
  }

  await test('a text that is pasted and a file that is dropped open the import', async () => {
    const { page, close } = await open();
    const transfer = (kind) => page.evaluate((type) => {
      const data = new DataTransfer();
      if (type === 'paste') data.setData('text/plain', 'Ada met Bob.\r\n');
      else data.items.add(new File(['Eve 😀'], 'eve.txt', { type: 'text/plain' }));
      const how = { bubbles: true, cancelable: true, clipboardData: data, dataTransfer: data };
      document.body.dispatchEvent(type === 'paste' ? new ClipboardEvent('paste', how) : new DragEvent('drop', how));
    }, kind);
    for (const [kind, file] of [['paste', 'pasted.txt'], ['drop', 'eve.txt']]) {
      await transfer(kind);
      const dialog = page.getByRole('dialog', { name: 'Import files' });
      await dialog.getByText('Found: 1 document.').waitFor();
      await dialog.getByText(file, { exact: true }).waitFor();
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    }
    await close();
  });

  await test('files are read beside the page, and a reading that takes long is ended', async () => {
    const { page, close } = await open();
    const started = page.waitForEvent('worker');
    const text = '\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e';
    const row = JSON.stringify({ text, label: [[0, 6, 'A'], [7, 13, 'B']] });
    await choose(page, 'Open files', 'long.jsonl', `${row}\n`.repeat(60_000)); // a second or two of work for the worker
    const worker = await started;
    const ended = new Promise((resolve) => worker.once('close', resolve));
    const dialog = page.getByRole('dialog', { name: 'Import files' });
    await dialog.getByText('Reading the files…').waitFor();
    await dialog.getByRole('progressbar', { name: 'Reading the files' }).waitFor();
    assert.equal(await page.evaluate(() => 1 + 1), 2, 'the page answers');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await ended;
    await choose(page, 'Open files', 'short.txt', 'Ada met Bob.');
    await dialog.getByText('Found: 1 document.').waitFor();
    await close();
  });

  await test('a dialog that cannot be loaded says so, and the page goes on', async () => {
    const { page, close } = await open({ serviceWorkers: 'block' }); // it would have the dialog
    await importFile(page, 'doccano.jsonl', DOCCANO);
    await page.route('**/*export-dialog*', (route) => route.abort());
    await page.getByRole('button', { name: /^Export…?$/ }).first().click();
    const dialog = page.getByRole('dialog', { name: 'This dialog cannot be shown' });
    await dialog.getByRole('alert').filter({ hasText: 'Loading this dialog failed' }).waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: /^(Edit )?Labels…?$/i }).first().click();
    await page.getByRole('dialog', { name: 'Labels' }).getByText('30 spans in 30 documents').first().waitFor();
    await close();
  });

  await test('without its server, the page that the service worker keeps reads and writes files', async () => {
    const own = await listen(staticFiles({ '/': at('../../../www/dist') }, ISOLATION));
    const context = await browser.newContext();
    context.setDefaultTimeout(60_000);
    await context.addInitScript(withoutPickers);
    try {
      const first = await context.newPage();
      await first.goto(`${own.url}annotate/`);
      while (!(await first.evaluate(isKept))) await first.waitForTimeout(50);
      await first.close();
      const closed = new Promise((resolve) => own.server.close(resolve));
      own.server.closeAllConnections();
      await closed;
      await assert.rejects(fetch(own.url), 'the server still answers');
      const page = await context.newPage();
      await page.goto(`${own.url}annotate/`);
      await page.getByRole('button', { name: 'Try with example texts' }).click();
      await page.getByRole('button', { name: 'Import 10 documents' }).click();
      assert.equal(documentsOf((await exported(page, 'luke')).text).length, 10);
    } finally {
      own.server.closeAllConnections();
      own.server.close();
      await context.close();
    }
  });

  site?.server.closeAllConnections();
  site?.server.close();
}

/** Chooses a file by a button of the page. */
async function choose(page, button, name, content) {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: button, exact: true }).click();
  await (await chooser).setFiles({ name, mimeType: 'application/json', buffer: Buffer.from(content) });
}

async function importFile(page, name, content) {
  await choose(page, 'Open files', name, content);
  await page.getByRole('button', { name: /^Import \d+ documents?$/ }).click();
}

/** Exports the open project; `loss` must be among what is said to be lost. */
async function exported(page, format, loss) {
  await page.getByRole('button', { name: /^Export…?$/ }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Export' });
  await dialog.getByLabel('Format', { exact: true }).selectOption(format);
  if (loss) await dialog.getByRole('listitem').filter({ hasText: loss }).first().waitFor();
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Save file' }).click();
  const file = await download;
  await dialog.getByText('is saved.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await dialog.waitFor({ state: 'detached' });
  return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
}

function documentsOf(ownFile) {
  return ownFile.trim().split('\n').slice(1).map((line) => JSON.parse(line));
}

function spansOf({ text, spans = [] }) {
  return spans.map(({ pieces, label }) => `${label.replace(/^span:/, '')} ${pieces.map((piece) => text.slice(...piece)).join('|')}`);
}

/** The text of the chosen option. */
function selected(scope, label) {
  return scope.getByLabel(label, { exact: true }).evaluate((select) => select.selectedOptions[0].textContent);
}

async function assertAccessible(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
  });
  assert.deepEqual(found, []);
}

// In the page.
function withoutPickers() {
  for (const name of ['showOpenFilePicker', 'showSaveFilePicker', 'showDirectoryPicker']) delete globalThis[name];
}

// In the page: whether the service worker has all files.
async function isKept() {
  return (await navigator.serviceWorker.getRegistration())?.active?.state === 'activated';
}

// In the page: numbers of records in the database.
async function stored() {
  const database = await new Promise((resolve, reject) => {
    const request = indexedDB.open('luke-annotate');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const counts = {};
  for (const name of ['projects', 'heads', 'bodies', 'notes']) {
    counts[name] = await new Promise((resolve) => {
      const request = database.transaction(name).objectStore(name).count();
      request.onsuccess = () => resolve(request.result);
    });
  }
  database.close();
  return counts;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const report = new Report();
  const browser = await launchChromium();
  try {
    await spec({ test: (name, body) => report.test(name, body, 300_000), browser, url: process.argv[2] });
  } finally {
    await browser.close();
  }
  process.exit(report.end());
}
