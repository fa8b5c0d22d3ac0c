/** `<RemoveLabel/>`: asks before a label is deleted, and what becomes of the spans or relations that have it. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { Fate } from '../../model/label-edits.js';
import type { LabelKind } from '../../model/labels.js';
import type { Label } from '../../model/types.js';
import { Choice, Dialog } from './dialog.js';
import { describeUse, type LabelUse } from './label-form.js';

export interface RemoveLabelProps {
  readonly label: Label;
  readonly kind: LabelKind;
  readonly use: LabelUse;
  /** Labels of the same kind. */
  readonly others: readonly Label[];
  /** `undefined`: nothing is deleted. */
  readonly onAnswer: (fate: Fate | undefined) => void;
}

const GONE: Readonly<Record<LabelKind, string>> = {
  span: 'Delete the spans and their relations too', relation: 'Delete the relations too', type: 'Take the type away; the spans stay',
};

export function RemoveLabel({ label, kind, use, others, onAnswer }: RemoveLabelProps): JSX.Element {
  const [first] = others;
  const isMoved = useSignal(first !== undefined && use.total > 0);
  const to = useSignal(first?.id ?? '');
  const name = useId();
  const fate: Fate = isMoved.value && to.value ? { then: 'move', to: to.value } : { then: 'remove' };
  const [have, them] = use.total === 1 ? ['has', 'it'] : ['have', 'them'];
  const question = `${describeUse(use, kind)} ${have} this label${restOf(use)}. What becomes of ${them}?`;
  const act = <button type="button" class="danger" onClick={() => onAnswer(fate)}>Delete label</button>;
  return (
    <Dialog title={`Delete ${label.name}?`} close="Cancel" isSmall onClose={() => onAnswer(undefined)} actions={act}>
      {use.total === 0 ? <p>Nothing has this label.</p> : (
        <fieldset>
          <legend>{question}</legend>
          {first ? (
            <label class="check">
              <input type="radio" name={name} checked={isMoved.value} onChange={() => (isMoved.value = true)} />Give them another label
            </label>
          ) : null}
          {first && isMoved.value ? (
            <Choice label="The other label" value={to.value} onChoose={(id) => (to.value = id)}
              values={others.map((other) => ({ value: other.id, label: other.name }))} />
          ) : null}
          <label class="check">
            <input type="radio" name={name} checked={!isMoved.value} onChange={() => (isMoved.value = false)} />{GONE[kind]}
          </label>
        </fieldset>
      )}
      <p class="hint">Undo brings everything back.</p>
    </Dialog>
  );
}

function restOf({ states: { suggested, rejected } }: LabelUse): string {
  const parts = [suggested ? `${suggested} suggested` : '', rejected ? `${rejected} rejected` : ''].filter(Boolean);
  return parts.length ? ` (${parts.join(', ')})` : '';
}
