// The names of our own format, and how it keeps unknown fields.
import { show } from '../model/show.js';
import type { Extra } from '../model/types.js';
import type { Fields } from './fields.js';
import { isObject, objectOf } from './json-values.js';

export const FORMAT = 'luke-annotations';
export const VERSION = 1;

/** The name in `extra` for unknown fields, which a later version of this format may have. In the file they are beside the known fields. */
export const LATER = '.luke-annotations';

/** The field `extra`, with the unknown fields. */
export function extraOf(fields: Fields): Extra | undefined {
  const extra = fields.extra('extra');
  const later = fields.rest();
  if (!later) return extra;
  const before = extra?.[LATER];
  if (before !== undefined && !isObject(before)) fields.report.in('extra').loss(`${show(LATER)} is not an object`);
  return { ...extra, [LATER]: { ...objectOf(before), ...later } };
}
