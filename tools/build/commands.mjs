// What `check`, `wasm`, `pkg`, `www`, `docs` and `test` do, and which of their steps run beside each other.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { countLine, countTests, failures } from './counts.mjs';
import { ROOT } from './settings.mjs';
import { Queue } from './steps.mjs';
import { MODULES } from './wasm.mjs';

const CHECKPOINTS = join(ROOT, 'tests/fixtures/checkpoints');

/** WebGPU first: its wasm-opt (one core, minutes) then runs beside the compilation of the others. */
const ORDER = ['webgpu', 'cpu', 'relaxed', 'threads'];

export async function check(build) {
  await build.toolchain.need('rustChecks');
  await rustChecks(build);
  await rustTests(build);
}

export async function wasm(build) {
  const late = await needTools(build, ['wasmRust', 'wasmStd'], ['wasmBindgen', 'binaryen']);
  await buildWasm(build, late);
  await build.steps.step('size budget', () => build.wasm.budget(build.console.print));
}

export async function pkg({ steps, npm, console }) {
  await steps.must('npm packages', () => npm.npmCi(console.say));
  await steps.must('npm package: tsc', () => npm.compile('pkg', console.say));
  await steps.must('npm package luke-mini-en', () => npm.model());
}

export async function www(build) {
  await pkg(build);
  await build.steps.must('site: tsc, Vite', () => build.npm.compile('www', build.console.say));
  await build.steps.step('site: documents', () => build.npm.documents(build.console.say));
}

export async function docs({ steps, npm, console }) {
  await steps.must('npm packages', () => npm.npmCi(console.say));
  await steps.must('API reference', () => npm.compile('tools/reference', console.say));
}

/** Everything that CI checks. What keeps one core busy runs beside something else; the tests in the browser run alone, as some have time limits. */
export async function test(build) {
  const { steps, toolchain, wasm, npm, console, installer } = build;
  // Browsers come beside the compilers, unless apt would ask for a password.
  const browsers = ['browser', 'otherBrowsers'];
  const [early, later] = installer.isRoot ? [[], browsers] : [browsers, []];
  const late = await needTools(build, ['rustChecks', 'wasmRust', 'wasmStd', 'wasmClippy', ...early], [...later, 'wasmBindgen', 'binaryen']);
  await steps.together(
    async () => {
      await rustChecks(build);
      await steps.step('cargo test, compiled (first time 10 min)', () => cargo(build, ['test', '--no-run', ...ALL]));
      await steps.must('luke convert of the fixtures', () => convertFixtures(build));
      await steps.step('fuzz targets, compiled', () => cargo(build, ['build', ...FUZZ]));
    },
    async () => {
      await buildWasm(build, late);
      await steps.step('size budget', () => wasm.budget(console.print));
      await steps.step('wasm32: clippy, kernel test module', () => wasm.kernels(tagged(console, 'kernels').say));
    },
    () => pkg({ ...build, console: tagged(console, 'npm') }),
  );
  await steps.step('site: tsc, Vite', () => npm.compile('www', console.say));
  await steps.step('site: documents', () => npm.documents(console.say));
  await rustTests(build);
  await steps.together(
    // Each of these keeps one core busy.
    () => count(build, 'WebGPU tests in Node.js', 'webgpu', process.execPath, ['tests/webgpu/run.mjs'], { CHROMIUM: toolchain.chromium }),
    async () => {
      await count(build, 'fuzz targets, 20 s each', 'fuzz', 'cargo', ['run', ...FUZZ, '--', 'all', '--seconds', '20'], { CARGO_TARGET_DIR: build.settings.target });
      await count(build, 'npm package: unit tests', 'node', 'npm', ['test', '--silent', '--workspace', 'pkg']);
      await count(build, 'site: unit tests', 'site', 'npm', ['run', 'test:pages', '--silent', '--workspace', 'www']);
      await count(build, 'annotation workspace: unit tests', 'annotate', 'npm', ['run', 'test:annotate', '--silent', '--workspace', 'www']);
      await count(build, 'measuring page: unit tests', 'measure', 'npm', ['run', 'test:measure', '--silent', '--workspace', 'www']);
      await count(build, 'built site, test servers', 'servers', process.execPath, ['--test', ...testFiles('www'), ...testFiles('tests/browser/faults'), ...testFiles('tests/browser/hub')]);
      await count(build, 'benchmark: unit tests', 'bench', process.execPath, ['--test', ...testFiles('tools/bench')]);
      await count(build, 'GPU day: unit tests', 'gpu', process.execPath, ['--test', ...testFiles('tools/gpu')]);
      await count(build, 'build: unit tests', 'build', process.execPath, ['--test', ...testFiles('tools/build')]);
      await count(build, 'npm package: what is published', 'package', process.execPath, ['--test', ...testFiles('tests/packaging')]);
      await count(build, 'the npm package in Node.js', 'nodejs', process.execPath, ['tests/packaging/runtimes.mjs']);
      await count(build, 'documents: links, API reference', 'docs', process.execPath, ['--test', ...testFiles('tools/reference'), ...testFiles('www/docs')]);
    },
  );
  await count(build, 'apps with the npm package', 'apps', process.execPath, ['tests/packaging/run.mjs'], { CHROMIUM: toolchain.chromium });
  await count(build, 'browser tests', 'browser', process.execPath, ['tests/browser/run.mjs'], { CHROMIUM: toolchain.chromium });
}

