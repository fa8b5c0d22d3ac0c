// A button that runs a command and shows its key.
import type { ComponentChildren, JSX } from 'preact';
import { run } from './commands.js';
import { commandName, showKey, type CommandId } from './keys.js';
import type { Screen } from './screen.js';

interface CommandButtonProps {
  readonly screen: Screen;
  readonly id: CommandId;
  /** What the button shows; the name of the command, if absent. */
  readonly children?: ComponentChildren;
  readonly isDisabled?: boolean;
  readonly kind?: 'primary' | 'square';
  /** Without it the key is only a hint of the mouse. */
  readonly showsKey?: boolean;
}

export function CommandButton({ screen, id, children, isDisabled = false, kind, showsKey = false }: CommandButtonProps): JSX.Element {
  const key = screen.keys.value.keyOf(id);
  const name = commandName(id);
  return (
    <button
      type="button" class={kind} disabled={isDisabled} title={key ? `${name} (${showKey(key)})` : name}
      aria-keyshortcuts={key ? ariaKey(key) : undefined} aria-label={kind === 'square' ? name : undefined} onClick={() => run(screen, id)}
    >
      {children ?? name}
      {showsKey && <> <kbd aria-hidden="true">{showKey(key)}</kbd></>}
    </button>
  );
}

/** A key in the form of `aria-keyshortcuts`. */
export function ariaKey(key: string): string {
  return key.replace('Ctrl', 'Control').replace(/^\+$|(?<=\+)\+$/, 'Plus');
}
