import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { checkBudget, keyOf, MODULES, replaceFiles, sourceKey, SOURCES_FILE, sourcesOf, WasmBuild } from './wasm.mjs';

const temporary = mkdtempSync(join(tmpdir(), 'luke-build-'));
after(() => rmSync(temporary, { recursive: true }));
let folders = 0;

/** A folder with files: `{ path: text }`. */
function folder(files) {
  const root = join(temporary, String((folders += 1)));
  for (const [path, text] of Object.entries(files)) write(join(root, path), text);
  mkdirSync(root, { recursive: true });
  return root;
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const SOURCES = { 'Cargo.toml': 'toml', 'Cargo.lock': 'lock', 'src/lib.rs': 'lib', 'src/kernels/a.wgsl': 'shader', 'src/bin/luke/main.rs': 'main' };

/** A build whose programs are not run but noted; cargo and the others leave the files that they would. */
function fakeBuild({ files = SOURCES, optimize = true, wasm = 'target', broken = [], onCargo = () => {} } = {}) {
  const root = folder(files);
  const settings = { root, target: join(root, 'target'), optimize, bindgen: '1', binaryen: '2' };
  const calls = [];
  const processes = {
    ask: async () => 'rustc 1.95.0',
    run: async (command, args, { env = {} }) => {
      const program = args[1]?.startsWith('-O') ? 'wasm-opt' : command;
      calls.push({ program, args, env });
      if (broken.includes(program)) throw new Error(`${program} failed`);
      if (program.endsWith('cargo')) {
        onCargo(root);
        write(join(settings.target, 'wasm32-unknown-unknown/wasm/luke_web.wasm'), `raw ${args.join(' ')}`);
      }
      if (program === 'bindgen') {
        const out = args[args.indexOf('--out-dir') + 1];
        write(join(out, 'luke_web.js'), 'glue');
        cpSync(args[0], join(out, 'luke_web_bg.wasm'));
      }
      if (program === 'wasm-opt') write(args[args.indexOf('-o') + 1], 'optimized');
    },
  };
  const build = new WasmBuild(settings, processes, { wasm, sysroot: '/nowhere', bindgen: 'bindgen', wasmOpt: 'wasm-opt', linker: '/lld' });
  const programs = () => calls.splice(0).map(({ program }) => program);
  return { root, settings, build, calls, programs };
}

test('a key depends on every part and on where one ends', () => {
  const keys = [keyOf('ab', 'c'), keyOf('a', 'bc'), keyOf('abc'), keyOf('ab', 'd'), keyOf(Buffer.from([255])), keyOf(Buffer.from([254]))];
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(keyOf('ab', 'c'), keyOf('ab', Buffer.from('c')));
  assert.match(keys[0], /^[0-9a-f]{16}$/);
});

test('the sources of the library are all below src, without the command line', () => {
  const names = sourcesOf(folder(SOURCES)).filter((_, i) => i % 2 === 0);
  assert.deepEqual(names, ['Cargo.lock', 'Cargo.toml', 'src/kernels/a.wgsl', 'src/lib.rs']);
});

test('a second build makes nothing, and one after a change makes all again', async () => {
  const { root, build, programs } = fakeBuild();
  assert.equal(await build.isPacked('cpu'), false);
  await build.pack('cpu');
  assert.deepEqual(programs(), ['cargo', 'bindgen', 'wasm-opt']);
  assert.equal(await build.isPacked('cpu'), true);
  await build.pack('cpu');
  assert.deepEqual(programs(), []);
  write(join(root, 'src/bin/luke/main.rs'), 'other');
  await build.pack('cpu');
  assert.deepEqual(programs(), [], 'the command line is not in the modules');
  write(join(root, 'src/kernels/a.wgsl'), 'other');
  assert.equal(await build.isPacked('cpu'), false);
  await build.pack('cpu');
  assert.deepEqual(programs(), ['cargo'], 'it gave the same bytes, which are packed already');
});

test('every module is compiled once, though cargo gives all of them one file name', async () => {
  const { build, programs } = fakeBuild();
  const files = await Promise.all(Object.keys(MODULES).map((name) => build.compile(name)));
  assert.deepEqual(programs(), ['cargo', 'cargo', 'cargo', 'cargo']);
  assert.equal(new Set(files.map((file) => readFileSync(file, 'utf8'))).size, 4);
  await Promise.all(Object.keys(MODULES).map((name) => build.compile(name)));
  assert.deepEqual(programs(), []);
});

test('what was compiled while somebody wrote to the sources is compiled again', async () => {
  let writes = 1;
  const { build, programs } = fakeBuild({ onCargo: (root) => writes-- > 0 && write(join(root, 'src/lib.rs'), 'other') });
  await build.compile('cpu');
  assert.deepEqual(programs(), ['cargo', 'cargo']);
});

test('RUSTC_BOOTSTRAP is the same for every module, and so are the compiler flags but for threads', async () => {
  for (const wasm of ['target', 'build-std']) {
    const { build, calls } = fakeBuild({ wasm });
    for (const name of Object.keys(MODULES)) await build.compile(name);
    await build.kernels();
    const compiles = calls.filter(({ program }) => program.endsWith('cargo'));
    assert.equal(compiles.length, 5);
    const threads = compiles.filter(({ args }) => args.includes('threads'));
    assert.deepEqual([...new Set(compiles.map(({ env }) => env.RUSTC_BOOTSTRAP))], ['1']);
    assert.deepEqual([...new Set(compiles.filter((call) => !threads.includes(call)).map(({ env }) => env.RUSTFLAGS))], ['-C target-feature=+simd128 -Zlocation-detail=file,line']);
    assert.match(threads[0].env.RUSTFLAGS, /^-C target-feature=\+simd128 -Zlocation-detail=file,line -C target-feature=\+atomics.*--shared-memory/);
    const std = compiles.filter(({ args }) => args.includes('-Zbuild-std=std,panic_abort'));
    assert.equal(std.length, wasm === 'target' ? 1 : 5, 'only threads needs a std of its own, where one is installed');
  }
});

test('LUKE_WASM_OPT=0 leaves wasm-opt out and measures nothing', async () => {
  const { root, build, programs } = fakeBuild({ optimize: false, files: { ...SOURCES, 'budget.json': '{ "brotli": { "cpu": 1 } }' } });
  for (const name of Object.keys(MODULES)) await build.pack(name);
  assert.ok(!programs().includes('wasm-opt'));
  const lines = [];
  await build.budget((line) => lines.push(line));
  assert.deepEqual(lines, ['cpu: not measured (LUKE_WASM_OPT=0)']);
  assert.ok(existsSync(join(root, 'pkg/wasm/webgpu/luke_web.js')));
});

test('what was half made when wasm-opt failed is made again', async () => {
  const broken = ['wasm-opt'];
  const { root, build, programs } = fakeBuild({ broken });
  await assert.rejects(build.pack('cpu'), /wasm-opt failed/);
  assert.equal(existsSync(join(root, 'pkg/wasm/cpu')), false);
  broken.pop();
  programs();
  await build.pack('cpu');
  assert.deepEqual(programs(), ['bindgen', 'wasm-opt']);
});

test('pkg/wasm says of which sources each module is', async () => {
  const { root, build } = fakeBuild();
  const noted = () => JSON.parse(readFileSync(join(root, 'pkg', SOURCES_FILE), 'utf8'));
  await Promise.all([build.pack('cpu'), build.pack('relaxed')]);
  const key = sourceKey(root);
  assert.deepEqual(noted(), { cpu: key, relaxed: key });
  write(join(root, 'src/bin/luke/main.rs'), 'the command line is no part of it');
  assert.equal(sourceKey(root), key);
  write(join(root, 'src/lib.rs'), 'changed');
  assert.notEqual(sourceKey(root), key);
  await build.pack('cpu');
  assert.deepEqual(noted(), { cpu: sourceKey(root), relaxed: key });
});

test('the budget: too big, not measured, missing', () => {
  const limits = { cpu: 100, webgpu: 200 };
  assert.deepEqual(checkBudget(limits, { cpu: 100, webgpu: 201 }), {
    lines: ['cpu: 100 bytes with brotli, limit 100', 'webgpu: 201 bytes with brotli, limit 200: TOO BIG'],
    ok: false,
  });
  assert.equal(checkBudget(limits, { cpu: 100, webgpu: 200 }).ok, true);
  assert.deepEqual(checkBudget({ cpu: 100 }, { cpu: 0 }), { lines: ['cpu: not measured (LUKE_WASM_OPT=0)'], ok: true });
});

test('the budget of the files in pkg/wasm is measured with brotli', async () => {
  const files = { ...SOURCES, 'budget.json': '{ "brotli": { "cpu": 10, "relaxed": 1000 } }', 'target/luke-packed/x': '' };
  for (const name of Object.keys(MODULES)) files[`pkg/wasm/${name}/luke_web_bg.wasm`] = 'a module of some bytes';
  const { build } = fakeBuild({ files });
  const lines = [];
  await assert.rejects(build.budget((line) => lines.push(line)), /larger than budget.json allows/);
  assert.deepEqual(lines, ['cpu: 26 bytes with brotli, limit 10: TOO BIG', 'relaxed: 26 bytes with brotli, limit 1000']);
});

test('a folder is replaced file by file, and what is gone goes', () => {
  const from = folder({ 'a.js': 'new', 'b.wasm': 'b' });
  const to = folder({ 'a.js': 'old', 'c.txt': 'c' });
  replaceFiles(from, to);
  assert.deepEqual(readdirSync(to).sort(), ['a.js', 'b.wasm']);
  assert.equal(readFileSync(join(to, 'a.js'), 'utf8'), 'new');
});
