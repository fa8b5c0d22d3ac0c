// The pieces of the focused span, by buttons: which one the edges are of, and how pieces come and go.
import type { JSX } from 'preact';
import { shorten } from '../model/show.js';
import type { Span } from '../model/types.js';
import { CommandButton } from './command-button.js';
import type { Screen } from './screen.js';

export function SpanPieces({ screen, span }: { readonly screen: Screen; readonly span: Span }): JSX.Element {
  const { session, pieces } = screen;
  const isLocked = session.isReadOnly;
  const isMany = span.pieces.length > 1;
  return (
    <div class="buttons" role="group" aria-label="Pieces of the span">
      {isMany && span.pieces.map((piece, index) => (
        <button key={index} type="button" aria-pressed={pieces.chosen.value === index} onClick={() => pieces.choose(index)}>
          <bdi>{shorten(session.text.slice(...piece), 20)}</bdi>
        </button>
      ))}
      <CommandButton screen={screen} id="add-piece" showsKey isDisabled={isLocked}>Add piece</CommandButton>
      <CommandButton screen={screen} id="remove-piece" showsKey isDisabled={isLocked}>Take out</CommandButton>
      <CommandButton screen={screen} id="split-piece" showsKey isDisabled={isLocked}>Split</CommandButton>
    </div>
  );
}

/** While the words of a new piece are looked for, the span may not have the focus. */
export function Growing({ screen }: { readonly screen: Screen }): JSX.Element | null {
  const { pieces: { growing }, session } = screen;
  const span = growing.value;
  if (!span || span.id === session.focused.value?.id) return null;
  return (
    <section class="span-actions" aria-label="New piece">
      <p class="hint">Select the words of the new piece.</p>
      <div class="buttons">
        <CommandButton screen={screen} id="add-piece" kind="primary" showsKey>Add piece</CommandButton>
        <button type="button" onClick={() => screen.pieces.stepOut()}>Cancel</button>
      </div>
    </section>
  );
}
