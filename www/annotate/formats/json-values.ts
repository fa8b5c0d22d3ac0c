// What kind of value a JSON value is.
import type { Extra, Json } from '../model/types.js';

/** `Array.isArray` does not narrow read-only lists. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

export function isStringList(value: Json | undefined): value is readonly string[] {
  return isList(value) && value.every((element) => typeof element === 'string');
}

/** The object, or an empty one for any other value. */
export function objectOf(value: Json | undefined): Extra {
  return isObject(value) ? value : {};
}

export function isObject(value: Json | undefined): value is Extra {
  return typeof value === 'object' && value !== null && !isList(value);
}
