// Checks JSON before it is parsed: syntax with the place of the error, depth, and what `JSON.parse` would change silently.
import { show, shorten } from '../model/show.js';

/** Deeper JSON could overflow the stack of code that walks over it. */
const MAX_DEPTH = 100;

/** Something at an offset of a text. */
export interface Remark {
  readonly at: number;
  readonly reason: string;
}

interface JsonCheck {
  /** Why the text is refused, and whether the place is in a string. */
  readonly error?: Remark & { readonly inString?: boolean };
  /** What is left out or changed, in the order of the text. */
  readonly changes: readonly Remark[];
}

type Fault = NonNullable<JsonCheck['error']>;
type Expected = 'a value' | 'a value or ]' | 'a name or }' | 'a name' | 'a colon' | 'a comma or ]' | 'a comma or }' | 'the end';

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const CHARACTERS = /[^"\\\0-\x1f]+/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const QUOTE = 0x22;

/** Checks one JSON value, in linear time and without recursion. */
export function checkJson(text: string): JsonCheck {
  const checker = new Checker(text);
  const error = checker.run();
  return { ...(error && { error }), changes: checker.changes };
}

class Checker {
  readonly changes: Remark[] = [];
  readonly #text: string;
  #at = 0;
  #expected: Expected = 'a value';
  /** For each object or list that is open: the names of its fields; `undefined` for a list. */
  readonly #around: (Set<string> | undefined)[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  run(): Fault | undefined {
    for (;;) {
      if (this.#text.charCodeAt(this.#at) <= 0x20) this.#skip(SPACE);
      if (this.#at === this.#text.length) return this.#expected === 'the end' ? undefined : this.#unexpected();
      const error = this.#step(this.#text[this.#at]!);
      if (error) return error;
    }
  }

  #step(character: string): Fault | undefined {
    switch (this.#expected) {
      case 'a value or ]':
        return character === ']' ? this.#close() : this.#value(character);
      case 'a value':
        return this.#value(character);
      case 'a name or }':
        return character === '}' ? this.#close() : this.#name(character);
      case 'a name':
        return this.#name(character);
      case 'a colon':
        return character === ':' ? this.#go('a value') : this.#unexpected();
      case 'a comma or ]':
        return character === ']' ? this.#close() : character === ',' ? this.#go('a value') : this.#unexpected();
      case 'a comma or }':
        return character === '}' ? this.#close() : character === ',' ? this.#go('a name') : this.#unexpected();
      case 'the end':
        return this.#unexpected();
    }
  }

  #value(character: string): Fault | undefined {
    if (character === '{' || character === '[') return this.#open(character);
    const start = this.#at;
    if (character === '"') {
      const error = this.#string();
      if (error) return error;
    } else if (this.#skip(NUMBER)) this.#checkNumber(start, this.#text.slice(start, this.#at));
    else if (!this.#skip(WORD)) return this.#unexpected();
    this.#afterValue();
    return undefined;
  }

  #open(character: string): Fault | undefined {
    if (this.#around.length === MAX_DEPTH) return { at: this.#at, reason: `lists and objects are nested more than ${MAX_DEPTH} deep` };
    this.#around.push(character === '{' ? new Set() : undefined);
    return this.#go(character === '{' ? 'a name or }' : 'a value or ]');
  }

  #close(): undefined {
    this.#around.pop();
    this.#at += 1;
    this.#afterValue();
  }

  #go(expected: Expected): undefined {
    this.#at += 1;
    this.#expected = expected;
  }

  #afterValue(): void {
    this.#expected = this.#around.length === 0 ? 'the end' : this.#around.at(-1) ? 'a comma or }' : 'a comma or ]';
  }

  #name(character: string): Fault | undefined {
    if (character !== '"') return this.#unexpected();
    const start = this.#at;
    const error = this.#string();
    if (error) return error;
    const raw = this.#text.slice(start, this.#at);
    const name = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
    const names = this.#around.at(-1)!;
    if (names.has(name))
      this.changes.push({ at: start, reason: `the name ${shorten(raw)} occurs twice in one object; its last value is taken` });
    names.add(name);
    // Code that copies objects field by field could set their prototype with it.
    if (name === '__proto__') this.changes.push({ at: start, reason: 'a field named "__proto__" is left out' });
    this.#expected = 'a colon';
    return undefined;
  }

  #string(): Fault | undefined {
    for (this.#at += 1; this.#at < this.#text.length;) {
      if (this.#text.charCodeAt(this.#at) === QUOTE) return void (this.#at += 1);
      if (this.#skip(CHARACTERS) || this.#skip(ESCAPE)) continue;
      return { at: this.#at, reason: 'a control character, or an escape that JSON does not have, is in a string' };
    }
    return { at: this.#at, reason: 'the text ends within a string', inString: true };
  }

  #checkNumber(at: number, written: string): void {
    const value = Number(written);
    if (!Number.isFinite(value)) this.changes.push({ at, reason: `the number ${shorten(written)} is too large, and becomes null` });
    else if (written.length > 15 && /^-?\d+$/.test(written) && BigInt(value) !== BigInt(written.slice(0, 400))) {
      this.changes.push({ at, reason: `the number ${shorten(written)} is too long to be kept exactly, and becomes ${value}` });
    }
  }

  /** Moves over what the sticky expression matches, and tells whether it matches anything. */
  #skip(expression: RegExp): boolean {
    const start = this.#at;
    expression.lastIndex = start;
    if (expression.test(this.#text)) this.#at = expression.lastIndex;
    return this.#at > start;
  }

  #unexpected(): Fault {
    const found = this.#at === this.#text.length ? 'the end of the text' : show(this.#text.slice(this.#at, this.#at + 10));
    return { at: this.#at, reason: `${this.#expected} was expected, not ${found}` };
  }
}
