// What the dialogs say of suggestions before they are written or compared.
import type { Suggested } from '../../assistant/suggested.js';
import { countOf, percent } from '../messages.js';

/** `none`: there is no model. `undefined`: it is not known yet. `isChosen` says which documents are meant. */
export function suggestedText(suggested: Suggested | 'none' | undefined, isChosen: (document: { id: string; status: string }) => boolean): string {
  if (!suggested) return 'Reading what the model suggests…';
  if (suggested === 'none') return 'No model is at work in this project: only suggestions that came with files are there.';
  const documents = suggested.corpus.documents.filter(isChosen);
  const spans = documents.reduce((sum, document) => sum + document.spans.filter(({ state }) => state === 'suggested').length, 0);
  const unread = documents.filter(({ id }) => suggested.unread.has(id)).length;
  const missing = unread ? ` The model has not read ${countOf(unread, 'document')} yet, so suggestions are missing there.` : '';
  return `${countOf(spans, 'suggestion')}, from a score of ${percent(suggested.threshold)} on.${missing}`;
}
