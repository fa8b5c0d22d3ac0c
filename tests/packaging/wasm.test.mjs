// The wasm modules of the packed package: those of the sources that are here, and what the scripts of the package call. It needs pkg/dist
// and pkg/wasm.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { MODULES, sourceKey, SOURCES_FILE } from '../../tools/build/wasm.mjs';
import { PACKAGE, pack } from './pack.mjs';

// Node.js 20 has relaxed SIMD behind a flag, as pkg/node/serve.ts says.
if (process.versions.v8.startsWith('11.3.')) setFlagsFromString('--experimental-wasm-relaxed-simd');

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const AGAIN = 'run ./build.sh wasm';
const folder = mkdtempSync(join(tmpdir(), 'luke-web-wasm-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const { tarball } = pack(folder);
execFileSync('tar', ['-xzf', tarball, '-C', folder]);
const packed = (name, file) => join(folder, 'package/wasm', name, file);

/** What the TypeScript of the package takes for granted. */
const declarations = readFileSync(join(PACKAGE, 'src/wasm-modules.d.ts'), 'utf8');
const interfaces = readFileSync(join(PACKAGE, 'src/wasm.ts'), 'utf8');
const declared = [...declarations.matchAll(/^ {2}export const (\w+)/gm)].map(([, name]) => name).concat('default');
const methodsOf = (type) => [...new RegExp(`^export interface ${type} \\{\n([^]*?)^\\}`, 'm').exec(interfaces)[1].matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name);
/** What only the module with threads has. */
const OF_THREADS = ['threadStart', 'threadRun'];

test('the declarations are read', () => {
  for (const name of ['loadModel', 'readCheckpoint', 'WASM_BYTES', ...OF_THREADS]) assert.ok(declared.includes(name), name);
  assert.ok(methodsOf('WasmModel').includes('nerEach') && methodsOf('WasmCheckpoint').includes('files'));
});

for (const name of Object.keys(MODULES)) {
  test(`${name}: the module is of the sources that are here`, () => {
    const path = join(PACKAGE, SOURCES_FILE);
    assert.ok(existsSync(path), `nothing says of which sources pkg/wasm is: ${AGAIN}`);
    assert.equal(JSON.parse(readFileSync(path, 'utf8'))[name], sourceKey(ROOT), `pkg/wasm/${name} is of other sources than src: ${AGAIN}`);
  });

  test(`${name}: its script has what the package calls, and nothing that is not declared`, async () => {
    const glue = await import(pathToFileURL(packed(name, 'luke_web.js')));
    const wanted = declared.filter((one) => name === 'threads' || !OF_THREADS.includes(one));
    assert.deepEqual(wanted.filter((one) => glue[one] === undefined), [], AGAIN);
    const isClass = (value) => /^class\b/.test(String(value));
    const unknown = Object.keys(glue).filter((one) => !wanted.includes(one) && !isClass(glue[one]));
    assert.deepEqual(unknown, [], `pkg/src/wasm-modules.d.ts does not have them: ${AGAIN}, or declare them`);
    const missing = (type, interfaceName) => methodsOf(interfaceName).filter((method) => typeof type?.prototype[method] !== 'function');
    assert.deepEqual([missing(glue.Model, 'WasmModel'), missing(glue.Checkpoint, 'WasmCheckpoint')], [[], []], AGAIN);
  });

  test(`${name}: the script and the wasm are of one build`, async () => {
    const [bytes, script] = [readFileSync(packed(name, 'luke_web_bg.wasm')), readFileSync(packed(name, 'luke_web.js'), 'utf8')];
    const { WASM_BYTES } = await import(pathToFileURL(packed(name, 'luke_web.js')));
    assert.equal(WASM_BYTES, bytes.length, AGAIN);
    const module = await WebAssembly.compile(bytes);
    const exported = new Set(WebAssembly.Module.exports(module).map((one) => one.name));
    const called = new Set([...script.matchAll(/\bwasm\.(\w+)/g)].map(([, one]) => one));
    assert.deepEqual([...called].filter((one) => !exported.has(one)), [], AGAIN);
    const imported = WebAssembly.Module.imports(module).filter(({ kind }) => kind === 'function').map((one) => one.name);
    assert.deepEqual(imported.filter((one) => !script.includes(one)), [], AGAIN);
  });
}
