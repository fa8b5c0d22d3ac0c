// Runs the steps of the GPU day, each as a program of its own with a time limit, and writes what they find.
//   node tools/gpu/day.mjs [--quick] [--out FOLDER] [WORD...]     runs only steps whose name begins with one of the words, and `env`
// FOLDER/day.jsonl has a line for each figure as soon as it is known, FOLDER/report.md the tables, FOLDER/logs/ what the steps printed.
import { spawn } from 'node:child_process';
import { appendFileSync, createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { candidates, carriedLoader, chooseDriver, probe } from './drivers.mjs';
import { planOf } from './plan.mjs';
import { labelOf, markdown, parseTests } from './report.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { values, positionals } = parseArgs({ allowPositionals: true, options: { quick: { type: 'boolean', default: false }, out: { type: 'string' } } });
const out = resolve(values.out ?? process.env.OUT ?? `gpu-day-${new Date().toISOString().slice(0, 16).replace(/[:T]/g, '-')}`);
const file = join(out, 'day.jsonl');
mkdirSync(join(out, 'logs'), { recursive: true });
const work = mkdtempSync(join(os.tmpdir(), 'luke-gpu-day-'));
const lines = [];
let running;
const { env, tried } = findDriver();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop(1));
const plan = planOf({ quick: values.quick, only: positionals });
keepLines();
record('day', { kind: 'drivers', tried });

for (const step of plan) await run(step);
finish();

/** Keeps the figures of an earlier run into the same folder, but those of steps that run again. */
function keepLines() {
  const again = new Set(['day', ...plan.map(({ name }) => name)]);
  if (existsSync(file)) lines.push(...readLines().filter(({ step }) => !again.has(step)));
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

function readLines() {
  return readFileSync(file, 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

function finish() {
  rmSync(work, { recursive: true, force: true });
  writeReport();
  const failed = lines.filter(({ kind, ok }) => kind === 'end' && !ok).map(({ step }) => step);
  console.log(`${failed.length ? `failed: ${failed.join(', ')}` : 'all steps ended well'}\n${join(out, 'report.md')}`);
  process.exit(failed.length ? 1 : 0);
}

/** The environment in which the steps find the driver, and what was tried for it. */
function findDriver() {
  const loader = carriedLoader(at('../..'));
  const base = { ...process.env, ...(loader && { LD_LIBRARY_PATH: [process.env.LD_LIBRARY_PATH, loader].filter(Boolean).join(':') }), PYTHONUNBUFFERED: '1' };
  const { tried, ...chosen } = chooseDriver(candidates(base, work), (env) => probe({ ...base, ...env }));
  for (const { driver, name, problem } of tried) console.log(`driver ${driver}: ${name ?? problem}`);
  return { env: { ...base, ...chosen.env }, tried };
}

/** Ends the step that runs, and keeps what is known. */
function stop() {
  kill(running);
  record('day', { kind: 'end', ok: false, seconds: 0, reason: 'stopped' });
  finish();
}

/** Runs one step. */
async function run(step) {
  const { name, minutes } = step;
  console.log(`==> ${name} (at most ${minutes} min)`);
  const started = performance.now();
  const child = (running = start(step));
  const log = createWriteStream(join(out, 'logs', `${name.replaceAll(' ', '-')}.log`));
  const printed = [];
  child.stderr.pipe(log, { end: false });
  const reading = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      log.write(`${line}\n`);
      if (line.startsWith('{')) record(name, JSON.parse(line));
      else printed.push(line);
    }
  })();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    kill(child);
  }, minutes * 60_000);
  const [code, problem] = await new Promise((resolve) => child.once('error', (error) => resolve([1, error.message])).once('close', (code, signal) => resolve([code ?? 1, signal])));
  clearTimeout(timer);
  await reading.catch((error) => printed.push(String(error)));
  log.end();
  if (step.tests) record(name, { kind: 'tests', ...parseTests(printed) });
  const reason = isLate ? `it took more than ${minutes} min` : code !== 0 ? (problem ?? `it ended with the code ${code}`) : undefined;
  record(name, { kind: 'end', ok: code === 0 && !isLate, seconds: (performance.now() - started) / 1000, reason });
  console.log(`    ${code === 0 ? 'ok' : `FAILED: ${reason}`}, ${((performance.now() - started) / 1000).toFixed(1)} s`);
  writeReport(); // after each step, so that an interrupted day keeps its report
}

function start({ program, tests, python, options }) {
  const stdio = ['ignore', 'pipe', 'pipe'];
  const how = { env, stdio, detached: true }; // a group of its own, so that all of it can be ended
  const argument = JSON.stringify({ options, work });
  if (tests) return spawn(process.execPath, [at('../../tests/webgpu/run.mjs'), ...tests], how);
  if (python) return spawn('python3', [at(python), argument], how);
  return spawn(process.execPath, ['--expose-gc', at(program), argument], how);
}

/** Ends a step and what it has started. */
function kill(child) {
  try {
    if (child?.pid) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Writes a figure with the device that gave it. */
function record(step, line) {
  const found = line.kind === 'environment' ? line : lines.findLast(({ kind }) => kind === 'environment');
  const entry = { step, ...(found && labelOf(found)), ...line };
  lines.push(entry);
  appendFileSync(file, `${JSON.stringify(entry)}\n`);
}

function writeReport() {
  writeFileSync(join(out, 'report.md'), markdown(lines, { quick: values.quick }));
}
