// The line of messages. Screen readers say each message when it comes, also if it is the same as before.
import { useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Message } from './messages.js';

export function Live({ message }: { readonly message: Message | undefined }): JSX.Element {
  const shown = useRef<{ message: Message | undefined; count: number }>({ message: undefined, count: 0 });
  if (shown.current.message !== message) shown.current = { message, count: shown.current.count + 1 };
  return (
    <p class={`message ${message?.kind ?? ''}`} role="status" aria-live="polite">
      <span key={shown.current.count}>{message?.text ?? ''}</span>
    </p>
  );
}
