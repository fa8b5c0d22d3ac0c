// The annotation workspace with the model of the site: its suggestions, own labels that are taught, its turn behind the person, offline.
//   node tests/browser/annotate/model.mjs [URL] [WORD...]     alone; URL is that of the page, by default that of the built site
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startSite } from '../server.mjs';
import { doccano, NEWS } from './news.mjs';
import {
  addLabels, command, exportAs, importFiles, kept, keys, newContext, newPage, runAlone, said, saved, spans, text, workspaceUrl,
} from './workspace.mjs';

const NEEDED = ['luke-web/wasm/cpu/luke_web_bg.wasm', 'models/luke-mini-en/manifest.json'];
const MODEL_MS = 120_000;
const OWN = 'LUKE annotations (backup: holds everything)';
const isProduct = ({ label }) => label === 'PRODUCT';
/** Texts with a product are the first: some are marked by hand, and in the others the taught label is to be suggested. */
const SORTED = [...NEWS].sort((a, b) => Number(b.spans.some(isProduct)) - Number(a.spans.some(isProduct)));
const TAUGHT = 8;

const jsonl = (buffer) => ({ name: 'news.jsonl', mimeType: 'application/jsonl', buffer });

export default async function model({ test, skip, browser, site, url = workspaceUrl(site) }) {
  const missing = NEEDED.find((path) => !existsSync(new URL(`../../../www/dist/${path}`, import.meta.url)));
  if (missing) return skip('the workspace with a model', `there is no www/dist/${missing}`);

  /** A page with a project of these texts, which have no labels, and the loaded model with its labels. */
  async function openModel(news = SORTED, { address = url, init } = {}) {
    const context = await newContext(browser);
    const foreign = [];
    context.on('request', (request) => new URL(request.url()).origin === new URL(address).origin || foreign.push(request.url()));
    if (init) await context.addInitScript(init);
    const page = await newPage(context, address);
    await importFiles(page, jsonl(doccano(news)));
    await page.getByRole('button', { name: 'Load the model' }).click();
    await page.getByRole('button', { name: 'Add these labels' }).click({ timeout: MODEL_MS });
    const close = async () => {
      assert.deepEqual(context.problems, [], 'the page has no errors');
      assert.deepEqual(foreign.filter((each) => !each.startsWith('blob:')), [], 'no request goes to another site');
      await context.close();
    };
    return { context, page, close };
  }

  await test('suggestions once the labels of the model are added; threshold, accepting and rejecting by mouse; nothing goes out', async () => {
    const { page, close } = await openModel(NEWS);
    await has(page, 'PER Jo Harlow suggested');
    const slider = page.getByRole('slider');
    const counts = [];
    for (const value of [0, 50, 90]) {
      await slider.fill(String(value));
      await page.getByText(`${value} %`, { exact: true }).waitFor();
      const shown = await spans(page);
      assert.ok(shown.every((row) => Number(/(\d+) %$/.exec(row)[1]) >= value), shown.join(', '));
      counts.push(shown.length);
    }
    assert.ok(counts[0] > counts[1] && counts[1] >= counts[2], `fewer spans with a higher threshold: ${counts}`);
    await slider.fill('50');
    const list = page.getByRole('listbox', { name: 'Spans in text order' });
    await list.getByText('Jo Harlow').click();
    await page.getByRole('button', { name: /^Accept Enter|^Accept$/ }).click();
    await said(page, /^PER "Jo Harlow" accepted\./);
    await list.getByText('Berlin').click();
    await page.getByRole('button', { name: /^Reject/ }).click();
    await said(page, /"Berlin" rejected/);
    assert.ok(!(await spans(page)).some((row) => row.includes('Berlin')));
    await keys(page, 'Control+z');
    await has(page, 'LOC Berlin suggested');
    if (process.env.LUKE_SCREENSHOT) await page.screenshot({ path: fileURLToPath(new URL('../../../www/annotate/screenshot.png', import.meta.url)) });
    await close();
  });

  await test('an own label is taught, and is suggested; decisions stay; exports say who made a span, and come back', async () => {
    const { page, close } = await openModel();
    await addLabels(page, ['PRODUCT']);
    const product = (await page.getByRole('button', { name: /^PRODUCT/ }).innerText()).match(/\S+$/)[0];
    await has(page, 'PER Jo Harlow suggested');
    for (const [index, { spans: known }] of SORTED.slice(0, TAUGHT).entries()) {
      await opened(page, index + 1);
      await read(page);
      await mark(page, known.find(isProduct).text, product);
      if ((await spans(page)).some((row) => row.includes('suggested'))) await keys(page, 'Shift+Enter');
      await saved(page);
      await keys(page, 'Control+Enter');
    }
    await page.getByText(/^Your labels, taught on \d+ documents/).waitFor({ timeout: MODEL_MS });
    await command(page, 'teach');
    await said(page, `The model has learned your labels from ${TAUGHT} documents.`, MODEL_MS);
    await read(page);
    const found = [];
    let rejected;
    for (const [index, { spans: known }] of SORTED.slice(TAUGHT, 12).entries()) {
      const wanted = known.find(isProduct).text;
      await opened(page, TAUGHT + index + 1);
      const row = (await spans(page)).find((each) => each.startsWith(`PRODUCT ${wanted} suggested`));
      if (row) found.push(wanted);
      if (row && !rejected) {
        rejected = wanted;
        await page.getByRole('listbox', { name: 'Spans in text order' }).getByText(wanted).click();
        await keys(page, 'Backspace');
        await said(page, new RegExp(`^PRODUCT "${wanted}" rejected`));
      }
      await keys(page, 'j');
    }
    assert.ok(found.length >= 1, 'the taught label is suggested where it is right');

    // M4: what was rejected does not come again, neither with another head nor after a reload.
    const place = SORTED.findIndex(({ text: one }) => one.includes(rejected));
    const isBack = async () => {
      await command(page, `news ${place + 1}`);
      await opened(page, place + 1);
      await read(page);
      return (await spans(page)).some((row) => row.startsWith(`PRODUCT ${rejected}`));
    };
    assert.equal(await isBack(), false);
    await command(page, 'teach');
    await said(page, /^The model has learned/, MODEL_MS);
    assert.equal(await isBack(), false, 'with another head');
    await page.reload();
    await page.getByText(/^Your labels, taught on/).waitFor({ timeout: MODEL_MS });
    assert.equal(await isBack(), false, 'after a reload of page and model');

    // M5: provenance. Then: what is exported comes back equal.
    const own = await exportAs(page, OWN);
    const [, ...documents] = own.bytes.toString().trim().split('\n').map((line) => JSON.parse(line));
    const accepted = documents.flatMap(({ spans: all = [] }) => all).filter(({ by, state }) => by === 'model' && state === 'accepted');
    assert.ok(accepted.length >= TAUGHT);
    for (const { score, model } of accepted) {
      assert.ok(score >= 0.5 && score <= 1, `score ${score}`);
      assert.match(model.manifestHash, /^[0-9a-f]{64}$/);
    }
    const made = documents.flatMap(({ text: one, spans: all = [] }) => {
      return all.filter(({ by }) => by === 'human').map(({ pieces: [[start, end]] }) => one.slice(start, end));
    });
    for (const { spans: known } of SORTED.slice(0, TAUGHT)) assert.ok(made.includes(known.find(isProduct).text), 'emoji and CRLF move no offset');
    for (const format of ['spaCy (.spacy)', 'CoNLL-2003 columns']) assert.ok((await exportAs(page, format)).bytes.length > 100, format);
    await page.getByRole('button', { name: 'Projects' }).click();
    await importFiles(page, { name: own.name, mimeType: 'application/jsonl', buffer: own.bytes });
    assert.deepEqual((await exportAs(page, OWN)).bytes, own.bytes);
    await close();
  });

  await test('a suggestion that gets another label says what it was', async () => {
    const { page, close } = await openModel(NEWS.slice(0, 1));
    await has(page, 'PER Jo Harlow suggested');
    await page.getByRole('listbox', { name: 'Spans in text order' }).getByText('Jo Harlow').click();
    await page.getByRole('button', { name: /^ORG/ }).click();
    await said(page, '"Jo Harlow" is now ORG.');
    const lines = (await exportAs(page, OWN)).bytes.toString().trim().split('\n').map((line) => JSON.parse(line));
    const [{ label, by, was, model: { manifestHash } }] = lines[1].spans;
    assert.deepEqual([label, by, was.label], ['span:ORG', 'model', 'span:PER']);
    assert.ok(was.score > 0.5);
    assert.match(manifestHash, /^[0-9a-f]{64}$/);
    await close();
  });

  await test('while the model reads in the background, at most one of its slices is answered before what the person asks', async () => {
    const many = Array.from({ length: 40 }, () => NEWS).flat().map(({ text: one, spans: all }, index) => ({ text: `${index}. ${one}`, spans: all }));
    const { page, close } = await openModel(many, { init: logCalls });
    await addLabels(page, ['person', 'location'], 'Types');
    await has(page, 'PER Jo Harlow suggested');
    await page.getByText(/^The model reads the documents/).waitFor();
    await text(page).focus();
    await keys(page, 'Tab', 't');
    await said(page, /^Type of /);
    await page.waitForFunction(() => globalThis.calls.some(({ method, answered }) => method === 'typing' && answered));
    const calls = await page.evaluate(() => globalThis.calls);
    const asked = calls.findIndex(({ method }) => method === 'typing');
    const before = calls.filter(({ method, answered }) => method === 'ner' && answered > calls[asked].sent && answered < calls[asked].answered);
    assert.ok(before.length <= 1, `${before.length} slices were answered first`);
    assert.ok(await page.getByText(/^The model reads the documents/).isVisible(), 'there was work in the background');
    await close();
  });

  await test('offline after one visit: reload, suggest, edit, export', async () => {
    const own = await startSite();
    const { context, page, close } = await openModel(NEWS.slice(0, 3), { address: workspaceUrl(own) });
    try {
      await has(page, 'PER Jo Harlow suggested');
      await kept(page, ['annotate/', 'worker.js', 'luke_web.js', 'luke_web_bg.wasm']);
      own.close();
      await context.setOffline(true);
      await page.reload();
      await has(page, 'PER Jo Harlow suggested');
      await addLabels(page, ['OTHER']);
      await page.getByText('A model can suggest spans').waitFor({ state: 'detached' });
      await importOther(page);
      await has(page, 'PER Roger Federer suggested');
      await keys(page, 'Shift+Enter');
      await said(page, /suggestions accepted/);
      await saved(page);
      assert.match((await exportAs(page, OWN)).bytes.toString(), /Roger Federer/);
      context.problems.length = 0; // the browser says that the network is gone
      await close();
    } finally {
      own.close();
    }
  });
}

