// How many tests passed, from what a test runner printed.

/** Lines with totals: cargo test, node --test (TAP and its own), and plain runners of ours. */
const CARGO = /^test result: \S+ (\d+) passed; (\d+) failed; (\d+) ignored/;
const NODE = /^(?:#|ℹ) (pass|fail|skipped) (\d+)$/;
const PLAIN = /^(?:[a-z-]+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/;
const COLORS = /\x1b\[[0-9;]*m/g;

/** Counts from the lines of a runner's output. A runner that failed without a failed test counts as one: it crashed. */
export function countTests(lines, succeeded) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const add = (passed, failed, skipped = 0) => {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
    counts.skipped += Number(skipped);
  };
  for (const colored of lines) {
    const line = colored.replace(COLORS, '');
    const cargo = CARGO.exec(line);
    const node = NODE.exec(line);
    const plain = PLAIN.exec(line);
    if (cargo) add(...cargo.slice(1));
    else if (node) counts[{ pass: 'passed', fail: 'failed', skipped: 'skipped' }[node[1]]] += Number(node[2]);
    else if (plain) add(...plain.slice(1));
  }
  if (!succeeded && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** A line that begins the report of a failed test: of cargo test, node --test, tests/report.mjs, and a process that was ended. */
const FAILURE = /^(?:test .* FAILED$|thread '.*panicked at|not ok |✖ |FAILED |error: |still running after |\d+ bytes were asked for|memory allocation of |.*\(signal: \d+)/;

/** Lines that stay below such a line, and in all. */
const [BELOW, MOST, WIDTH] = [15, 60, 500];

/** What a runner that failed said of it, for the end of the report: the failed tests with some lines each, else its last lines. */
export function failures(lines) {
  const plain = lines.map((line) => line.replace(COLORS, '').slice(0, WIDTH));
  const kept = new Set();
  plain.forEach((line, at) => {
    if (!FAILURE.test(line)) return;
    for (let below = at; below <= at + BELOW && below < plain.length; below++) kept.add(below);
  });
  if (kept.size === 0) return plain.slice(-BELOW);
  return [...kept].slice(-MOST).map((at) => plain[at]);
}

/** `N passed, M failed`, and the skipped ones where there are any. */
export function totals({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
}

/** `RUNNER: ` and the totals. */
export function countLine(runner, counts) {
  return `${runner}: ${totals(counts)}`;
}
