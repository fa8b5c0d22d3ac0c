// What can be done with the focused span, by buttons: for touch and mouse. The keys are on the buttons.
import type { JSX } from 'preact';
import { shorten } from '../model/show.js';
import { textOf } from '../model/spans.js';
import { CommandButton } from './command-button.js';
import { percent } from './messages.js';
import type { Screen } from './screen.js';
import { Growing, SpanPieces } from './span-pieces.js';

export function SpanActions({ screen }: { readonly screen: Screen }): JSX.Element | null {
  const { session } = screen;
  const span = session.focused.value;
  if (!span) return <Growing screen={screen} />;
  const label = session.labels.value.get(span.label);
  const isLocked = session.isReadOnly;
  const isSuggested = span.state === 'suggested';
  const score = span.score === undefined ? '' : `, ${percent(span.score)}`;
  return (
    <section class="span-actions" aria-label="The span">
      <p class="span-head">
        <span class={`tag color-${label?.color ?? 0}`}>{label?.name ?? span.label}</span> <bdi>{shorten(textOf(span, session.text), 60)}</bdi>
        <span class="hint"> {isSuggested ? 'suggested' : 'accepted'}{score}</span>
      </p>
      {span.note !== undefined && <p class="hint">{span.note}</p>}
      <div class="buttons">
        {isSuggested && <CommandButton screen={screen} id="accept" kind="primary" showsKey isDisabled={isLocked}>Accept</CommandButton>}
        <CommandButton screen={screen} id="remove" showsKey isDisabled={isLocked}>{isSuggested ? 'Reject' : 'Remove'}</CommandButton>
        <CommandButton screen={screen} id="relation" showsKey isDisabled={isLocked}>Relation</CommandButton>
        <CommandButton screen={screen} id="type" showsKey isDisabled={isLocked}>Type</CommandButton>
        <CommandButton screen={screen} id="occurrences" showsKey isDisabled={isLocked}>All occurrences</CommandButton>
        <button type="button" disabled={isLocked} onClick={() => (screen.dialog.value = 'span-note')}>Note</button>
      </div>
      <div class="shape">
        <div class="edges" role="group" aria-label="Edges of the span">
          <span>Start</span>
          <CommandButton screen={screen} id="start-left" kind="square" isDisabled={isLocked}>←</CommandButton>
          <CommandButton screen={screen} id="start-right" kind="square" isDisabled={isLocked}>→</CommandButton>
          <span>End</span>
          <CommandButton screen={screen} id="end-left" kind="square" isDisabled={isLocked}>←</CommandButton>
          <CommandButton screen={screen} id="end-right" kind="square" isDisabled={isLocked}>→</CommandButton>
        </div>
        <SpanPieces screen={screen} span={span} />
      </div>
    </section>
  );
}
