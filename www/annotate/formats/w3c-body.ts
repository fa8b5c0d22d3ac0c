// Bodies of Web Annotations: tags, comments, and links to other annotations.
import type { Json } from '../model/types.js';
import type { Fields } from './fields.js';
import { isList, isObject, isStringList } from './json-values.js';

export interface Bodies {
  readonly tags: readonly string[];
  /** The type of the span. */
  readonly type?: string;
  /** Comments, one a line. */
  readonly note?: string;
  /** Ids of other annotations. */
  readonly links: readonly string[];
  /** What is none of these. */
  readonly others: readonly Json[];
}

const TAG_PURPOSES: ReadonlySet<unknown> = new Set(['tagging', 'identifying']);
const NOTE_PURPOSES: ReadonlySet<unknown> = new Set(['commenting', 'describing', 'replying', undefined]);

export function bodiesOf(fields: Fields): Bodies {
  const body = fields.raw('body') ?? [];
  const motivation = fields.peek('motivation');
  const isLink = motivation === 'linking';
  const tags: string[] = [];
  const types: string[] = [];
  const notes: string[] = [];
  const links: string[] = [];
  const others: Json[] = [];
  for (const each of isList(body) ? body : [body]) {
    const purpose = isObject(each) ? (each['purpose'] ?? (motivation === 'tagging' ? motivation : undefined)) : undefined;
    const value = isObject(each) && isKnown(each) ? each['value'] : undefined;
    const link = isLink ? linkOf(each) : undefined;
    if (link !== undefined) links.push(link);
    else if (typeof value !== 'string') others.push(each);
    else if (TAG_PURPOSES.has(purpose)) tags.push(value);
    else if (purpose === 'classifying' && types.length === 0) types.push(value);
    else if (NOTE_PURPOSES.has(purpose)) notes.push(value);
    else others.push(each);
  }
  addHypothesis(fields, tags, notes);
  return { tags, ...(types.length > 0 && { type: types[0]! }), ...(notes.length > 0 && { note: notes.join('\n') }), links, others };
}

/** Whether a body has only fields that we write too. */
function isKnown(body: { readonly [name: string]: Json }): boolean {
  return (
    Object.keys(body).every((name) => ['type', 'purpose', 'value', 'format'].includes(name)) &&
    (body['type'] === undefined || body['type'] === 'TextualBody')
  );
}

function linkOf(body: Json): string | undefined {
  if (typeof body === 'string') return body;
  return isObject(body) && typeof body['id'] === 'string' && body['value'] === undefined ? body['id'] : undefined;
}

/** Hypothesis has tags and the comment as fields of the annotation. */
function addHypothesis(fields: Fields, tags: string[], notes: string[]): void {
  const own = fields.peek('tags');
  if (isStringList(own)) {
    fields.raw('tags');
    tags.push(...own);
  }
  const text = fields.peek('text');
  if (typeof text === 'string') notes.push(...[fields.string('text')!].filter((note) => note !== ''));
}
