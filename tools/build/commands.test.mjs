import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildWasm, count, needTools } from './commands.mjs';
import { Processes } from './processes.mjs';
import { Steps } from './steps.mjs';

/** A build that writes to arrays, with `wasm` as its way to make modules. */
function fakeBuild(wasm = {}) {
  const [said, printed] = [[], []];
  const console = { say: (line) => said.push(line), print: (line) => printed.push(line) };
  const processes = new Processes();
  return { console, processes, wasm, steps: new Steps(processes, { console }), said, printed };
}

const nothing = async () => {};
const sleep = (processes) => processes.run('sleep', ['100'], { onLine: () => {} });

test('modules are compiled one after the other, and packed beside the next compilation', async () => {
  const events = [];
  const during = (what) => async (name) => {
    events.push(`${what} ${name}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    events.push(`${what} ${name} done`);
  };
  await buildWasm(fakeBuild({ compile: during('compile'), pack: during('pack') }), async () => events.push('tools'));
  const order = ['webgpu', 'cpu', 'relaxed', 'threads'];
  assert.deepEqual(events.filter((event) => event.startsWith('compile')), order.flatMap((name) => [`compile ${name}`, `compile ${name} done`]));
  assert.deepEqual(events.filter((event) => event.startsWith('pack')), order.flatMap((name) => [`pack ${name}`, `pack ${name} done`]));
  assert.ok(events.indexOf('pack webgpu') < events.indexOf('compile cpu done'));
  assert.ok(events.indexOf('tools') < events.indexOf('pack webgpu'));
});

test('a compilation that fails ends the packing in the background', async () => {
  const build = fakeBuild();
  const started = Date.now();
  build.wasm.pack = () => sleep(build.processes);
  build.wasm.compile = async (name) => {
    if (name === 'webgpu') return;
    while (build.processes.pids.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    throw new Error('it does not compile');
  };
  await assert.rejects(buildWasm(build, nothing), { message: 'compile wasm, CPU (first time 5 min) failed' });
  assert.deepEqual(build.processes.pids, []);
  assert.ok(Date.now() - started < 30_000);
  assert.ok(build.said.includes('compile wasm, CPU (first time 5 min): it does not compile'));
});

test('packing that somebody kills fails the build instead of being waited for for ever', async () => {
  const build = fakeBuild();
  build.wasm.compile = nothing;
  build.wasm.pack = async () => {
    const packing = sleep(build.processes);
    process.kill(build.processes.pids[0], 'SIGKILL');
    await packing;
  };
  await assert.rejects(buildWasm(build, nothing), { message: 'pack wasm, WebGPU failed' });
});

test('a test runner is counted, whether it succeeds, fails or crashes', async () => {
  const build = fakeBuild();
  assert.equal(await count(build, 'good', 'good', 'sh', ['-c', 'echo 3 passed, 0 failed']), true);
  assert.equal(await count(build, 'bad', 'bad', 'sh', ['-c', 'echo FAILED one; echo 3 passed, 2 failed; exit 1']), false);
  assert.equal(await count(build, 'crash', 'crash', 'sh', ['-c', 'kill -9 $$']), false);
  build.steps.report();
  const last = ['good: 3 passed, 0 failed', '    FAILED one', '    3 passed, 2 failed', 'bad: 3 passed, 2 failed', 'crash: 0 passed, 1 failed', '2 step(s) FAILED'];
  assert.deepEqual(build.printed.slice(-last.length), last);
  assert.ok(build.printed.includes('3 passed, 2 failed'), 'its output is shown');
});

test('late tools are brought once, beside other steps; where nothing may be installed all are asked for at once', async () => {
  for (const [mayInstall, expected] of [[true, [['early'], ['late']]], [false, [['early', 'late'], ['late']]]]) {
    const asked = [];
    const toolchain = { need: async (...names) => asked.push(names) };
    const tools = await needTools({ ...fakeBuild(), toolchain, settings: { mayInstall } }, ['early'], ['late']);
    await Promise.all([tools(), tools()]);
    assert.deepEqual(asked, expected);
  }
});
