// Documents with what models suggest, for an export and for a comparison. It comes from the cache: no model is called.
import { mergeAll } from '../model/suggest.js';
import type { AnnotatedDocument, Corpus } from '../model/types.js';
import type { HeadRecord } from '../store/schema.js';
import type { Found } from './found.js';

export interface Suggested {
  readonly corpus: Corpus;
  /** The lowest score of a suggestion. */
  readonly threshold: number;
  /** Ids of documents that a model has not read yet. */
  readonly unread: ReadonlySet<string>;
}

/** The documents as they are shown: with their suggestions from the threshold on. */
export async function withSuggestions(corpus: Corpus, heads: readonly HeadRecord[], found: Found, threshold: number): Promise<Suggested> {
  const byId = new Map(corpus.documents.map((document) => [document.id, document]));
  const unread = new Set(byId.keys());
  for await (const [{ id }, raw] of found.read(heads.filter((head) => byId.has(head.id)))) {
    const document: AnnotatedDocument = byId.get(id)!;
    byId.set(id, { ...document, ...mergeAll(document, found.said(raw), { threshold, labelSets: corpus.labelSets }) });
    if (found.isWhole(raw)) unread.delete(id);
  }
  return { corpus: { ...corpus, documents: [...byId.values()] }, threshold, unread };
}
