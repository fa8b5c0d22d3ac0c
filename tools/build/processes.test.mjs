import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { CommandFailed, Ended, Processes } from './processes.mjs';

const quiet = () => {};

test('a program gives its output, and every line of it and of its errors is told', async () => {
  const lines = [];
  const output = await new Processes().run('sh', ['-c', 'echo one; echo two >&2; echo three'], { onLine: (line) => lines.push(line) });
  assert.equal(output, 'one\nthree');
  assert.deepEqual(lines.sort(), ['one', 'three', 'two']);
});

test('a program that fails, is not there, or takes too long rejects and says which', async () => {
  const processes = new Processes();
  await assert.rejects(processes.run('sh', ['-c', 'exit 3'], { onLine: quiet }), { name: 'CommandFailed', message: 'sh: failed with status 3' });
  await assert.rejects(processes.run('no-such-program', [], { onLine: quiet }), { message: 'no-such-program: there is no such program' });
  await assert.rejects(processes.run('sleep', ['100'], { onLine: quiet, seconds: 0.1 }), { message: 'sleep: took more than 0.1 s' });
  assert.equal(await processes.ask('no-such-program'), undefined);
});

test('a program that somebody else kills fails its waiter', async () => {
  const processes = new Processes();
  const pid = started(processes, 'echo $$; exec sleep 100');
  process.kill(await pid.value, 'SIGKILL');
  await assert.rejects(pid.result, (error) => error instanceof CommandFailed && /SIGKILL/.test(error.message));
});

test('a killed program whose child goes on fails its waiter too, and the child is ended', async () => {
  const processes = new Processes();
  const child = started(processes, 'sleep 100 & echo $!; wait');
  const pid = await child.value;
  process.kill(processes.pids[0], 'SIGKILL');
  await assert.rejects(child.result, CommandFailed);
  await gone(pid);
});

test('endAll ends programs, their children, and those that do not listen; then nothing more is started', async () => {
  const processes = new Processes(100);
  const polite = started(processes, 'sleep 100 & echo $!; wait');
  const deaf = started(processes, 'trap "" TERM; echo $$; while :; do sleep 1; done');
  const pids = [await polite.value, await deaf.value];
  await processes.endAll();
  await assert.rejects(polite.result, Ended);
  await assert.rejects(deaf.result, Ended);
  for (const pid of pids) await gone(pid);
  await assert.rejects(processes.run('true'), Ended);
});

/** A shell whose first line of output is a process id: of itself or of its child. */
function started(processes, script) {
  let tell;
  const value = new Promise((resolve) => (tell = resolve));
  const result = processes.run('sh', ['-c', script], { onLine: (line) => tell(Number(line)) });
  result.catch(() => {});
  return { value, result };
}

/** Waits until a process is no more; one that nobody has waited for yet is a zombie, which signals still reach. */
async function gone(pid) {
  for (let i = 0; i < 100; i += 1) {
    const stat = `/proc/${pid}/stat`;
    try {
      process.kill(pid, 0);
      if (existsSync(stat) && / Z /.test(readFileSync(stat, 'utf8'))) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`process ${pid} still runs`);
}
