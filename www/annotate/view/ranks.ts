// What the model says of the labels that are offered now, and a sentence where it cannot say anything.
import { useSignal, useSignalEffect, type ReadonlySignal } from '@preact/signals';
import type { RankedLabel } from '../assistant/ask.js';
import { piecesKey, type Pieces } from '../model/pieces.js';
import { shorten } from '../model/show.js';
import { fitPieces, textOf } from '../model/spans.js';
import { errorMessage, info, percent, warning } from './messages.js';
import type { Screen } from './screen.js';

/** So many labels are named in the line of messages. */
const NAMED = 3;

/**
 * Scores by the ids of labels: of types of the focused span, of relations to it, or of labels for the selection, if the person asked for them.
 * Labels that were taught have the scores that the head gave to this place when it read the document.
 */
export function useRanks(screen: Screen): ReadonlySignal<ReadonlyMap<string, number>> {
  const { session, editing, assistant } = screen;
  const ranks = useSignal<ReadonlyMap<string, number>>(new Map());
  useSignalEffect(() => {
    ranks.value = new Map();
    const mode = editing.mode.value;
    const span = session.focused.value;
    const head = session.spans.value.find(({ id }) => id === editing.relationHead.value);
    const selected = mode === 'span' ? rankedPieces(screen) : undefined;
    const abort = new AbortController();
    const show = (found: readonly RankedLabel[]): void => {
      if (abort.signal.aborted) return;
      ranks.value = new Map(found.map(({ label, score }) => [label, score]));
      if (selected) session.say(sayRanks(screen, selected, found));
    };
    const fail = (error: unknown): void => {
      if (!abort.signal.aborted) session.say(errorMessage(error, 'Asking the model'));
    };
    if (selected) rankSelection(screen, selected, abort.signal).then(show, fail);
    if (mode === 'type' && span && assistant.can('typing')) assistant.types(session.text, span, abort.signal).then(show, fail);
    if (mode === 'relation' && assistant.can('relation') && head && span && head.id !== span.id) {
      assistant.relations(session.text, head, span, abort.signal).then(show, fail);
    }
    return () => abort.abort();
  });
  return ranks;
}

/** Why the labels are not ranked, and what is needed. Empty, if they are, or if nobody asked for it. */
export function whyUnranked(screen: Screen): string {
  const { editing, assistant } = screen;
  const mode = editing.mode.value;
  if (mode === 'span' && !rankedPieces(screen)) return '';
  const task = mode === 'relation' ? 'relation' : 'typing';
  const state = assistant.modelState.value;
  if (state.kind !== 'ready') return 'The labels are ranked when the model is loaded.';
  if (assistant.can(task) || (mode === 'span' && assistant.taught.value.head)) return '';
  const taught = mode === 'span' ? ', and so can labels that you teach' : '';
  return `The model ${state.ref.name} has no ${task} head, so the labels are not ranked. A checkpoint with a ${task} head can rank them${taught}.`;
}

/** The selection, if the person asked for ranks of it. */
function rankedPieces({ session, editing }: Screen): Pieces | undefined {
  const selection = session.selection.value;
  const pieces = selection && selection === editing.ranked.value ? fitPieces(session.bounds.value, [selection]) : [];
  return pieces.length ? pieces : undefined;
}

/** By the typing head, and by what the models found in this place when they read the document; the better score counts. */
export async function rankSelection({ session, assistant }: Screen, pieces: Pieces, aborted: AbortSignal): Promise<RankedLabel[]> {
  const place = piecesKey(pieces);
  const found = session.found.value.flatMap(({ spans }) => spans).filter((span) => piecesKey(span.pieces) === place);
  const best = new Map<string, number>();
  for (const { label, score } of [...found, ...(await assistant.types(session.text, { pieces }, aborted, 'span'))]) {
    best.set(label, Math.max(score, best.get(label) ?? 0));
  }
  return Array.from(best, ([label, score]) => ({ label, score })).sort((a, b) => b.score - a.score);
}

function sayRanks(screen: Screen, pieces: Pieces, found: readonly RankedLabel[]): ReturnType<typeof info> {
  const { session } = screen;
  const place = `"${shorten(textOf({ pieces }, session.text))}"`;
  const names = found.slice(0, NAMED).map(({ label, score }) => `${session.labels.value.get(label)?.name ?? label} ${percent(score)}`);
  if (names.length) return info(`${place}: ${names.join(', ')}.`);
  return warning(whyUnranked(screen) || `The model has no type that means a label of this project, so the labels are not ranked for ${place}.`);
}
