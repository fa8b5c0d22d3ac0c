// SHA-256 of texts: the key of suggestions, and what tells two texts apart.

/** In hexadecimal digits, of the text in UTF-8. A half of a surrogate pair counts as U+FFFD, as for a model. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
