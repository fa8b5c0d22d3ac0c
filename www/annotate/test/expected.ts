// What declared losses mean, written apart from the code that declares them; and corpora in a form that can be compared.
import { importedStatus } from '../formats/documents.js';
import type { Loss, WriteOptions } from '../formats/format.js';
import type { LossKind } from '../formats/losses.js';
import type { AnnotatedDocument, Corpus, Question, Relation, Span } from '../model/types.js';

type Item = Span | Relation | Question;

/** The corpus that a file has after these losses. */
export function applyLosses(corpus: Corpus, losses: readonly Loss[], include: WriteOptions['include'], format: string): Corpus {
  const isLost = (kind: LossKind) => losses.some((loss) => loss.kind === kind && loss.document === undefined);
  const lostTexts = new Set(losses.filter(({ kind }) => kind === 'text').map(({ document }) => document));
  const documents = corpus.documents.filter(({ id }) => !lostTexts.has(id)).map((document) => {
    const own = losses.filter((loss) => loss.document === document.id);
    return applyToDocument(document, own, isLost, include, document.source?.format === format);
  });
  const { guide, ...rest } = corpus;
  return {
    ...rest, ...(guide !== undefined && !isLost('guide') && { guide }),
    documents: documents.map((document) => (isLost('labels') ? { ...document, ...namedLabels(document, corpus) } : document)),
    labelSets: isLost('labels') ? [] : corpus.labelSets,
  };
}

function applyToDocument(
  document: AnnotatedDocument,
  own: readonly Loss[],
  isLost: (kind: LossKind) => boolean,
  include: WriteOptions['include'],
  isOwn: boolean,
): AnnotatedDocument {
  const lostItems = new Set(own.filter(({ kind, item }) => kind !== 'meta' && item !== undefined).map(({ item }) => item));
  const keep = <T extends Item>(items: readonly T[]) =>
    items.filter((item) => isChosen(item, include) && !lostItems.has(item.id)).map((item) => applyToItem(item, isLost, isOwn));
  const { note, meta, extra, ...rest } = document;
  const notes = {
    spans: keep(document.spans),
    relations: isLost('relations') ? [] : keep(document.relations),
    questions: isLost('questions') ? [] : keep(document.questions),
  };
  const lostMeta = new Set(own.filter(({ kind }) => kind === 'meta').map(({ item }) => item));
  const keptMeta = Object.entries(meta ?? {}).filter(([name]) => !lostMeta.has(name));
  return {
    ...rest, ...notes,
    status: isLost('status') || own.some(({ kind, item }) => kind === 'status' && item === undefined) ? importedStatus(notes) : document.status,
    name: isLost('names') ? '' : document.name,
    ...(note !== undefined && !isLost('document-notes') && { note }),
    ...(keptMeta.length > 0 && !isLost('meta') && { meta: Object.fromEntries(keptMeta) }),
    ...(extra && (isOwn || !isLost('extra')) && { extra }),
  };
}

function isChosen(item: Item, include: WriteOptions['include']): boolean {
  const wasChanged = (item as Partial<Span>).was !== undefined;
  return include === 'all' || (item.state === 'accepted' && (include === 'accepted' || item.by === 'human' || wasChanged));
}

function applyToItem<T extends Item>(item: T, isLost: (kind: LossKind) => boolean, isOwn: boolean): T {
  const left: { -readonly [name in keyof Span]?: unknown } = { ...item };
  if (isLost('scores')) delete left.score;
  if (isLost('notes')) delete left.note;
  if (isLost('types')) delete left.type;
  if (isLost('confirmed')) delete left.confirmed;
  if (isLost('extra') && !isOwn) delete left.extra;
  if (isLost('states') && left.state === 'suggested') left.state = 'accepted';
  if (isLost('provenance')) {
    left.by = 'import';
    delete left.model;
    delete left.at;
    delete left.was;
  }
  return left as T;
}

/** Labels by their names alone: `PER` for a label of any id. */
function namedLabels({ spans, relations }: AnnotatedDocument, corpus: Corpus): Pick<AnnotatedDocument, 'spans' | 'relations'> {
  const name = namesOf(corpus);
  return {
    spans: spans.map((span) => ({
      ...span, label: name(span.label), ...(span.type !== undefined && { type: name(span.type) }),
      ...(span.was && { was: { ...span.was, label: name(span.was.label) } }),
    })),
    relations: relations.map((relation) => ({ ...relation, label: name(relation.label) })),
  };
}

function namesOf(corpus: Corpus): (id: string) => string {
  const names = new Map(corpus.labelSets.flatMap(({ labels }) => labels.map(({ id, name }) => [id, name])));
  // A label that only `was` has is in no set.
  return (id) => names.get(id) ?? id.replace(/^(span|type|relation):/, '');
}

/**
 * A corpus without ids and sources, and without the order of annotations. Names of documents that were lost are not compared, and
 * label sets only if they are kept.
 */
export function comparable(corpus: Corpus, compare: { readonly names: boolean; readonly labels: boolean }): unknown {
  return {
    guide: corpus.guide,
    labelSets:
      compare.labels && corpus.labelSets.map(({ kind, overlap, labels }) => ({ kind, overlap, labels: labels.map(({ id: _, ...label }) => label) })),
    documents: corpus.documents.map((document) => comparableDocument(document, corpus, compare.names)),
  };
}

function comparableDocument(document: AnnotatedDocument, corpus: Corpus, withName: boolean): unknown {
  const { id: _, source: __, name, ...rest } = document;
  const { spans, relations } = namedLabels(document, corpus);
  const byId = new Map(spans.map(({ id, ...span }) => [id, canonical(span)]));
  return {
    ...rest, name: withName && name,
    spans: [...byId.values()].sort(),
    relations: relations.map(({ id: _, head, tail, ...relation }) => canonical({ ...relation, head: byId.get(head), tail: byId.get(tail) })).sort(),
    questions: document.questions.map(({ id: _, ...question }) => canonical(question)).sort(),
  };
}

/** JSON with sorted names. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}
