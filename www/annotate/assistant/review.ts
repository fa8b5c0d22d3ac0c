// What the decisions of a person say about the models: how good a source of suggestions is, and where a model sees a finished document differently.
import { decisionsOf, measure, type Decision, type Measured } from '../model/measure.js';
import { placesOf, type LookOptions, type Place } from '../model/second-look.js';
import type { Suggestions } from '../model/suggest.js';
import type { ModelRef, Notes, Span } from '../model/types.js';
import type { Project } from '../store/project.js';
import type { HeadRecord } from '../store/schema.js';
import type { Found } from './found.js';
import { saidBy, type ProjectSource } from './sources.js';

type Documents = Pick<Project, 'document'>;

export interface DocumentDoubts {
  readonly document: string;
  readonly doubts: readonly Place[];
}

/** Who speaks of which label. A taught head looks at every span with one of its labels, and speaks before the model. */
export function lookOptions(sources: readonly ProjectSource[]): LookOptions {
  const knows = (label: string, { labels }: ProjectSource): boolean => [...labels.values()].includes(label);
  return {
    scoredLabels: new Set(sources.filter(({ source }) => source.ref.head !== undefined).flatMap(({ labels }) => [...labels.values()])),
    speaker: (label) => sources.find((source) => knows(label, source))?.source.ref,
  };
}

/** The finished documents with doubts that are not settled. */
export async function doubtsIn(
  project: Documents, found: Found, done: readonly HeadRecord[], options: LookOptions,
): Promise<DocumentDoubts[]> {
  const all: DocumentDoubts[] = [];
  for await (const [{ id }, raw] of found.read(done)) {
    if (!raw.size) continue;
    const { notes } = await project.document(id);
    const doubts = placesOf(notes, found.said(raw), options);
    if (doubts.length) all.push({ document: id, doubts });
  }
  return all;
}

/** Precision and recall of a source at each threshold; `undefined` with too few decisions. */
export async function measureSource(
  project: Documents, found: Found, heads: readonly HeadRecord[], source: ProjectSource,
): Promise<((threshold: number) => Measured) | undefined> {
  const decided = heads.filter(({ counts: { spans } }) => spans.accepted + spans.rejected > 0);
  const decisions: Decision[] = [];
  for await (const [{ id }, raw] of found.read(decided)) {
    decisions.push(...decisionsAbout(source.source.ref, (await project.document(id)).notes, saidBy(source, raw)));
  }
  return measure(decisions);
}

/** The decisions in a document as they are about one source. Spans of other sources count like those that a person made. */
export function decisionsAbout(ref: ModelRef, notes: Notes, found: Suggestions | undefined): Decision[] {
  const spans = notes.spans.flatMap<Span>((span) => {
    if (span.by !== 'model' || isBy(ref, span.model)) return [span];
    if (span.state !== 'accepted') return [];
    const { score: _score, was: _was, ...own } = span;
    return [{ ...own, by: 'human' }];
  });
  return decisionsOf({ ...notes, spans }, found?.spans);
}

function isBy(ref: ModelRef, model: ModelRef | undefined): boolean {
  return model?.name === ref.name && model.manifestHash === ref.manifestHash && model.head === ref.head;
}
