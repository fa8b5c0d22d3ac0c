import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newStatus } from './dev-server.mjs';
import { Processes } from './processes.mjs';
import { firstPage, otherModules } from './run.mjs';
import { Steps } from './steps.mjs';

/** A build that does nothing but note what it was asked for, in order. `packed` are up to date; `broken` fail. */
function fakeBuild({ packed = [], broken = [], mayInstall = true } = {}) {
  const [done, said] = [[], []];
  const note = (what) => async () => {
    done.push(what);
    if (broken.includes(what)) throw new Error(`${what} is broken`);
  };
  const console = { say: (line) => said.push(line), print: (line) => said.push(line) };
  const build = {
    console,
    settings: { mayInstall },
    steps: new Steps(new Processes(), { console }),
    toolchain: { need: (...names) => note(`need ${names.join(' ')}`)() },
    npm: { npmCi: note('npm ci'), compile: (workspace) => note(`tsc ${workspace}`)(), model: note('luke-mini-en'), documents: note('documents') },
    wasm: {
      compile: (name) => note(`compile ${name}`)(),
      pack: (name) => note(`pack ${name}`)(),
      isPacked: async (name) => packed.includes(name),
    },
  };
  return { build, done, said, status: newStatus() };
}

test('the first page: tools, packages and the CPU module, without any other module', async () => {
  const { build, done, status } = fakeBuild();
  await firstPage(build, status);
  assert.deepEqual(done.slice(0, 1), ['need wasmRust wasmStd']);
  assert.deepEqual(done.slice(1, -1).sort(), ['compile cpu', 'documents', 'luke-mini-en', 'need wasmBindgen binaryen', 'npm ci', 'tsc pkg', 'tsc www']);
  assert.deepEqual(done.slice(-1), ['pack cpu']);
  assert.deepEqual(status, { cpu: 'ready', relaxed: 'building', threads: 'building', webgpu: 'building' });
});

test('behind it: the other modules, in the order of what the page gains for the time', async () => {
  const { build, done, said, status } = fakeBuild();
  await firstPage(build, status);
  done.length = 0;
  await otherModules(build, status);
  const of = (word) => done.filter((what) => what.startsWith(word));
  assert.deepEqual(of('compile'), ['compile relaxed', 'compile threads', 'compile webgpu']);
  assert.deepEqual(of('pack'), ['pack relaxed', 'pack threads', 'pack webgpu']);
  assert.equal(done.at(-1), 'tsc www');
  assert.deepEqual(status, { cpu: 'ready', relaxed: 'ready', threads: 'ready', webgpu: 'ready' });
  assert.ok(said.includes('The module for WebGPU is ready: the page takes it when it is loaded again.'));
});

test('a second run has every module at once and makes none', async () => {
  const { build, done, status } = fakeBuild({ packed: ['cpu', 'relaxed', 'threads', 'webgpu'] });
  await firstPage(build, status);
  assert.deepEqual(status, { cpu: 'ready', relaxed: 'ready', threads: 'ready', webgpu: 'ready' });
  assert.equal(done.at(-1), 'pack cpu');
  done.length = 0;
  await otherModules(build, status);
  assert.deepEqual(done, []);
});

test('a module that fails is told, and the others are made', async () => {
  const { build, done, said, status } = fakeBuild({ broken: ['compile threads', 'pack webgpu'] });
  await firstPage(build, status);
  await otherModules(build, status);
  assert.deepEqual(status, { cpu: 'ready', relaxed: 'ready', threads: 'failed', webgpu: 'failed' });
  assert.ok(said.includes('The module for CPU with threads could not be built: the page works without it.'));
  assert.ok(!done.includes('pack threads'));
  assert.equal(build.steps.failed, 2);
});

test('without the CPU module there is no page', async () => {
  const { build, status } = fakeBuild({ broken: ['compile cpu'] });
  await assert.rejects(firstPage(build, status), { message: 'compile wasm, CPU (first time 5 min) failed' });
  assert.equal(status.cpu, 'building');
});

test('where nothing may be installed, all tools are asked for before anything is built', async () => {
  const { build, done, status } = fakeBuild({ mayInstall: false });
  await firstPage(build, status);
  assert.equal(done[0], 'need wasmRust wasmStd wasmBindgen binaryen');
});
