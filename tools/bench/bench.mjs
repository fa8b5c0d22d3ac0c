// Benchmarks our package and onnxruntime-web in the same browser with the same weights.
//   node tools/bench/bench.mjs WORK [--rounds N] [--only WORD]... [--model FOLDER=NAME]... [--threads N] [--webgpu] [--long] [--out DIR]
// WORK is the output folder of export_onnx.py. `./build.sh bench` prepares everything and runs this. README.md describes the measurements.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium as playwright } from 'playwright-core';
import { openBrowser } from './browser.mjs';
import { DEFAULT_MODEL, plan } from './plan.mjs';
import { plots } from './plots.mjs';
import { markdown } from './report.mjs';
import { runGroup, runStarts } from './run.mjs';
import { startSite } from './site.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '10' },
    only: { type: 'string', multiple: true, default: [] },
    model: { type: 'string', multiple: true, default: [] },
    threads: { type: 'string', default: '1' },
    webgpu: { type: 'boolean', default: false },
    long: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});
const [rounds, threads] = [Number(options.rounds), Number(options.threads)];
if (positionals.length !== 1 || !(rounds >= 1) || !(threads >= 1)) throw new Error('usage: bench.mjs WORK [--rounds N] [--only WORD] [--model FOLDER=NAME] [--threads N] [--webgpu] [--long] [--out DIR]');
const work = resolve(positionals[0]);
const out = resolve(options.out ?? join(work, 'results'));
const say = (line) => console.error(`    ${line}`);

const models = options.model.length ? options.model.map(parseModel) : readdirSync(join(work, 'models')).map((name) => parseModel(`${join(work, 'models', name)}=${name}`));
const shapes = JSON.parse(readFileSync(join(work, 'inputs.json'), 'utf8'));
const site = await startSite(
  {
    '/': at('page'),
    '/pkg/': at('../../pkg'),
    '/npm/': join(work, 'npm/node_modules'),
    '/onnx/': join(work, 'onnx'),
    '/peers/': work,
    [`/models/${DEFAULT_MODEL}/`]: at(`../../www/models/${DEFAULT_MODEL}`),
    ...Object.fromEntries(models.map(({ name, folder }) => [`/models/${name}/`, folder])),
  },
  { isolated: threads > 1 },
);
const executablePath = process.env.CHROMIUM || ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync) || playwright.executablePath();

try {
  const results = { machine: await machine(), options: { rounds, threads, only: options.only }, groups: [] };
  for (const group of plan({ models, shapes, threads, webgpu: options.webgpu, long: options.long, only: options.only, rounds })) {
    console.error(`==> ${group.title}: ${group.engines.map(({ name }) => name).join(', ')}`);
    results.groups.push(await (group.starts ? runStarts : runGroup)(group, { site, executablePath, say }));
    write(results); // after each group, so that an interrupted run keeps its results
  }
  results.machine.loadAfter = os.loadavg()[0];
  write(results);
  console.log(markdown(results));
  console.error(`==> ${out}: results.json, RESULTS.md and plots`);
} finally {
  site.close();
}

function write(results) {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'results.json'), `${JSON.stringify(results, (_, value) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value), 1)}\n`);
  writeFileSync(join(out, 'RESULTS.md'), markdown(results));
  for (const [name, svg] of Object.entries(plots(results))) writeFileSync(join(out, `${name}.svg`), svg);
}

/** Reads the description of one of our models from `FOLDER=NAME`. */
function parseModel(text) {
  const [folder, name] = text.split('=');
  if (!name) throw new Error(`--model ${text}: want FOLDER=NAME`);
  const { dtype, heads, config } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  return { name, folder: resolve(folder), dtype, tasks: Object.keys(heads), layers: config.num_hidden_layers };
}

/** Describes the machine and the software versions. */
async function machine() {
  const browser = await openBrowser(site, executablePath);
  const chromium = await browser.version();
  await browser.close();
  const version = (name) => JSON.parse(readFileSync(join(work, 'npm/node_modules', name, 'package.json'), 'utf8')).version;
  const git = (...args) => execFileSync('git', args, { cwd: at('.'), encoding: 'utf8' }).trim();
  return {
    cpu: os.cpus()[0].model,
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    chromium,
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') ? ', changed' : ''),
    wasmBytes: { cpu: statSync(at('../../pkg/wasm/cpu/luke_web_bg.wasm')).size, webgpu: statSync(at('../../pkg/wasm/webgpu/luke_web_bg.wasm')).size },
    onnxruntimeWeb: version('onnxruntime-web'),
    transformersJs: version('@huggingface/transformers'),
    date: new Date().toISOString().slice(0, 10),
    loadBefore: os.loadavg()[0],
  };
}
