// What becomes of the labels of a file that is imported: they keep their names, join another label, or are left out with what has them.
import { apply, type State } from '../../model/changes.js';
import { removeLabel, withoutLabel, type Fate } from '../../model/label-edits.js';
import { findLabel, type LabelKind } from '../../model/labels.js';
import { isRefusal } from '../../model/refusal.js';
import type { AnnotatedDocument, Corpus, Label, LabelSet } from '../../model/types.js';

/** `name`: the label gets this name, and is the same as another label with it. */
export type LabelTarget = { readonly become: 'label'; readonly name: string } | { readonly become: 'nothing' };

/** A label of a file. */
export interface LabelRow {
  readonly id: string;
  readonly kind: LabelKind;
  readonly name: string;
  /** How many spans or relations have it. */
  readonly uses: number;
  /** Names of the labels of the project that it may become. */
  readonly choices: readonly string[];
  /** Whether the project has a label of this name. */
  readonly isKnown: boolean;
}

/** The labels of a file, beside those of a project. */
export function labelRows({ labelSets, documents }: Corpus, known: readonly LabelSet[]): LabelRow[] {
  const uses = new Map<string, number>();
  const count = (id: string): unknown => uses.set(id, (uses.get(id) ?? 0) + 1);
  for (const { spans, relations } of documents) {
    for (const { label, type } of spans) {
      count(label);
      if (type !== undefined) count(type);
    }
    for (const { label } of relations) count(label);
  }
  return labelSets.flatMap(({ kind, labels }) => {
    const names = [...new Set(known.filter((set) => set.kind === kind).flatMap((set) => set.labels.map(({ name }) => name)))];
    return labels.map(({ id, name }) => {
      return { id, kind, name, uses: uses.get(id) ?? 0, choices: names.filter((choice) => choice !== name), isKnown: names.includes(name) };
    });
  });
}

/** The corpus with other labels. A label without a target keeps its name. Spans that become equal are one span. */
export function mapLabels(corpus: Corpus, targets: ReadonlyMap<string, LabelTarget>): Corpus {
  const renamed = new Map([...targets].flatMap(([id, target]) => (target.become === 'label' ? [[id, target.name] as const] : [])));
  let mapped = withNames(corpus, renamed);
  for (const [id, target] of targets) if (target.become === 'nothing') mapped = without(mapped, id, { then: 'remove' });
  return joined(mapped);
}

function withNames(corpus: Corpus, names: ReadonlyMap<string, string>): Corpus {
  const renamed = (label: Label): Label => ({ ...label, name: names.get(label.id) ?? label.name });
  return { ...corpus, labelSets: corpus.labelSets.map((set) => ({ ...set, labels: set.labels.map(renamed) })) };
}

/** Labels of one set with the same name become the first of them. */
function joined(corpus: Corpus): Corpus {
  let result = corpus;
  for (const { labels } of corpus.labelSets) {
    const first = new Map<string, string>();
    for (const { id, name } of labels) {
      const same = first.get(name);
      if (same === undefined) first.set(name, id);
      else result = without(result, id, { then: 'move', to: same });
    }
  }
  return result;
}

function without(corpus: Corpus, id: string, fate: Fate): Corpus {
  const found = findLabel(corpus.labelSets, id);
  const change = removeLabel(corpus.labelSets, id, fate);
  if (!found || isRefusal(change)) return corpus;
  const documents = corpus.documents.map((document) => withoutLabelIn(document, found.set.kind, id, fate));
  return { ...corpus, labelSets: apply(stateOf(undefined, corpus.labelSets), change).labelSets, documents };
}

function withoutLabelIn(document: AnnotatedDocument, kind: LabelKind, id: string, fate: Fate): AnnotatedDocument {
  const change = withoutLabel(document, kind, id, fate);
  if (!change) return document;
  const { spans, relations, questions } = apply(stateOf(document), change);
  return { ...document, spans, relations, questions };
}

function stateOf(document: AnnotatedDocument | undefined, labelSets: readonly LabelSet[] = []): State {
  const { spans = [], relations = [], questions = [] } = document ?? {};
  return { spans, relations, questions, labelSets, status: 'new' };
}
