// Examples for teaching: the finished documents of a project.
import { comparePiece, TakenRanges } from '../model/pieces.js';
import { rangeOf } from '../model/spans.js';
import type { AnnotatedDocument, Label, LabelSet, Span, Status } from '../model/types.js';
import type { HeadRecord } from '../store/schema.js';
import type { TeachExample } from './model.js';

export interface TaughtLabel {
  /** As the head has it. */
  readonly name: string;
  /** Id of the label of the project. */
  readonly id: string;
}

export interface Examples {
  readonly examples: readonly TeachExample[];
  /** Labels that occur in the examples. */
  readonly labels: readonly TaughtLabel[];
  readonly spans: number;
  /** Spans that were left out: inside of another one or across its edge. */
  readonly overlapping: number;
  /** Spans of several pieces, which were left out. */
  readonly inPieces: number;
  /** Finished documents that were left out, because there were enough newer ones. */
  readonly documentsLeft: number;
}

export interface ExampleLimits {
  readonly documents: number;
  /** Code units of all texts. */
  readonly chars: number;
}

/** About 20,000 words of English. */
export const EXAMPLE_LIMITS: ExampleLimits = { documents: 300, chars: 120_000 };
/** A head has no more labels, and a name in it no more bytes (`src/taught/mod.rs`). */
const MOST_LABELS = 200;
const MOST_NAME_BYTES = 200;

export function isDone({ status }: { readonly status: Status }): boolean {
  return status === 'done';
}

/**
 * The documents to be taught, of those that are done: the newest, as many as the limits allow, one at least. Those that were `finished` last
 * are the newest, then those at the end of the list.
 */
export function newest(done: readonly HeadRecord[], finished: readonly string[], limits: ExampleLimits = EXAMPLE_LIMITS): HeadRecord[] {
  const places = new Map(finished.map((id, index) => [id, index]));
  const place = ({ id }: HeadRecord): number => places.get(id) ?? -1;
  let left = limits.chars;
  return [...done].sort((a, b) => place(b) - place(a) || b.order - a.order).slice(0, limits.documents).filter(({ chars }, index) => {
    if (index > 0 && chars > left) return false;
    left -= chars;
    return true;
  });
}

/** Examples of documents, with the spans of labels of span sets. `documentsLeft` is only passed on. */
export function examplesOf(documents: readonly AnnotatedDocument[], labelSets: readonly LabelSet[], documentsLeft = 0): Examples {
  const names = namesOf(labelSets);
  const used = new Set<string>();
  let spans = 0;
  let overlapping = 0;
  let inPieces = 0;
  const examples = documents.filter(({ text }) => text.trim() !== '').map<TeachExample>(({ text, spans: all }) => {
    const known = all.filter(({ state, label }) => state === 'accepted' && names.has(label));
    const whole = known.filter(({ pieces }) => pieces.length === 1);
    const kept = outermost(whole);
    inPieces += known.length - whole.length;
    overlapping += whole.length - kept.length;
    spans += kept.length;
    for (const { label } of kept) used.add(label);
    return { text, spans: kept.map((span) => exampleSpan(span, names)) };
  });
  const labels = Array.from(names, ([id, name]) => ({ id, name })).filter(({ id }) => used.has(id));
  return { examples, labels, spans, overlapping, inPieces, documentsLeft };
}

function exampleSpan(span: Span, names: ReadonlyMap<string, string>): TeachExample['spans'][number] {
  const [start, end] = rangeOf(span);
  return { start, end, label: names.get(span.label) ?? span.label };
}

/** Spans that do not overlap, in text order: the longest of those that do. */
function outermost(spans: readonly Span[]): Span[] {
  const taken = new TakenRanges();
  const byLength = [...spans].sort((a, b) => length(b) - length(a) || comparePiece(rangeOf(a), rangeOf(b)));
  const kept = byLength.filter(({ pieces }) => {
    if (taken.overlaps(pieces)) return false;
    taken.take(pieces);
    return true;
  });
  return kept.sort((a, b) => comparePiece(rangeOf(a), rangeOf(b)));
}

function length(span: Span): number {
  const [start, end] = rangeOf(span);
  return end - start;
}

/** The names of span labels for a head, by id. A label whose name is taken or too long goes by its id, and without a short one it is left out. */
function namesOf(labelSets: readonly LabelSet[]): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const { id, name } of spanLabels(labelSets)) {
    const free = [name, id].find((candidate) => !taken.has(candidate) && fits(candidate));
    if (free === undefined || names.size === MOST_LABELS) continue;
    taken.add(free);
    names.set(id, free);
  }
  return names;
}

function spanLabels(labelSets: readonly LabelSet[]): Label[] {
  return labelSets.filter(({ kind }) => kind === 'span').flatMap(({ labels }) => labels);
}

function fits(name: string): boolean {
  return new TextEncoder().encode(name).length <= MOST_NAME_BYTES;
}

/** The name of a head: that of its project, if it is not too long. */
export function headName(project: string): string {
  const name = project.trim() || 'project';
  // A code point has at most four bytes.
  return fits(name) ? name : [...name].slice(0, MOST_NAME_BYTES / 4).join('');
}

/** The first teaching needs so many documents that are done, with so many spans: with fewer, suggestions would become worse. */
const FIRST_DOCUMENTS = 5;
const FIRST_SPANS = 10;
export const WHEN_TAUGHT = `The model learns your labels when ${FIRST_DOCUMENTS} documents with ${FIRST_SPANS} spans are done.`;
const EVERY_DOCUMENTS = 5;

/** Whether it is time to teach: at first with enough examples, and again after some more documents. `taughtWith`: documents done then. */
export function isTimeToTeach(done: number, spans: number, taughtWith: number | undefined): boolean {
  if (taughtWith !== undefined) return done >= taughtWith + EVERY_DOCUMENTS;
  return done >= FIRST_DOCUMENTS && spans >= FIRST_SPANS;
}

/** How many documents are done, and how many spans they have. */
export function doneCounts(heads: readonly HeadRecord[]): [done: number, spans: number] {
  const done = heads.filter(isDone);
  return [done.length, done.reduce((sum, { counts }) => sum + counts.spans.accepted, 0)];
}
