// The tools that the build needs besides a C compiler, Rust and Node.js, which build.sh brings: each is found, or installed.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BROWSERS as OTHER_BROWSERS } from '../../tests/browser/faults/plain.mjs';
import { everyWhich, which } from './installer.mjs';
import { isAtLeast } from './settings.mjs';
import { BuildError } from './steps.mjs';

const TARGET = 'wasm32-unknown-unknown';
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];
const DEBIAN_SOURCES = '/usr/lib/rustlib/src/rust/library';

export class Toolchain {
  /**
   * The way to compile for wasm32: `target` is rustc's own wasm32-unknown-unknown, from rustup. `build-std` is Debian's rustc-web
   * with its library sources: cargo then compiles std too (2 minutes, once). What is installed already goes first, so that a
   * machine stays with one of them and its build folder stays warm.
   */
  wasm;
  /** The linker for `build-std`: rustc's own, or LLVM's newest. */
  linker;
  sysroot;
  /** Paths of the tools. */
  bindgen = 'wasm-bindgen';
  wasmOpt;
  chromium;
  #settings;
  #processes;
  #installer;

  constructor(settings, processes, installer) {
    this.#settings = settings;
    this.#processes = processes;
    this.#installer = installer;
    this.wasmOpt = join(settings.cache, `tools/binaryen-${settings.binaryen}/node_modules/binaryen/bin/wasm-opt`);
  }

  /** Finds or installs tools, by the names of the methods below, and stops where one is missing. */
  async need(...names) {
    for (const name of names) await this[name]();
    this.#installer.stopIfMissing();
  }

