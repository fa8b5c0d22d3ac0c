// Writes tasks of Label Studio, with the labeling configuration that fits them.
import type { AnnotatedDocument, Corpus, Extra, Json, Relation, Span } from '../model/types.js';
import { corpusFile, labelNames, without } from './documents.js';
import { given } from './fields.js';
import type { WriteOptions, WriteResult } from './format.js';
import { isList, isObject, objectOf } from './json-values.js';
import { fitsConfig, USUAL_NAMES, writeConfig, type ConfigNames } from './label-studio-config.js';
import { madeFields } from './label-studio-meta.js';
import { FORMAT, INSIDE } from './label-studio-read.js';
import { jsonList } from './lines.js';
import { reduceCorpus } from './losses.js';
import { withoutRelations } from './without.js';

const WRITTEN = new Set(['data', 'annotations', 'completions', 'predictions', INSIDE]);
const WRITTEN_OF_ANNOTATION = new Set(['result', 'was_cancelled', 'skipped']);
const WRITTEN_OF_RESULT = new Set(['id', 'type', 'from_name', 'to_name', 'value', 'score', 'origin', 'meta', 'from_id', 'to_id', 'labels']);

export function writeLabelStudio(whole: Corpus, options: WriteOptions): WriteResult {
  const names = whole.documents.map(namesOf).find((found) => found !== undefined) ?? USUAL_NAMES;
  const findable = withoutRelations(whole, options, unfindable);
  const { corpus, losses } = reduceCorpus(findable.corpus, options, FORMAT, {
    overlap: 'all', relations: true, suggestions: true, provenance: true, scores: true, notes: true, status: true, documentNotes: true, names: true,
    meta: { reserved: new Set([names.key]) }, labels: fitsConfig(whole.labelSets), loneSurrogates: true,
  });
  const writer = new TaskWriter(corpus, names);
  const tasks = corpus.documents.map((document) => writer.task(document));
  const files = [corpusFile(corpus, '.json', jsonList(tasks)), corpusFile(corpus, '.xml', writeConfig(corpus.labelSets, names))];
  return { files, losses: [...findable.losses, ...losses] };
}

/** Label Studio finds the spans of a relation in its own annotation or prediction only. Accepted spans can be repeated in a prediction. */
function unfindable(relation: Relation, head: Span, tail: Span): string | undefined {
  const isFound = (span: Span) => span.state === 'accepted' || (relation.state === 'suggested' && versionOf(span) === versionOf(relation));
  return isFound(head) && isFound(tail) ? undefined : 'one of its spans is a suggestion that Label Studio keeps apart from it';
}

/** The name of the prediction that has a suggestion. */
function versionOf({ model, by }: Span | Relation): string {
  return model?.name ?? by;
}

/** The names that the file of a document had, if they are not the usual ones. */
function namesOf({ source, extra }: AnnotatedDocument): ConfigNames | undefined {
  if (source?.format !== FORMAT) return undefined;
  const names = insideOf(extra).names;
  if (!isObject(names)) return undefined;
  const { from, to, key } = names;
  return typeof from === 'string' && typeof to === 'string' && typeof key === 'string' ? { from, to, key } : undefined;
}

function insideOf(extra: Extra | undefined): Extra {
  return objectOf(extra?.[INSIDE]);
}

function objectsOf(value: Json | undefined): readonly Extra[] {
  return isList(value) ? value.filter(isObject) : [];
}

class TaskWriter {
  readonly #name: ReturnType<typeof labelNames>;
  readonly #names: ConfigNames;

  constructor(corpus: Corpus, names: ConfigNames) {
    this.#name = labelNames(corpus.labelSets);
    this.#names = names;
  }

  task(document: AnnotatedDocument): Extra {
    const { text, name, status, note, meta, extra } = document;
    const rest = without(extra, WRITTEN);
    const luke = { name, status, ...given('note', note) };
    return {
      ...rest, data: { [this.#names.key]: text, ...meta }, annotations: this.#annotations(document), predictions: this.#predictions(document),
      meta: { ...objectOf(rest.meta), luke },
    };
  }

  #annotations(document: AnnotatedDocument): Json {
    const { status, extra } = document;
    const inside = insideOf(extra);
    const result = [...this.#results(document, ({ state }) => state === 'accepted'), ...objectsOf(inside.results)];
    if (result.length === 0 && status === 'new') return [];
    const known = without(objectOf(inside.annotation), WRITTEN_OF_ANNOTATION);
    return [{ ...known, was_cancelled: status === 'skipped', result }];
  }

  /** One prediction for each model. Its score is the mean of the scores of its results. */
  #predictions(document: AnnotatedDocument): Json {
    const { spans, relations, extra } = document;
    const suggested = [...spans, ...relations].filter(({ state }) => state === 'suggested');
    const before = objectsOf(insideOf(extra).predictions);
    return [...new Set(suggested.map(versionOf))].map((version) => {
      const isOwn = (item: Span | Relation) => item.state === 'suggested' && versionOf(item) === version;
      const result = [...this.#repeated(document, relations.filter(isOwn)), ...this.#results(document, isOwn)];
      const scores = suggested.flatMap((item) => (versionOf(item) === version ? (item.score ?? []) : []));
      const mean = scores.length > 0 ? scores.reduce((sum, score) => sum + score, 0) / scores.length : undefined;
      const rest = before.find((prediction) => prediction.model_version === version);
      return { ...rest, model_version: version, ...given('score', mean), result };
    });
  }

  /** The accepted spans of suggested relations, without what the annotation says of them. */
  #repeated({ text, spans }: AnnotatedDocument, relations: readonly Relation[]): Extra[] {
    const ends = new Set(relations.flatMap(({ head, tail }) => [head, tail]));
    return spans.filter(({ id, state }) => state === 'accepted' && ends.has(id)).map((span) => this.#region(span, text));
  }

  #results({ text, spans, relations }: AnnotatedDocument, isWanted: (item: Span | Relation) => boolean): Extra[] {
    return [
      ...spans.filter(isWanted).map((span) => this.#span(span, text)),
      ...relations.filter(isWanted).map((relation) => this.#relation(relation)),
    ];
  }

  #span(span: Span, text: string): Extra {
    return { ...without(span.extra, WRITTEN_OF_RESULT), ...this.#region(span, text), ...this.#made(span) };
  }

  #region({ id, pieces, label }: Span, text: string): Extra {
    const [start, end] = pieces[0]!;
    const value = { start, end, text: text.slice(start, end), labels: [this.#name('span', label)] };
    return { id, from_name: this.#names.from, to_name: this.#names.to, type: 'labels', value };
  }

  #relation(relation: Relation): Extra {
    const { head, tail, label, extra } = relation;
    return {
      direction: 'right',
      ...without(extra, WRITTEN_OF_RESULT),
      type: 'relation',
      from_id: head,
      to_id: tail,
      labels: [this.#name('relation', label)],
      ...this.#made(relation),
    };
  }

  #made(item: Span | Relation): Extra {
    return madeFields(item, (label) => this.#name('span', label));
  }
}
