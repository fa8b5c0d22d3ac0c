// `bench`: brings the peers and the models of the benchmark, and runs tools/bench.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PEERS } from './settings.mjs';
import { BuildError } from './steps.mjs';
import { buildLuke, buildWasm, needTools, pkg } from './commands.mjs';

/** Of our model folders. */
const DTYPES = ['f32', 'q8'];
const REQUIREMENTS = 'tools/bench/requirements.txt';

export async function bench(build, args) {
  const { steps, settings, toolchain, processes, console } = build;
  const folder = join(settings.cache, 'bench'); // 6 GB of tools and 3 GB of models
  const late = await needTools(build, ['wasmRust', 'wasmStd', 'browser', 'python'], ['wasmBindgen', 'binaryen']);
  await buildWasm(build, late);
  await pkg(build);
  mkdirSync(join(folder, 'models'), { recursive: true });
  const run = (command, commandArgs, env) => processes.run(command, commandArgs, { env, onLine: console.say });
  const python = join(folder, 'venv/bin/python');

  await steps.must('peers from npm', () => kept(settings, join(folder, 'npm.done'), PEERS.join(' '), 'npm packages of the peers', () =>
    run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', join(folder, 'npm'), ...PEERS])));
  await steps.must('Python with PyTorch (3 GB)', () => kept(settings, join(folder, 'venv.done'), readFileSync(REQUIREMENTS, 'utf8'), 'Python packages', async () => {
    rmSync(join(folder, 'venv'), { recursive: true, force: true });
    await run('python3', ['-m', 'venv', join(folder, 'venv')]);
    await run(join(folder, 'venv/bin/pip'), ['install', '--quiet', '-r', REQUIREMENTS]);
  }));
  await steps.must('models and ONNX files (3 min)', async () => {
    await run(python, ['tools/bench/export_onnx.py', folder]);
    const luke = await buildLuke(build);
    for (const dtype of DTYPES) {
      const model = join(folder, 'models', dtype);
      const manifest = join(model, 'manifest.json');
      if (existsSync(manifest) && statSync(manifest).mtimeMs > statSync(luke).mtimeMs) continue;
      await run(luke, ['convert', join(folder, 'checkpoints/base'), model, '--dtype', dtype, '--name', `luke-base-random-${dtype}`]);
    }
  });
  await steps.step('benchmark', () => run(process.execPath, ['tools/bench/bench.mjs', folder, ...args], { CHROMIUM: toolchain.chromium }));
}

/** Does the work unless the stamp says that it was done with the same wish. */
export async function kept(settings, stamp, wanted, what, work) {
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === wanted.trim()) return;
  if (!settings.mayInstall) throw new BuildError(`missing: ${what}`);
  await work();
  writeFileSync(stamp, `${wanted}\n`);
}
