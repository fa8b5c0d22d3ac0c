// Checks the npm package as it is published. It needs pkg/dist and pkg/wasm.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { checkApi, ENTRIES } from './api.mjs';
import { PACKAGE, pack } from './pack.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const manifest = json(join(PACKAGE, 'package.json'));
const folder = mkdtempSync(join(tmpdir(), 'luke-web-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const { tarball, files } = pack(folder);

test('the package has its documents, all that its exports name, and nothing that is only for its development', () => {
  for (const path of ['README.md', 'CHANGELOG.md', 'LICENSE-MIT', 'LICENSE-APACHE', 'package.json']) assert.ok(files.includes(path), path);
  for (const target of Object.values(manifest.exports).flatMap((entry) => (typeof entry === 'string' ? [entry] : Object.values(entry)))) {
    const path = target.replace('./', '');
    assert.ok(path.includes('*') ? files.some((file) => file.startsWith(path.split('*')[0])) : files.includes(path), target);
  }
  const modules = ['cpu', 'relaxed', 'threads', 'webgpu'].flatMap((name) => [`wasm/${name}/luke_web.js`, `wasm/${name}/luke_web_bg.wasm`]);
  assert.deepEqual(files.filter((path) => path.startsWith('wasm/')), modules);
  assert.deepEqual(files.filter((path) => /test|^src\/|^api\/|tsconfig|bundle/.test(path)), []);
});

test('publint finds nothing', async () => {
  const { messages, pkg } = await publint({ pack: { tarball: arrayBuffer(readFileSync(tarball)) }, strict: true });
  assert.deepEqual(messages.map((message) => formatMessage(message, pkg)), []);
});

test('are the types wrong? No, in any ES module resolution', () => {
  const program = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  const output = execFileSync(process.execPath, [program, tarball, '--profile', 'esm-only', '--format', 'json'], { encoding: 'utf8' });
  const { analysis } = JSON.parse(output);
  assert.deepEqual(Object.keys(analysis.entrypoints).sort(), Object.keys(manifest.exports).sort());
});

test('the public API is that of pkg/api, which has a report for every entry', () => {
  const named = Object.keys(manifest.exports).filter((entry) => !/\*|\.json$/.test(entry)).map((entry) => (entry === '.' ? 'index' : entry.slice(2)));
  assert.deepEqual([...ENTRIES].sort(), named.sort());
  assert.deepEqual(readdirSync(join(PACKAGE, 'api')).sort(), named.map((entry) => `${entry}.api.md`).sort());
  assert.deepEqual(checkApi(folder), Object.fromEntries(ENTRIES.map((entry) => [entry, []])));
});

test('no script is larger than budget.json allows', () => {
  const limits = json(join(ROOT, 'budget.json')).gzip;
  const scripts = readdirSync(join(PACKAGE, 'dist')).filter((name) => name.endsWith('.js'));
  const sizes = scripts.map((name) => [name, gzipSync(readFileSync(join(PACKAGE, 'dist', name)), { level: 9 }).length]);
  for (const [name, bytes] of sizes) console.log(`${name.padEnd(20)} ${String(bytes).padStart(7)} of ${limits[name]} bytes with gzip`);
  assert.deepEqual(scripts.sort(), Object.keys(limits).sort(), 'every script has a limit');
  assert.deepEqual(sizes.filter(([name, bytes]) => bytes > limits[name]), []);
});

test('the page of an app loads React only with the hooks, and the hooks have no copy of the package', () => {
  const script = (name) => readFileSync(join(PACKAGE, 'dist', name), 'utf8');
  const imports = (name) => [...new Set([...script(name).matchAll(/(?:from|import)\s*\(?["']([^"']+)["']/g)].map(([, path]) => path))].sort();
  assert.deepEqual(imports('react.js'), ['./index.js', 'react']);
  assert.ok(!imports('index.js').includes('react'));
  assert.ok(script('react.js').startsWith("'use client'"), 'React needs the directive before everything else');
});

function arrayBuffer({ buffer, byteOffset, byteLength }) {
  return buffer.slice(byteOffset, byteOffset + byteLength);
}
