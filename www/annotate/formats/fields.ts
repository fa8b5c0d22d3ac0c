// Typed fields of JSON objects of unknown files. A field of a wrong type is a problem, and counts as absent.
import type { Extra, Json } from '../model/types.js';
import { isList } from './json.js';
import { show, type Reporter } from './problems.js';

type JsonObject = { readonly [name: string]: Json };

/** Reads the fields of one object, and knows which were asked for. A field that is `null` counts as absent. */
export class Fields {
  readonly #object: JsonObject;
  readonly #known = new Set<string>();
  readonly report: Reporter;

  constructor(object: JsonObject, report: Reporter) {
    this.#object = object;
    this.report = report;
  }

  /** The fields of a value; `undefined`, and a problem, if it is no object. */
  static of(value: Json | undefined, report: Reporter): Fields | undefined {
    if (isObject(value)) return new Fields(value, report);
    report.loss(`${show(value)} is not an object`);
    return undefined;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name) && this.#object[name] !== null;
  }

  /** The names of all fields, in the order of the file. */
  names(): readonly string[] {
    return Object.keys(this.#object);
  }

  /** The field as it is. It does not count as known. */
  peek(name: string): Json | undefined {
    return this.has(name) ? this.#object[name] : undefined;
  }

  /** The field as it is. It then counts as known. */
  raw(name: string): Json | undefined {
    this.#known.add(name);
    return this.has(name) ? this.#object[name] : undefined;
  }

  string(name: string): string | undefined {
    return this.#typed(name, 'a string', (value): value is string => typeof value === 'string');
  }

  number(name: string): number | undefined {
    return this.#typed(name, 'a number', (value): value is number => typeof value === 'number');
  }

  integer(name: string): number | undefined {
    return this.#typed(name, 'a whole number', (value): value is number => Number.isSafeInteger(value));
  }

  boolean(name: string): boolean | undefined {
    return this.#typed(name, 'true or false', (value): value is boolean => typeof value === 'boolean');
  }

  list(name: string): readonly Json[] | undefined {
    return this.#typed(name, 'a list', isList);
  }

  object(name: string): Fields | undefined {
    const object = this.#typed(name, 'an object', isObject);
    return object && new Fields(object, this.report.in(name));
  }

  /** An object as it is, to be kept whole. */
  extra(name: string): Extra | undefined {
    return this.#typed(name, 'an object', isObject);
  }

  /** One of a few words. */
  word<T extends string>(name: string, words: readonly T[]): T | undefined {
    return this.#typed(name, `one of ${words.join(', ')}`, (value): value is T => (words as readonly unknown[]).includes(value));
  }

  /** The objects in a list. An element that is no object is a problem. */
  objects(name: string): readonly Fields[] {
    const found: Fields[] = [];
    for (const [index, value] of (this.list(name) ?? []).entries()) {
      const fields = Fields.of(value, this.report.in(name).in(index));
      if (fields) found.push(fields);
    }
    return found;
  }

  /** The fields that were not asked for; `undefined` if there are none. */
  rest(): Extra | undefined {
    const unknown = Object.entries(this.#object).filter(([name]) => !this.#known.has(name));
    return unknown.length > 0 ? Object.fromEntries(unknown) : undefined;
  }

  #typed<T extends Json>(name: string, type: string, is: (value: Json | undefined) => value is T): T | undefined {
    const value = this.raw(name);
    if (value === undefined || is(value)) return value;
    this.report.in(name).loss(`${show(value)} is not ${type}`);
    return undefined;
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isList(value);
}

/** A field that is only there if it has a value: `{ ...given('note', note) }`. */
export function given<N extends string, T>(name: N, value: T | undefined): { readonly [name in N]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [name in N]?: T };
}
