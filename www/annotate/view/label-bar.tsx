// The labels that keys and buttons set now: of spans, of relations, or types.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { MANY_LABELS, offeredGroups, wantedLabel, type LabelGroup } from '../model/label-groups.js';
import type { Label } from '../model/types.js';
import { ariaKey, CommandButton } from './command-button.js';
import { showKey } from './keys.js';
import { percent } from './messages.js';
import { useRanks, whyUnranked } from './ranks.js';
import type { Screen } from './screen.js';

const TITLES = { span: 'Labels', relation: 'Label of the relation', type: 'Type of the span' } as const;

export function LabelBar({ screen }: { readonly screen: Screen }): JSX.Element {
  const { session, editing } = screen;
  const wanted = useSignal('');
  const ranks = useRanks(screen);
  const mode = editing.mode.value;
  const labels = editing.labels.value;
  const hasLabels = editing.labelSets.value.some((set) => set.labels.length > 0);
  const unranked = whyUnranked(screen);
  const groups = groupsOf(labels, ranks.value, editing.recent.value, wanted.value);
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
      {labels.length > MANY_LABELS && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            set(wantedLabel(groups, wanted.value));
          }}
        >
          <input
            type="search" aria-label="Find a label" placeholder="Find a label" value={wanted.value}
            onInput={({ currentTarget: { value } }) => (wanted.value = value)}
          />
        </form>
      )}
      {mode === 'span' && session.selection.value && <CommandButton screen={screen} id="type" showsKey>Rank for the selection</CommandButton>}
      {unranked && <p class="hint">{unranked}</p>}
      {labels.length === 0 && hasLabels && <p class="empty">No label may join these two spans.</p>}
      {!hasLabels && <p class="empty">There is no label yet. <CommandButton screen={screen} id="labels">Add labels</CommandButton></p>}
      {groups.map(({ name, labels: own }) => (
        <div key={name ?? ''} class="label-group" role={name === undefined ? undefined : 'group'} aria-label={name}>
          {name !== undefined && <h3>{name}</h3>}
          <div class="label-buttons">
            {own.map((label) => (
              <LabelButton
                key={label.id} label={label} keyName={screen.keyOfLabel(label.key)} score={ranks.value.get(label.id)} isDisabled={session.isReadOnly}
                onPick={() => set(label)}
              />
            ))}
          </div>
        </div>
      ))}
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

/** If the model ranks the labels: the best first, without groups. Labels of which it says nothing keep their order. */
function groupsOf(labels: readonly Label[], ranks: ReadonlyMap<string, number>, recent: readonly string[], query: string): readonly LabelGroup[] {
  if (!ranks.size) return offeredGroups(labels, recent, query);
  const found = offeredGroups(labels, [], query).flatMap((group) => group.labels);
  return [{ labels: found.toSorted((a, b) => (ranks.get(b.id) ?? -1) - (ranks.get(a.id) ?? -1)) }];
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
