// Statistics of measured times.

/** A list of times in short. All are 0 if there is none. */
export interface Summary {
  median: number;
  min: number;
  max: number;
  count: number;
}

/** The value below which the share `p` (0 to 1) of the values lies, interpolated between neighbors. NaN without values. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = p * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low === undefined || high === undefined ? NaN : low + (high - low) * (at - Math.floor(at));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function summary(values: readonly number[]): Summary {
  if (values.length === 0) return { median: 0, min: 0, max: 0, count: 0 };
  return { median: rounded(median(values)), min: rounded(Math.min(...values)), max: rounded(Math.max(...values)), count: values.length };
}

/** Three decimals: a thousandth of a millisecond is less than any clock here can tell. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** The largest difference between two lists of numbers. Infinity if their lengths differ or a difference is not a number. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < a.length; i += 1) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Infinity : difference;
  }
  return largest;
}
