// What the rounds say. Rounds of two engines are pairs: noise that lasts longer than a round falls out of their ratio.

/** The middle value, or the mean of the two in the middle. */
export function median(values) {
  if (!values.length) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The median with an interval that holds the true one, whatever the distribution: the narrowest pair of order statistics
 * with a confidence of 95 %, or smallest and largest where there are too few values for that.
 */
export function medianInterval(values, wanted = 0.95) {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  let outside = 0; // values cut off at each end
  while (2 * (outside + 1) < n && confidence(n, outside + 1) >= wanted) outside += 1;
  return { median: median(sorted), low: sorted[outside], high: sorted[n - 1 - outside], confidence: confidence(n, outside), rounds: n };
}

/** `medianInterval` of a[i] / b[i]. */
export function pairedRatio(a, b) {
  if (a.length !== b.length) throw new Error(`${a.length} rounds against ${b.length}`);
  return medianInterval(a.map((value, i) => value / b[i]));
}

/** The largest difference between two lists; infinite where one is shorter or has no number. */
export function maxDifference(a, b) {
  if (a.length !== b.length) return Infinity;
  return b.reduce((worst, value, i) => {
    const difference = Math.abs(a[i] - value);
    return Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
  }, 0);
}

/** The chance that the median lies between the values that remain when `outside` are cut off at each end of `n`. */
function confidence(n, outside) {
  let term = 0.5 ** n; // of k = 0
  let tail = 0;
  for (let k = 0; k <= outside; k++) {
    tail += term;
    term *= (n - k) / (k + 1);
  }
  return Math.max(0, 1 - 2 * tail);
}
