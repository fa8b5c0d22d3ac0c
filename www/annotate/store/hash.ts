// SHA-256 of texts: the key of suggestions, and what tells two texts apart.

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const encoder = new TextEncoder();

/** In hexadecimal digits, of the text in UTF-8. A half of a surrogate pair counts as U+FFFD, as for a model. */
export async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
  let digits = '';
  for (const byte of digest) digits += DIGITS[byte]!;
  return digits;
}
