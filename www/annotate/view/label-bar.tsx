// The labels that keys and buttons set now: of spans, of relations, or types.
import { useSignal, useSignalEffect, type ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Label } from '../model/types.js';
import type { RankedLabel } from '../assistant/ask.js';
import { ariaKey, CommandButton } from './command-button.js';
import { showKey } from './keys.js';
import { errorMessage, percent } from './messages.js';
import type { Screen } from './screen.js';

/** More labels than this get a field to find one by its name. */
const MANY = 20;

const TITLES = { span: 'Labels', relation: 'Label of the relation', type: 'Type of the span' } as const;

export function LabelBar({ screen }: { readonly screen: Screen }): JSX.Element {
  const { session, editing } = screen;
  const wanted = useSignal('');
  const ranks = useRanks(screen);
  const mode = editing.mode.value;
  const labels = ranked(editing.labels.value, ranks.value);
  const query = wanted.value.trim().toLowerCase();
  const found = labels.filter(({ name }) => name.toLowerCase().includes(query));
  const set = (label: Label | undefined): void => {
    if (!label) return;
    void editing.label(label.id);
    wanted.value = '';
    screen.text?.focusText();
  };
  return (
    <section class={`labels is-${mode}`} aria-label={TITLES[mode]}>
      <header class="section-head">
        <h2>{TITLES[mode]}</h2>
        {mode === 'span'
          ? <button type="button" class="plain" onClick={() => (screen.dialog.value = 'labels')}>Edit</button>
          : <button type="button" class="plain" onClick={() => editing.stepOut()}>Cancel <kbd>Esc</kbd></button>}
      </header>
      <Sets screen={screen} />
      {labels.length > MANY && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            set(found[0]);
          }}
        >
          <input
            type="search" aria-label="Find a label" placeholder="Find a label" value={wanted.value}
            onInput={({ currentTarget: { value } }) => (wanted.value = value)}
          />
        </form>
      )}
      {labels.length === 0 && <p class="empty">There is no label yet. <CommandButton screen={screen} id="labels">Add labels</CommandButton></p>}
      <div class="label-buttons">
        {found.map((label) => (
          <LabelButton
            key={label.id} label={label} keyName={screen.keyOfLabel(label.key)} score={ranks.value.get(label.id)} isDisabled={session.isReadOnly}
            onPick={() => set(label)}
          />
        ))}
      </div>
      <Guide screen={screen} />
    </section>
  );
}

/** Which set is offered, if there are several of the kind. */
function Sets({ screen: { editing } }: { readonly screen: Screen }): JSX.Element | null {
  const sets = editing.labelSets.value;
  if (sets.length < 2) return null;
  return (
    <select
      aria-label="Label set" value={editing.activeSet.value ?? ''}
      onChange={({ currentTarget: { value } }) => (editing.activeSet.value = value || undefined)}
    >
      <option value="">All label sets</option>
      {sets.map(({ id }) => <option key={id} value={id}>{id}</option>)}
    </select>
  );
}

interface LabelButtonProps {
  readonly label: Label;
  readonly keyName: string | undefined;
  /** What the model says. */
  readonly score: number | undefined;
  readonly isDisabled: boolean;
  readonly onPick: () => void;
}

function LabelButton({ label: { name, color }, keyName, score, isDisabled, onPick }: LabelButtonProps): JSX.Element {
  return (
    <button type="button" class={`label color-${color}`} disabled={isDisabled} aria-keyshortcuts={keyName && ariaKey(keyName)} onClick={onPick}>
      <span class="label-name">{name}</span>
      {score !== undefined && <small>{percent(score)}</small>}
      {keyName !== undefined && <kbd aria-hidden="true">{showKey(keyName)}</kbd>}
    </button>
  );
}

/** What the model says of types of the focused span, or of relations to it: by the ids of labels. */
function useRanks({ session, editing, assistant }: Screen): ReadonlySignal<ReadonlyMap<string, number>> {
  const ranks = useSignal<ReadonlyMap<string, number>>(new Map());
  useSignalEffect(() => {
    ranks.value = new Map();
    const mode = editing.mode.value;
    const span = session.focused.value;
    const head = session.spans.value.find(({ id }) => id === editing.relationHead.value);
    if (!span || mode === 'span') return undefined;
    const abort = new AbortController();
    const show = (found: readonly RankedLabel[]): void => {
      if (!abort.signal.aborted) ranks.value = new Map(found.map(({ label, score }) => [label, score]));
    };
    const fail = (error: unknown): void => {
      if (!abort.signal.aborted) session.say(errorMessage(error, 'Asking the model'));
    };
    if (mode === 'type' && assistant.can('typing')) assistant.types(session.text, span, abort.signal).then(show, fail);
    if (mode === 'relation' && assistant.can('relation') && head && head.id !== span.id) {
      assistant.relations(session.text, head, span, abort.signal).then(show, fail);
    }
    return () => abort.abort();
  });
  return ranks;
}

/** The best first. Labels of which the model says nothing keep their order. */
function ranked(labels: readonly Label[], ranks: ReadonlyMap<string, number>): readonly Label[] {
  return ranks.size ? labels.toSorted((a, b) => (ranks.get(b.id) ?? -1) - (ranks.get(a.id) ?? -1)) : labels;
}

/** When to use the label of the focused span, or the one that was set last. */
function Guide({ screen: { session, editing } }: { readonly screen: Screen }): JSX.Element | null {
  const label = session.labels.value.get(session.focused.value?.label ?? editing.lastLabel.value ?? '');
  if (label?.guide === undefined) return null;
  return (
    <details class="guide">
      <summary>When to use {label.name}</summary>
      <p>{label.guide}</p>
    </details>
  );
}
