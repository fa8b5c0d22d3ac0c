// Installs the packed packages in an empty folder, and runs the example of the README and node/checks.mjs there, without a browser.
//   node tests/packaging/runtimes.mjs            in the Node.js that runs this
//   node tests/packaging/runtimes.mjs --all      also in other versions of Node.js, in Deno and in Bun, which npm brings
//   node tests/packaging/runtimes.mjs NAME...    only in these (the names are in RUNTIMES)
// LUKE_NO_INSTALL=1 takes packages only from npm's cache.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Processes } from '../../tools/build/processes.mjs';
import { listen, staticFiles } from '../../www/serve.mjs';
import { Report } from '../report.mjs';
import { PACKAGE, pack } from './pack.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const MODEL = at('../../www/models/luke-mini-en');
const CHECKPOINT = at('../fixtures/checkpoints/micro-span_cls');
const OFFLINE = process.env.LUKE_NO_INSTALL === '1' ? ['--offline'] : ['--prefer-offline'];
const SECONDS = 240;

const npx = (...command) => ['npx', '--yes', ...OFFLINE, ...command];
/** The command that runs a script in each. */
const RUNTIMES = {
  node: [process.execPath],
  'node-20': npx('node@20'),
  'node-22': npx('node@22'),
  'node-24': npx('node@24'),
  deno: npx('deno@2', 'run', '--allow-all', '--node-modules-dir=manual'),
  bun: npx('bun@1'),
};

const words = process.argv.slice(2);
const unknown = words.filter((word) => word !== '--all' && !RUNTIMES[word]);
if (unknown.length > 0) {
  console.error(`no such runtime: ${unknown.join(', ')}; there are ${Object.keys(RUNTIMES).join(', ')}`);
  process.exit(1);
}
const isSelected = (name) => (words.length === 0 ? name === 'node' : words.includes(name) || words.includes('--all'));

const root = mkdtempSync(join(tmpdir(), 'luke-web-node-'));
const processes = new Processes();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void finish(1));
const project = install();
const { server, url } = await listen(staticFiles({ '/models/': MODEL }));
const report = new Report();

for (const name of Object.keys(RUNTIMES).filter(isSelected)) {
  await report.test(`${name}: the example of the README`, async () => {
    assert.match(await run(name, ['readme.mjs']), /^PER Ada Lovelace [01]\.\d\d\nLOC London [01]\.\d\d$/);
  });
  // In Deno a port keeps the program alive until it is closed, and nothing can change that.
  if (name !== 'deno') {
    await report.test(`${name}: a program that disposes nothing ends by itself`, async () => {
      assert.equal(await run(name, ['idle.mjs']), 'Ada Lovelace,London\n'.repeat(3).trim());
    });
  }
  // Each check is a line.
  await run(name, ['checks.mjs', CHECKPOINT, `${url}models/`], (line) => {
    console.log(line.replace(/^(ok     |FAILED )/, `$1${name}: `));
    if (line.startsWith('ok')) report.passed += 1;
    if (line.startsWith('FAILED')) report.failed += 1;
  }).catch(async (error) => void (report.failed || (await report.test(`${name}: checks`, () => Promise.reject(error)))));
}
await finish(report.end());

/** A project with the two packages and nothing else, and the scripts. */
function install() {
  const project = join(root, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true }));
  const tarballs = [PACKAGE, MODEL].map((folder) => pack(root, folder).tarball);
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', '--loglevel=error', ...tarballs], { cwd: project });
  cpSync(at('node'), project, { recursive: true });
  const [, example] = /^## Node\.js$[^]*?^```js\n([^]*?)^```$/m.exec(readFileSync(join(PACKAGE, 'README.md'), 'utf8'));
  writeFileSync(join(project, 'readme.mjs'), example);
  return project;
}

/** Runs a script in the project. Resolves to its output. */
async function run(name, args, onLine) {
  const lines = [];
  const [program, ...options] = RUNTIMES[name];
  const keep = (line) => void lines.push(line);
  return processes.run(program, [...options, ...args], { cwd: project, onLine: onLine ?? keep, seconds: SECONDS }).catch((error) => {
    throw new Error([error.message, ...lines.slice(-40)].join('\n'));
  });
}

async function finish(code) {
  await processes.endAll();
  server?.close();
  server?.closeAllConnections();
  rmSync(root, { recursive: true, force: true });
  process.exit(code);
}
