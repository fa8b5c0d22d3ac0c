// Runs tests one by one and prints a line for each, for the scripts that are no tests of node:test: those in browsers, in Dawn and of packages.

import { performance } from 'node:perf_hooks';
import { totals } from '../tools/build/counts.mjs';

/** The results of a run. */
export class Report {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** Runs one test, which fails after `timeoutMs`. If `body` resolves to a string, it is printed beside the time. */
  async test(name, body, timeoutMs) {
    const started = performance.now();
    const ms = () => Math.round(performance.now() - started);
    try {
      const note = await (timeoutMs === undefined ? body() : within(body(), timeoutMs));
      this.passed += 1;
      console.log(`ok     ${name} (${ms()} ms${typeof note === 'string' ? `: ${note}` : ''})`);
    } catch (error) {
      this.failed += 1;
      console.log(`FAILED ${name} (${ms()} ms)\n    ${String(error.stack ?? error).replaceAll('\n', '\n    ')}`);
    }
  }

  /** Says that a test cannot run here, and why. */
  skip(name, reason) {
    this.skipped += 1;
    console.log(`skipped ${name}: ${reason}`);
  }

  /** Prints the counts, which tools/build/counts.mjs reads. Returns the exit code: 1 if a test has failed, or none has run. */
  end() {
    console.log(totals(this));
    return this.failed || !this.passed ? 1 : 0;
  }
}

async function within(work, ms) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(reject, ms, new Error(`took more than ${ms} ms`))));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
