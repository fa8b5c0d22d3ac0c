// Second look: places in finished documents where the model and the person see something different, to be decided one after the other.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { verdictsOf, type Place, type Verdict } from '../model/second-look.js';
import { shorten } from '../model/show.js';
import { rangeOf } from '../model/spans.js';
import { Dialog, Said } from './dialogs/dialog.js';
import { useTask } from './dialogs/task.js';
import { keyOf } from './keys.js';
import type { Screen } from './screen.js';
import { PAGE, SecondLooks, VERDICTS, wordsOf, type ShownLook } from './second-looks.js';

export function SecondLook({ screen, onDone }: { readonly screen: Screen; readonly onDone: () => void }): JSX.Element {
  const { session } = screen;
  const looks = useRef<SecondLooks>(undefined);
  const look = (looks.current ??= new SecondLooks(session, screen.assistant));
  const list = useRef<HTMLDivElement>(null);
  /** What was decided, or why not: the line of messages is behind this dialog. */
  const said = useSignal({ error: '', status: '' });
  const task = useTask();
  useEffect(() => task.run('The second look', () => look.look()), []);
  const rows = (): HTMLElement[] => [...(list.current?.querySelectorAll('li') ?? [])];
  /** The place that comes to where the decided one was has the focus. */
  const focusRow = (index: number): void => {
    const all = rows();
    (all[Math.min(index, all.length - 1)] ?? list.current)?.querySelector('button')?.focus();
  };
  const act = (work: () => Promise<unknown>): void => task.run('The second look', async () => {
    const row = Math.max(0, rows().findIndex((each) => each.contains(document.activeElement)));
    const before = session.message.peek();
    await work();
    const message = session.message.peek();
    if (message && message !== before) {
      said.value = message.kind === 'info' ? { error: '', status: message.text } : { error: message.text, status: '' };
    }
    setTimeout(() => focusRow(row)); // the row is gone then
  });
  const show = async (id: string, place: Place): Promise<void> => {
    onDone();
    if (!(await screen.navigation.open(id))) return;
    if (place.kind === 'doubtful') session.focus.value = place.span.id;
    else session.selection.value = rangeOf(place.suggestion);
    screen.text?.focusText();
  };
  const onKey = (event: KeyboardEvent): void => {
    const key = keyOf(event);
    if (key === screen.keys.value.keyOf('undo')) act(() => look.undo());
    else if (key !== 'ArrowDown' && key !== 'ArrowUp') return;
    else moveIn(rows(), key === 'ArrowDown' ? 1 : -1);
    event.preventDefault();
  };
  const [start, total] = [look.start.value, look.total.value];
  const page = (at: number, name: string): JSX.Element => (
    <button type="button" disabled={at < 0 || at >= total} onClick={() => act(() => look.show(at))}>{name}</button>
  );
  const actions = (
    <>
      {total > PAGE && <>{page(start - PAGE, `Previous ${PAGE} documents`)}{page(start + PAGE, `Next ${PAGE} documents`)}</>}
      <button type="button" disabled={!look.canUndo.value} onClick={() => act(() => look.undo())}>Undo</button>
    </>
  );
  return (
    <Dialog
      title="Second look" onClose={onDone} onKey={onKey} actions={actions}
      said={<Said error={task.error.value || said.value.error} status={[said.value.status, look.status()].filter(Boolean).join(' ')} />}
    >
      <p class="hint">Where a document that is done and the model differ: the model is sure and there is no such span, or it does not believe a span.</p>
      {screen.assistant.progress.value.state !== 'idle' && <p class="hint">The model has not read all documents yet: more places may come.</p>}
      <div ref={list}>
        {look.shown.value?.filter(({ doubts }) => doubts.length > 0).map((each) => (
          <section key={each.document}>
            <h3>{session.documents.head(each.document)?.name ?? each.document}</h3>
            <ul class="found-list">
              {each.doubts.map((place, index) => (
                <Row
                  key={index} looks={look} look={each} place={place} isReadOnly={session.isReadOnly} onShow={() => void show(each.document, place)}
                  onSettle={(verdict) => act(() => look.settle(each, place, verdict))}
                />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

/** The same button of the next or previous row. */
function moveIn(rows: readonly HTMLElement[], step: 1 | -1): void {
  const row = rows.findIndex((each) => each.contains(document.activeElement));
  const column = row < 0 ? 0 : [...rows[row]!.querySelectorAll('button')].findIndex((button) => button === document.activeElement);
  const buttons = rows[row < 0 ? 0 : row + step]?.querySelectorAll('button');
  (buttons?.[column] ?? buttons?.[0])?.focus();
}

interface RowProps {
  readonly looks: SecondLooks;
  readonly look: ShownLook;
  readonly place: Place;
  readonly isReadOnly: boolean;
  readonly onSettle: (verdict: Verdict) => void;
  readonly onShow: () => void;
}

function Row({ looks, look, place, isReadOnly, onSettle, onShow }: RowProps): JSX.Element {
  const words = shorten(wordsOf(place, look.text), 60);
  return (
    <li>
      <bdi class="found-text">{words}</bdi>
      <span class="hint">{looks.why(place)}</span>
      {verdictsOf(place).map((verdict) => (
        <button key={verdict} type="button" disabled={isReadOnly} aria-label={`${VERDICTS[verdict]}: ${words}`} onClick={() => onSettle(verdict)}>
          {VERDICTS[verdict]}
        </button>
      ))}
      <button type="button" aria-label={`Show: ${words}`} onClick={onShow}>Show</button>
    </li>
  );
}
