// What a person asks the model: a question to one document or to all, the labels of a span, the labels of a pair of spans.
import { signal, type ReadonlySignal, type Signal } from '@preact/signals-core';
import { messageOf } from '../formats/problems.js';
import { allowsEnds, findLabel } from '../model/labels.js';
import { rangeOf } from '../model/spans.js';
import type { LabelSet, Span } from '../model/types.js';
import type { Project } from '../store/project.js';
import type { HeadRecord } from '../store/schema.js';
import { untilAbort } from './abort.js';
import { checkAnswer, checkLabels, type FoundAnswer, type ScoredLabel } from './answers.js';
import { labelMap, type Choices } from './mapping.js';
import { isLoss, type CallOptions, type LabeledTask, type Model } from './model.js';

/** A place that may be the answer. */
export interface Candidate extends FoundAnswer {
  readonly document: string;
  readonly text: string;
}

export interface AskState {
  readonly question: string;
  readonly isRunning: boolean;
  /** Best first. */
  readonly candidates: readonly Candidate[];
  /** Documents. */
  readonly done: number;
  readonly total: number;
  /** What could not be read. */
  readonly message?: string;
}

/** Answers of one document. */
export const ANSWERS = 5;
/** More candidates of all documents are not kept. */
const MOST_CANDIDATES = 200;

export interface AskedDocuments {
  readonly total: number;
  readonly texts: AsyncIterable<readonly [document: string, text: string]> | Iterable<readonly [document: string, text: string]>;
}

/** The texts of these documents. */
export function askedDocuments(project: Pick<Project, 'texts'>, heads: readonly HeadRecord[]): AskedDocuments {
  const texts = async function* (): AsyncGenerator<readonly [string, string]> {
    for await (const [{ id }, text] of project.texts(heads)) yield [id, text];
  };
  return { total: heads.length, texts: texts() };
}

export interface AskOptions extends Pick<CallOptions, 'priority'> {
  readonly onLost: (error: unknown) => void;
}

/** A question that is being answered. Candidates come document by document. */
export class Ask {
  readonly #state: Signal<AskState>;
  readonly #abort = new AbortController();
  /** Resolves when nothing runs any more. It does not reject. */
  readonly done: Promise<void>;

  constructor(model: Model, question: string, documents: AskedDocuments, options: AskOptions) {
    this.#state = signal<AskState>({ question, isRunning: true, candidates: [], done: 0, total: documents.total });
    this.done = this.#run(model, question, documents, options);
  }

  get state(): ReadonlySignal<AskState> {
    return this.#state;
  }

  /** Ends the search. What was found stays. */
  stop(): void {
    this.#abort.abort(new DOMException('The question was ended.', 'AbortError'));
  }

  async #run(model: Model, question: string, { texts }: AskedDocuments, { priority, onLost }: AskOptions): Promise<void> {
    const { signal: aborted } = this.#abort;
    try {
      for await (const [document, text] of texts) {
        if (aborted.aborted) break;
        await this.#askOne(model, question, document, text, priority);
      }
    } catch (error) {
      if (isLoss(error)) onLost(error);
      if (!aborted.aborted) this.#change({ message: messageOf(error) });
    } finally {
      this.#change({ isRunning: false });
    }
  }

  /** An error that is about this document alone becomes the message. */
  async #askOne(model: Model, question: string, document: string, text: string, priority: CallOptions['priority']): Promise<void> {
    const { signal: aborted } = this.#abort;
    const { candidates, done } = this.#state.peek();
    try {
      const answer = await untilAbort(model.qa(question, text, { topK: ANSWERS, priority, signal: aborted }), aborted);
      const found = checkAnswer(answer, text).items.map<Candidate>((item) => ({ ...item, document, text: text.slice(...item.piece) }));
      const all = [...candidates, ...found].sort((a, b) => b.margin - a.margin).slice(0, MOST_CANDIDATES);
      this.#change({ candidates: all, done: done + 1 });
    } catch (error) {
      if (aborted.aborted || isLoss(error)) throw error;
      this.#change({ message: messageOf(error), done: done + 1 });
    }
  }

  #change(fields: Partial<AskState>): void {
    this.#state.value = { ...this.#state.peek(), ...fields };
  }
}

/** A label of the project and what the model says of it. */
export interface RankedLabel {
  /** Id of the label. */
  readonly label: string;
  readonly score: number;
}

/** Whether the model can do it. */
export function canDo(model: Model, task: LabeledTask | 'qa'): boolean {
  return model.tasks.includes(task);
}

export interface RankOptions extends CallOptions {
  readonly labelSets: readonly LabelSet[];
  readonly choices: Choices;
}

/** The types that a span may have, best first; with the kind `span`, the labels that these types mean. */
export async function rankTypes(
  model: Model, text: string, span: Pick<Span, 'pieces'>, { labelSets, choices, ...call }: RankOptions, kind?: 'span',
): Promise<RankedLabel[]> {
  const { items } = checkLabels(await model.typing(text, rangeOf(span), { ...call, allScores: true }));
  const sets = kind ? labelSets.filter((set) => set.kind === kind) : labelSets;
  return ranked(items, labelMap('typing', items.map(({ label }) => label), sets, choices));
}

/** The labels that a relation of two spans may have, best first. Those that may not join their labels are left out. */
export async function rankRelations(
  model: Model, text: string, head: Pick<Span, 'pieces' | 'label'>, tail: Pick<Span, 'pieces' | 'label'>,
  { labelSets, choices, ...call }: RankOptions,
): Promise<RankedLabel[]> {
  const { items } = checkLabels(await model.relation(text, rangeOf(head), rangeOf(tail), call));
  const all = ranked(items, labelMap('relation', items.map(({ label }) => label), labelSets, choices));
  return all.filter(({ label }) => {
    const found = findLabel(labelSets, label);
    return found !== undefined && allowsEnds(found.label, head.label, tail.label);
  });
}

/** Several labels of the model may mean the same: the best counts. */
function ranked(labels: readonly ScoredLabel[], ids: ReadonlyMap<string, string>): RankedLabel[] {
  const best = new Map<string, number>();
  for (const { label, score } of labels) {
    const id = ids.get(label);
    if (id !== undefined && !best.has(id)) best.set(id, score);
  }
  return Array.from(best, ([label, score]) => ({ label, score }));
}
