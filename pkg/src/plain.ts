// Arguments as plain data: what can be sent to a worker and read in the wasm, within bounds of depth and size.
import { LukeError } from './errors.js';

/** Levels of objects and arrays in an argument. The API has five at most. */
const MAX_DEPTH = 16;
/** Values in an argument, with those in its objects and arrays. */
const MAX_VALUES = 2 ** 23;

/** What is not plain data, and where. */
interface Fault {
  path: string;
  reason: string;
}

/**
 * Rejects an argument that is no plain data: that is strings, finite numbers, booleans, `null`, `undefined`, and arrays and plain
 * objects of these. An object that contains itself is too deep. Fast for long arrays of numbers and strings.
 */
export function checkPlain(where: string, what: string, value: unknown): void {
  const budget = { left: MAX_VALUES };
  const fault = readable(where, what, () => findFault(value, 0, budget));
  if (fault) throw new LukeError('input', `${where}: ${what}${fault.path} is not plain data: ${fault.reason}`, { argument: `${what}${fault.path}` });
}

/** Runs a check that reads an argument. What a getter or a proxy throws meanwhile becomes an `input` error. */
export function readable<T>(where: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LukeError) throw error;
    throw new LukeError('input', `${where}: ${what} cannot be read: ${error instanceof Error ? error.message : typeof error}`, { argument: what });
  }
}

/** Removes keys whose value is `undefined`: the wasm would read them as `null`. */
export function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}

function findFault(value: unknown, depth: number, budget: { left: number }): Fault | undefined {
  budget.left -= 1;
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : { path: '', reason: `${value} is no finite number` };
    case 'object':
      return value === null ? undefined : findFaultInside(value, depth, budget);
    default:
      return { path: '', reason: `a ${typeof value}` };
  }
}

function findFaultInside(value: object, depth: number, budget: { left: number }): Fault | undefined {
  if (depth === MAX_DEPTH) return { path: '', reason: `more than ${MAX_DEPTH} levels of objects and arrays` };
  const array = Array.isArray(value);
  const kind = Object.prototype.toString.call(value);
  if (!array && kind !== '[object Object]') return { path: '', reason: `${kind.slice(8, -1)} is neither an array nor a plain object` };
  const keys = array ? undefined : Object.keys(value);
  const length = keys?.length ?? (value as unknown[]).length;
  if (length > budget.left) return { path: '', reason: `more than ${MAX_VALUES} values` };
  for (let i = 0; i < length; i++) {
    const key = keys ? keys[i]! : i;
    const fault = findFault((value as Record<string | number, unknown>)[key], depth + 1, budget);
    if (fault) return { path: `${typeof key === 'number' ? `[${key}]` : `.${key.slice(0, 80)}`}${fault.path}`, reason: fault.reason };
  }
  return undefined;
}
