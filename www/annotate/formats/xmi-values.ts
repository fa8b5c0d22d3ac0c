// Values of features as the text of XMI, and as CAS JSON has them.
import type { Json } from '../model/types.js';
import type { ValueKind } from './uima-types.js';

/** What XML cannot have, by its version. A pair of surrogates is one character; a half of one is none. */
const FORBIDDEN = { '1.0': /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu, '1.1': /[\0\ufffe\uffff]|\p{Surrogate}/gu } as const;
/** What is written as a number: marks of XML, and what a reader would take for a space or another line end. */
const ESCAPED = /[<>&"\x01-\x1f\x7f-\x9f\u2028]/g;

export type XmlVersion = keyof typeof FORBIDDEN;

/** Text for XML, in an attribute or between tags. Characters that this version cannot have become U+FFFD. */
export function escapeXmlText(text: string, version: XmlVersion): string {
  return text.replace(FORBIDDEN[version], '\ufffd').replace(ESCAPED, (character) => `&#${character.charCodeAt(0)};`);
}

/** The first character of a text that this version of XML cannot have. */
export function forbiddenIn(text: string, version: XmlVersion): string | undefined {
  return text.match(FORBIDDEN[version])?.[0];
}

/** Letters of names: of XML, and of Java but for a few letters. */
const LETTERS = 'A-Za-z_\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u3001-\\ud7ff';
const NAME = new RegExp(`^[${LETTERS}][${LETTERS}\\d-]*$`);

/** Whether XML can have the name of a type, without its package, or of a feature. */
export function isName(name: string): boolean {
  return NAME.test(name);
}

const SPECIAL_NUMBERS = new Set<Json>(['NaN', 'Infinity', '-Infinity']);

/** Numbers that JSON does not have. CAS JSON writes their names. */
export function isSpecialNumber(value: Json): value is string {
  return SPECIAL_NUMBERS.has(value);
}

/** What a text must be, for messages. */
export const WANTED: Readonly<Record<ValueKind, string>> = {
  string: 'a text',
  integer: 'a whole number',
  byte: 'a whole number',
  float: 'a number',
  boolean: 'true or false',
  reference: 'the id of a structure',
};

/** The value of one feature or element; `undefined` if the text is wrong. A reference to nothing is `null`. */
export function readValue(text: string, kind: ValueKind): Json | undefined {
  switch (kind) {
    case 'string':
      return text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'float':
      return readFloat(text);
    case 'reference': {
      const id = readInteger(text);
      return id === 0 ? null : typeof id === 'number' && id > 0 ? id : undefined;
    }
    case 'integer':
    case 'byte':
      return readInteger(text);
  }
}

/** A number that JavaScript would round stays a text. */
function readInteger(text: string): number | string | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : text;
}

function readFloat(text: string): Json | undefined {
  if (SPECIAL_NUMBERS.has(text)) return text;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : value > 0 ? 'Infinity' : '-Infinity';
}

/** The text of a value; `undefined` if the value is none that a feature can have. */
export function writeValue(value: Json): string | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'number') return undefined;
  return Object.is(value, -0) ? '-0.0' : String(value).replace('e+', 'E').replace('e', 'E');
}

/** Bytes are pairs of hexadecimal digits in XMI, and base64 in CAS JSON. */
export function base64OfHex(hex: string): string | undefined {
  if (!/^([\da-fA-F]{2})*$/.test(hex)) return undefined;
  return btoa(hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16))));
}

export function hexOfBase64(base64: string): string | undefined {
  try {
    return Array.from(atob(base64), (character) => character.charCodeAt(0).toString(16).padStart(2, '0'))
      .join('')
      .toUpperCase();
  } catch {
    return undefined;
  }
}
