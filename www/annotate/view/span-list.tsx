// The spans of the document in text order, for reading and choosing without the text: label, words, state and score.
import type { JSX } from 'preact';
import { shorten } from '../model/show.js';
import { textOf } from '../model/spans.js';
import type { Span } from '../model/types.js';
import { countOf, percent } from './messages.js';
import type { Screen } from './screen.js';
import { VirtualList } from './virtual-list.js';

const SHOWN = 80;

export function SpanList({ screen }: { readonly screen: Screen }): JSX.Element {
  const { session } = screen;
  const spans = session.spans.value;
  const suggested = spans.filter(({ state }) => state === 'suggested').length;
  const focus = (index: number): void => {
    session.selection.value = undefined;
    session.focus.value = spans[index]?.id;
  };
  const pick = (index: number): void => {
    focus(index);
    screen.panel.value = 'text';
  };
  return (
    <section class="spans" aria-label="Spans">
      <header class="section-head">
        <h2>Spans</h2>
        <span class="hint">{spans.length - suggested}{suggested > 0 && ` + ${countOf(suggested, 'suggestion')}`}</span>
      </header>
      <VirtualList
        id="span" label="Spans in text order" items={spans} rowHeight={2.75} where="spans"
        empty="No span yet. Select some text and press the key of a label."
        active={spans.findIndex(({ id }) => id === session.focus.value)} isSelected={({ id }) => id === session.focus.value}
        row={(span) => <Row span={span} screen={screen} />} onMove={focus} onPick={pick}
      />
    </section>
  );
}

function Row({ span, screen: { session } }: { readonly span: Span; readonly screen: Screen }): JSX.Element {
  const label = session.labels.value.get(span.label);
  const type = span.type === undefined ? undefined : (session.labels.value.get(span.type)?.name ?? span.type);
  return (
    <span class={`span-row ${span.state}`}>
      <span class={`tag color-${label?.color ?? 0}`}>{label?.name ?? span.label}</span>
      <bdi class="span-text">{shorten(textOf(span, session.text).replace(/\s+/g, ' '), SHOWN)}</bdi>
      <span class="hint">{[type, span.note !== undefined && 'note', stateOf(span)].filter(Boolean).join(' · ')}</span>
    </span>
  );
}

function stateOf({ state, score }: Span): string {
  if (state === 'suggested') return score === undefined ? 'suggested' : `suggested ${percent(score)}`;
  return score === undefined ? '' : percent(score);
}
