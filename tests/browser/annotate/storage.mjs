// What is kept of the annotation workspace when its browser is killed, when the disk is full, and how texts and new versions come in.
//   node tests/browser/annotate/storage.mjs [URL] [WORD...]     alone; URL is that of the page, by default that of the built site
// LUKE_SLOW=1 kills the browser ten times instead of twice.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ISOLATION, listen, staticFiles } from '../../../www/serve.mjs';
import { launchProfile } from '../launch.mjs';
import {
  command, exportAs, importFiles, keys, kept, labelFirstWords, newContext, newPage, prepare, runAlone, said, saved, spans, text, waitForSpans,
  workspaceUrl,
} from './workspace.mjs';

const KILLS = env.LUKE_SLOW ? 10 : 2;
const EDITS = 500;
const WORDS = 'word '.repeat(EDITS).trim();
const QUOTA = 1 << 20;
const FULL = 'The disk is full, or the browser gives this page no more space. Nothing was changed.';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DIST = fileURLToPath(new URL('../../../www/dist/', import.meta.url));

const jsonl = (rows) => {
  return { name: 'texts.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(rows.map((row) => JSON.stringify(row)).join('\n')) };
};
const ONE = jsonl([{ text: 'Ada met Bob in Rome.', label: [[15, 19, 'LOC']] }]);

export default async function storage({ test, browser, site, url = workspaceUrl(site) }) {
  await test(`a browser that is killed during edits, ${KILLS} times: what was shown as saved is there, and undo goes on`, async () => {
    const profile = mkdtempSync(join(tmpdir(), 'luke-annotate-profile-'));
    let seed = 20200;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const counts = [];
    let running; // the browser that writes to the profile
    try {
      for (let time = 0; time < KILLS; time++) {
        const { page, kill } = (running = await openProfile(profile, url));
        if (time === 0) await importFiles(page, jsonl([{ text: WORDS, label: [[0, 4, 'A']] }]));
        const before = await numberOfSpans(page);
        const acknowledged = await killDuringEdits(page, kill, random());
        const again = (running = await openProfile(profile, url));
        const found = await numberOfSpans(again.page);
        assert.ok(found >= Math.max(before, acknowledged), `${acknowledged} were shown as saved, ${found} are there`);
        await text(again.page).focus();
        await keys(again.page, 'Control+z');
        await said(again.page, 'Undone.');
        await waitForCount(again.page, found - 1);
        await saved(again.page);
        await again.kill();
        counts.push(`${acknowledged}/${found}`);
      }
    } finally {
      await running?.kill();
      rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 }); // processes of a killed browser write on for a while
    }
    return `shown as saved/there: ${counts.join(', ')}`;
  });

  await test('a full disk: an import and an edit say that nothing was changed, what was there stays whole, and with space again edits go on', async () => {
    const context = await newContext(browser, { serviceWorkers: 'block' });
    const page = await newPage(context, url);
    const session = await context.newCDPSession(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(url).origin, quotaSize: QUOTA });
    await importFiles(page, ONE);
    await labelFirstWords(page, 1);
    await saved(page);

    const large = { name: 'large.txt', mimeType: 'text/plain', buffer: Buffer.from(noise()) };
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), command(page, 'import files')]);
    await chooser.setFiles(large);
    const dialog = page.getByRole('dialog', { name: 'Import files' });
    await dialog.getByRole('button', { name: 'Import 1 document' }).click();
    await dialog.getByText(FULL).waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('1 document', { exact: true }).waitFor();

    await text(page).focus();
    await page.keyboard.press('m');
    await page.getByRole('dialog').getByRole('textbox').fill(noise());
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await said(page, FULL);
    await page.getByText('Not saved').waitFor();
    // Chromium sometimes keeps what it has refused on its disk. Then more is used than allowed, and every write is refused, also that which
    // opens a project.
    await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(url).origin });
    await page.reload();
    await waitForSpans(page, 2);
    assert.deepEqual(await spans(page), ['LOC Ada', 'LOC Rome']);
    await text(page).focus();
    await keys(page, 'Tab', 'Backspace');
    await said(page, /removed\./);
    await saved(page);
    const own = (await exportAs(page, 'LUKE annotations (backup: holds everything)')).bytes.toString();
    assert.match(own, /Ada met Bob/);
    assert.ok(own.length < 10_000, 'without the note');
    await context.close();
  });

  await test('a reload on a full disk shows documents and spans for reading, with the reason; with space and "Try again" they can be edited', async () => {
    const context = await newContext(browser, { serviceWorkers: 'block' });
    const page = await newPage(context, url);
    const session = await context.newCDPSession(page);
    const { origin } = new URL(url);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: QUOTA });
    await importFiles(page, ONE);
    await labelFirstWords(page, 1);
    await saved(page);
    await page.evaluate(putSuggestion);
    // More is used than allowed, as after refused bytes that Chromium keeps: every write is refused. Chromium asks how much is allowed when a
    // write is larger than what it last heard.
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
    await page.keyboard.press('m');
    await page.getByRole('dialog').getByRole('textbox').fill(noise());
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await said(page, FULL);
    await page.reload();
    await waitForSpans(page, 2);
    assert.deepEqual(await spans(page), ['LOC Ada', 'LOC Rome']);
    const banner = page.getByRole('status').filter({ hasText: 'The disk is full' });
    await banner.waitFor();
    await page.getByText('Read only', { exact: true }).waitFor();
    await text(page).focus();
    await keys(page, 'Tab', 'Backspace');
    await said(page, FULL);
    assert.deepEqual(await spans(page), ['LOC Ada', 'LOC Rome']);
    await banner.getByRole('button', { name: 'Storage' }).press('Enter');
    const storageDialog = page.getByRole('dialog', { name: 'Storage and backup' });
    await storageDialog.getByText('2 changes since the last backup.').waitFor();
    await storageDialog.getByRole('button', { name: 'Delete suggestions' }).press('Enter');
    await storageDialog.getByText('None is kept.').waitFor();
    await keys(page, 'Escape');
    await banner.getByRole('button', { name: 'Try again' }).press('Enter');
    await said(page, FULL);
    await session.send('Storage.overrideQuotaForOrigin', { origin });
    await banner.getByRole('button', { name: 'Try again' }).press('Enter');
    await banner.waitFor({ state: 'detached' });
    await text(page).focus();
    await keys(page, 'Tab', 'Backspace');
    await said(page, /removed\./);
    await saved(page);
    assert.equal(await numberOfSpans(page), 1);
    await context.close();
  });

  await test('a text of a link, and of another page of the tab, opens the dialog of import once; a reload does not bring it again', async () => {
    const context = await newContext(browser);
    const page = await newPage(context, `${url}#text=${encodeURIComponent('Ada 😀 & Bob\nin Rome')}`);
    const dialog = page.getByRole('dialog', { name: 'Import files' });
    await dialog.getByRole('button', { name: /^Import \d document/ }).press('Enter');
    await text(page).waitFor();
    assert.match(await text(page).innerText(), /Ada 😀 & Bob\s+in Rome/);
    assert.doesNotMatch(page.url(), /Ada/);
    await page.evaluate(() => sessionStorage.setItem('luke-handover', 'Grace Hopper'));
    await page.goto(url);
    await page.getByRole('button', { name: 'Import 1 document' }).waitFor();
    await keys(page, 'Escape');
    await page.reload();
    await page.getByRole('heading', { name: 'Projects' }).waitFor();
    assert.equal(await dialog.count(), 0);
    assert.deepEqual(context.problems, []);
    await context.close();
  });

  await test('a backup: the line counts changes, the file is kept over reloads, permission is asked at a click, leaving writes, a fault is shown', async () => {
    const context = await newContext(browser);
    await context.addInitScript(fakeFilePicker);
    const page = await newPage(context, url);
    await page.getByRole('button', { name: 'Try with example texts' }).press('Enter');
    await page.getByRole('button', { name: /^Import \d+ documents/ }).press('Enter');
    await text(page).waitFor();
    const line = page.locator('.backup-line');
    await line.getByText('1 change since the last backup').waitFor();
    await labelFirstWords(page, 1);
    await line.getByText('2 changes since the last backup').waitFor();

    await command(page, 'storage and backup');
    await page.getByRole('button', { name: 'Keep a file up to date' }).press('Enter');
    await page.getByText('backup.luke.jsonl is kept up to date').waitFor();
    await keys(page, 'Escape');
    await line.waitFor({ state: 'detached' });
    assert.doesNotMatch(await backupFile(page), /"flagged"/);
    await flagAndLeave(page);
    await page.evaluate(async () => {
      while (!(await globalThis.readBackup()).includes('"flagged"')) await new Promise((resolve) => setTimeout(resolve, 50));
    });

    await page.getByRole('button', { name: 'Town news', exact: true }).click();
    await text(page).waitFor();
    await page.evaluate(() => sessionStorage.setItem('permission', 'prompt'));
    await page.reload();
    await line.getByText('The browser asks before it writes backup.luke.jsonl again').waitFor();
    await text(page).focus();
    await keys(page, 'f');
    await saved(page);
    await line.getByRole('button', { name: 'Allow' }).press('Enter');
    await line.waitFor({ state: 'detached' });
    assert.doesNotMatch(await backupFile(page), /"flagged"/);

    await page.evaluate(() => sessionStorage.setItem('fault', 'the disk is gone'));
    await text(page).focus();
    await keys(page, 'f');
    await line.getByText('1 change since the last backup').waitFor();
    await line.getByRole('button', { name: 'Save backup' }).press('Enter');
    await said(page, 'The backup backup.luke.jsonl could not be written: the disk is gone');
    await line.getByText('The backup backup.luke.jsonl could not be written').waitFor();
    await page.evaluate(() => sessionStorage.removeItem('fault'));
    await line.getByRole('button', { name: 'Try again' }).press('Enter');
    await line.waitFor({ state: 'detached' });
    assert.match(await backupFile(page), /"flagged"/);
    assert.deepEqual(context.problems, []);
    await context.close();
  });

  await test('a file with a changed text: what is lost is listed before, spans move, one undo brings the old text back; all by keyboard', async () => {
    const context = await newContext(browser);
    const page = await newPage(context, url);
    const before = 'Ada hired Bob, it is said here.';
    const after = 'In 1840 Ada hired nobody, it is said here.';
    await importFiles(page, jsonl([{ text: before, label: [[0, 3, 'PER'], [10, 13, 'PER']] }, { text: 'Rome.', label: [] }]));
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), command(page, 'import files')]);
    await chooser.setFiles(jsonl([{ text: after, label: [] }, { text: 'Rome.', label: [] }, { text: 'Paris.', label: [] }]));
    const dialog = page.getByRole('dialog', { name: 'Import files' });
    const choice = dialog.getByRole('combobox', { name: '1 document of the project has its name in the file, with another text' });
    await choice.waitFor();
    await dialog.getByRole('button', { name: 'Import 3 documents' }).waitFor();
    await choice.focus();
    await keys(page, 'ArrowDown');
    await dialog.getByRole('region', { name: 'Annotations that will be removed' }).getByText('PER "Bob"').waitFor();
    await dialog.getByText('1 document with the same text stays as it is. 1 document is new and added.').waitFor();
    await noViolations(page);
    await dialog.getByRole('button', { name: 'Import 2 documents' }).press('Enter');
    await said(page, 'The text of 1 document is changed. Undo brings the old one back.');
    await page.getByText('3 documents', { exact: true }).waitFor();
    await waitForSpans(page, 1);
    assert.deepEqual([await text(page).innerText(), await spans(page)], [after, ['PER Ada']]);
    await text(page).focus();
    await keys(page, 'Control+z');
    await waitForSpans(page, 2);
    assert.deepEqual([await text(page).innerText(), await spans(page)], [before, ['PER Ada', 'PER Bob']]);
    await keys(page, 'Control+Shift+z');
    await waitForSpans(page, 1);
    await page.reload();
    await waitForSpans(page, 1);
    assert.equal(await text(page).innerText(), after);
    assert.deepEqual(context.problems, []);
    await context.close();
  });

  await test('by keyboard: a project is renamed, a document is deleted after a question, and stored suggestions can be deleted', async () => {
    const context = await newContext(browser);
    const page = await newPage(context, url);
    await importFiles(page, jsonl([{ text: 'Ada.', label: [] }, { text: 'Rome.', label: [] }]));
    await command(page, 'name and guide');
    const project = page.getByRole('dialog', { name: 'Name and guide of the project' });
    await project.getByRole('textbox', { name: 'Name' }).fill('Letters');
    await project.getByRole('textbox', { name: /^Guide/ }).fill('Mark names.');
    await noViolations(page);
    await keys(page, 'Control+Enter');
    await said(page, 'Name and guide are saved.');
    await page.getByRole('heading', { name: 'Letters', level: 1 }).waitFor();

    await command(page, 'delete the document');
    const question = page.getByRole('dialog', { name: 'Delete this document?' });
    await question.getByText('This cannot be undone.').waitFor();
    await noViolations(page);
    await keys(page, 'Escape');
    await page.getByText('2 documents', { exact: true }).waitFor();
    await command(page, 'delete the document');
    await question.getByRole('button', { name: 'Delete document' }).press('Enter');
    await said(page, /is deleted\.$/);
    await page.getByText('1 document', { exact: true }).waitFor();
    await page.waitForFunction(() => document.querySelector('.document-head h2')?.textContent === 'texts 2');

    await page.evaluate(putSuggestion);
    await command(page, 'storage and backup');
    const storageDialog = page.getByRole('dialog', { name: 'Storage and backup' });
    await storageDialog.getByText('What models said of texts is kept: 1 entry.').waitFor();
    await noViolations(page);
    await storageDialog.getByRole('button', { name: 'Delete suggestions' }).press('Enter');
    await storageDialog.getByText('None is kept.').waitFor();
    assert.deepEqual(context.problems, []);
    await context.close();
  });

  await test('a new version waits while a project is open; nothing is lost by "Reload for the new version"', async () => {
    let isNew = false;
    const files = staticFiles({ '/demo/': DIST }, ISOLATION);
    const { server, url: own } = await listen((request, response) => {
      if (!isNew || request.url !== '/demo/sw.js') return files(request, response);
      const script = readFileSync(`${DIST}sw.js`, 'utf8').replace(/version: "\w+"/, 'version: "later"');
      return response.writeHead(200, { 'content-type': 'text/javascript', ...ISOLATION }).end(script);
    });
    const context = await newContext(browser);
    try {
      const page = await newPage(context, `${own}demo/annotate/`);
      await importFiles(page, ONE);
      await kept(page, ['annotate/']);
      const reload = page.getByRole('button', { name: 'Reload for the new version' });
      assert.equal(await reload.count(), 0);
      isNew = true;
      await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
      await reload.waitFor();
      await labelFirstWords(page, 1);
      await saved(page);
      await Promise.all([page.waitForEvent('load'), reload.press('Enter')]);
      await waitForSpans(page, 2);
      assert.deepEqual(await spans(page), ['LOC Ada', 'LOC Rome']);
      assert.equal(await reload.count(), 0);
    } finally {
      server.close();
      server.closeAllConnections();
      await context.close();
    }
  });
}

