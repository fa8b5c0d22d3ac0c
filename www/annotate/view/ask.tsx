// "Find me…": a question to the texts. Answers of the model are candidates; one that is right becomes a span.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Ask, Candidate } from '../assistant/ask.js';
import { Alert, Choice, Dialog } from './dialogs/dialog.js';
import { countOf, percent } from './messages.js';
import type { Screen } from './screen.js';

const SCOPES = [{ value: 'document', label: 'This document' }, { value: 'all', label: 'All documents' }] as const;

export function AskDialog({ screen }: { readonly screen: Screen }): JSX.Element {
  const { session, assistant, editing } = screen;
  const labels = session.record.value.labelSets.filter(({ kind }) => kind === 'span').flatMap((set) => set.labels);
  const question = useSignal('');
  const scope = useSignal<'document' | 'all'>('document');
  const label = useSignal(editing.lastLabel.peek() ?? labels[0]?.id ?? '');
  const ask = useSignal<Ask | undefined>(undefined);
  const added = useSignal<ReadonlySet<Candidate>>(new Set());
  useEffect(() => () => ask.value?.stop(), []);
  const state = ask.value?.state.value;
  const canAsk = assistant.can('qa');
  const start = (event: Event): void => {
    event.preventDefault();
    if (!question.value.trim()) return;
    added.value = new Set();
    ask.value = assistant.ask(question.value.trim(), scope.value);
  };
  const add = async (candidate: Candidate): Promise<void> => {
    if (candidate.document !== session.document.value?.head.id && !(await screen.navigation.open(candidate.document))) return;
    if (await editing.add(candidate.piece, label.value)) added.value = new Set([...added.value, candidate]);
  };
  return (
    <Dialog title="Find me…" onClose={() => (screen.dialog.value = undefined)}>
      <form class="ask-form" onSubmit={start}>
        <input
          type="text" aria-label="Question" placeholder="Who founded the company?" autocomplete="off" value={question.value}
          onInput={({ currentTarget: { value } }) => (question.value = value)}
        />
        <button type="submit" class="primary" disabled={!canAsk || !question.value.trim()}>Ask</button>
      </form>
      <div class="pair">
        <Choice label="Where" value={scope.value} values={SCOPES} onChoose={(value) => (scope.value = value)} />
        <Choice
          label="Answers become spans with the label" value={label.value} values={labels.map(({ id, name }) => ({ value: id, label: name }))}
          onChoose={(id) => (label.value = id)}
        />
      </div>
      {!canAsk && <Needs screen={screen} />}
      <Alert text={state?.message ?? ''} />
      <p class="hint" role="status">{state && statusOf(state.isRunning, state.done, state.total, state.candidates.length)}</p>
      {state?.isRunning && <button type="button" onClick={() => ask.value?.stop()}>Stop</button>}
      <ul class="found-list">
        {state?.candidates.map((candidate) => (
          <li key={`${candidate.document} ${candidate.piece.join()}`}>
            <bdi class="found-text">{candidate.text}</bdi>
            <span class="hint">{percent(candidate.score)} · {session.documents.head(candidate.document)?.name ?? ''}</span>
            {added.value.has(candidate)
              ? <span class="hint">added</span>
              : <button type="button" disabled={session.isReadOnly || !label.value} onClick={() => void add(candidate)}>Add</button>}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function statusOf(isRunning: boolean, done: number, total: number, found: number): string {
  if (isRunning) return `Reading: ${done} of ${total}`;
  return found ? `${countOf(found, 'candidate')}, best first` : 'No answer was found.';
}

function Needs({ screen: { assistant } }: { readonly screen: Screen }): JSX.Element {
  const state = assistant.modelState.value;
  if (state.kind === 'ready') {
    return <p class="hint">The model {state.ref.name} cannot answer questions. A checkpoint with a question answering head can.</p>;
  }
  if (state.kind === 'loading') return <p class="hint">The model is loading.</p>;
  return <p class="hint">Questions need the model. <button type="button" onClick={() => void assistant.loadModel()}>Load the model</button></p>;
}
