// Questions about single characters of a text: white space, and the two halves of a surrogate pair.

/** Whether a code unit is white space: in JavaScript, or in Python, whose tools read our files. All white space has one code unit. */
export function isSpace(unit: number): boolean {
  if (unit < 0x80) return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) || (unit >= 0x1c && unit <= 0x1f);
  if (unit < 0x1680) return unit === 0x85 || unit === 0xa0;
  return unit === 0x1680 || (unit >= 0x2000 && unit <= 0x200a) || unit === 0x2028 || unit === 0x2029 || unit === 0x202f ||
    unit === 0x205f || unit === 0x3000 || unit === 0xfeff;
}

/** Whether a range has only white space; also if it is empty. */
export function isSpaceRange(text: string, start: number, end: number): boolean {
  for (let offset = start; offset < end; offset++) if (!isSpace(text.charCodeAt(offset))) return false;
  return true;
}

/** Whether `offset` is between the two halves of a surrogate pair. */
export function cutsCodePoint(text: string, offset: number): boolean {
  return offset > 0 && (text.charCodeAt(offset) & 0xfc00) === 0xdc00 && (text.charCodeAt(offset - 1) & 0xfc00) === 0xd800;
}
