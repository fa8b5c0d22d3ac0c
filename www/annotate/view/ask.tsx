// "Find me…": a question to the texts. Answers of the model are candidates; one that is right becomes a span, or is kept with its question.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Ask, Candidate } from '../assistant/ask.js';
import { Candidates, type Fate } from './candidates.js';
import { Alert, Choice, Dialog, Said } from './dialogs/dialog.js';
import { keep } from './keep-questions.js';
import { countOf } from './messages.js';
import type { Screen } from './screen.js';

const SCOPES = [{ value: 'document', label: 'This document' }, { value: 'all', label: 'All documents' }] as const;

export function AskDialog({ screen, onDone }: { readonly screen: Screen; readonly onDone: () => void }): JSX.Element {
  const { session, assistant, editing } = screen;
  const labels = session.record.value.labelSets.filter(({ kind }) => kind === 'span').flatMap((set) => set.labels);
  const question = useSignal('');
  const scope = useSignal<'document' | 'all'>('document');
  const label = useSignal(editing.lastLabel.peek() ?? labels[0]?.id ?? '');
  const ask = useSignal<Ask | undefined>(undefined);
  const fates = useSignal<ReadonlyMap<Candidate, Fate>>(new Map());
  /** What was done, or why not: the line of messages is behind this dialog. */
  const said = useSignal({ error: '', status: '' });
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => () => ask.value?.stop(), []);
  const state = ask.value?.state.value;
  const canAsk = assistant.can('qa');
  const start = (event: Event): void => {
    event.preventDefault();
    if (!question.value.trim()) return;
    fates.value = new Map();
    ask.value = assistant.ask(question.value.trim(), scope.value);
  };
  const say = (): void => {
    const { kind, text = '' } = session.message.peek() ?? {};
    said.value = kind === 'info' ? { error: '', status: text } : { error: text, status: '' };
  };
  const decide = async (candidate: Candidate, fate: Fate): Promise<void> => {
    if (session.isReadOnly || (fate === 'span' && !label.value)) return;
    if (candidate.document !== session.document.value?.head.id && !(await screen.navigation.open(candidate.document))) return say();
    if (await (fate === 'span' ? editing.add(candidate.piece, label.value) : keepAnswer(candidate))) {
      fates.value = new Map([...fates.value, [candidate, fate]]);
    }
    say();
  };
  const keepAnswer = ({ piece, score }: Candidate): Promise<boolean> => {
    const model = assistant.modelState.peek();
    return keep(session, { question: state?.question ?? question.value, answers: [piece], score, ...(model.kind === 'ready' && { model: model.ref }) });
  };
  const keepNone = async (): Promise<void> => {
    await keep(session, { question: question.value, answers: [] });
    say();
  };
  const open = session.document.value?.head.name;
  const none = (
    <button type="button" disabled={session.isReadOnly || open === undefined || !question.value.trim()} onClick={() => void keepNone()}>
      Keep: no answer in this text
    </button>
  );
  return (
    <Dialog title="Find me…" onClose={onDone} actions={none} said={<Said {...said.value} />}>
      <form class="ask-form" onSubmit={start}>
        <input
          type="text" aria-label="Question" placeholder="Who founded the company?" autocomplete="off" value={question.value}
          onInput={({ currentTarget: { value } }) => (question.value = value)}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown' || !list.current) return;
            event.preventDefault();
            list.current.focus();
          }}
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
      {state && state.candidates.length > 0 && (
        <Candidates
          list={list} candidates={state.candidates} fates={fates.value} nameOf={(id) => session.documents.head(id)?.name ?? ''}
          can={(fate) => !session.isReadOnly && (fate !== 'span' || label.value !== '')} onDecide={(candidate, fate) => void decide(candidate, fate)}
        />
      )}
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