/** A text that no model has seen yet joins the project, and is opened. */
async function importOther(page) {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), command(page, 'import files')]);
  await chooser.setFiles({ name: 'other.txt', mimeType: 'text/plain', buffer: Buffer.from('Roger Federer lost to Rafael Nadal in Rome.') });
  await page.getByRole('button', { name: 'Import 1 document' }).press('Enter');
  await page.getByRole('option', { name: /^other/ }).click();
  await text(page).focus();
}

/** Waits until the list of spans has a row that begins like this, or has it in it. */
async function has(page, row) {
  await page.waitForFunction((wanted) => {
    return [...document.querySelectorAll('.spans [role=option]')].some(({ innerText }) => innerText.replace(/\s+/g, ' ').includes(wanted));
  }, row, { timeout: MODEL_MS });
}

/** Waits until the model has read all documents. */
async function read(page) {
  await page.getByText(/^The model reads the documents/).waitFor({ state: 'detached', timeout: MODEL_MS });
}

/** The document with this number is open, and the model has said something of it. */
async function opened(page, number) {
  await page.getByRole('heading', { name: `news ${number}`, exact: true }).waitFor();
  await has(page, 'suggested');
}

/** Gives words of the text a label by its key. */
async function mark(page, words, key) {
  await text(page).focus();
  await keys(page, 'Control+f');
  await page.keyboard.type(words);
  await keys(page, 'Enter', 'Escape', key);
  // Not what the message line says: the message that the model has learned may follow at once.
  await page.waitForFunction((row) => [...document.querySelectorAll('.spans [role=option]')].some(({ innerText }) => innerText.replace(/\s+/g, ' ').trim() === row), `PRODUCT ${words}`, { timeout: MODEL_MS });
}

/** In the page: keeps the order in which calls of the model are sent and answered, as `calls`. */
function logCalls() {
  globalThis.calls = [];
  const byId = new Map();
  const ports = new WeakSet();
  let order = 0;
  const { postMessage } = MessagePort.prototype;
  MessagePort.prototype.postMessage = function (message, ...rest) {
    if (message?.type === 'call') {
      const call = { method: message.call.method, sent: ++order };
      byId.set(message.id, call);
      globalThis.calls.push(call);
      if (!ports.has(this)) this.addEventListener('message', ({ data }) => {
        const answered = data.type === 'done' ? byId.get(data.id) : undefined;
        if (answered) answered.answered = ++order;
      });
      ports.add(this);
    }
    return postMessage.call(this, message, ...rest);
  };
}

await runAlone(import.meta, model, 2 * MODEL_MS);
