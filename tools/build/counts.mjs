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

/** `N passed, M failed`, and the skipped ones where there are any. */
export function totals({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
}

/** `RUNNER: ` and the totals. */
export function countLine(runner, counts) {
  return `${runner}: ${totals(counts)}`;
}
