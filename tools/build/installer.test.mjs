import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { everyWhich, Installer, which } from './installer.mjs';
import { Processes } from './processes.mjs';
import { BuildError } from './steps.mjs';
import { Toolchain } from './toolchain.mjs';

const folder = mkdtempSync(join(tmpdir(), 'luke-path-'));
const { PATH } = process.env;
before(() => (process.env.PATH = folder));
after(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true });
});

/** Puts a shell script into the only folder of PATH. */
function program(name, script, mode = 0o755) {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, mode);
  return path;
}

function installer(mayInstall) {
  const said = [];
  return { said, installer: new Installer(new Processes(), { say: (line) => said.push(line) }, mayInstall) };
}

test('a program is found as a shell finds it', () => {
  const path = program('found', '');
  program('unusable', '', 0o644);
  assert.equal(which('found'), path);
  assert.equal(which(path), path);
  assert.equal(which('unusable'), undefined);
  process.env.PATH = [folder, '/nowhere', folder].join(delimiter);
  assert.deepEqual(everyWhich('found'), [path, path]);
  process.env.PATH = folder;
});

test('where nothing may be installed, everything is named, and how to get it', async () => {
  const { installer: it, said } = installer(false);
  assert.equal(await it.program('the target', 'rustup', ['target', 'add', 'x']), false);
  assert.equal(await it.apt('Chromium', 'chromium'), false);
  assert.deepEqual(said, []);
  assert.throws(() => it.stopIfMissing(), (error) => error instanceof BuildError && error.message === 'missing:\n  the target    (rustup target add x)\n  Chromium    (apt-get install chromium)');
});

test('what is installed is said; what cannot be is named at the end', async () => {
  const { installer: it, said } = installer(true);
  program('good', 'exit 0');
  program('bad', 'exit 7');
  assert.equal(await it.program('a tool', 'good', ['now']), true);
  assert.deepEqual(said, ['\x1b[1m==>\x1b[0m installing a tool: good now']);
  it.stopIfMissing();
  assert.equal(await it.program('another', 'bad', []), false);
  assert.ok(said.includes('another: bad: failed with status 7'));
  assert.throws(() => it.stopIfMissing(), /another {4}\(could not be installed, see above\)/);
});

test('what can be done without is missing nowhere', async () => {
  program('apt-get', 'exit 100');
  for (const mayInstall of [true, false]) {
    const { installer: it, said } = installer(mayInstall);
    await it.aptIfPossible('another browser', 'firefox-esr');
    assert.deepEqual(it.missing, []);
    assert.equal(said.length > 0, mayInstall, said.join());
  }
  rmSync(join(folder, 'apt-get'));
});

test('without apt-get Debian packages are asked for', async () => {
  const { installer: it, said } = installer(true);
  assert.equal(await it.apt('Chromium', 'chromium'), false);
  assert.ok(said.includes('Chromium: please install: chromium (no apt-get here)'));
});

test('the newest Debian package counts', async () => {
  const { installer: it } = installer(true);
  assert.equal(await it.aptOffers('rustc-web', '1.95'), false, 'no apt-cache');
  program('apt-cache', 'echo "  Installed: (none)"; echo "  Candidate: 1.96.0+dfsg1-1~deb12u2"');
  assert.equal(await it.aptOffers('rustc-web', '1.95'), true);
  assert.equal(await it.aptOffers('rustc-web', '1.97'), false);
  rmSync(join(folder, 'apt-cache'));
});

test('rustup machines get the target of the toolchain they have, Debian machines the sources', async () => {
  const settings = { cache: folder, msrv: '1.95', mayInstall: false, wasmToolchain: 'target', bindgen: '1', binaryen: '2', chromium: '' };
  program('cargo', 'exit 0');
  program('rustc', 'echo /nowhere');
  program('rustup', 'exit 0');
  const { installer: it } = installer(false);
  const tools = new Toolchain(settings, new Processes(), it);
  await assert.rejects(tools.need('wasmRust', 'wasmBindgen', 'binaryen', 'browser'), BuildError);
  assert.deepEqual(it.missing.map((line) => line.split('    ')[1]), [
    '(rustup target add wasm32-unknown-unknown)',
    `(cargo install --root ${folder}/tools/wasm-bindgen-1 wasm-bindgen-cli --version =1 --bin wasm-bindgen --no-default-features)`,
    `(npm install --loglevel=error --no-audit --no-fund --prefix ${folder}/tools/binaryen-2 binaryen@2)`,
    '(apt-get install chromium)',
  ]);
});
