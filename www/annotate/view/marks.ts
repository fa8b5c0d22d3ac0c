// Spans as the text view draws them.
import type { Label, Span } from '../model/types.js';
import type { Screen } from './screen.js';
import type { Arc, Mark } from './text-view.js';

export function marksOf({ session, keyOfLabel }: Pick<Screen, 'session' | 'keyOfLabel'>): Mark[] {
  return session.spans.value.map((span) => markOf(span, session.labels.value, keyOfLabel));
}

function markOf({ id, pieces, label: labelId, state, score }: Span, labels: ReadonlyMap<string, Label>, keyOfLabel: Screen['keyOfLabel']): Mark {
  const label = labels.get(labelId);
  const key = keyOfLabel(label?.key);
  return {
    id, pieces, name: label?.name ?? labelId, color: label?.color ?? 0, state: state === 'suggested' ? 'suggested' : 'accepted',
    ...(key !== undefined && { key }), ...(score !== undefined && { score }),
  };
}

/** Arcs of the focused span only, if the person does not want all: all at once can hardly be told apart. */
export function arcsOf({ session, options }: Pick<Screen, 'session' | 'options'>): Arc[] {
  const id = session.focus.value;
  const isAll = options.allArcs.value;
  return session.relations.value
    .filter(({ head, tail }) => isAll || head === id || tail === id)
    .map(({ head, tail, label }) => ({ from: head, to: tail, name: session.labels.value.get(label)?.name ?? label }));
}
