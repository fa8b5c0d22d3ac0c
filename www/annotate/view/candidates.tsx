// Places that may answer a question, as a list with arrow keys: Enter makes a span, Shift+Enter keeps the question with this answer.
import { useSignal } from '@preact/signals';
import type { JSX, RefObject } from 'preact';
import type { Candidate } from '../assistant/ask.js';
import { percent } from './messages.js';

/** What became of a candidate. */
export type Fate = 'span' | 'question';

const FATES = { span: 'is a span', question: 'is kept with the question' } as const;

export interface CandidatesProps {
  readonly list: RefObject<HTMLDivElement | null>;
  readonly candidates: readonly Candidate[];
  readonly fates: ReadonlyMap<Candidate, Fate>;
  /** The name of a document. */
  readonly nameOf: (document: string) => string;
  readonly can: (fate: Fate) => boolean;
  readonly onDecide: (candidate: Candidate, fate: Fate) => void;
}

export function Candidates({ list, candidates, fates, nameOf, can, onDecide }: CandidatesProps): JSX.Element {
  const chosen = useSignal<Candidate | undefined>(undefined);
  // While more are found, the chosen one stays the same.
  const active = Math.max(0, candidates.findIndex((candidate) => candidate === chosen.value));
  const decide = (fate: Fate): void => {
    const candidate = candidates[active];
    if (candidate && can(fate)) onDecide(candidate, fate);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = nextPlace(event.key, active, candidates.length);
    if (event.ctrlKey || event.metaKey || event.altKey || (next === undefined && event.key !== 'Enter')) return;
    event.preventDefault();
    if (next === undefined) return decide(event.shiftKey ? 'question' : 'span');
    chosen.value = candidates[next];
    document.getElementById(`candidate-${next}`)?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <>
      <div
        ref={list} class="palette-list candidates" role="listbox" tabIndex={0} aria-label="Candidates" aria-activedescendant={`candidate-${active}`}
        onKeyDown={onKeyDown}
      >
        {candidates.map((candidate, index) => (
          <div
            key={`${candidate.document} ${candidate.piece.join()}`} id={`candidate-${index}`} role="option" aria-selected={index === active}
            class={`row${index === active ? ' active' : ''}`} onClick={() => (chosen.value = candidate)}
          >
            <bdi class="found-text">{candidate.text}</bdi>
            <span class="hint">
              {[percent(candidate.score), nameOf(candidate.document), ...wordsOf(fates.get(candidate))].join(' · ')}
            </span>
          </div>
        ))}
      </div>
      <p class="buttons">
        <button type="button" disabled={!can('span')} aria-keyshortcuts="Enter" onClick={() => decide('span')}>
          Make a span <kbd aria-hidden="true">Enter</kbd>
        </button>
        <button type="button" disabled={!can('question')} aria-keyshortcuts="Shift+Enter" onClick={() => decide('question')}>
          Keep as question and answer <kbd aria-hidden="true">Shift+Enter</kbd>
        </button>
      </p>
    </>
  );
}

function wordsOf(fate: Fate | undefined): string[] {
  return fate ? [FATES[fate]] : [];
}

function nextPlace(key: string, active: number, count: number): number | undefined {
  const places: { readonly [key: string]: number } = { ArrowDown: active + 1, ArrowUp: active - 1, Home: 0, End: count - 1 };
  const place = places[key];
  return place === undefined ? undefined : Math.max(0, Math.min(count - 1, place));
}
