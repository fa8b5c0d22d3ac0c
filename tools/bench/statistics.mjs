// Statistics of the rounds. The two times of a round form a pair, so noise that lasts longer than a round cancels in their ratio.

/** The middle value, or the mean of the two middle values. */
export function median(values) {
  if (!values.length) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The median with a confidence interval for any distribution: the narrowest pair of order statistics with a confidence of 95 %, or the
 * smallest and largest value if there are too few values.
 */
export function medianInterval(values, target = 0.95) {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  let outside = 0; // values left out at each end
  while (2 * (outside + 1) < n && confidence(n, outside + 1) >= target) outside += 1;
  return { median: median(sorted), low: sorted[outside], high: sorted[n - 1 - outside], confidence: confidence(n, outside), rounds: n };
}

/** `medianInterval` of a[i] / b[i]. */
export function pairedRatio(a, b) {
  if (a.length !== b.length) throw new Error(`${a.length} rounds against ${b.length}`);
  return medianInterval(a.map((value, i) => value / b[i]));
}

/** The largest difference between two lists. It is infinite if the lengths differ or a value is NaN. */
export function maxDifference(a, b) {
  if (a.length !== b.length) return Infinity;
  return b.reduce((worst, value, i) => {
    const difference = Math.abs(a[i] - value);
    return Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }, 0);
}

/** The probability that the median lies within the values that remain of `n` if `outside` are left out at each end. */
function confidence(n, outside) {
  let term = 0.5 ** n; // of k = 0
  let tail = 0;
  for (let k = 0; k <= outside; k++) {
    tail += term;
    term *= (n - k) / (k + 1);
  }
  return Math.max(0, 1 - 2 * tail);
}