/**
 * Finds or installs the tools that are needed early, and gives the work that brings the others, which may run beside other steps.
 * Where nothing may be installed, all that is missing is named at once.
 */
export async function needTools({ toolchain, steps, settings }, early, late) {
  await toolchain.need(...early, ...(settings.mayInstall ? [] : late));
  let done;
  return () => (done ??= steps.must('tools', () => toolchain.need(...late)));
}

/** Compiles and packs all modules; `tools` brings what packing needs. */
export function buildWasm({ steps, wasm, console }, tools, order = ORDER) {
  const [compiles, packs] = [new Queue(), new Queue()];
  const lanes = order.map((name) => async () => {
    const { title, first } = MODULES[name];
    const { say } = tagged(console, name);
    await compiles.add(() => steps.must(`compile wasm, ${title}${first}`, () => wasm.compile(name, say)));
    await tools();
    await packs.add(() => steps.must(`pack wasm, ${title}`, () => wasm.pack(name, say)));
  });
  return steps.together(tools, ...lanes);
}

/** Runs a test runner as a step, and keeps how many of its tests passed. */
export function count({ steps, processes, console }, step, runner, command, args, env = {}) {
  return steps.step(step, async () => {
    const lines = [];
    const onLine = (line) => {
      lines.push(line);
      console.print(line);
    };
    let succeeded = false;
    try {
      await processes.run(command, args, { env, onLine });
      succeeded = true;
    } finally {
      if (!processes.ending) steps.count(countLine(runner, countTests(lines, succeeded)), succeeded ? [] : failures(lines));
    }
  });
}

/** A console whose lines begin with a word, for steps that run beside others. */
export function tagged(console, word) {
  return { ...console, say: (line) => console.say(`${word} | ${line}`) };
}

/** cargo for the native program, in the target folder of the settings. */
export function cargo({ processes, console, settings }, args, env = {}) {
  return processes.run('cargo', args, { env: { CARGO_TARGET_DIR: settings.target, ...env }, onLine: tagged(console, 'cargo').say });
}

const RELEASE = ['--locked', '--release'];
const ALL = [...RELEASE, '--workspace'];
const FUZZ = [...RELEASE, '--manifest-path', 'fuzz/Cargo.toml'];

async function rustChecks(build) {
  const { steps } = build;
  await steps.step('cargo fmt --check', () => cargo(build, ['fmt', '--all', '--check']));
  await steps.step('cargo clippy', () => cargo(build, ['clippy', ...ALL, '--all-targets', '--', '-D', 'warnings']));
  await steps.step('cargo doc', () => cargo(build, ['doc', ...ALL, '--no-deps'], { RUSTDOCFLAGS: '-D warnings' }));
}

function rustTests(build) {
  return count(build, 'cargo test', 'rust', 'cargo', ['test', ...ALL, '--no-fail-fast'], { CARGO_TARGET_DIR: build.settings.target });
}

/** The program `luke`. */
export async function buildLuke(build) {
  await cargo(build, ['build', ...RELEASE, '--bin', 'luke']);
  return join(build.settings.target, 'release/luke');
}

/** The micro checkpoints as model folders for the browser tests, made by the program itself. */
async function convertFixtures(build) {
  const luke = await buildLuke(build);
  const convert = async (checkpoint, folder, ...options) => {
    const out = join(ROOT, 'tests/browser/.models', folder);
    rmSync(out, { recursive: true, force: true });
    await build.processes.run(luke, ['convert', join(CHECKPOINTS, checkpoint), out, ...options], { onLine: tagged(build.console, 'luke').say });
  };
  for (const name of readdirSync(CHECKPOINTS).sort()) {
    if (existsSync(join(CHECKPOINTS, name, 'model.safetensors'))) await convert(name, name, '--entities', 'full'); // some are a tokenizer only
  }
  await convert('micro-span_cls', 'micro-span_cls-q8', '--dtype', 'q8');
}

function testFiles(folder) {
  return readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.test.mjs')).map((name) => join(folder, name));
}
