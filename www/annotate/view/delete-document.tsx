// The question before a document is deleted.
import type { JSX } from 'preact';
import { Confirm } from './dialogs/dialog.js';
import { countOf } from './messages.js';
import type { Screen } from './screen.js';

export function DeleteDocument({ screen, onDone }: { readonly screen: Screen; readonly onDone: () => void }): JSX.Element | null {
  const { session, navigation } = screen;
  const head = session.document.peek()?.head;
  if (!head) return null;
  const { name, counts: { spans: { accepted } } } = head;
  const answer = (isYes: boolean): void => {
    onDone();
    if (isYes) void navigation.remove();
  };
  const text = `"${name}" with ${countOf(accepted, 'span')}, its notes and its history is deleted. This cannot be undone.`;
  return <Confirm title="Delete this document?" yes="Delete document" text={text} onAnswer={answer} />;
}
