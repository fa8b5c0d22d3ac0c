// The names of our own format, and how it keeps fields that it does not know.
import type { Extra } from '../model/types.js';
import type { Fields } from './fields.js';
import { isList } from './json.js';
import { show } from './problems.js';

export const FORMAT = 'luke-annotations';
export const VERSION = 1;

/** In `extra`, what a later version of this format had that we do not know. In the file it is beside the fields that we know. */
export const LATER = '.luke-annotations';

/** `extra`, with the fields that we do not know. */
export function extraOf(fields: Fields): Extra | undefined {
  const extra = fields.extra('extra');
  const later = fields.rest();
  if (!later) return extra;
  const before = extra?.[LATER];
  const isMap = typeof before === 'object' && before !== null && !isList(before);
  if (before !== undefined && !isMap) fields.report.in('extra').loss(`${show(LATER)} is not an object`);
  return { ...extra, [LATER]: { ...(isMap ? before : {}), ...later } };
}