/** In the page: an entry of the cache of suggestions, as a model leaves it. */
function putSuggestion() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('luke-annotate');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const tx = opening.result.transaction('suggestions', 'readwrite');
      tx.objectStore('suggestions').put({ sha256: 'x', key: 'y', found: { model: { name: 'm', manifestHash: '' }, spans: [] } });
      tx.oncomplete = () => resolve(opening.result.close());
      tx.onerror = () => reject(tx.error);
    };
  });
}

async function noViolations(page) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`), []);
}

/** In the page: the chosen file is one of the browser's own, whose handles are those of files. `sessionStorage` says what the person and the disk do. */
function fakeFilePicker() {
  const file = async () => (await navigator.storage.getDirectory()).getFileHandle('backup.luke.jsonl', { create: true });
  globalThis.showOpenFilePicker = () => Promise.reject(new DOMException('none', 'AbortError'));
  globalThis.showSaveFilePicker = file;
  globalThis.readBackup = async () => (await (await file()).getFile()).text();
  const { prototype } = FileSystemFileHandle;
  const { createWritable } = prototype;
  prototype.queryPermission = async () => sessionStorage.getItem('permission') ?? 'granted';
  prototype.requestPermission = async () => {
    sessionStorage.removeItem('permission');
    return 'granted';
  };
  prototype.createWritable = async function (...options) {
    const fault = sessionStorage.getItem('fault');
    if (fault) throw new Error(fault);
    return createWritable.apply(this, options);
  };
}

function backupFile(page) {
  return page.evaluate(() => globalThis.readBackup());
}

/** Flags the document, and goes to the projects before the file is written by itself. */
async function flagAndLeave(page) {
  await text(page).focus();
  await keys(page, 'f');
  await saved(page);
  await page.getByRole('button', { name: 'Projects' }).press('Enter');
  await page.getByRole('heading', { name: 'Projects' }).waitFor();
}

/** A text that does not become smaller by compression, and is too large for the quota. */
function noise() {
  return randomBytes(QUOTA).toString('base64');
}

/** A browser with this profile, and its page: the workspace, with the last project open, if there is one. */
async function openProfile(profile, url) {
  const { context, kill } = await launchProfile(profile);
  await prepare(context);
  const page = await newPage(context, url);
  await page.getByRole('heading', { name: 'Projects' }).waitFor();
  const project = page.getByRole('button', { name: 'texts', exact: true });
  await Promise.race([project.waitFor(), page.getByText('There is no project yet.').waitFor()]);
  if (await project.count()) {
    await project.click();
    await text(page).waitFor();
  }
  return { page, kill };
}

/** Labels word after word until the browser is killed. How many spans were there when the page last said that all was saved. */
async function killDuringEdits(page, kill, chance) {
  let acknowledged = 0;
  await page.exposeFunction('acknowledge', (count) => void (acknowledged = count));
  await page.evaluate(() => {
    // When all is saved, the list of spans has what is on the disk.
    const count = () => Number(document.querySelector('.spans .section-head .hint').textContent);
    const tell = () => document.querySelector('.save.saved') && globalThis.acknowledge(count());
    new MutationObserver(tell).observe(document.querySelector('.save'), { attributes: true, childList: true, characterData: true, subtree: true });
  });
  await text(page).focus();
  await keys(page, 'Control+Home', ...Array.from({ length: await numberOfSpans(page) }, () => 'Control+ArrowRight'));
  const editing = (async () => {
    for (let made = 1; ; made++) {
      await keys(page, 'Control+ArrowRight', 'Control+Shift+ArrowRight', '1');
      if (made % 5 === 0) await saved(page);
    }
  })().catch(() => undefined); // the browser is gone
  await sleep(500 + 1500 * chance);
  await kill();
  await editing;
  return acknowledged;
}

async function numberOfSpans(page) {
  return Number(await page.locator('.spans .section-head .hint').innerText());
}

async function waitForCount(page, count) {
  await page.waitForFunction((wanted) => Number(document.querySelector('.spans .section-head .hint').textContent) === wanted, count);
}

await runAlone(import.meta, storage, 300_000);
