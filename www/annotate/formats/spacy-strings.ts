// spaCy stores numbers for strings: small ones for its symbols, for other strings the hash MurmurHash64A of their UTF-8 bytes.
import { SPACY_SYMBOLS } from './spacy-symbols.js';

const SEED = 1n;
const MULTIPLIER = 0xc6a4a7935bd1e995n;
const MASK = 0xffffffffffffffffn;

const encoder = new TextEncoder();

/** The number that spaCy has for a string. */
function stringId(text: string): bigint {
  if (text === '') return 0n;
  return SPACY_SYMBOLS.get(text) ?? hash64(encoder.encode(text));
}

/** MurmurHash64A by Austin Appleby, which is in the public domain. */
function hash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length & ~7;
  let hash = SEED ^ multiply(BigInt(bytes.length));
  for (let offset = 0; offset < whole; offset += 8) hash = multiply(hash ^ multiply(shiftXor(multiply(view.getBigUint64(offset, true)))));
  if (whole < bytes.length) {
    let tail = 0n;
    for (let offset = bytes.length - 1; offset >= whole; offset--) tail = (tail << 8n) | BigInt(bytes[offset]!);
    hash = multiply(hash ^ tail);
  }
  return shiftXor(multiply(shiftXor(hash)));
}

function multiply(value: bigint): bigint {
  return (value * MULTIPLIER) & MASK;
}

function shiftXor(value: bigint): bigint {
  return value ^ (value >> 47n);
}

/** Gives the numbers of strings, and remembers the strings, because a file must have all of them. */
export class StringNumbers {
  readonly #numbers = new Map<string, bigint>([['', 0n]]);

  of(text: string): bigint {
    let number = this.#numbers.get(text);
    if (number === undefined) this.#numbers.set(text, (number = stringId(text)));
    return number;
  }

  get strings(): string[] {
    return [...this.#numbers.keys()].sort();
  }
}

/** Finds strings by their numbers. */
export class NumberedStrings {
  readonly #strings = new Map<bigint, string>([[0n, '']]);

  constructor(strings: Iterable<string>) {
    for (const [symbol, number] of SPACY_SYMBOLS) this.#strings.set(number, symbol);
    for (const text of strings) this.#strings.set(stringId(text), text);
  }

  of(number: bigint): string | undefined {
    return this.#strings.get(number);
  }
}
