// The wasm modules: from Rust through wasm-bindgen and wasm-opt to pkg/wasm. Results are kept in the target folder, named by a
// hash of all that they are made of, so that nothing is made twice.
import { createHash } from 'node:crypto';
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { which } from './installer.mjs';
import { Queue } from './steps.mjs';

/** Atomics, and what wasm-bindgen needs to start threads in one memory, of up to 4 GiB. */
const THREADS = [
  '-C target-feature=+atomics,+bulk-memory,+mutable-globals',
  ...['--shared-memory', '--import-memory', '--max-memory=4294967296'].map((arg) => `-C link-args=${arg}`),
  ...['__heap_base', '__wasm_init_tls', '__tls_size', '__tls_align', '__tls_base'].map((symbol) => `-C link-args=--export=${symbol}`),
].join(' ');

/** What all modules are compiled with. The report of a panic names the file and the line, not the column: each module is smaller so. */
const FLAGS = '-C target-feature=+simd128 -Zlocation-detail=file,line';

const WASM_FEATURES = ['simd', 'bulk-memory', 'nontrapping-float-to-int', 'sign-ext', 'mutable-globals', 'reference-types', 'multivalue'];

/**
 * The modules of the package. All but the one with threads have the same compiler flags, so that they share the compiled crates.
 * `first` says how long the first compilation takes; `features` are the crate's.
 */
export const MODULES = {
  cpu: { title: 'CPU', first: ' (first time 5 min)', features: 'cpu', wasmFeatures: WASM_FEATURES },
  relaxed: { title: 'CPU with relaxed SIMD', first: '', features: 'relaxed-simd', wasmFeatures: [...WASM_FEATURES, 'relaxed-simd'] },
  threads: {
    title: 'CPU with threads',
    first: ' (first time 5 min)',
    features: 'threads',
    flags: THREADS,
    std: true,
    wasmFeatures: [...WASM_FEATURES, 'relaxed-simd', 'threads'],
  },
  webgpu: { title: 'WebGPU', first: ' (first time 15 to 30 min)', features: 'webgpu', wasmFeatures: WASM_FEATURES },
};

/** Options of wasm-opt. `-O2`, `-Os` and `-Oz` make smaller modules, of which brotli leaves 3 % more bytes. */
const OPTIMIZE = ['-O1', '--shrink-level=1'];

/** The WebGPU module with its kernels exported for the browser tests. It is not optimized and not part of the package. */
const KERNELS = { features: 'webgpu,kernel-tests' };

/** How long a result is kept after a newer one has taken its place. */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** A hash of texts and bytes, in their order. */
export function keyOf(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = Buffer.from(part);
    hash.update(`${bytes.length}:`).update(bytes); // the length, so that ('ab', 'c') is not ('a', 'bc')
  }
  return hash.digest('hex').slice(0, 16);
}

/** The names and contents of all files that the library is compiled from: what is only the command line's is left out. */
export function sourcesOf(root) {
  const folders = ['src', 'tools/build/inventory'].map((folder) => join(root, folder)).filter((folder) => existsSync(folder));
  const files = ['Cargo.toml', 'Cargo.lock', ...folders.flatMap(filesBelow).map((path) => relative(root, path))];
  return files.filter((path) => !path.startsWith('src/bin/')).sort().flatMap((path) => [path, readFileSync(join(root, path))]);
}

/** A hash of the sources of the library. */
export function sourceKey(root) {
  return keyOf(...sourcesOf(root));
}

/** Says of each module in pkg/wasm of which sources it is: a test finds those of earlier ones. It is not in the npm package. */
export const SOURCES_FILE = 'wasm/sources.json';

function noteSources(root, name, key) {
  const path = join(root, 'pkg', SOURCES_FILE);
  const known = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  writeFileSync(`${path}.part`, `${JSON.stringify({ ...known, [name]: key }, null, 2)}\n`);
  renameSync(`${path}.part`, path);
}

/** The sizes of the modules against their limits, a line each. `sizes` has 0 for what was not measured. */
export function checkBudget(limits, sizes) {
  const lines = Object.entries(limits).map(([name, limit]) => {
    if (!sizes[name]) return `${name}: not measured (LUKE_WASM_OPT=0)`;
    return `${name}: ${sizes[name]} bytes with brotli, limit ${limit}${sizes[name] > limit ? ': TOO BIG' : ''}`;
  });
  return { lines, ok: Object.entries(limits).every(([name, limit]) => (sizes[name] ?? 0) <= limit) };
}

