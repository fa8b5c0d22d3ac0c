// Runs programs, each in a process group of its own, so that it can be ended together with the programs it has started.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ROOT } from './settings.mjs';

/** How long the output of a program may stay open after its end: a program it has left behind may hold it. */
const FLUSH_MS = 1_000;

/** A program failed, could not be started, or was ended by a signal. */
export class CommandFailed extends Error {
  constructor(command, how) {
    super(`${command}: ${how}`);
    this.name = 'CommandFailed';
  }
}

/** A program was ended because the whole build ends. */
export class Ended extends Error {
  constructor(command) {
    super(`${command}: was ended`);
    this.name = 'Ended';
  }
}

/** All programs that the build has started and that still run. */
export class Processes {
  #running = new Map();
  /** Whether all programs are being ended, or have been. */
  ending = false;
  #patienceMs;

  /** A program has `patienceMs` to end after SIGTERM, before SIGKILL. */
  constructor(patienceMs = 5_000) {
    this.#patienceMs = patienceMs;
  }

  /** The process ids of what runs. */
  get pids() {
    return [...this.#running.keys()].map(({ pid }) => pid);
  }

  /**
   * Runs a program in the repository's folder and gives what it wrote to its standard output.
   * `onLine` is told every line of its output and of its errors; without it both go where ours go.
   * With `terminal` the program shares our process group: sudo can then ask for a password.
   *
   * Rejects with `CommandFailed` when the program fails, or takes longer than `seconds`; with `Ended` after `endAll`.
   */
  async run(command, args = [], { env = {}, cwd = ROOT, onLine, seconds, terminal = false } = {}) {
    if (this.ending) throw new Ended(command);
    const stdio = onLine ? ['ignore', 'pipe', 'pipe'] : terminal ? 'inherit' : ['ignore', 'inherit', 'inherit'];
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio, detached: !terminal });
    const output = [];
    if (onLine) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        output.push(line);
        onLine(line);
      });
      createInterface({ input: child.stderr }).on('line', onLine);
    }
    let late = false;
    const timer = seconds && setTimeout(() => {
      late = true;
      void this.#end(child, terminal);
    }, seconds * 1000);
    const closed = new Promise((resolve) => child.once('close', resolve));
    const exited = new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new CommandFailed(command, error.code === 'ENOENT' ? 'there is no such program' : error.message)));
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    this.#running.set(child, { terminal, exited: exited.catch(() => {}) });
    try {
      const { code, signal } = await exited;
      await within(FLUSH_MS, closed);
      if (code === 0 && !late) return output.join('\n');
      signalGroup(child, 'SIGKILL', terminal);
      if (this.ending) throw new Ended(command);
      throw new CommandFailed(command, late ? `took more than ${seconds} s` : signal ? `was ended by ${signal}` : `failed with status ${code}`);
    } finally {
      clearTimeout(timer);
      child.stdout?.destroy();
      child.stderr?.destroy();
      this.#running.delete(child);
    }
  }

  /** The standard output of a program that says little; nothing where it fails or is not there. */
  async ask(command, args = [], env = {}) {
    return this.run(command, args, { env, onLine: () => {} }).catch((error) => {
      if (error instanceof Ended) throw error;
      return undefined;
    });
  }

  /** Ends every program and what it has started, and waits for that. No program can be started after it. */
  async endAll() {
    this.ending = true;
    await Promise.all([...this.#running].map(([child, { terminal }]) => this.#end(child, terminal)));
  }

  /** For the very end of our process, when nothing can be waited for. */
  killAll() {
    this.ending = true;
    for (const [child, { terminal }] of this.#running) signalGroup(child, 'SIGKILL', terminal);
  }

  async #end(child, terminal) {
    signalGroup(child, 'SIGTERM', terminal);
    await within(this.#patienceMs, this.#running.get(child)?.exited);
    signalGroup(child, 'SIGKILL', terminal); // what did not end, or was left behind in the group
    await this.#running.get(child)?.exited;
  }
}

function signalGroup({ pid }, signal, terminal) {
  if (pid === undefined) return; // it was never started
  try {
    process.kill(terminal ? pid : -pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error; // it has ended already, or it is root's (sudo)
  }
}

/** Waits for `work`, but no longer than so many milliseconds. */
async function within(milliseconds, work) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([work, late]);
  clearTimeout(timer);
}
