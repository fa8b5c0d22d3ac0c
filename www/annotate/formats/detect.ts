// What formats look at to find out whether a file is theirs: its name, and its first bytes.
import type { Json } from '../model/types.js';
import type { InputFile } from './format.js';
import { checkJson } from './json-check.js';
import { isList } from './json-values.js';
import { encodingOfMark } from './json.js';

/** Enough for the first row of most files. */
const HEAD_BYTES = 1 << 18;

const heads = new WeakMap<Uint8Array, { text: string; row: Json | undefined }>();

/** The first characters of a file. Bytes that are not text give meaningless characters, but no error. */
export function headText(file: InputFile): string {
  return headOf(file).text;
}

/** The first row of JSON Lines or of a list, or an object that is the whole file; `undefined` if there is none, or it is very long. */
export function firstRow(file: InputFile): Json | undefined {
  return headOf(file).row;
}

/** How sure a format is of several files: as sure as it is of the least likely one. */
export function detectEach(files: readonly InputFile[], likely: (file: InputFile) => number): number {
  return files.length === 0 ? 0 : Math.min(...files.map(likely));
}

export function hasExtension({ name }: InputFile, extensions: readonly string[]): boolean {
  return extensions.some((extension) => name.toLowerCase().endsWith(extension));
}

function headOf({ bytes }: InputFile): { text: string; row: Json | undefined } {
  const known = heads.get(bytes);
  if (known) return known;
  const text = new TextDecoder(encodingOfMark(bytes) ?? 'utf-8').decode(bytes.subarray(0, HEAD_BYTES));
  const head = { text, row: rowOf(text) };
  heads.set(bytes, head);
  return head;
}

function rowOf(text: string): Json | undefined {
  const start = text.search(/\S/);
  if (text[start] !== '[' && text[start] !== '{') return undefined;
  const end = valueEnd(text, start);
  // A list in the first line may be a row itself: then another list follows in the next line.
  const isRow = text[start] === '{' || (end !== undefined && /^[ \t\r]*\n\s*\[/.test(text.slice(end, end + 1000)));
  if (isRow) return parsed(text, start, end);
  const first = start + 1 + Math.max(text.slice(start + 1).search(/\S/), 0);
  if (text[first] === '[' || text[first] === '{') return parsed(text, first, valueEnd(text, first));
  const list = parsed(text, start, end);
  return isList(list) ? list : undefined;
}

function parsed(text: string, start: number, end: number | undefined): Json | undefined {
  const part = end === undefined ? '' : text.slice(start, end);
  return checkJson(part).error ? undefined : (JSON.parse(part) as Json);
}

/** The end of the list or object that begins here; `undefined` if it is not in the text. */
function valueEnd(text: string, start: number): number | undefined {
  let depth = 0;
  const marks = /["[\]{}]/g;
  marks.lastIndex = start;
  for (let found = marks.exec(text); found; found = marks.exec(text)) {
    if (found[0] === '"') {
      const end = stringEnd(text, found.index);
      if (end === undefined) return undefined;
      marks.lastIndex = end;
    } else {
      depth += found[0] === '[' || found[0] === '{' ? 1 : -1;
      if (depth === 0) return found.index + 1;
    }
  }
  return undefined;
}

function stringEnd(text: string, start: number): number | undefined {
  for (let offset = start + 1; offset < text.length; offset++) {
    if (text[offset] === '\\') offset += 1;
    else if (text[offset] === '"') return offset + 1;
  }
  return undefined;
}
