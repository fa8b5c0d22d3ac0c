// Above the text: which document it is, its status, and where to go next.
import type { JSX } from 'preact';
import { STATUSES } from '../model/types.js';
import { CommandButton } from './command-button.js';
import { capital } from './document-list.js';
import { countOf } from './messages.js';
import type { Screen } from './screen.js';

export function DocumentHead({ screen }: { readonly screen: Screen }): JSX.Element | null {
  const { session, editing } = screen;
  const head = session.document.value?.head;
  if (!head) return null;
  const isLocked = session.isReadOnly;
  const visible = session.documents.visible.value;
  const place = visible.findIndex(({ id }) => id === head.id);
  return (
    <header class="document-head">
      <div class="document-title">
        <h2 dir="auto">{head.name}</h2>
        <span class="hint">{place < 0 ? 'not in the list' : `${place + 1} of ${visible.length}`} · {countOf(head.chars, 'character')}</span>
      </div>
      <div class="buttons">
        <CommandButton screen={screen} id="previous-document" kind="square">↑</CommandButton>
        <CommandButton screen={screen} id="next-document" kind="square">↓</CommandButton>
        <CommandButton screen={screen} id="undo" isDisabled={isLocked || !session.canUndo.value}>Undo</CommandButton>
        <CommandButton screen={screen} id="redo" isDisabled={isLocked || !session.canRedo.value}>Redo</CommandButton>
        <select
          aria-label="Status of the document" value={head.status} disabled={isLocked}
          onChange={({ currentTarget: { value } }) => {
            const status = STATUSES.find((each) => each === value);
            if (status) void editing.setStatus(status);
          }}
        >
          {STATUSES.map((status) => <option key={status} value={status}>{capital(status)}</option>)}
        </select>
        <CommandButton screen={screen} id="note" isDisabled={isLocked}>{head.note === undefined ? 'Note' : 'Note ●'}</CommandButton>
        <CommandButton screen={screen} id="done-next" kind="primary" showsKey isDisabled={isLocked}>Done, next</CommandButton>
      </div>
      {head.note !== undefined && <p class="document-note" dir="auto">{head.note}</p>}
    </header>
  );
}
