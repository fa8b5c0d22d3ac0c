// What a format cannot hold is listed and taken out of a corpus before it is written. So what is listed is what the file does not have.
import { labelId, labelSetsOf } from '../model/labels.js';
import type { AnnotatedDocument, Corpus, Extra, Notes, Question, Relation, Span } from '../model/types.js';
import { importedStatus, labelNames, plainSpan } from './documents.js';
import { filled } from './fields.js';
import type { Loss, WriteOptions } from './format.js';
import { countedLosses } from './loss-counts.js';
import { hasLoneSurrogate, offsetTable, pieceFromUtf16, type TextUnit } from './offsets.js';
import { overlapping, type Preference } from './overlap.js';

/**
 * Kinds of losses, and what each one means for the corpus that is read back. A loss with an item means that the item is left out, except for
 * `meta`. For losses without an item:
 * - `discontinuous`, `overlap`, `edges`, `rejected`: always with an item (`edges`: a span that begins or ends within a unit of the format)
 * - `relations`, `questions`: all are left out
 * - `states`: suggestions become accepted
 * - `provenance`: `by` becomes `import`; `model`, `at` and `was` are left out
 * - `scores`, `notes`, `types`, `confirmed`: `score` and `note` of items, `type` and `confirmed` of spans are left out
 * - `status`: becomes `importedStatus`, of one document or of all
 * - `document-notes`, `names`: notes and names of documents are left out
 * - `meta`: metadata is left out; with an item, only the field of this name
 * - `extra`: unknown fields of files of other formats are left out
 * - `labels`: only the names of labels that are in use are kept; labels with the same name become one
 * - `guide`: the guide of the corpus is left out
 * - `text`, with a document: the document is left out, because its text cannot be written
 * New ids are no loss: an id has a meaning only within its project.
 */
export type LossKind =
  | 'discontinuous' | 'overlap' | 'edges' | 'rejected' | 'relations' | 'questions' | 'states' | 'provenance' | 'scores' | 'notes' | 'types' | 'confirmed'
  | 'status' | 'document-notes' | 'names' | 'meta' | 'extra' | 'labels' | 'guide' | 'text';

/** What a format can hold. An absent field means that it cannot. `overlap`: all spans, or which of those that overlap. */
export interface Abilities {
  readonly overlap?: 'all' | Preference;
  readonly discontinuous?: boolean;
  readonly relations?: boolean;
  readonly questions?: boolean;
  /** Suggestions and rejections; or a test whether it can hold those of a document. */
  readonly states?: boolean | ((document: AnnotatedDocument) => boolean);
  /** Suggestions, of a format that cannot hold rejections. */
  readonly suggestions?: boolean;
  readonly provenance?: boolean;
  readonly scores?: boolean;
  readonly notes?: boolean;
  readonly types?: boolean;
  readonly confirmed?: boolean;
  /** Or a test whether it can hold the status of a document. The document is tested as it is after other losses. */
  readonly status?: boolean | ((document: AnnotatedDocument) => boolean);
  readonly documentNotes?: boolean;
  readonly names?: boolean;
  /** All fields, or all but those with reserved names. */
  readonly meta?: 'all' | { readonly reserved: ReadonlySet<string> };
  readonly labels?: boolean;
  readonly guide?: boolean;
  /** Unknown fields of files of other formats. A format can always hold those of its own files. */
  readonly extra?: boolean;
  /** That it cannot hold unknown fields of spans, relations and questions, not even those of its own files. */
  readonly noItemExtra?: boolean;
  /** The unit of offsets, if a span may begin or end within one. */
  readonly unit?: TextUnit;
  /** Surrogates without the other half of their pair. Only JSON can write them. */
  readonly loneSurrogates?: boolean;
  /** Why it cannot hold a text; `undefined` if it can. */
  readonly textFault?: (text: string) => string | undefined;
}

interface Reduced {
  /** What the format can hold. Its label ids are made by `labelId`, unless the format holds labels. */
  readonly corpus: Corpus;
  readonly losses: readonly Loss[];
}

/**
 * Takes out of a corpus what was not asked for, and what a format with this id and these abilities cannot hold. Formats that keep unknown fields
 * in one form give all their ids.
 */
export function reduceCorpus(corpus: Corpus, { include }: WriteOptions, format: string | readonly string[], can: Abilities): Reduced {
  const own = new Set<string | undefined>([format].flat());
  const list = new LossList();
  const selected = corpus.documents.map((document) => selectNotes(document, include, list));
  const whole = selected.filter((document) => isWhole(document, can, list));
  const documents = whole.map((document) => reduceDocument(document, own.has(document.source?.format), can, list));
  const labelSets = can.labels ? corpus.labelSets : labelSetsOf(documents);
  const reduced = { ...corpus, documents, labelSets };
  if (can.labels) return { corpus: withoutGuide(reduced, can, list), losses: list.all };
  return { corpus: withoutGuide(nameLabels(reduced, corpus, list), can, list), losses: list.all };
}

