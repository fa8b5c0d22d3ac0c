// Typed fields of JSON objects of unknown files. A field of a wrong type is a problem, and counts as absent.
import { show } from '../model/show.js';
import type { Extra, Json } from '../model/types.js';
import { isList, isObject } from './json-values.js';
import type { Reporter } from './problems.js';

/** Reads the fields of one object, and remembers which were asked for: those are known. A field that is `null` counts as absent. */
export class Fields {
  readonly #object: Extra;
  readonly #known = new Set<string>();
  readonly report: Reporter;

  constructor(object: Extra, report: Reporter) {
    this.#object = object;
    this.report = report;
  }

  /** The fields of a value; `undefined`, and a problem, if it is not an object. */
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

  /** A number from 0 to 1. */
  score(name: string): number | undefined {
    const score = this.number(name);
    if (score === undefined || isScore(score)) return score;
    return void this.report.in(name).loss(`${show(score)} is not between 0 and 1`);
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

  /** An object as it is. It is not checked what is in it. */
  extra(name: string): Extra | undefined {
    return this.#typed(name, 'an object', isObject);
  }

  /** One of a few words. */
  word<T extends string>(name: string, words: readonly T[]): T | undefined {
    return this.#typed(name, `one of ${words.join(', ')}`, (value): value is T => (words as readonly unknown[]).includes(value));
  }

  /** The objects in a list. An element that is not an object is a problem. */
  objects(name: string): readonly Fields[] {
    const found: Fields[] = [];
    for (const [index, value] of (this.list(name) ?? []).entries()) {
      const fields = Fields.of(value, this.report.in(name).in(index));
      if (fields) found.push(fields);
    }
    return found;
  }

  /** The unknown fields; `undefined` if there are none. */
  rest(): Extra | undefined {
    return filled(Object.fromEntries(Object.entries(this.#object).filter(([name]) => !this.#known.has(name))));
  }

  /** Reports unknown fields that cannot be kept. */
  reportRest(): void {
    const rest = this.rest();
    if (rest) this.report.loss(`unknown fields are left out: ${show(Object.keys(rest).join(', '))}`);
  }

  #typed<T extends Json>(name: string, type: string, is: (value: Json | undefined) => value is T): T | undefined {
    const value = this.raw(name);
    if (value === undefined || is(value)) return value;
    this.report.in(name).loss(`${show(value)} is not ${type}`);
    return undefined;
  }
}

export function isScore(value: number): boolean {
  return value >= 0 && value <= 1;
}

/** The object; `undefined` if it has no field. */
export function filled<T extends object>(fields: T): T | undefined {
  return Object.keys(fields).length > 0 ? fields : undefined;
}

/** For a field that is absent if it has no value: `{ ...given('note', note) }`. */
export function given<N extends string, T>(name: N, value: T | undefined): { readonly [name in N]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [name in N]?: T };
}