/** Puts the files of a folder into another one, each whole at any time: a server may be sending them. */
export function replaceFiles(from, to) {
  mkdirSync(to, { recursive: true });
  const names = readdirSync(from);
  for (const name of names) {
    copyFileSync(join(from, name), join(to, `.${name}.part`));
    renameSync(join(to, `.${name}.part`), join(to, name));
  }
  for (const name of readdirSync(to)) if (!names.includes(name)) rmSync(join(to, name), { recursive: true });
}

export class WasmBuild {
  #settings;
  #processes;
  #toolchain;
  #rustc;
  /** One compilation at a time: every module has the same file name in cargo's folder. */
  #cargoQueue = new Queue();

  constructor(settings, processes, toolchain) {
    this.#settings = settings;
    this.#processes = processes;
    this.#toolchain = toolchain;
  }

  /** Compiles a module, unless that was done with the same sources; gives the path of the file. */
  compile(name, onLine) {
    return this.#compile(name, MODULES[name], [], {}, onLine);
  }

  /** Makes the files of a compiled module, unless they are there, and puts them into pkg/wasm. */
  async pack(name, onLine) {
    const raw = await this.compile(name, onLine);
    const sources = sourceKey(this.#settings.root);
    const kept = this.#packedFolder(name, raw);
    if (!existsSync(kept)) {
      const part = `${kept}.part`;
      rmSync(part, { recursive: true, force: true });
      await this.#bindgen(raw, part, onLine);
      if (this.#settings.optimize) await this.#wasmOpt(MODULES[name], join(part, 'luke_web_bg.wasm'), onLine);
      appendFileSync(join(part, 'luke_web.js'), sizeLine(statSync(join(part, 'luke_web_bg.wasm')).size));
      renameSync(part, kept);
      forget(join(this.#settings.target, 'luke-packed'), name, kept);
    }
    replaceFiles(kept, join(this.#settings.root, 'pkg/wasm', name));
    noteSources(this.#settings.root, name, sources);
  }

  /** Whether `pack` would have nothing to make. */
  async isPacked(name) {
    const raw = await this.#rawFile(name, MODULES[name]);
    return existsSync(raw) && existsSync(this.#packedFolder(name, raw));
  }

  /** Compares the sizes of the modules in pkg/wasm with budget.json. */
  async budget(print) {
    const { root, optimize } = this.#settings;
    const measure = async (name) => [name, optimize ? await this.#brotliSize(join(root, 'pkg/wasm', name, 'luke_web_bg.wasm')) : 0];
    const sizes = Object.fromEntries(await Promise.all(Object.keys(MODULES).map(measure)));
    const { lines, ok } = checkBudget(JSON.parse(readFileSync(join(root, 'budget.json'), 'utf8')).brotli, sizes);
    for (const line of lines) print(line);
    if (!ok) throw new Error('a module is larger than budget.json allows');
  }

  /**
   * Compiles the module for the kernel tests. clippy's own rustc compiles it where there is one, as `cargo clippy` would: that
   * lints the code that only wasm32 has, for the price of one crate.
   */
  async kernels(onLine) {
    const driver = this.#toolchain.wasm === 'target' ? join(this.#toolchain.sysroot, 'bin/clippy-driver') : '/usr/bin/clippy-driver';
    const file = await this.#compile('kernels', KERNELS, ['--', '-D', 'warnings'], which(driver) && { RUSTC_WORKSPACE_WRAPPER: driver }, onLine);
    const folder = join(this.#settings.root, 'tests/browser/.kernels');
    rmSync(folder, { recursive: true, force: true });
    await this.#bindgen(file, folder, onLine);
  }

  #compile(name, module, rest, env, onLine) {
    return this.#cargoQueue.add(async () => {
      let file;
      do {
        file = await this.#rawFile(name, module);
        if (existsSync(file)) return file;
        await this.#cargo(module, rest, env, onLine);
      } while (file !== (await this.#rawFile(name, module))); // somebody wrote to the sources meanwhile
      mkdirSync(dirname(file), { recursive: true });
      copyFileSync(join(this.#settings.target, 'wasm32-unknown-unknown/wasm/luke_web.wasm'), `${file}.part`);
      renameSync(`${file}.part`, file);
      forget(dirname(file), name, file);
      return file;
    });
  }

  /**
   * Where the compiled module lies. Cargo gives the library of every module the same file name, and so would compile our crate
   * again whenever another module was compiled last; the hash in this name saves that.
   */
  async #rawFile(name, { features, flags = '', std = false }) {
    this.#rustc ??= this.#processes.ask(this.#rustcPath, ['-vV']);
    const profile = Object.entries(process.env).filter(([variable]) => variable.startsWith('CARGO_PROFILE_')).sort().flat();
    const key = keyOf(await this.#rustc, this.#toolchain.wasm, features, FLAGS, flags, String(std), ...profile, ...sourcesOf(this.#settings.root));
    return join(this.#settings.target, `luke-raw/${name}-${key}.wasm`);
  }

  get #rustcPath() {
    return this.#toolchain.wasm === 'build-std' ? '/usr/bin/rustc' : 'rustc';
  }

  #packedFolder(name, raw) {
    const { target, bindgen, binaryen, optimize } = this.#settings;
    const { wasmFeatures } = MODULES[name];
    const tools = [sizeLine(0), bindgen, ...(optimize ? [binaryen, ...OPTIMIZE, ...wasmFeatures] : [])];
    return join(target, `luke-packed/${name}-${keyOf(readFileSync(raw), ...tools)}`);
  }

  /**
   * Compiles for wasm32. RUSTC_BOOTSTRAP lets a stable compiler take `-Z` flags, and build std, which only some modules need; build scripts of
   * proc-macro2, anyhow and others watch it, and so it is set for all modules: else every change of it compiles again all that
   * stands behind those.
   */
  #cargo({ features, flags = '', std = false }, rest, env, onLine) {
    const debian = this.#toolchain.wasm === 'build-std';
    const args = ['rustc', '--locked', '--profile', 'wasm', '--target', 'wasm32-unknown-unknown'];
    if (std || debian) args.push('-Zbuild-std=std,panic_abort');
    args.push('--lib', '--crate-type', 'cdylib', '--no-default-features', '--features', features, ...rest);
    const all = {
      CARGO_TARGET_DIR: this.#settings.target,
      RUSTC_BOOTSTRAP: '1',
      RUSTFLAGS: [FLAGS, flags].filter(Boolean).join(' '),
      ...(debian && { RUSTC: this.#rustcPath, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: this.#toolchain.linker }),
      ...env,
    };
    return this.#processes.run(debian ? '/usr/bin/cargo' : 'cargo', args, { env: all, onLine });
  }

  #bindgen(raw, folder, onLine) {
    const args = ['--target', 'web', '--experimental-reset-state-function', '--no-typescript', '--out-name', 'luke_web', '--remove-name-section', '--remove-producers-section'];
    return this.#processes.run(this.#toolchain.bindgen, [raw, ...args, '--out-dir', folder], { onLine });
  }

  async #wasmOpt({ wasmFeatures }, file, onLine) {
    const features = wasmFeatures.map((feature) => `--enable-${feature}`);
    await this.#processes.run(process.execPath, [this.#toolchain.wasmOpt, ...OPTIMIZE, ...features, '--strip-debug', '--strip-producers', file, '-o', `${file}.opt`], { onLine });
    renameSync(`${file}.opt`, file);
  }

  /** Bytes of a file with brotli at its best, which takes half a minute for the WebGPU module: kept by its contents. */
  async #brotliSize(file) {
    const bytes = readFileSync(file);
    const kept = join(this.#settings.target, `luke-packed/${keyOf(bytes)}.brotli`);
    if (!existsSync(kept)) {
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 };
      writeFileSync(kept, String((await promisify(brotliCompress)(bytes, { params })).length));
    }
    return Number(readFileSync(kept, 'utf8'));
  }
}

/** What is added to a module's script, so that the progress of a load can count the bytes of the module before they come. */
function sizeLine(bytes) {
  return `\nexport const WASM_BYTES = ${bytes};\n`;
}

/** Removes what was kept of earlier sources a week ago or longer. */
function forget(folder, name, current) {
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry);
    const old = entry.startsWith(`${name}-`) && path !== current && statSync(path).mtimeMs < Date.now() - KEEP_MS;
    if (old) rmSync(path, { recursive: true, force: true });
  }
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
