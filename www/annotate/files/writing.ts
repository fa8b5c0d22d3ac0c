// Writes documents in a chosen format, and says in words what the format cannot hold.
import type { InputFile, Loss } from '../formats/format.js';
import { formatOf, zip, type LossKind } from '../formats/index.js';
import { show } from '../model/show.js';
import { textOf } from '../model/spans.js';
import type { AnnotatedDocument, Corpus } from '../model/types.js';
import { OWN, selected, type LossGroup, type WriteChoice, type WritePlan } from './choices.js';

const HEADINGS: Readonly<Record<LossKind, string>> & Readonly<Record<string, string>> = {
  discontinuous: 'Spans of several pieces', overlap: 'Spans that overlap', edges: 'Edges of spans', rejected: 'Rejected suggestions',
  relations: 'Relations', questions: 'Questions', states: 'Suggestions', provenance: 'Who made an annotation', scores: 'Scores',
  notes: 'Notes on annotations', types: 'Types', confirmed: 'Second looks', status: 'Status of documents',
  'document-notes': 'Notes on documents', names: 'Names of documents',
  meta: 'Metadata', extra: 'Unknown fields of other formats', labels: 'Label sets', guide: 'Guide', text: 'Texts', rebuilt: 'White space of texts',
  blank: 'White space of texts', 'file-names': 'Names of documents', 'label-names': 'Names of labels', 'meta-types': 'Metadata',
  history: 'Who made an annotation', spans: 'Spans', 'note-lines': 'Notes on annotations', unrelated: 'Spans without a relation',
  pieces: 'Edges of spans', tokens: 'Tokens', unanswered: 'Questions', carried: 'Unknown fields of other formats',
  columns: 'Columns of the earlier file', characters: 'Characters that XML cannot write',
};
/** So many reasons of a kind are listed. */
const LISTED = 100;

export async function planWriting(whole: Corpus, choice: WriteChoice, chosen: ReadonlySet<string> = new Set()): Promise<WritePlan> {
  const format = formatOf(choice.format);
  if (!format?.write) throw new Error(`The format "${choice.format}" cannot be written.`);
  const corpus = selected(whole, choice.documents, chosen);
  const { files, losses } = await format.write(corpus, { ...choice.options, include: choice.include });
  const isBackup = choice.format === OWN && choice.include === 'all' && corpus.documents.length === whole.documents.length;
  const counts = { documents: corpus.documents.length, files: files.length };
  return { ...counts, losses: groupLosses(losses, corpus), file: oneFile(files, corpus.name), isBackup };
}

function oneFile(files: readonly InputFile[], name: string): InputFile {
  const [first] = files;
  if (first && files.length === 1) return first;
  const safe = name.replace(/[^\p{L}\p{N} ._-]+/gu, '_').slice(0, 60).trim();
  return { name: `${safe || 'annotations'}.zip`, bytes: zip(files) };
}

/** Losses by their headings. Documents and spans are named, and what would be said twice is said once with its number. */
export function groupLosses(losses: readonly Loss[], { documents }: Corpus): LossGroup[] {
  const byId = new Map(documents.map((document) => [document.id, document]));
  const groups = new Map<string, Map<string, number>>();
  for (const { kind, document: id, item, reason } of losses) {
    const document = id === undefined ? undefined : byId.get(id);
    const text = `${id === undefined ? '' : `${document?.name ?? id}: `}${itemText(document, item)}${reason}`;
    const heading = HEADINGS[kind] ?? kind;
    const reasons = groups.get(heading) ?? new Map<string, number>();
    groups.set(heading, reasons.set(text, (reasons.get(text) ?? 0) + 1));
  }
  return Array.from(groups, ([heading, reasons]) => {
    const lines = Array.from(reasons, ([text, count]) => (count > 1 ? `${text} (${count} times)` : text));
    const more = lines.length - LISTED;
    return { heading, reasons: more > 0 ? [...lines.slice(0, LISTED), `and ${more} more`] : lines };
  });
}

/** The text of a span, or of a question. */
function itemText(document: AnnotatedDocument | undefined, item: string | undefined): string {
  const span = document?.spans.find(({ id }) => id === item);
  if (document && span) return `${show(textOf(span, document.text))}: `;
  const question = document?.questions.find(({ id }) => id === item);
  return question ? `${show(question.question)}: ` : '';
}