/** Losses of single items, and losses that are counted. */
class LossList {
  readonly #single: Loss[] = [];
  readonly #counts = new Map<LossKind, { count: number; reason: string }>();

  item(kind: LossKind, document: string, item: string, reason: string): void {
    this.#single.push({ kind, document, item, reason });
  }

  document(kind: LossKind, document: string, reason: string): void {
    this.#single.push({ kind, document, reason });
  }

  /** Of the whole corpus; see `countedLosses`. */
  count(kind: LossKind, reason: string): void {
    const known = this.#counts.get(kind);
    if (known) known.count += 1;
    else this.#counts.set(kind, { count: 1, reason });
  }

  get all(): readonly Loss[] {
    return [...countedLosses(Array.from(this.#counts, ([kind, { count, reason }]) => [kind, count, reason])), ...this.#single];
  }
}

/** The annotations that were asked for. A relation is left out with one of its spans. */
function selectNotes(document: AnnotatedDocument, include: WriteOptions['include'], list: LossList): AnnotatedDocument {
  const { spans, relations, questions } = document;
  const kept = { spans: spans.filter((span) => isIncluded(span, include)), questions: questions.filter((question) => isIncluded(question, include)) };
  return { ...document, ...kept, relations: withEnds(document.id, relations.filter((relation) => isIncluded(relation, include)), kept.spans, list) };
}

/** Whether an annotation is one of those that were asked for. */
export function isIncluded(item: Span | Relation | Question, include: WriteOptions['include']): boolean {
  if (include === 'all') return true;
  if (item.state !== 'accepted') return false;
  return include === 'accepted' || item.by === 'human' || ('was' in item && item.was !== undefined);
}

function withEnds(document: string, relations: readonly Relation[], spans: readonly Span[], list: LossList): readonly Relation[] {
  const ids = new Set(spans.map(({ id }) => id));
  return relations.filter((relation) => {
    if (ids.has(relation.head) && ids.has(relation.tail)) return true;
    list.item('relations', document, relation.id, 'one of its spans is not written');
    return false;
  });
}

function isWhole({ id, text }: AnnotatedDocument, can: Abilities, list: LossList): boolean {
  const fault =
    !can.loneSurrogates && hasLoneSurrogate(text)
      ? 'the text has half of a surrogate pair without the other half, which no encoding can write'
      : can.textFault?.(text);
  if (fault !== undefined) list.document('text', id, fault);
  return fault === undefined;
}

/** `isOfFormat`: the document comes from a file of the format. */
function reduceDocument(document: AnnotatedDocument, isOfFormat: boolean, can: Abilities, list: LossList): AnnotatedDocument {
  const reduced = reduceNotes(document, can, list);
  const isOwn = can.extra || isOfFormat;
  const { note, extra, ...rest } = { ...document, ...reduced };
  const items = <T extends Span | Relation | Question>(all: readonly T[]) =>
    all.map((item) => reduceItem(item, isOwn && !can.noItemExtra, can, list));
  const meta = reduceMeta(document, can, list);
  if (note !== undefined && !can.documentNotes) list.count('document-notes', 'notes of # documents are left out');
  if (extra && !isOwn) countExtra(list);
  if (!can.names) list.count('names', 'names of # documents are left out');
  const status = reduceStatus({ ...document, ...reduced }, can, list);
  const { meta: _, ...bare } = rest;
  return {
    ...bare,
    spans: items(reduced.spans), relations: items(reduced.relations), questions: items(reduced.questions), status,
    ...(note !== undefined && can.documentNotes && { note }),
    ...(extra && isOwn && { extra }),
    ...(meta && { meta }),
  };
}

function reduceStatus(document: AnnotatedDocument, { status: can }: Abilities, list: LossList): AnnotatedDocument['status'] {
  const imported = importedStatus(document);
  if (can === true || imported === document.status) return document.status;
  if (!can) list.count('status', 'the status of # documents is left out');
  else if (can(document)) return document.status;
  else list.document('status', document.id, `the status "${document.status}" is left out`);
  return imported;
}

function countExtra(list: LossList): void {
  list.count('extra', 'unknown fields of other formats are left out # times');
}

function reduceMeta({ id, meta }: AnnotatedDocument, { meta: can }: Abilities, list: LossList): Extra | undefined {
  if (!meta || can === 'all') return meta;
  if (!can) return void list.count('meta', 'metadata of # documents are left out');
  const kept = Object.entries(meta).filter(([name]) => {
    if (!can.reserved.has(name)) return true;
    list.item('meta', id, name, 'the format has another use for a field of this name');
    return false;
  });
  return filled(Object.fromEntries(kept));
}

/** Leaves out whole annotations. */
function reduceNotes(document: AnnotatedDocument, can: Abilities, list: LossList): Notes {
  const { id } = document;
  const withStates = typeof can.states === 'function' ? can.states(document) : can.states === true;
  const chosen = <T extends Span | Relation | Question>(items: readonly T[]) => (withStates ? items : withoutRejected(id, items, list));
  const spans = reduceSpans(document, chosen(document.spans), can, list);
  const relations = chosen(document.relations);
  const questions = chosen(document.questions);
  if (!can.relations) for (const _ of relations) list.count('relations', '# relations are left out');
  if (!can.questions) for (const _ of questions) list.count('questions', '# questions are left out');
  return { spans, relations: can.relations ? withEnds(id, relations, spans, list) : [], questions: can.questions ? questions : [] };
}

function withoutRejected<T extends Span | Relation | Question>(document: string, items: readonly T[], list: LossList): readonly T[] {
  return items.filter(({ id, state }) => {
    if (state === 'rejected') list.item('rejected', document, id, 'it was rejected, and the format cannot say so');
    return state !== 'rejected';
  });
}

function reduceSpans({ id: document, text }: AnnotatedDocument, spans: readonly Span[], can: Abilities, list: LossList): readonly Span[] {
  const table = can.unit && offsetTable(text, can.unit);
  const joined = spans.filter(({ id, pieces }) => {
    const fault =
      !can.discontinuous && pieces.length > 1
        ? 'discontinuous'
        : table && !pieces.every((piece) => pieceFromUtf16(table, piece))
          ? 'edges'
          : undefined;
    if (fault)
      list.item(fault, document, id, fault === 'edges' ? `it begins or ends within a unit of ${can.unit}` : `it has ${pieces.length} pieces`);
    return !fault;
  });
  if (can.overlap === 'all') return joined;
  const lost = overlapping(joined, can.overlap ?? 'outermost');
  return joined.filter((span) => {
    const over = lost.get(span);
    if (over) list.item('overlap', document, span.id, `it overlaps ${plainSpan(over)}, which is written`);
    return !over;
  });
}

/** Leaves out what the format cannot hold of an annotation. */
function reduceItem<T extends Span | Relation | Question>(item: T, isOwn: boolean, can: Abilities, list: LossList): T {
  const reduced: { -readonly [name in keyof Span]?: unknown } = { ...item };
  const drop = (name: 'score' | 'note' | 'type' | 'confirmed', kind: LossKind, reason: string) => {
    if (reduced[name] !== undefined) list.count(kind, reason);
    delete reduced[name];
  };
  if (!can.scores) drop('score', 'scores', '# scores are left out');
  if (!can.notes) drop('note', 'notes', '# notes are left out');
  if (!can.types) drop('type', 'types', '# types of spans are left out');
  if (!can.confirmed) drop('confirmed', 'confirmed', 'that a person found a doubtful span right is left out of # spans');
  if (!isOwn && reduced.extra !== undefined) {
    countExtra(list);
    delete reduced.extra;
  }
  if (can.states !== true && !can.suggestions && reduced.state === 'suggested') {
    list.count('states', '# suggestions become accepted');
    reduced.state = 'accepted';
  }
  if (!can.provenance) dropProvenance(reduced, list);
  return reduced as T;
}

function dropProvenance(reduced: { -readonly [name in keyof Span]?: unknown }, list: LossList): void {
  const { by, model, at, was } = reduced;
  if (by === 'import' && model === undefined && at === undefined && was === undefined) return;
  list.count('provenance', 'who or what made it, and when, is left out of # annotations');
  reduced.by = 'import';
  delete reduced.model;
  delete reduced.at;
  delete reduced.was;
}

/** Gives each label the id that it will have when it is read again, and lists a loss if labels are more than their names. */
function nameLabels(reduced: Corpus, original: Corpus, list: LossList): Corpus {
  const name = labelNames(original.labelSets);
  const documents = reduced.documents.map((document) => ({
    ...document,
    spans: document.spans.map((span) => ({
      ...span,
      label: labelId('span', name('span', span.label)),
      ...(span.type !== undefined && { type: labelId('type', name('type', span.type)) }),
      ...(span.was && { was: { ...span.was, label: labelId('span', name('span', span.was.label)) } }),
    })),
    relations: document.relations.map((relation) => ({ ...relation, label: labelId('relation', name('relation', relation.label)) })),
  }));
  const labelSets = labelSetsOf(documents);
  if (describe(labelSets) !== describe(original.labelSets)) list.count('labels', 'of labels, only the names of those in use are written');
  return { ...reduced, documents, labelSets };
}

function describe(sets: Corpus['labelSets']): string {
  return JSON.stringify(sets.map(({ kind, overlap, labels }) => [kind, overlap, labels.map(({ id: _, ...label }) => Object.entries(label).sort())]));
}

function withoutGuide(corpus: Corpus, can: Abilities, list: LossList): Corpus {
  if (corpus.guide === undefined || can.guide) return corpus;
  list.count('guide', 'the guide is left out');
  const { guide: _, ...rest } = corpus;
  return rest;
}
