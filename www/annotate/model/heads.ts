// What the list of documents shows. Heads are kept apart from texts and annotations, so that a list of thousands opens quickly.
import type { AnnotatedDocument, Extra, Notes, Source, State, Status } from './types.js';

export type StateCounts = { readonly [S in State]: number };

/** How often a label is used: by spans, as a type, or by relations. */
export interface LabelCount extends StateCounts {
  readonly id: string;
}

export interface Counts {
  readonly spans: StateCounts;
  readonly relations: StateCounts;
  readonly questions: number;
  readonly labels: readonly LabelCount[];
}

export interface DocHead {
  readonly id: string;
  readonly name: string;
  /** Place in the list. */
  readonly order: number;
  /** Length of the text in UTF-16 code units. */
  readonly chars: number;
  /** SHA-256 of the text in UTF-8, in hexadecimal digits. */
  readonly sha256: string;
  readonly status: Status;
  readonly note?: string;
  readonly counts: Counts;
  /** See `uncertainty` in `measure.ts`; absent, if no model has looked at the document. */
  readonly uncertainty?: number;
  readonly meta?: Extra;
  readonly source?: Source;
}

export function headOf({ id, name, text, status, note, meta, source, ...notes }: AnnotatedDocument, order: number, sha256: string): DocHead {
  return {
    id, name, order, chars: text.length, sha256, status, counts: countsOf(notes),
    ...(note !== undefined && { note }), ...(meta && { meta }), ...(source && { source }),
  };
}

export function countsOf({ spans, relations, questions }: Notes): Counts {
  const labels = new Map<string, Record<State, number>>();
  const add = (id: string, state: State): void => {
    let counts = labels.get(id);
    if (!counts) labels.set(id, (counts = { suggested: 0, accepted: 0, rejected: 0 }));
    counts[state]++;
  };
  for (const { label, type, state } of spans) {
    add(label, state);
    if (type !== undefined) add(type, state);
  }
  for (const { label, state } of relations) add(label, state);
  return {
    spans: stateCounts(spans), relations: stateCounts(relations), questions: questions.length,
    labels: Array.from(labels, ([id, counts]) => ({ id, ...counts })),
  };
}

function stateCounts(items: readonly { readonly state: State }[]): StateCounts {
  const counts = { suggested: 0, accepted: 0, rejected: 0 };
  for (const { state } of items) counts[state]++;
  return counts;
}
