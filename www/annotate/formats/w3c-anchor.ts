// Finds the place of a Web Annotation in its text by the quote. Between equal quotes, the position decides.
import { cutsCodePoint } from '../model/characters.js';
import { show } from '../model/show.js';
import type { Json, Piece } from '../model/types.js';
import { Fields } from './fields.js';
import { isList, isObject } from './json-values.js';
import type { OffsetTable } from './offsets.js';
import type { Reporter } from './problems.js';

/** What the selectors of one target say. */
export interface Anchor {
  readonly start?: number;
  readonly end?: number;
  readonly exact?: string;
  readonly prefix?: string;
  readonly suffix?: string;
}

/** Reads the selectors of a target. Only quotes and positions are used; without them, the result is `undefined`. */
export function anchorOf(selectors: Json | undefined, report: Reporter): Anchor | undefined {
  let anchor: Anchor = {};
  for (const selector of isList(selectors) ? selectors : [selectors]) {
    if (!isObject(selector)) continue;
    const fields = new Fields(selector, report.in('selector'));
    const type = fields.string('type');
    if (type === 'TextQuoteSelector') anchor = { ...anchor, ...strings(fields, ['exact', 'prefix', 'suffix']) };
    else if (type === 'TextPositionSelector') anchor = { ...anchor, ...numbers(fields) };
    else if (type === 'FragmentSelector') anchor = { ...characters(fields.string('value') ?? ''), ...anchor };
  }
  return anchor.exact !== undefined || (anchor.start !== undefined && anchor.end !== undefined) ? anchor : undefined;
}

function strings(fields: Fields, names: readonly ('exact' | 'prefix' | 'suffix')[]): Anchor {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fields.string(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function numbers(fields: Fields): Anchor {
  const [start, end] = [fields.integer('start'), fields.integer('end')];
  return start === undefined || end === undefined ? {} : { start, end };
}

/** Fragments of plain texts (RFC 5147): `char=0,3`. */
function characters(value: string): Anchor {
  const [, start, end] = /^char=(\d{1,15}),(\d{1,15})$/.exec(value) ?? [];
  return start === undefined ? {} : { start: Number(start), end: Number(end) };
}

/** All searches of one read may look at so many characters together. Without this bound, many wrong positions would take quadratic time. */
const MOST_SEARCHED = 100_000_000;

/** Finds annotations in texts. */
export class Anchors {
  #searched = 0;

  /** The piece; `undefined`, and a problem, if it is not found. */
  find({ start, end, exact, prefix = '', suffix = '' }: Anchor, text: string, table: OffsetTable, report: Reporter): Piece | undefined {
    const from = start === undefined ? undefined : table.toUtf16(start);
    const to = end === undefined ? undefined : table.toUtf16(end);
    const stated: Piece | undefined = from !== undefined && to !== undefined && from < to ? [from, to] : undefined;
    if (exact === undefined) {
      if (!stated) report.loss(`${show(start)} to ${show(end)} is not a part of the text, which is ${table.length} long in the unit ${table.unit}`);
      return stated;
    }
    if (exact === '') return void report.loss('the quote is empty');
    if (stated && stated[1] - stated[0] === exact.length && text.startsWith(exact, stated[0])) return stated;
    if (this.#searched > MOST_SEARCHED)
      return void report.loss(`${show(exact)} is not at its position; it was not searched for, because too many others are not either`);
    const found = this.#search(text, exact, prefix, suffix, from);
    if (found === undefined) return void report.loss(`${show(exact)} is not in the text`);
    if (!cutsCodePoint(text, found) && !cutsCodePoint(text, found + exact.length)) {
      if (start !== undefined) report.loss(`${show(exact)} is not at its position ${start}; it was found at ${table.fromUtf16(found)}`);
      return [found, found + exact.length];
    }
    return void report.loss(`${show(exact)} cuts a character`);
  }

  /** The place whose surroundings are most alike, and of those the nearest to the position, or the first. */
  #search(text: string, exact: string, prefix: string, suffix: string, position = 0): number | undefined {
    let best: { readonly at: number; readonly alike: number; readonly distance: number } | undefined;
    for (let at = text.indexOf(exact); at >= 0 && this.#searched <= MOST_SEARCHED; at = text.indexOf(exact, at + 1)) {
      const alike = (text.startsWith(prefix, at - prefix.length) ? 1 : 0) + (text.startsWith(suffix, at + exact.length) ? 1 : 0);
      const distance = Math.abs(at - position);
      if (!best || alike > best.alike || (alike === best.alike && distance < best.distance)) best = { at, alike, distance };
      this.#searched += exact.length + prefix.length + suffix.length;
    }
    this.#searched += text.length;
    return best?.at;
  }
}
