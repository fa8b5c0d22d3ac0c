// Second look: places in finished documents where the model and the person see something different.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Doubt } from '../model/measure.js';
import { shorten } from '../model/show.js';
import { rangeOf, textOf } from '../model/spans.js';
import type { Assistant } from '../assistant/assistant.js';
import { Alert, Dialog } from './dialogs/dialog.js';
import { countOf, errorMessage, percent } from './messages.js';
import type { Screen } from './screen.js';

/** More documents are not listed at a time. */
const MOST = 50;

type DocumentDoubts = Awaited<ReturnType<Assistant['secondLook']>>[number];
type Look = DocumentDoubts & { readonly text: string };

async function lookAgain({ assistant, session }: Screen): Promise<Look[]> {
  const looks: Look[] = [];
  for (const look of (await assistant.secondLook()).slice(0, MOST)) {
    looks.push({ ...look, text: (await session.project.document(look.document)).body.text });
  }
  return looks;
}

export function SecondLook({ screen }: { readonly screen: Screen }): JSX.Element {
  const { session } = screen;
  const looks = useSignal<readonly Look[] | undefined>(undefined);
  const problem = useSignal('');
  useEffect(() => {
    lookAgain(screen).then((found) => (looks.value = found), (error: unknown) => (problem.value = errorMessage(error, 'The second look').text));
  }, []);
  const show = async (id: string, doubt: Doubt): Promise<void> => {
    screen.dialog.value = undefined;
    if (!(await screen.navigation.open(id))) return;
    if (doubt.kind === 'doubtful') session.focus.value = doubt.span.id;
    else session.selection.value = rangeOf(doubt.suggestion);
    screen.text?.focusText();
  };
  return (
    <Dialog title="Second look" onClose={() => (screen.dialog.value = undefined)}>
      <p class="hint">Where a document that is done and the model differ: the model is sure and there is no such span, or it does not believe a span.</p>
      <Alert text={problem.value} />
      <p role="status">{statusOf(looks.value)}</p>
      {looks.value?.map(({ document, doubts, text }) => (
        <section key={document}>
          <h3>{session.documents.head(document)?.name ?? document}</h3>
          <ul class="found-list">
            {doubts.map((doubt, index) => <Row key={index} screen={screen} text={text} doubt={doubt} onShow={() => void show(document, doubt)} />)}
          </ul>
        </section>
      ))}
    </Dialog>
  );
}

interface RowProps {
  readonly screen: Screen;
  readonly text: string;
  readonly doubt: Doubt;
  readonly onShow: () => void;
}

function Row({ screen: { session }, text, doubt, onShow }: RowProps): JSX.Element {
  const { label, score } = doubt.kind === 'missing' ? doubt.suggestion : { label: doubt.span.label, score: doubt.score };
  const name = session.labels.value.get(label)?.name ?? label;
  const words = shorten(textOf(doubt.kind === 'missing' ? doubt.suggestion : doubt.span, text), 60);
  const why = doubt.kind === 'missing' ? `the model is sure of ${name}` : `the model does not believe ${name}`;
  return (
    <li>
      <bdi class="found-text">{words}</bdi>
      <span class="hint">{why}{score !== undefined && ` (${percent(score)})`}</span>
      <button type="button" onClick={onShow}>Show</button>
    </li>
  );
}

function statusOf(looks: readonly Look[] | undefined): string {
  if (!looks) return 'Looking…';
  const doubts = looks.reduce((sum, { doubts: { length } }) => sum + length, 0);
  if (!doubts) return 'Nothing to look at: no document that is done differs from what the model says.';
  return `${countOf(doubts, 'place')} in ${countOf(looks.length, 'document')}`;
}
