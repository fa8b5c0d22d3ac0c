// The note of the document or of the focused span.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { shorten } from '../model/show.js';
import { textOf } from '../model/spans.js';
import { Dialog } from './dialogs/dialog.js';
import type { Screen } from './screen.js';

export function NoteDialog({ screen, of }: { readonly screen: Screen; readonly of: 'document' | 'span' }): JSX.Element {
  const { session, editing } = screen;
  const span = of === 'span' ? session.focused.peek() : undefined;
  const text = useSignal((of === 'span' ? span?.note : session.document.peek()?.head.note) ?? '');
  const close = (): void => void (screen.dialog.value = undefined);
  const save = (): void => {
    close();
    if (of === 'document') void editing.setNote(text.value);
    else if (span) void editing.setSpanNote(span, text.value);
  };
  const title = span ? `Note for "${shorten(textOf(span, session.text))}"` : 'Note for the document';
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save();
  };
  const act = <button type="button" class="primary" disabled={session.isReadOnly} onClick={save}>Save</button>;
  return (
    <Dialog title={title} close="Cancel" isSmall onClose={close} onKey={onKey} actions={act}>
      <textarea aria-label="Note" rows={5} value={text.value} onInput={({ currentTarget: { value } }) => (text.value = value)} />
      <p class="hint">Ctrl+Enter saves. An empty note is taken away.</p>
    </Dialog>
  );
}
