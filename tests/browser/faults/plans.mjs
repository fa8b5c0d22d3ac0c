// Which request gets which fault: faults are planned by path, and each file has a count of its own.

export class Plans {
  #plans = [];

  /**
   * `pattern` is a regular expression, or the end of the path. `when` says which requests for a file get the fault: `once`, `twice`,
   * `always`, a number of them, or `from N`, which are the Nth and all that follow.
   */
  add(pattern, fault, when = 'once') {
    this.#plans.push({ matches: matcher(pattern), fault, ...bounds(when), seen: new Map() });
  }

  /** The fault of the next request for `path` on `origin`; the plan that was made first wins. */
  take(path, origin) {
    for (const { matches, fault, first, last, seen } of this.#plans) {
      if ((fault.on ?? 'main') !== origin || !matches(path)) continue;
      const count = (seen.get(path) ?? 0) + 1;
      seen.set(path, count);
      if (count >= first && count <= last) return fault;
    }
    return undefined;
  }

  clear() {
    this.#plans = [];
  }
}

/** Whether a path fits: a regular expression, or the path's end. */
export function matcher(pattern) {
  return pattern instanceof RegExp ? (path) => pattern.test(path) : (path) => path.endsWith(pattern);
}

function bounds(when) {
  if (Number.isInteger(when) && when > 0) return { first: 1, last: when };
  const from = /^from (\d+)$/.exec(when);
  if (from) return { first: Number(from[1]), last: Infinity };
  const last = { once: 1, twice: 2, always: Infinity }[when];
  if (last === undefined) throw new Error(`unknown count of a fault: ${when}`);
  return { first: 1, last };
}
