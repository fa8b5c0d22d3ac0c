/**
 * What all dialogs share.
 * - `Dialog`: a modal window. Escape and its Close button call `onClose`; the owner then leaves it out. The focus goes back to where it was.
 * - `Confirm`: a question with two buttons.
 * - `Alert`: an error, which screen readers read out.
 * - `Said`: an error and what was done, for the prop `said`.
 * - `Chip`: the name of a label in its color.
 * - `TableHead`, `Choice`, `TextField`: the head of a table, a labelled list of choices, a labelled field.
 */
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';

export interface DialogProps {
  readonly title: string;
  /** Text of the button that closes the dialog. */
  readonly close?: string;
  readonly onClose: () => void;
  /** What is said about what was done: always in view, above the buttons. */
  readonly said?: ComponentChildren;
  /** Buttons beside the one that closes. */
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
  readonly isSmall?: boolean;
  /** Keys that the dialog knows. No key reaches the page below. */
  readonly onKey?: (event: KeyboardEvent) => void;
}

export function Dialog({ title, close = 'Close', onClose, said, actions, children, isSmall = false, onKey }: DialogProps): JSX.Element {
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);
  const isGone = useRef(false);
  useLayoutEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      isGone.current = true;
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  // The control that had the focus may be gone: then the dialog has it, so that keys and screen readers stay in it.
  useEffect(() => {
    if (document.activeElement === document.body) ref.current?.focus();
  });
  const onCancel = (event: Event): void => {
    if (event.target !== event.currentTarget) return; // of a file picker
    event.preventDefault();
    onClose();
  };
  // A browser may close the dialog without a question when Escape is pressed again. If the owner keeps it, it is shown again.
  const onClosed = (event: Event): void => {
    if (isGone.current || event.target !== event.currentTarget) return;
    onClose();
    queueMicrotask(() => {
      if (!isGone.current && ref.current?.isConnected && !ref.current.open) ref.current.showModal();
    });
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation();
    onKey?.(event);
  };
  return (
    <dialog
      ref={ref} class={isSmall ? 'dialog dialog-small' : 'dialog'} aria-labelledby={id} tabIndex={-1}
      onCancel={onCancel} onClose={onClosed} onKeyDown={onKeyDown}
    >
      <h2 id={id}>{title}</h2>
      <div class="dialog-body">{children}</div>
      {said ? <div class="dialog-said">{said}</div> : null}
      <div class="dialog-actions">
        {actions}
        <button type="button" onClick={onClose}>{close}</button>
      </div>
    </dialog>
  );
}

export interface ConfirmProps {
  readonly title: string;
  readonly text: string;
  /** Text of the button that does it. */
  readonly yes: string;
  /** Text of the button that does not. */
  readonly no?: string;
  readonly onAnswer: (isYes: boolean) => void;
}

export function Confirm({ title, text, yes, no = 'Cancel', onAnswer }: ConfirmProps): JSX.Element {
  const act = <button type="button" class="danger" onClick={() => onAnswer(true)}>{yes}</button>;
  return <Dialog title={title} close={no} isSmall onClose={() => onAnswer(false)} actions={act}><p>{text}</p></Dialog>;
}

/** Stays in the page while it is empty, so that screen readers notice when a text comes. */
export function Alert({ text }: { readonly text: string }): JSX.Element {
  return <div role="alert" class={text ? 'alert' : undefined}>{text}</div>;
}

export function Said({ error, status }: { readonly error: string; readonly status: string }): JSX.Element {
  return <><Alert text={error} /><p role="status">{status}</p></>;
}

export function TableHead({ names }: { readonly names: readonly string[] }): JSX.Element {
  return <thead><tr>{names.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>;
}

export function Chip({ name, color }: { readonly name: string; readonly color: number }): JSX.Element {
  return <span class={`chip chip-${color}`}>{name}</span>;
}

export interface ChoiceProps<V extends string> {
  readonly label: string;
  readonly value: V;
  readonly values: readonly { readonly value: V; readonly label: string }[];
  readonly onChoose: (value: V) => void;
  readonly isDisabled?: boolean;
  readonly hint?: ComponentChildren;
}

/** A labelled list of choices. */
export function Choice<V extends string>({ label, value, values, onChoose, isDisabled = false, hint }: ChoiceProps<V>): JSX.Element {
  const id = useId();
  const choose = (index: number): void => {
    const found = values[index];
    if (found) onChoose(found.value);
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id} value={value} disabled={isDisabled} aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => choose(event.currentTarget.selectedIndex)}
      >
        {values.map((each) => <option key={each.value} value={each.value}>{each.label}</option>)}
      </select>
      {hint ? <p class="hint" id={`${id}-hint`}>{hint}</p> : null}
    </div>
  );
}

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly isRequired?: boolean;
  readonly maxLength?: number;
}

export function TextField({ label, value, onInput, isRequired = false, maxLength }: TextFieldProps): JSX.Element {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id} type="text" value={value} required={isRequired} maxLength={maxLength} autocomplete="off"
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </div>
  );
}
