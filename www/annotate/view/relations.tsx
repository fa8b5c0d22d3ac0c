// The relations of the focused span, or of the whole document: head, label, tail.
import type { JSX } from 'preact';
import { shorten } from '../model/show.js';
import { textOf } from '../model/spans.js';
import type { Relation } from '../model/types.js';
import { percent } from './messages.js';
import type { Screen } from './screen.js';

export function Relations({ screen }: { readonly screen: Screen }): JSX.Element | null {
  const { session } = screen;
  const focus = session.focused.value?.id;
  const all = session.relations.value;
  const own = focus === undefined ? all : all.filter(({ head, tail }) => head === focus || tail === focus);
  if (!all.length) return null;
  return (
    <section class="relations" aria-label="Relations">
      <header class="section-head">
        <h2>Relations</h2>
        <span class="hint">{focus === undefined ? all.length : `${own.length} of ${all.length} with this span`}</span>
      </header>
      <label class="option">
        <input type="checkbox" checked={screen.options.allArcs.value} onChange={() => screen.toggle('allArcs')} />All as arcs in the text
      </label>
      <ul>{own.map((relation) => <Row key={relation.id} screen={screen} relation={relation} />)}</ul>
    </section>
  );
}

function Row({ screen: { session, editing }, relation }: { readonly screen: Screen; readonly relation: Relation }): JSX.Element {
  const name = session.labels.value.get(relation.label)?.name ?? relation.label;
  const isSuggested = relation.state === 'suggested';
  const text = (id: string): string => {
    const span = session.shown.value.spans.find((each) => each.id === id);
    return span ? shorten(textOf(span, session.text), 30) : '';
  };
  const end = (id: string): JSX.Element => (
    <button type="button" class="plain" onClick={() => (session.focus.value = id)}><bdi>{text(id)}</bdi></button>
  );
  return (
    <li class={isSuggested ? 'suggested' : ''}>
      <span class="relation-text">
        {end(relation.head)} <span class="relation-name">→ {name} →</span> {end(relation.tail)}
        {isSuggested && <span class="hint"> suggested {relation.score === undefined ? '' : percent(relation.score)}</span>}
      </span>
      {isSuggested && <button type="button" disabled={session.isReadOnly} onClick={() => void editing.acceptRelation(relation)}>Accept</button>}
      <button
        type="button" class="plain" disabled={session.isReadOnly} onClick={() => void editing.removeRelation(relation)}
        aria-label={`${isSuggested ? 'Reject' : 'Remove'} ${text(relation.head)} ${name} ${text(relation.tail)}`}
      >
        ✕
      </button>
    </li>
  );
}
