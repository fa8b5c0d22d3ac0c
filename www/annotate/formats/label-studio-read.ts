// Reads tasks of Label Studio.
import { FreeIds } from '../model/ids.js';
import { labelSetsOf, newLabelSet } from '../model/labels.js';
import { equalPieces } from '../model/pieces.js';
import { show } from '../model/show.js';
import type { AnnotatedDocument, Extra, Json, LabelSet, Notes, Relation, Span, Status } from '../model/types.js';
import { checkedPiece, checkQuote, fileLabelId, importedStatus, newCorpus, rowName } from './documents.js';
import { Fields, filled, given } from './fields.js';
import type { InputFile, ReadOptions, ReadResult } from './format.js';
import { parseJsonRows } from './json.js';
import { isConfig, readConfig, USUAL_NAMES, type Config } from './label-studio-config.js';
import { MadeReader, readLuke } from './label-studio-meta.js';
import { namesOf, rawTask, type RawResults, type RawSpan, type RawTask } from './label-studio-task.js';
import { offsetTable, type OffsetTable, type TextUnit } from './offsets.js';
import { ProblemList } from './problems.js';
import { detectUnit, rawSpan } from './units.js';

/** The editor counts UTF-16 units, whatever its documentation says. */
export const UNITS: readonly TextUnit[] = ['utf-16', 'code-point'];

export const FORMAT = 'label-studio';
/** The name in `extra` for what is not a field of the task itself. */
export const INSIDE = 'label-studio';

/** A task, and its place: file and row. */
interface PlacedTask {
  readonly task: RawTask;
  readonly file: string;
  readonly row: number;
}

/** What becomes one document: a task with one annotation. The document of the first annotation gets the predictions. */
interface RawDocument extends PlacedTask {
  readonly annotation: RawResults | undefined;
  readonly predictions: readonly RawResults[];
  /** Number of the annotation in its task, from 1. */
  readonly number: number;
}

export function readLabelStudio(files: readonly InputFile[], options: ReadOptions = {}): ReadResult {
  const problems = new ProblemList();
  const configs = files.filter(isConfig).map((file) => ({ name: file.name, config: readConfig(file, problems.of(file.name)) }));
  for (const { name } of configs.slice(1)) problems.of(name).loss('only the first labeling configuration is taken');
  const config = configs[0]?.config;
  const tasks = files.filter((file) => !isConfig(file)).flatMap((file) => tasksOf(file, problems, config));
  const texts = tasks.map(({ task: { text, lists } }) => ({ text, spans: lists.flatMap(({ spans }) => spans.map(rawSpan)) }));
  const unit = detectUnit(texts, UNITS, options.unit);
  const read = tasks.flatMap((placed) => {
    const table = offsetTable(placed.task.text, unit.unit);
    return rawDocuments(placed).map((document) => documentOf(document, table));
  });
  const documents = read.map((document, index) => ({ id: `d${index}`, ...document }));
  return {
    corpus: { ...newCorpus(files, documents), labelSets: joined(config?.labelSets ?? [], labelSetsOf(documents)) },
    problems: problems.all,
    unit,
  };
}

/** Labels of the configuration first, then those that only documents have. */
function joined(configured: readonly LabelSet[], used: readonly LabelSet[]): LabelSet[] {
  const known = configured.map((set) => {
    const names = new Set(set.labels.map(({ name }) => name));
    const more = used.find(({ kind }) => kind === set.kind)?.labels.filter(({ name }) => !names.has(name)) ?? [];
    const all = newLabelSet(set.kind, [...names, ...more.map(({ name }) => name)]);
    return { ...set, labels: [...set.labels, ...all.labels.slice(names.size)] };
  });
  return [...known, ...used.filter(({ kind }) => !configured.some((set) => set.kind === kind))];
}

function tasksOf({ name: file, bytes }: InputFile, problems: ProblemList, config: Config | undefined): PlacedTask[] {
  return [...parseJsonRows(bytes, problems.of(file))].flatMap(({ row, value, report }) => {
    const fields = Fields.of(value, report);
    const task = fields && rawTask(fields, config);
    return task ? [{ task, file, row }] : [];
  });
}

function rawDocuments(placed: PlacedTask): RawDocument[] {
  const annotations = placed.task.lists.filter(({ kind }) => kind !== 'prediction');
  const predictions = placed.task.lists.filter(({ kind }) => kind === 'prediction');
  const others = annotations.slice(1).map((annotation, index) => ({ ...placed, annotation, predictions: [], number: index + 2 }));
  return [{ ...placed, annotation: annotations[0], predictions, number: 1 }, ...others];
}

type ReadDocument = Omit<AnnotatedDocument, 'id'>;

