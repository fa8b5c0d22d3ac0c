// Names of files and labels, for formats that do not have all characters.
import { FreeIds } from '../model/ids.js';

/**
 * A name for each name, made by `make`. A name that `make` does not change keeps itself; of others that become equal, the later get a
 * number. So names stay different.
 */
export function safeNames(names: Iterable<string>, make: (name: string) => string): Map<string, string> {
  const all = [...new Set(names)];
  const free = new FreeIds([], { separator: '_' });
  const safe = new Map<string, string>();
  for (const name of all) if (make(name) === name) safe.set(name, free.take(name));
  for (const name of all) if (!safe.has(name)) safe.set(name, free.take(make(name)));
  return new Map(all.map((name) => [name, safe.get(name)!]));
}

const MAX_BYTES = 180;

/** A path that every system can store, below a folder: no parts that lead out of it, no characters that a system refuses. */
export function safePath(path: string): string {
  const parts = path
    .split('/')
    .map(safePart)
    .filter((part) => part !== '');
  return parts.join('/') || 'document';
}

function safePart(part: string): string {
  // Windows refuses these characters, and dots and spaces at the end.
  const safe = part
    .replace(/[\\:*?"<>|\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g, '_')
    .replace(/[. ]+$/, '')
    .replace(/^ +/, '');
  const named = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(safe) ? `_${safe}` : safe;
  return truncate(named);
}

/** Systems allow 255 bytes; an extension and a number must fit too. */
function truncate(part: string): string {
  let bytes = 0;
  let end = 0;
  for (const character of part) {
    bytes += utf8Length(character);
    if (bytes > MAX_BYTES) return part.slice(0, end);
    end += character.length;
  }
  return part;
}

function utf8Length(character: string): number {
  const code = character.codePointAt(0)!;
  return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/** Paths for documents, in the order of their names: safe, and different also where the system does not tell capital letters. */
export function documentPaths(names: readonly string[]): string[] {
  const free = new FreeIds([], { separator: '_', key: (path) => path.toLowerCase() });
  return names.map((name) => free.take(safePath(name)));
}
