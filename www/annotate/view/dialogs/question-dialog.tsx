/** A question of the open document: its words and its answers. What is selected in the text can become an answer. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { shorten } from '../../model/show.js';
import { fitPieces } from '../../model/spans.js';
import type { Piece } from '../../model/types.js';
import { change, keep } from '../keep-questions.js';
import type { Screen } from '../screen.js';
import { Dialog, TextField } from './dialog.js';

export function QuestionDialog({ screen, onDone }: { readonly screen: Screen; readonly onDone: () => void }): JSX.Element {
  const { session } = screen;
  const before = session.questions.peek().find(({ id }) => id === screen.question.peek());
  const selected = selectedPiece(screen);
  const words = useSignal(before?.question ?? '');
  const answers = useSignal<readonly Piece[]>(before?.answers ?? (selected ? [selected] : []));
  const save = (): void => {
    const fields = { question: words.value, answers: answers.value };
    onDone();
    void (before ? change(session, before.id, fields) : keep(session, fields));
  };
  const isNew = selected !== undefined && !answers.value.some((piece) => piece.join() === selected.join());
  const canSave = words.value.trim() !== '' && !session.isReadOnly;
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && canSave) save();
  };
  const act = <button type="button" class="primary" disabled={!canSave} onClick={save}>Save</button>;
  return (
    <Dialog title={before ? 'Question' : 'New question'} close="Cancel" isSmall onClose={onDone} onKey={onKey} actions={act}>
      <TextField label="Question" value={words.value} isRequired onInput={(value) => (words.value = value)} />
      <ul class="found-list" aria-label="Answers">
        {answers.value.map((piece) => {
          const text = shorten(session.text.slice(...piece), 60);
          return (
            <li key={piece.join()}>
              <bdi class="found-text">{text}</bdi>
              <button type="button" aria-label={`Take away ${text}`} onClick={() => (answers.value = answers.value.filter((other) => other !== piece))}>✕</button>
            </li>
          );
        })}
      </ul>
      {answers.value.length === 0 && <p>The text has no answer.</p>}
      {isNew && (
        <button type="button" onClick={() => (answers.value = [...answers.value, selected])}>
          Take "{shorten(session.text.slice(...selected))}" as an answer
        </button>
      )}
      <p class="hint">An answer is a part of the text: select it before you open this dialog. Without an answer, the question counts as one that the text does not answer. Ctrl+Enter saves.</p>
    </Dialog>
  );
}

/** What is selected in the text, without white space at its edges. */
function selectedPiece({ session }: Screen): Piece | undefined {
  const selection = session.selection.peek();
  return selection && fitPieces(session.bounds.peek(), [selection])[0];
}
