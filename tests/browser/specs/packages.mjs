// A project with the two npm packages and nothing else: the package and the default model, as `npm pack` makes them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { listen, staticFiles } from '../../../www/serve.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const PACKAGES = [at('../../../pkg'), at('../../../www/models/luke-mini-en')];
const run = promisify(execFile);

const page = (entry, model) => `<!doctype html>
<meta charset="utf-8">
<title>A page of a project</title>
<link rel="icon" href="data:,">
<script type="importmap">{"imports":{"luke-web":"${entry}"}}</script>
<ul></ul>
<script type="module">
  import { Luke } from 'luke-web';
  const luke = await Luke.load(${model}, { device: 'wasm' });
  const text = 'Ada Lovelace worked with Charles Babbage in London.';
  for (const { start, end, label } of await luke.ner(text)) {
    document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: label + ' ' + text.slice(start, end) }));
  }
  document.title = JSON.stringify({ name: luke.info.name, worker: luke.info.worker });
</script>
`;
const ENTITIES = ['PER Ada Lovelace', 'PER Charles Babbage', 'LOC London'];

export default async function ({ test, browser }) {
  const folder = mkdtempSync(join(tmpdir(), 'luke-project-'));
  const project = join(folder, 'project');
  let installing;
  const install = async () => {
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true }));
    for (const cwd of PACKAGES) await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd });
    const tarballs = readdirSync(folder).filter((name) => name.endsWith('.tgz')).sort();
    assert.deepEqual(tarballs.map((name) => name.replace(/-\d.*/, '')), ['luke-mini-en', 'luke-web']);
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', ...tarballs.map((name) => join(folder, name))], { cwd: project });
  };
  const installed = (name, body) =>
    test(name, async () => {
      await (installing ??= install());
      await body();
    });
  /** What a page shows when it is ready. */
  const open = async (url) => {
    const context = await browser.newContext();
    try {
      const tab = await context.newPage();
      const errors = [];
      tab.on('pageerror', (error) => errors.push(error.message));
      await tab.goto(url);
      for (let i = 0; !(await tab.title()).startsWith('{') && errors.length === 0; i++) {
        assert.ok(i < 600, 'the page does not get ready');
        await tab.waitForTimeout(100);
      }
      assert.deepEqual(errors, []);
      return { entities: await tab.locator('li').allTextContents(), ...JSON.parse(await tab.title()) };
    } finally {
      await context.close();
    }
  };

  await installed('both are installed, with their licenses and without anything else', async () => {
    assert.deepEqual(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.')).sort(), ['luke-mini-en', 'luke-web']);
    for (const [name, license] of [['luke-web', 'LICENSE-MIT'], ['luke-web', 'LICENSE-APACHE'], ['luke-mini-en', 'LICENSE']]) {
      assert.match(readFileSync(join(project, 'node_modules', name, license), 'utf8'), /MIT License|Apache License/, `${name}/${license}`);
    }
    assert.match(readFileSync(join(project, 'node_modules/luke-mini-en/README.md'), 'utf8'), /^# luke-mini-en/);
  });

  await installed('a page that serves them has entities', async () => {
    writeFileSync(join(project, 'index.html'), page('./node_modules/luke-web/dist/index.js', "new URL('node_modules/luke-mini-en/', document.baseURI)"));
    const { server, url } = await listen(staticFiles({ '/': project }));
    try {
      assert.deepEqual(await open(url), { entities: ENTITIES, name: 'luke-mini-en', worker: true });
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  await installed('a page that has both from another origin has entities', async () => {
    const cdn = await listen(staticFiles({ '/npm/': join(project, 'node_modules') }, { 'access-control-allow-origin': '*' }));
    const own = join(folder, 'own');
    mkdirSync(own);
    writeFileSync(join(own, 'index.html'), page(`${cdn.url}npm/luke-web/dist/index.js`, JSON.stringify(`${cdn.url}npm/luke-mini-en/`)));
    const site = await listen(staticFiles({ '/': own }));
    try {
      assert.deepEqual(await open(site.url), { entities: ENTITIES, name: 'luke-mini-en', worker: true });
    } finally {
      for (const { server } of [cdn, site]) {
        server.close();
        server.closeAllConnections();
      }
    }
  });

  await installed('its command copies the model', async () => {
    const { server, url } = await listen(staticFiles({ '/': join(project, 'node_modules') }));
    try {
      const { stdout } = await run(join(project, 'node_modules/.bin/luke-web'), ['pull', `${url}luke-mini-en/`, 'public/luke-mini-en', '--quiet'], { cwd: project });
      assert.match(stdout, /^luke-mini-en: 15 files/);
      for (const path of ['manifest.json', 'chunks/0003.bin', 'LICENSE']) {
        assert.ok(readFileSync(join(project, 'public/luke-mini-en', path)).equals(readFileSync(join(project, 'node_modules/luke-mini-en', path))), path);
      }
    } finally {
      server.close();
    }
  });

  rmSync(folder, { recursive: true, force: true });
}
