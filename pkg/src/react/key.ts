// Compares the arguments of a hook by their contents: an object that a component writes anew in each render is no change.

let objects = 0;
const ids = new WeakMap<object, number>();

/**
 * A text that is equal for equal arguments. Functions are not compared: a component often makes them anew in each render, and a model
 * must not be loaded anew for that.
 */
export function keyOf(value: unknown): string {
  try {
    return JSON.stringify(value, (_, part: unknown) => (isJson(part) ? part : `${typeof part} ${nameOf(part)}`)) ?? 'undefined';
  } catch {
    return 'cyclic'; // the call says that it is not plain data
  }
}

/** Whether JSON keeps the value as it is. `undefined` is left out of objects, as the calls leave it out. */
function isJson(part: unknown): boolean {
  if (typeof part === 'number') return Number.isFinite(part);
  if (typeof part !== 'object' || part === null) return typeof part !== 'bigint' && typeof part !== 'symbol' && typeof part !== 'function';
  return Array.isArray(part) || [Object.prototype, null].includes(Object.getPrototypeOf(part));
}

function nameOf(part: unknown): string {
  if (typeof part === 'function') return '';
  if (typeof part !== 'object' || part === null) return String(part);
  if (!ids.has(part)) ids.set(part, objects++); // such as a `Worker`: the object itself counts
  return String(ids.get(part));
}