  /** cargo fmt and cargo clippy. */
  async rustChecks() {
    if (!this.#hasRust()) return;
    if ((await this.#processes.ask('cargo', ['fmt', '--version'])) !== undefined && (await this.#processes.ask('cargo', ['clippy', '--version'])) !== undefined) return;
    if (await this.#isDebianRust()) await this.#installer.apt('rustfmt and clippy', 'rustfmt-web', 'rust-web-clippy');
    else await this.#installer.program('rustfmt and clippy', 'rustup', ['component', 'add', 'rustfmt', 'clippy']);
  }

  /** A Rust that compiles for wasm32. */
  async wasmRust() {
    if (!this.#hasRust()) return;
    if (await this.#findWasm()) return;
    const { wasmToolchain, msrv } = this.#settings;
    if (wasmToolchain !== 'build-std' && which('rustup') && !(await this.#isDebianRust())) {
      const [what, seen] = [`the ${TARGET} target`, this.#installer.missing.length];
      if (!(await this.#installer.program(what, 'rustup', ['target', 'add', TARGET], { seconds: 600 }))) {
        if (!this.#settings.mayInstall) return;
      } else if (await this.#findWasm()) return;
      this.#installer.missing.length = seen; // Debian's may do instead
    }
    if (wasmToolchain !== 'target') {
      await this.#installer.aptUpdate();
      if (await this.#installer.aptOffers('rustc-web', msrv)) {
        if (!(await this.#hasDebianRust()) && !(await this.#installer.apt("Debian's Rust with library sources", 'rustc-web', 'cargo-web', 'rust-web-src'))) return;
        if (!this.#findLinker() && !(await this.#installer.apt('a wasm linker', await this.#newestLld()))) return;
      }
    }
    if (!(await this.#findWasm())) throw new BuildError(`no Rust here can compile for ${TARGET} (usual way: rustup target add ${TARGET})`);
  }

  /** The library sources of Rust: the module with threads needs a std with atomics, which nobody ships. */
  async wasmStd() {
    if (this.wasm !== 'target' || existsSync(join(this.sysroot, 'lib/rustlib/src/rust/library'))) return;
    if (!which('rustup')) {
      const version = await this.#processes.ask('rustc', ['--version']);
      throw new BuildError(`the library sources of ${version} are needed to build std with atomics: ${this.sysroot}/lib/rustlib/src/rust (usual way: rustup component add rust-src)`);
    }
    await this.#installer.program("Rust's library sources", 'rustup', ['component', 'add', 'rust-src'], { seconds: 600 });
  }

  /** clippy for the code that only wasm32 has. */
  async wasmClippy() {
    if (this.wasm === 'build-std' && !which('/usr/bin/clippy-driver')) await this.#installer.apt('clippy for wasm32', 'rust-web-clippy');
  }

  /** The wasm-bindgen program, of exactly the version of the crate. */
  async wasmBindgen() {
    const { bindgen: version, cache } = this.#settings;
    if ((await this.#processes.ask('wasm-bindgen', ['--version'])) === `wasm-bindgen ${version}`) return;
    const root = join(cache, `tools/wasm-bindgen-${version}`);
    this.bindgen = join(root, 'bin/wasm-bindgen');
    if (which(this.bindgen) || !this.#hasRust()) return;
    // Without its default features the program needs no TLS library; only its test runner, which we do not build, would.
    const crate = ['wasm-bindgen-cli', '--version', `=${version}`, '--bin', 'wasm-bindgen', '--no-default-features'];
    await this.#installer.install(`wasm-bindgen ${version}, 2 to 8 minutes, once`, ['cargo install --root', root, ...crate].join(' '), async () => {
      const build = join(cache, 'tools/build');
      const env = { CARGO_TARGET_DIR: build };
      // With the program's own lock file where the registry has all of it, else with the newest compatible crates.
      await this.#processes.run('cargo', ['install', '--root', root, '--locked', ...crate], { env }).catch((error) => {
        if (this.#processes.ending) throw error;
        return this.#processes.run('cargo', ['install', '--root', root, ...crate], { env });
      });
      rmSync(build, { recursive: true, force: true });
    });
  }

  /** wasm-opt. */
  async binaryen() {
    if (existsSync(this.wasmOpt)) return;
    const { binaryen: version, cache } = this.#settings;
    const prefix = join(cache, `tools/binaryen-${version}`);
    await this.#installer.program(`wasm-opt ${version}`, 'npm', ['install', '--loglevel=error', '--no-audit', '--no-fund', '--prefix', prefix, `binaryen@${version}`]);
  }

  /** A browser for the tests. */
  async browser() {
    const find = () => [this.#settings.chromium, ...BROWSERS].filter(Boolean).map(which).find(Boolean);
    this.chromium = find();
    if (!this.chromium && (await this.#installer.apt('Chromium', 'chromium'))) this.chromium = find();
  }

  /** Firefox and WebKit. Without them their tests are skipped, which the tests say. */
  async otherBrowsers() {
    for (const name of ['firefox', 'webkit']) {
      const { find, packages } = OTHER_BROWSERS[name];
      if (!find()) await this.#installer.aptIfPossible(`${name} for the tests`, ...packages);
    }
  }

  /** Whether a browser is there already. */
  get hasBrowser() {
    return [this.#settings.chromium, ...BROWSERS].some((browser) => browser && which(browser));
  }

  /** Python, which makes the models of the benchmark. */
  async python() {
    const test = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))';
    if ((await this.#processes.ask('python3', ['-c', test])) === undefined) await this.#installer.apt('Python 3.11 with venv', 'python3', 'python3-venv');
  }

  /** build.sh has noted that Rust is missing, where it is. */
  #hasRust() {
    return which('cargo') !== undefined && which('rustc') !== undefined;
  }

  /** Whether the Rust in use is Debian's; rustup's may lie in /usr/bin too. */
  async #isDebianRust() {
    return (await this.#processes.ask('rustc', ['--print', 'sysroot'])) === '/usr';
  }

  async #findWasm() {
    const { wasmToolchain } = this.#settings;
    this.sysroot = await this.#processes.ask('rustc', ['--print', 'sysroot']);
    if (wasmToolchain !== 'build-std' && existsSync(join(this.sysroot, 'lib/rustlib', TARGET, 'lib'))) this.wasm = 'target';
    else if (wasmToolchain !== 'target' && (await this.#hasDebianRust()) && this.#findLinker()) this.wasm = 'build-std';
    return this.wasm !== undefined;
  }

  async #hasDebianRust() {
    const version = /^rustc (\S+)/.exec((await this.#processes.ask('/usr/bin/rustc', ['--version'])) ?? '')?.[1];
    if (!version || !isAtLeast(this.#settings.msrv, version) || !which('/usr/bin/cargo')) return false;
    return (await this.#processes.ask('/usr/bin/rustc', ['--print', 'sysroot'])) === '/usr' && existsSync(DEBIAN_SOURCES);
  }

  #findLinker() {
    const libraries = join(this.sysroot, 'lib/rustlib');
    const own = existsSync(libraries) ? readdirSync(libraries).map((host) => join(libraries, host, 'bin/rust-lld')) : [];
    const llvm = readdirSync('/usr/bin').filter((name) => /^wasm-ld-\d+$/.test(name)).sort(byNumber).map((name) => join('/usr/bin', name));
    this.linker = [...own, ...everyWhich('wasm-ld'), ...llvm].find((path) => which(path));
    return this.linker !== undefined;
  }

  async #newestLld() {
    const packages = (await this.#processes.ask('apt-cache', ['search', '--names-only', '^lld-[0-9]+$'])) ?? '';
    return packages.split('\n').map((line) => line.split(' ')[0]).sort(byNumber)[0] || 'lld';
  }
}

/** `lld-19` before `lld-9`. */
function byNumber(a, b) {
  return Number(b.split('-').pop()) - Number(a.split('-').pop());
}