function documentOf({ task, annotation, predictions, number, file, row }: RawDocument, table: OffsetTable): ReadDocument {
  const { text, fields, names } = task;
  const reader = new ResultReader(text, table);
  reader.results([...(annotation ? [annotation] : []), ...predictions]);
  const meta = fields.object('meta');
  const luke = meta && readLuke(meta);
  const notes = reader.notes();
  const inside = insideOf(names, annotation, predictions);
  const extra = { ...fields.rest(), ...given('meta', meta?.rest()), ...(inside && { [INSIDE]: inside }) };
  return {
    name: `${luke?.name ?? rowName(file, row)}${number > 1 ? ` (annotation ${number})` : ''}`,
    text,
    status: luke?.status ?? statusOf(annotation, notes),
    ...notes,
    source: { format: FORMAT, file, row },
    ...given('note', luke?.note),
    ...given('meta', task.data),
    ...given('extra', filled(extra)),
  };
}

function statusOf(annotation: RawResults | undefined, notes: Notes): Status {
  if (!annotation) return importedStatus(notes);
  if (annotation.isCancelled) return 'skipped';
  return annotation.kind === 'draft' ? 'draft' : 'done';
}

/** What is kept for writing: names that are not the usual ones, and unknown fields of annotations and predictions. */
function insideOf(names: RawTask['names'], annotation: RawResults | undefined, predictions: readonly RawResults[]): Extra | undefined {
  const others = [annotation, ...predictions].flatMap((list) => list?.others ?? []);
  const lists = predictions.filter((list) => list.extra).map(({ model, extra }) => ({ ...given('model_version', model), ...extra }) as Json);
  const isUsual = names.from === USUAL_NAMES.from && names.to === USUAL_NAMES.to && names.key === USUAL_NAMES.key;
  return filled({
    ...(!isUsual && { names: { ...names } }), ...given('annotation', annotation?.extra),
    ...(others.length > 0 && { results: others }), ...(lists.length > 0 && { predictions: lists }),
  });
}

/** Reads the lists of results of one document. */
class ResultReader {
  readonly #text: string;
  readonly #table: OffsetTable;
  readonly #spans = new Map<string, Span>();
  readonly #relations: Relation[] = [];
  readonly #ids = new FreeIds();

  constructor(text: string, table: OffsetTable) {
    this.#text = text;
    this.#table = table;
  }

  notes(): Notes {
    return { spans: [...this.#spans.values()], relations: this.#relations, questions: [] };
  }

  /** Reads all lists of a document. A relation may join spans of different lists. */
  results(lists: readonly RawResults[]): void {
    const read = lists.map((list) => {
      const made = new MadeReader(list, this.#table);
      /** Spans of this list, by the ids in the file. */
      const ids = new Map<string, Span>();
      for (const raw of list.spans) this.#span(raw, made, ids);
      return { list, made, ids };
    });
    for (const { list, made, ids } of read) for (const fields of list.relations) this.#relation(fields, made, ids);
  }

  /** A result may have several labels. Each becomes a span. */
  #span({ fields, start, end, quote, labels }: RawSpan, made: MadeReader, ids: Map<string, Span>): void {
    const { report } = fields;
    const piece = checkedPiece(this.#table, start, end, report);
    const id = fields.string('id') ?? `s${this.#spans.size}`;
    const rest = { ...made.read(fields), ...given('extra', fields.rest()) };
    if (!piece) return;
    checkQuote(this.#text, [piece], quote, report);
    if (labels.length === 0) labels = [''];
    for (const name of labels) {
      const label = fileLabelId('span', name || undefined, report);
      const before = this.#spans.get(id);
      const span: Span = { id: this.#ids.take(id), pieces: [piece], label, ...rest };
      // An annotation that a person began with a prediction has copies of its spans, with the same ids.
      if (before && rest.state === 'suggested' && before.state === 'accepted' && before.label === label && equalPieces(before.pieces, span.pieces)) {
        ids.set(id, before);
        continue;
      }
      this.#spans.set(span.id, span);
      if (!ids.has(id)) ids.set(id, span);
    }
  }

  #relation(fields: Fields, made: MadeReader, ids: ReadonlyMap<string, Span>): void {
    const [from, to, direction] = [fields.string('from_id') ?? '', fields.string('to_id') ?? '', fields.raw('direction')];
    const names = namesOf(fields);
    fields.raw('type');
    const [head, tail] = [from, to].map((id) => ids.get(id) ?? this.#spans.get(id));
    const rest = made.read(fields);
    if (!head || !tail) return fields.report.loss(`from_id ${show(from)} or to_id ${show(to)} is not a span of the task; the relation is left out`);
    const more = { ...fields.rest(), ...(direction === 'bi' && { direction }) };
    const ends = direction === 'left' ? { head: tail.id, tail: head.id } : { head: head.id, tail: tail.id };
    for (const name of names.length > 0 ? names : [undefined]) {
      const label = fileLabelId('relation', name, fields.report);
      this.#relations.push({ id: `r${this.#relations.length}`, ...ends, label, ...rest, ...given('extra', filled(more)) });
    }
  }
}
