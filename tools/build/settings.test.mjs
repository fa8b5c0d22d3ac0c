import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { isAtLeast, lockedVersion, minRust, readSettings, ROOT } from './settings.mjs';

test('versions are compared number by number', () => {
  for (const [wanted, actual] of [['1.95', '1.95.0'], ['1.95', '1.96.0+dfsg1-1~deb12u2'], ['1.95', '2.0'], ['20', '20.20.2'], ['1.9', '1.10']]) {
    assert.ok(isAtLeast(wanted, actual), `${actual} is at least ${wanted}`);
  }
  for (const [wanted, actual] of [['1.95', '1.94.9'], ['1.95.1', '1.95.0'], ['20', '18.19.0'], ['1.95', '1.85.0+dfsg3-1']]) {
    assert.ok(!isAtLeast(wanted, actual), `${actual} is older than ${wanted}`);
  }
});

test('versions come from Cargo.toml and Cargo.lock', () => {
  assert.equal(minRust('[package]\nname = "x"\nrust-version = "1.95"\n'), '1.95');
  assert.equal(lockedVersion('[[package]]\nname = "wasm-bindgen-macro"\nversion = "1.0.0"\n\n[[package]]\nname = "wasm-bindgen"\nversion = "0.2.130"\n', 'wasm-bindgen'), '0.2.130');
  assert.throws(() => lockedVersion('', 'wasm-bindgen'), /there is no wasm-bindgen in Cargo.lock/);
});

test('the environment sets the folders and the switches', () => {
  const plain = readSettings({ XDG_CACHE_HOME: '/cache' });
  assert.equal(plain.cache, '/cache/luke-web');
  assert.equal(plain.target, join(ROOT, 'target'));
  assert.deepEqual([plain.mayInstall, plain.optimize, plain.wasmToolchain, plain.port], [true, true, 'any', 8000]);
  const set = readSettings({ LUKE_CACHE: '/tools', CARGO_TARGET_DIR: '/target', LUKE_NO_INSTALL: '1', LUKE_WASM_OPT: '0', LUKE_WASM_TOOLCHAIN: 'build-std', PORT: '0' });
  assert.deepEqual([set.cache, set.target, set.mayInstall, set.optimize, set.wasmToolchain, set.port], ['/tools', '/target', false, false, 'build-std', 0]);
});
