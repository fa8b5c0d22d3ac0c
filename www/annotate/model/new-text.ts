// A document takes over another text: its annotations move there as one change, and what has no place any more is listed.
import { reanchor, type AnchorLoss } from './anchor.js';
import { group, type DocumentChange, type HashedText } from './changes.js';
import { labelsById } from './labels.js';
import { shorten } from './show.js';
import type { AnnotatedDocument, LabelSet, Notes } from './types.js';

export interface NewText {
  readonly change: DocumentChange;
  readonly losses: readonly AnchorLoss[];
}

/** A document that was done becomes a draft: the new text is to be looked at. */
export function takeText(before: Pick<AnnotatedDocument, 'text' | 'status' | keyof Notes>, { text, sha256 }: HashedText): NewText {
  const { notes, losses } = reanchor(before.text, text, before);
  const moved = new Map(notes.spans.map((span) => [span.id, span]));
  const changes: DocumentChange[] = [{ type: 'text', text, sha256 }];
  for (const { id } of before.spans) {
    const span = moved.get(id);
    changes.push(span ? { type: 'replace', list: 'spans', item: span } : { type: 'remove', list: 'spans', id });
  }
  for (const item of notes.questions) changes.push({ type: 'replace', list: 'questions', item });
  if (before.status === 'done') changes.push({ type: 'status', status: 'draft' });
  return { change: group(changes), losses };
}

/** A loss for people: `PER "Bob"`. */
export function lossText({ kind, id, quote, reason }: AnchorLoss, notes: Notes, labelSets: readonly LabelSet[]): string {
  const said = quote === undefined ? '' : ` "${shorten(quote)}"`;
  if (kind === 'answer') return `answer${said} of the question "${shorten(notes.questions.find((question) => question.id === id)?.question ?? id)}"`;
  const label = notes[kind === 'span' ? 'spans' : 'relations'].find((item) => item.id === id)?.label ?? '';
  const name = labelsById(labelSets).get(label)?.name ?? label;
  return kind === 'span' ? `${name}${said || `: ${reason}`}` : `relation ${name}: ${reason}`;
}
