// What the build reads of the environment, of Cargo.toml and of Cargo.lock, and the versions of the tools it fetches.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's folder. Commands run here. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Version of the npm package that holds wasm-opt. */
export const BINARYEN = '132.0.0';

/** npm packages that the benchmark runs beside ours. */
export const PEERS = ['onnxruntime-web@1.30.0', '@huggingface/transformers@4.3.1'];

/** The settings of one run of the build. `build.sh help` says what each variable of the environment means. */
export function readSettings(env = process.env) {
  const cache = env.LUKE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'luke-web');
  return {
    root: ROOT,
    cache,
    target: resolve(ROOT, env.CARGO_TARGET_DIR || 'target'),
    mayInstall: env.LUKE_NO_INSTALL !== '1',
    optimize: env.LUKE_WASM_OPT !== '0',
    wasmToolchain: env.LUKE_WASM_TOOLCHAIN || 'any',
    chromium: env.CHROMIUM || '',
    port: Number(env.PORT || 8000),
    msrv: minRust(readFileSync(join(ROOT, 'Cargo.toml'), 'utf8')),
    bindgen: lockedVersion(readFileSync(join(ROOT, 'Cargo.lock'), 'utf8'), 'wasm-bindgen'),
    binaryen: BINARYEN,
  };
}

/** The oldest Rust that builds us, from Cargo.toml. */
export function minRust(cargoToml) {
  return found(/^rust-version = "(.*)"/m.exec(cargoToml), 'rust-version in Cargo.toml');
}

/** The version of a crate in Cargo.lock. The wasm-bindgen program must have exactly the version of the crate. */
export function lockedVersion(cargoLock, crate) {
  return found(new RegExp(`^name = "${crate}"\\nversion = "(.*)"`, 'm').exec(cargoLock), `${crate} in Cargo.lock`);
}

/** Whether the version `actual` is `wanted` or newer. */
export function isAtLeast(wanted, actual) {
  const [a, b] = [wanted, actual].map((version) => version.split(/[.+~-]/).map(Number));
  for (const [i, part] of a.entries()) {
    if (part !== (b[i] || 0)) return part < (b[i] || 0);
  }
  return true;
}

function found(match, what) {
  if (!match) throw new Error(`there is no ${what}`);
  return match[1];
}
