// Losses that are listed once with their number, not one by one.
import type { Loss } from './format.js';

/** In the reason, `#` stands for the count. A loss with the count 0 is not listed. */
export function countedLosses(counts: Iterable<readonly [kind: string, count: number, reason: string]>): Loss[] {
  return [...counts].filter(([, count]) => count > 0).map(([kind, count, reason]) => ({ kind, reason: reason.replace('#', String(count)) }));
}
