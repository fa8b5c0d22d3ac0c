/** `<LabelForm/>`: the fields of one label: name, color, key, guide, parent, and the ends of a relation. */
import { useSignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { COLORS, type LabelKind } from '../../model/labels.js';
import type { Label, LabelSet } from '../../model/types.js';
import { Choice, TextField } from './dialog.js';
import { formOf, parentChoices, type FormFields } from './label-form.js';

export interface LabelFormProps {
  readonly label: Label;
  readonly kind: LabelKind;
  readonly labelSets: readonly LabelSet[];
  readonly onSave: (fields: FormFields) => void;
  readonly onCancel: () => void;
}

export function LabelForm({ label, kind, labelSets, onSave, onCancel }: LabelFormProps): JSX.Element {
  const fields = useSignal(formOf(label));
  const set = (part: Partial<FormFields>): void => void (fields.value = { ...fields.value, ...part });
  const guide = useId();
  const { name, key, parent } = fields.value;
  const parents = [{ value: '', label: 'none' }, ...parentChoices(labelSets, label.id).map((each) => ({ value: each.id, label: each.name }))];
  const ends = labelSets.filter((other) => other.kind === 'span').flatMap(({ labels }) => labels);
  const submit = (event: Event): void => {
    event.preventDefault();
    onSave(fields.value);
  };
  return (
    <form class="label-form" onSubmit={submit} aria-label={`Label ${label.name}`}>
      <div class="fields">
        <TextField label="Name" value={name} maxLength={200} onInput={(value) => set({ name: value })} />
        <TextField label="Key (one character)" value={key} maxLength={2} onInput={(value) => set({ key: value })} />
        <Choice label="Parent" value={parent} values={parents} onChoose={(value) => set({ parent: value })} />
      </div>
      <Colors fields={fields} />
      {kind === 'relation' ? <Ends legend="May begin at" labels={ends} chosen={fields.value.from} onChoose={(from) => set({ from })} /> : null}
      {kind === 'relation' ? <Ends legend="May end at" labels={ends} chosen={fields.value.to} onChoose={(to) => set({ to })} /> : null}
      <div class="field">
        <label for={guide}>Guide: when to use it (Markdown)</label>
        <textarea id={guide} rows={3} value={fields.value.guide} onInput={(event) => set({ guide: event.currentTarget.value })} />
      </div>
      <div class="buttons">
        <button type="submit" class="primary">Save label</button>
        <button type="button" onClick={onCancel}>Cancel</button>
      </div>
    </form>
  );
}

function Colors({ fields }: { readonly fields: Signal<FormFields> }): JSX.Element {
  const name = useId();
  return (
    <fieldset class="colors">
      <legend>Color</legend>
      {Array.from({ length: COLORS }, (_, color) => (
        <label key={color} class={`chip chip-${color}`}>
          <input type="radio" name={name} checked={fields.value.color === color} onChange={() => (fields.value = { ...fields.value, color })} />
          {color + 1}
        </label>
      ))}
    </fieldset>
  );
}

interface EndsProps {
  readonly legend: string;
  readonly labels: readonly Label[];
  readonly chosen: readonly string[];
  readonly onChoose: (ids: readonly string[]) => void;
}

function Ends({ legend, labels, chosen, onChoose }: EndsProps): JSX.Element {
  const toggle = (id: string): void => onChoose(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  return (
    <fieldset>
      <legend>{legend} (none marked: any label)</legend>
      {labels.map(({ id, name }) => (
        <label key={id} class="check"><input type="checkbox" checked={chosen.includes(id)} onChange={() => toggle(id)} />{name}</label>
      ))}
    </fieldset>
  );
}
