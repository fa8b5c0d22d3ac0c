/**
 * `<MergeView comparison decisions place/>`: one difference after the other, decided by buttons or keys: ← mine, → theirs, ↑ both,
 * ↓ neither, Page Up and Page Down for the one before and after.
 */
import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { DocumentPair } from '../../model/agreement.js';
import type { Decision } from '../../model/merge.js';
import { showDifference, type AnyDifference, type Comparison, type Decisions, type Side } from './compare.js';
import { Chip } from './dialog.js';

export interface MergeViewProps {
  readonly comparison: Comparison;
  readonly decisions: Signal<Decisions>;
  /** Index of the difference that is shown, among those of all documents. */
  readonly place: Signal<number>;
}

interface Item {
  readonly pair: DocumentPair;
  readonly difference: AnyDifference;
}

const KEYS: Readonly<Record<string, Decision>> = { ArrowLeft: 'mine', ArrowRight: 'theirs', ArrowUp: 'both', ArrowDown: 'neither' };
const DECISIONS = [
  { decision: 'mine', text: 'Mine', key: '←' }, { decision: 'theirs', text: 'Theirs', key: '→' }, { decision: 'both', text: 'Both', key: '↑' },
  { decision: 'neither', text: 'Neither', key: '↓' },
] as const;

function itemsOf({ documents }: Comparison): Item[] {
  return documents.flatMap(({ pair, differences }) => differences.map((difference) => ({ pair, difference })));
}

/** What a key does. Keys in fields and lists are theirs. */
export function keyOf(event: KeyboardEvent, comparison: Comparison, decisions: Signal<Decisions>, place: Signal<number>): void {
  const { target, ctrlKey, altKey, metaKey } = event;
  if (ctrlKey || altKey || metaKey || (target instanceof Element && target.closest('input, select, textarea, .scroll'))) return;
  const items = itemsOf(comparison);
  const decision = KEYS[event.key];
  if (decision) decide(items, decision, decisions, place);
  else if (event.key === 'PageDown') place.value = Math.min(items.length - 1, place.value + 1);
  else if (event.key === 'PageUp') place.value = Math.max(0, place.value - 1);
  else return;
  event.preventDefault();
}

/** Keeps a decision, and shows the next difference. */
function decide(items: readonly Item[], decision: Decision, decisions: Signal<Decisions>, place: Signal<number>): void {
  const item = items[place.value];
  if (!item) return;
  const { id } = item.pair.mine;
  decisions.value = new Map(decisions.value).set(id, new Map(decisions.value.get(id)).set(item.difference.id, decision));
  place.value = Math.min(items.length - 1, place.value + 1);
}

export function MergeView({ comparison, decisions, place }: MergeViewProps): JSX.Element {
  const items = itemsOf(comparison);
  const item = items[place.value];
  const ref = useRef<HTMLElement>(null);
  useEffect(() => ref.current?.focus(), [comparison]); // so that the keys work at once
  return (
    <section ref={ref} class="merge" aria-label="Differences" tabIndex={-1}>
      {item ? <ItemView item={item} items={items} comparison={comparison} decisions={decisions} place={place} /> : (
        <p>Both versions have the same spans and relations.</p>
      )}
    </section>
  );
}

interface ItemViewProps extends MergeViewProps {
  readonly item: Item;
  readonly items: readonly Item[];
}

function ItemView({ item: { pair, difference }, items, comparison, decisions, place }: ItemViewProps): JSX.Element {
  const decided = decisions.value.get(pair.mine.id)?.get(difference.id);
  const shown = showDifference(pair, difference, comparison);
  return (
    <>
      <h3>Difference {place.value + 1} of {items.length}</h3>
      <div aria-live="polite">
        <p>{pair.mine.name}: {shown.what}.</p>
        <p class="context" dir="auto">{shown.context.map(({ text, isCovered }, index) => (isCovered ? <mark key={index}>{text}</mark> : text))}</p>
        <dl class="facts">
          <dt>Mine</dt><dd><SideView side={shown.mine} /></dd>
          <dt>Theirs</dt><dd><SideView side={shown.theirs} /></dd>
        </dl>
      </div>
      <div class="buttons">
        {DECISIONS.map(({ decision, text, key }) => (
          <button key={decision} type="button" aria-pressed={decided === decision} onClick={() => decide(items, decision, decisions, place)}>
            {text} <kbd>{key}</kbd>
          </button>
        ))}
      </div>
      <div class="buttons">
        <button type="button" disabled={place.value === 0} onClick={() => place.value--}>Back</button>
        <button type="button" disabled={place.value >= items.length - 1} onClick={() => place.value++}>Next</button>
      </div>
    </>
  );
}

function SideView({ side }: { readonly side: Side | undefined }): JSX.Element {
  if (!side) return <>nothing</>;
  return <><Chip name={side.label} color={side.color} /> <span dir="auto">{side.text}</span></>;
}
