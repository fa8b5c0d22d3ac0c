// The steps of a build: each has a name, is timed, says every half minute that it still runs, and stands in the table at
// the end. Steps may run beside each other; when one fails without which the rest makes no sense, the others are ended.
import { performance } from 'node:perf_hooks';
import { Ended } from './processes.mjs';

/** The build cannot go on, for a reason that its user can change. The message is for the user. */
export class BuildError extends Error {
  name = 'BuildError';
}

/** A step failed without which the rest makes no sense. It has been reported. */
export class StepFailed extends Error {
  constructor(name) {
    super(`${name} failed`);
    this.name = 'StepFailed';
  }
}

/** What can be written to for people: the steps as they go, and the results at the end. */
export const CONSOLE = { say: (line) => process.stderr.write(`${line}\n`), print: (line) => process.stdout.write(`${line}\n`) };

export class Steps {
  /** Steps that failed. */
  failed = 0;
  #console;
  #processes;
  #tickMs;
  #started = performance.now();
  #running = new Map();
  #rows = [];
  #counts = [];
  #ticker;

  constructor(processes, { console = CONSOLE, tickMs = 30_000 } = {}) {
    this.#processes = processes;
    this.#console = console;
    this.#tickMs = tickMs;
  }

  /** Runs a step. A failure is said and counted, and the build goes on. Resolves to whether the step succeeded. */
  async step(name, work) {
    if (this.#processes.ending) throw new Ended(name);
    const started = performance.now();
    this.#console.say(`\x1b[1m==>\x1b[0m ${name}`);
    this.#running.set(name, started);
    this.#ticker ??= setInterval(() => this.#tick(), this.#tickMs);
    let result = 'ok';
    try {
      await work();
    } catch (error) {
      result = error instanceof Ended ? 'ended' : 'FAILED';
      if (result === 'FAILED') {
        this.failed += 1;
        this.#console.say(`${name}: ${error instanceof StepFailed ? error.message : (error?.message ?? error)}`);
      }
    }
    this.#running.delete(name);
    if (this.#running.size === 0) {
      clearInterval(this.#ticker);
      this.#ticker = undefined;
    }
    this.#rows.push(`${name.padEnd(46)} ${seconds(started).padStart(6)} s  ${result}`);
    return result === 'ok';
  }

  /** Runs a step without which the rest makes no sense: rejects with `StepFailed` when it fails. */
  async must(name, work) {
    if (!(await this.step(name, work))) throw new StepFailed(name);
  }

  /**
   * Runs several pieces of work beside each other. When one of them rejects, the programs of the others are ended and waited
   * for, and this rejects with the first error.
   */
  async together(...works) {
    let first;
    const running = works.map(async (work) => {
      try {
        await work();
      } catch (error) {
        first ??= { error };
        await this.#processes.endAll();
      }
    });
    await Promise.all(running);
    if (first) throw first.error;
  }

  /** Keeps a line about a test runner, and what it said of its failures, for the report. */
  count(line, failures = []) {
    this.#counts.push({ line, failures });
  }

  /** Prints the table of steps and one line for each test runner. */
  report() {
    const { print } = this.#console;
    print(`\n${'step'.padEnd(46)} seconds`);
    for (const row of this.#rows) print(row);
    print(`${'total'.padEnd(46)} ${seconds(this.#started).padStart(6)} s\n`);
    for (const { line, failures } of this.#counts) {
      for (const failure of failures) print(`    ${failure}`);
      print(line);
    }
    if (this.failed > 0) print(`${this.failed} step(s) FAILED`);
  }

  #tick() {
    const now = [...this.#running].map(([name, started]) => `${name}: ${seconds(started)} s`);
    this.#console.say(`    ... ${now.join('; ')}`);
  }
}

/** Runs pieces of work one after the other, in the order in which they were added. */
export class Queue {
  #last = Promise.resolve();

  /** Adds work. Resolves and rejects as the work does; work that rejects does not stop what comes after it. */
  add(work) {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }
}

function seconds(since) {
  return ((performance.now() - since) / 1000).toFixed(0);
}
