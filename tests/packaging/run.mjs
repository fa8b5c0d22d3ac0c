// Installs the packed package in small apps, builds and serves them, and looks in headless Chromium whether they show entities.
//   node tests/packaging/run.mjs            the apps that are quick to build
//   node tests/packaging/run.mjs --all      all apps, those with large frameworks and the development servers too
//   node tests/packaging/run.mjs NAME...    only these (the names are in apps.mjs)
// CHROMIUM is the path of the browser. LUKE_NO_INSTALL=1 takes packages only from npm's cache.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ISOLATION, listen, staticFiles } from '../../www/serve.mjs';
import { Processes } from '../../tools/build/processes.mjs';
import { Report } from '../report.mjs';
import { launchChromium } from '../browser/launch.mjs';
import { APPS } from './apps.mjs';
import { pack } from './pack.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const MODELS = at('../../www/models');
const NAMES = ['PER Ada Lovelace', 'PER Charles Babbage', 'LOC London'];
const BUILD_SECONDS = 300;
const PAGE_MS = 120_000;
const NPM = ['--no-audit', '--no-fund', process.env.LUKE_NO_INSTALL === '1' ? '--offline' : '--prefer-offline'];
const ENV = { NEXT_TELEMETRY_DISABLED: '1', npm_config_update_notifier: 'false' };

const words = process.argv.slice(2);
const unknown = words.filter((word) => word !== '--all' && !APPS[word]);
if (unknown.length > 0) {
  console.error(`no such app: ${unknown.join(', ')}; there are ${Object.keys(APPS).join(', ')}`);
  process.exit(1);
}
const isSelected = (name) => (words.length === 0 ? !APPS[name].isHeavy : words.includes(name) || words.includes('--all'));

const root = mkdtempSync(join(tmpdir(), 'luke-web-apps-'));
const processes = new Processes();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void finish(1));
const { tarball } = pack(root);
const browser = await launchChromium();
const report = new Report();

for (const name of Object.keys(APPS).filter(isSelected)) {
  const lines = [];
  const withLines = (error) => Promise.reject(new Error([...lines.slice(-40), error.stack ?? error].join('\n')));
  await report.test(name, () => runApp(name, lines).catch(withLines));
}
await finish(report.end());

/**
 * Copies an app, installs its packages and ours, builds and opens it. `lines` receives what the programs print. Resolves to the time of
 * each step.
 */
async function runApp(name, lines) {
  const { source = name, build, folder, command, more } = APPS[name];
  const cwd = join(root, source);
  const parts = [];
  const timed = async (part, work) => {
    const started = Date.now();
    const result = await work;
    parts.push(`${part} ${((Date.now() - started) / 1000).toFixed(1)} s`);
    return result;
  };
  const run = (program, args, options = {}) => processes.run(program, args, { cwd, env: ENV, onLine: (line) => lines.push(line), seconds: BUILD_SECONDS, ...options });
  if (!existsSync(cwd)) {
    if (existsSync(join(at('apps'), source, 'index.html'))) cpSync(at('apps/common'), cwd, { recursive: true });
    cpSync(join(at('apps'), source), cwd, { recursive: true });
    if (existsSync(join(cwd, 'package-lock.json'))) await timed('npm ci', run('npm', ['ci', ...NPM]));
    // As a user's `npm install luke-web`. The tarball is not in the app's lock file, which would have its hash.
    await timed('npm install', run('npm', ['install', '--no-save', ...NPM, tarball]));
  }
  if (build) await timed('build', run('npm', ['run', 'build']));
  const { url, close } = await timed('serve', command ? startServer(command, cwd, run) : serveFolder(join(cwd, folder)));
  try {
    await timed('page', look(url, name, more));
  } finally {
    await close();
  }
  return parts.join(', ');
}

async function serveFolder(folder) {
  const { server, url } = await listen(staticFiles({ '/': folder, '/models/': MODELS }, ISOLATION));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url, close };
}

/** Starts the server of a framework, whose files are those of the app and of its folder `public`. */
async function startServer([program, ...args], cwd, run) {
  cpSync(MODELS, join(cwd, 'public/models'), { recursive: true });
  const { server, url } = await listen(() => {});
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve)); // the port is free now
  const before = new Set(processes.pids);
  let ended = false;
  const serving = run(program, [...args, String(port)], { seconds: undefined }).catch(() => {}).finally(() => (ended = true));
  const [pid] = processes.pids.filter((running) => !before.has(running));
  const close = async () => {
    if (!ended) process.kill(-pid, 'SIGKILL'); // the program and what it has started
    await serving;
  };
  const deadline = Date.now() + PAGE_MS;
  while (!(await fetch(url).then(({ ok }) => ok, () => false))) {
    if (ended || Date.now() > deadline) {
      await close();
      throw new Error(ended ? 'the server has ended' : 'the server does not answer');
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { url, close };
}

/** Opens the app: it must show the entities, compute with all cores, and the page must report no error. */
async function look(url, name, more) {
  const context = await browser.newContext();
  context.setDefaultTimeout(PAGE_MS);
  try {
    const page = await context.newPage();
    const errors = [];
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(url);
    const isDone = () => ['info', 'error'].some((id) => document.getElementById(id)?.textContent.trim());
    await page.waitForFunction(isDone).catch((error) => assert.deepEqual(errors, [], error.message));
    assert.equal((await page.textContent('#error')).trim(), '');
    const names = async () => (await page.locator('#names li').allTextContents()).map((text) => text.trim());
    assert.deepEqual(await names(), NAMES);
    assert.equal(await page.textContent('#info'), `wasm, threads: ${Math.min(availableParallelism(), 8)}`);
    await more?.(page, names);
    assert.deepEqual(errors, [], `errors on the page of ${name}`);
  } finally {
    await context.close();
  }
}

async function finish(code) {
  await processes.endAll();
  await browser.close().catch(() => {});
  rmSync(root, { recursive: true, force: true });
  process.exit(code);
}
