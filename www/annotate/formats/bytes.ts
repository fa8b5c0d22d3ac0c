// Bytes of files: text as bytes, and what unpacking needs so that a small file cannot fill the memory.
import type { InputFile } from './format.js';

/** The most bytes that are unpacked from one file. */
export const MOST_UNPACKED = 1 << 29;
/** A deflated byte makes at most 1,032 bytes, so a part makes at most 16 MiB before the bound is looked at. */
const PART = 1 << 14;

/** Cuts bytes into parts to be unpacked one after the other. */
export function* partsOf(bytes: Uint8Array): Generator<{ readonly part: Uint8Array; readonly isLast: boolean }> {
  for (let start = 0; start < bytes.length; start += PART) yield { part: bytes.subarray(start, start + PART), isLast: start + PART >= bytes.length };
}

export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A file that is written: text becomes UTF-8. */
export function newFile(name: string, content: string | Uint8Array): InputFile {
  return { name, bytes: typeof content === 'string' ? new TextEncoder().encode(content) : content };
}
