// All occurrences of a text in one document or in all: first a plan with counts, then one edit that is undone as one.
import { asDraft } from '../model/edits.js';
import { occurrences, planOccurrences, type OccurrenceOptions } from '../model/occurrences.js';
import type { Edit } from '../store/commit.js';
import type { HeadRecord } from '../store/schema.js';
import { countOf, warning } from './messages.js';
import type { Session } from './session.js';

export interface Wanted extends OccurrenceOptions {
  readonly text: string;
  /** Id of a label. */
  readonly label: string;
  readonly scope: 'document' | 'all';
}

export interface Preview {
  /** Spans that would be added or accepted. */
  readonly spans: number;
  /** Occurrences that stay as they are: labeled already, rejected earlier, or refused for overlap. */
  readonly left: number;
  readonly documents: readonly { readonly id: string; readonly name: string; readonly spans: number }[];
}

/** What labeling all occurrences would do. */
export async function previewOccurrences(session: Session, wanted: Wanted): Promise<Preview> {
  const documents: { id: string; name: string; spans: number }[] = [];
  let [spans, left] = [0, 0];
  for await (const { id, name, plan } of plans(session, wanted)) {
    left += plan.left.length;
    const count = plan.added.length + plan.accepted.length;
    if (!count) continue;
    spans += count;
    documents.push({ id, name, spans: count });
  }
  return { spans, left, documents };
}

/** Labels all occurrences. The documents are read again: they may have changed since the preview. */
export async function labelOccurrences(session: Session, wanted: Wanted): Promise<boolean> {
  let spans = 0;
  let count = 0;
  const changed = await session.commit(async (): Promise<Edit | undefined> => {
    const documents = [];
    for await (const { id, head, plan } of plans(session, wanted)) {
      if (!plan.change) continue;
      spans += plan.added.length + plan.accepted.length;
      documents.push({ id, change: asDraft(head, plan.change) });
    }
    count = documents.length;
    if (documents.length) return { documents };
    session.say(warning('There is no occurrence to label.'));
    return undefined;
  }, () => `${countOf(spans, 'span')} added in ${countOf(count, 'document')}.`);
  return changed !== undefined;
}

interface DocumentPlan {
  readonly id: string;
  readonly name: string;
  readonly head: HeadRecord;
  readonly plan: ReturnType<typeof planOccurrences>;
}

async function* plans(session: Session, { text: wanted, label, scope, ...options }: Wanted): AsyncGenerator<DocumentPlan> {
  const current = session.document.value?.head.id;
  const heads = scope === 'all' ? session.documents.heads.value : session.documents.heads.value.filter(({ id }) => id === current);
  for await (const [{ id, name }, text] of session.project.texts(heads)) {
    const pieces = occurrences(text, wanted, options);
    if (!pieces.length) continue;
    const document = await session.project.document(id);
    yield { id, name, head: document.head, plan: planOccurrences(session.sceneOf(document), pieces, label) };
  }
}
