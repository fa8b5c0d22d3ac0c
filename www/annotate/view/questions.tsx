// The questions of the document with their answers: those that were kept, and those of files.
import type { JSX } from 'preact';
import { shorten } from '../model/show.js';
import type { Piece, Question } from '../model/types.js';
import { errorMessage } from './messages.js';
import type { Screen } from './screen.js';

export function Questions({ screen }: { readonly screen: Screen }): JSX.Element | null {
  const questions = screen.session.questions.value;
  if (!questions.length) return null;
  return (
    <section class="relations" aria-label="Questions">
      <header class="section-head">
        <h2>Questions</h2>
        <span class="hint">{questions.length}</span>
      </header>
      <ul>{questions.map((question) => <Row key={question.id} screen={screen} question={question} />)}</ul>
    </section>
  );
}

function Row({ screen, question }: { readonly screen: Screen; readonly question: Question }): JSX.Element {
  const { session } = screen;
  const show = (piece: Piece): void => {
    session.focus.value = undefined;
    session.selection.value = piece;
    screen.text?.focusText();
  };
  const edit = (): void => {
    screen.question.value = question.id;
    screen.dialog.value = 'question';
  };
  const remove = (): void => {
    const removal = async (): Promise<unknown> => (await import('./keep-questions.js')).remove(session, question);
    removal().catch((error: unknown) => session.say(errorMessage(error, 'Deleting the question')));
  };
  const name = shorten(question.question, 40);
  return (
    <li>
      <span class="relation-text">
        <bdi>{question.question}</bdi>{' '}
        {question.answers.length === 0 && <span class="hint">no answer in this text</span>}
        {question.answers.map((piece) => (
          <button key={piece.join()} type="button" class="plain" onClick={() => show(piece)}>
            <bdi>{shorten(session.text.slice(...piece), 60)}</bdi>
          </button>
        ))}
      </span>
      <button type="button" disabled={session.isReadOnly} onClick={edit} aria-label={`Edit ${name}`}>Edit</button>
      <button type="button" class="plain" disabled={session.isReadOnly} onClick={remove} aria-label={`Delete ${name}`}>✕</button>
    </li>
  );
}
