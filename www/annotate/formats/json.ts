// JSON of unknown files. What is wrong becomes a problem; nothing here throws.
import type { Json } from '../model/types.js';
import { checkJson, type Remark } from './json-check.js';
import { isList } from './json-values.js';
import type { Reporter } from './problems.js';

/** The most bytes of one JSON value. Browsers cannot hold strings of more than twice this length. */
const MAX_JSON_BYTES = 1 << 28;

const NEWLINE = 0x0a;
const LIST_BEGIN = 0x5b;

/** Parses one JSON value; `undefined` if it was refused. `firstLine` is the line of the file in which the text begins. */
function parseJson(text: string, report: Reporter, firstLine = 1): Json | undefined {
  if (text.length > MAX_JSON_BYTES) return void report.error(`${text.length} characters are more than the ${MAX_JSON_BYTES} that are read`);
  const { error, changes } = checkJson(text);
  const line = lineCounter(text, firstLine);
  for (const { at, reason } of changes) report.at(line(at)).loss(reason);
  if (error) return void report.at(line(error.at)).error(`the JSON is not valid at column ${column(text, error)}: ${error.reason}`);
  const value = JSON.parse(text) as Json;
  return changes.length > 0 ? clean(value) : value;
}

/** Parses a file that is one JSON value; `undefined` if it was refused. */
export function parseJsonFile(bytes: Uint8Array, report: Reporter): Json | undefined {
  if (bytes.length > MAX_JSON_BYTES) return void report.error(`${bytes.length} bytes are more than the ${MAX_JSON_BYTES} that are read`);
  const text = decodeUtf8(bytes, report);
  return text === undefined ? undefined : parseJson(text, report);
}

/** A line of JSON Lines: its number, counted from 1, its value, and where to report problems of it. */
interface JsonLine {
  readonly line: number;
  /** Number of lines before it that are not blank. */
  readonly row: number;
  readonly value: Json;
  readonly report: Reporter;
}

/** Parses JSON Lines, one line at a time. Blank lines are passed over; a line that cannot be read is an error. */
export function* parseJsonLines(bytes: Uint8Array, report: Reporter): Generator<JsonLine> {
  const utf8 = fromUtf16(bytes);
  for (let start = 0, line = 1, row = 0; start < utf8.length; line++) {
    const newline = utf8.indexOf(NEWLINE, start);
    const end = newline < 0 ? utf8.length : newline;
    const part = utf8.subarray(start, end);
    start = end + 1;
    if (isBlank(part)) continue;
    const value = parseLine(part, report.at(line), line);
    if (value !== undefined) yield { line, row, value, report: report.at(line) };
    row += 1;
  }
}

/** A row of a file that is either one list, or JSON Lines. */
interface JsonRow {
  /** Counted from 0. */
  readonly row: number;
  readonly value: Json;
  /** For the line, or in a list for the row counted from 1. */
  readonly report: Reporter;
}

/** Parses a file that has one row in a line, or is one list of rows. A file that is one object is a list of one row. */
export function* parseJsonRows(bytes: Uint8Array, report: Reporter): Generator<JsonRow> {
  if (!isOneValue(bytes)) {
    for (const { row, value, report: at } of parseJsonLines(bytes, report)) yield { row, value, report: at };
    return;
  }
  const whole = parseJsonFile(bytes, report);
  if (whole === undefined) return;
  for (const [row, value] of (isList(whole) ? whole : [whole]).entries()) yield { row, value, report: report.at(row + 1) };
}

/** Whether the file is one JSON value: its first line is an incomplete value, which goes on in the next lines, or is a list and the only line. */
function isOneValue(bytes: Uint8Array): boolean {
  const utf8 = fromUtf16(bytes);
  let start = encodingOfMark(utf8) ? 3 : 0;
  while (start < utf8.length && utf8[start]! <= 0x20) start += 1;
  const newline = utf8.indexOf(NEWLINE, start);
  if (newline < 0) return utf8[start] === LIST_BEGIN;
  const line = decode(utf8.subarray(start, newline), 'utf-8');
  if (line === undefined) return false;
  const { error } = checkJson(line);
  // A value may go on in the next line, unless the line ends within a string. Any other error is in this line.
  return error ? error.at === line.length && !error.inString : utf8[start] === LIST_BEGIN && isBlank(utf8.subarray(newline));
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte <= 0x20);
}

function parseLine(bytes: Uint8Array, report: Reporter, line: number): Json | undefined {
  if (bytes.length > MAX_JSON_BYTES) return void report.error(`${bytes.length} bytes are more than the ${MAX_JSON_BYTES} that are read`);
  const text = decode(bytes, 'utf-8');
  if (text === undefined) return void report.error('the line is not valid UTF-8');
  return parseJson(text, report, line);
}

/** Text of UTF-8, or of UTF-16 with a byte order mark; `undefined` if the bytes are neither. A byte order mark is not a part of it. */
export function decodeUtf8(bytes: Uint8Array, report: Reporter): string | undefined {
  const utf8 = fromUtf16(bytes);
  const text = decode(utf8, 'utf-8');
  if (text === undefined) report.at(firstInvalidLine(utf8)).error('the line is not valid UTF-8');
  return text;
}

/** The encoding that a byte order mark names. */
export function encodingOfMark(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

const DECODERS = {
  'utf-8': new TextDecoder('utf-8', { fatal: true }),
  'utf-16le': new TextDecoder('utf-16le', { fatal: true }),
  'utf-16be': new TextDecoder('utf-16be', { fatal: true }),
};

/** Decodes bytes, without their byte order mark; `undefined` if one is invalid, or if they are more than a string can hold. */
export function decode(bytes: Uint8Array, encoding: keyof typeof DECODERS): string | undefined {
  try {
    return DECODERS[encoding].decode(bytes);
  } catch {
    return undefined;
  }
}

function fromUtf16(bytes: Uint8Array): Uint8Array {
  const encoding = encodingOfMark(bytes);
  const text = encoding === 'utf-16le' || encoding === 'utf-16be' ? decode(bytes, encoding) : undefined;
  return text === undefined ? bytes : new TextEncoder().encode(text);
}

function firstInvalidLine(bytes: Uint8Array): number {
  for (let start = 0, line = 1; ; line++) {
    const newline = bytes.indexOf(NEWLINE, start);
    if (newline < 0 || decode(bytes.subarray(start, newline), 'utf-8') === undefined) return line;
    start = newline + 1;
  }
}

/** Gives the line of an offset. The offsets must ascend. */
function lineCounter(text: string, firstLine: number): (offset: number) => number {
  let line = firstLine;
  let next = text.indexOf('\n');
  return (offset) => {
    for (; next >= 0 && next < offset; next = text.indexOf('\n', next + 1)) line += 1;
    return line;
  };
}

function column(text: string, { at }: Remark): number {
  return at - text.lastIndexOf('\n', at - 1);
}

/** Without fields named `__proto__`, and with `null` for numbers that JSON cannot hold. The depth is checked before. */
function clean(value: Json): Json {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map(clean);
  const fields = Object.entries(value).filter(([name]) => name !== '__proto__');
  return Object.fromEntries(fields.map(([name, field]) => [name, clean(field)]));
}
