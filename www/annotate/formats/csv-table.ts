// Tables in CSV files: finds out the characters between cells and rows, checks the rows, and keeps spreadsheets from running cells as formulas.
import Papa from 'papaparse';
import { show } from '../model/show.js';
import type { Reporter } from './problems.js';

/** A row by the names of its columns; cells that are empty are absent. */
export interface Row {
  /** As spreadsheets count: the row of names is row 1. */
  readonly number: number;
  readonly cells: ReadonlyMap<string, string>;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

const DELIMITERS = [',', ';', '\t', '|'] as const;

/** A bound, because a hostile file could have millions of columns. */
const MAX_COLUMNS = 1000;

/** Reads a table whose first row has the names of the columns. `undefined`, and an error, if there is none. */
export function readTable(text: string, report: Reporter): Table | undefined {
  const newline = newlineOf(text);
  const delimiter = delimiterOf(text, newline);
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, newline });
  for (const { row, message } of errors) report.at((row ?? 0) + 1).loss(`quotes are not closed, or not doubled: ${message}`);
  const columns = data[0]?.map((name) => name.trim());
  if (!columns || columns.every((name) => name === '')) return void report.error('the file has no row of names');
  if (columns.length > MAX_COLUMNS) return void report.at(1).error(`the file has ${columns.length} columns; at most ${MAX_COLUMNS} are read`);
  const names = uniqueNames(columns, report.at(1));
  const rows = data.slice(1).flatMap((cells, index) => {
    const isBlank = cells.length === 1 && cells[0] === '';
    return isBlank ? [] : [{ number: index + 2, cells: cellsOf(cells, names, report.at(index + 2)) }];
  });
  return { columns: names.filter((name) => name !== ''), rows };
}

/** The names. A name that occurred before becomes empty; cells of columns without a name are left out. */
function uniqueNames(columns: readonly string[], report: Reporter): string[] {
  const seen = new Set<string>();
  return columns.map((name, index) => {
    if (!seen.has(name)) {
      if (name !== '') seen.add(name);
      return name;
    }
    report.loss(`column ${index + 1} has the name ${show(name)} of a column before it, and is left out`);
    return '';
  });
}

function cellsOf(cells: readonly string[], names: readonly string[], report: Reporter): ReadonlyMap<string, string> {
  const extra = cells.slice(names.length).filter((cell) => cell !== '');
  if (extra.length > 0) report.loss(`the row has ${cells.length} cells, and there are ${names.length} columns: ${show(extra[0])} is left out`);
  const named = new Map<string, string>();
  for (const [index, name] of names.entries()) {
    const cell = cells[index];
    if (cell === undefined || cell === '') continue;
    if (name === '') report.loss(`column ${index + 1} has no name: ${show(cell)} is left out`);
    else named.set(name, cell);
  }
  return named;
}

/** The line end of the first row. The library would guess it from the whole file, where texts may have other line ends. */
function newlineOf(text: string): '\n' | '\r\n' | '\r' {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '\n') return '\n';
    else if (character === '\r') return text[i + 1] === '\n' ? '\r\n' : '\r';
  }
  return '\n';
}

/** The delimiter that gives the first row the most columns. In many countries spreadsheets write `;`. */
function delimiterOf(text: string, newline: '\n' | '\r\n' | '\r'): string {
  const width = (delimiter: string) => Papa.parse<string[]>(text, { delimiter, newline, preview: 1 }).data[0]?.length ?? 0;
  const widths = DELIMITERS.map((delimiter) => ({ delimiter, columns: width(delimiter) }));
  return widths.reduce((best, next) => (next.columns > best.columns ? next : best)).delimiter;
}

/** Writes a table. It begins with a byte order mark: without one Excel does not see that it is UTF-8. */
export function writeTable(columns: readonly string[], rows: readonly (readonly string[])[], delimiter: string): Uint8Array {
  const protectedRows = [columns, ...rows].map((row) => row.map(protect));
  return new TextEncoder().encode(`\ufeff${Papa.unparse(protectedRows, { delimiter, newline: '\r\n' })}\r\n`);
}

/** Spreadsheets run cells that begin with one of these characters as formulas. An apostrophe before them makes them text. */
const FORMULA = /^'*[=+\-@\t\r]/;

/** Adds an apostrophe also where there is one already, so that `unprotect` gives back the same. */
function protect(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

export function unprotect(cell: string): string {
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
}
