/**
 * `<LabelSetsDialog project commandKeys? onDone/>`: the label sets of a project. Each change is written at once and can be undone.
 * - `project`: an open project that this tab may write to.
 * - `offered`: labels of the model that the project has none of, by the kind of label.
 * - `commandKeys`: keys that the page uses itself, in lower case; no label may get one. Default: those of `model/labels.ts`.
 * - `onDone()`: the dialog is over.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { LabelsChange } from '../../model/changes.js';
import { moveLabelTo, type Fate } from '../../model/label-edits.js';
import { groupsByParent } from '../../model/label-groups.js';
import { COMMAND_KEYS, withKeys, type LabelKind } from '../../model/labels.js';
import { isRefusal, type Refusal } from '../../model/refusal.js';
import type { Label, LabelSet } from '../../model/types.js';
import type { Project } from '../../store/project.js';
import type { UndoResult } from '../../store/undo.js';
import { Chip, Choice, Dialog, Said, TextField } from './dialog.js';
import {
  addAllOfKind, addOfKind, changeByForm, describeUse, KIND_NAMES, KINDS, labelUses, removalEdit, undoMessage, UNUSED, type FormFields, type LabelUse,
} from './label-form.js';
import { LabelForm } from './label-form-view.js';
import { RemoveLabel } from './remove-label.js';
import { useTask } from './task.js';

export interface LabelSetsDialogProps {
  readonly project: Project;
  readonly offered?: { readonly [K in LabelKind]: readonly string[] };
  readonly commandKeys?: ReadonlySet<string>;
  readonly onDone: () => void;
}

/** What the dialog shows of the project. */
interface Content {
  readonly labelSets: readonly LabelSet[];
  readonly uses: ReadonlyMap<string, LabelUse>;
  /** Names of documents by their ids. */
  readonly names: ReadonlyMap<string, string>;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}

const EMPTY: Content = { labelSets: [], uses: new Map(), names: new Map(), canUndo: false, canRedo: false };

export function LabelSetsDialog({ project, offered, commandKeys = COMMAND_KEYS, onDone }: LabelSetsDialogProps): JSX.Element {
  /** `undefined` while it is read for the first time: a field that is shown before would lose what is typed when the sets come. */
  const content = useSignal<Content | undefined>(undefined);
  const kind = useSignal<LabelKind>('span');
  const editing = useSignal<string | undefined>(undefined);
  const removing = useSignal<Label | undefined>(undefined);
  const said = useSignal('');
  const refused = useSignal('');
  const task = useTask();
  const reading = useTask();
  const { labelSets, uses, names, canUndo, canRedo } = content.value ?? EMPTY;

  const refresh = async (): Promise<void> => {
    const [record, heads, history] = await Promise.all([project.record(), project.heads(), project.history()]);
    content.value = {
      labelSets: record.labelSets, uses: labelUses(heads), names: new Map(heads.map((head) => [head.id, head.name])),
      canUndo: history.undo !== undefined, canRedo: history.redo !== undefined,
    };
  };
  useEffect(() => reading.run('Reading the labels', refresh), []);

  /** Writes a change, unless it is refused. `then` runs when it is written. */
  const change = (made: LabelsChange | Refusal | undefined, message: string, then?: () => void): void => {
    refused.value = '';
    said.value = '';
    if (!made) return;
    if (isRefusal(made)) return void (refused.value = made.message);
    task.run('The change', async () => {
      await project.edit({ labels: made });
      await refresh();
      said.value = message;
      then?.();
    });
  };
  const move = (what: 'undone' | 'done again', work: () => Promise<UndoResult>): void => {
    refused.value = '';
    editing.value = undefined;
    task.run(what === 'undone' ? 'The undo' : 'The redo', async () => {
      said.value = undoMessage(await work(), what, names);
      await refresh();
    });
  };
  const remove = (label: Label, fate: Fate): void => {
    const documents = (uses.get(label.id) ?? UNUSED).documents;
    removing.value = undefined;
    task.run('Deleting the label', async () => {
      const edit = await removalEdit(project, labelSets, label.id, fate, documents);
      if (isRefusal(edit)) return void (refused.value = edit.message);
      await project.edit(edit);
      await refresh();
      said.value = `${label.name} is deleted. Undo brings it back with all that it had.`;
    });
  };
  const save = (id: string, fields: FormFields): void =>
    change(changeByForm(labelSets, id, fields, commandKeys), `${fields.name.trim()} is saved.`, () => (editing.value = undefined));

  const add = (name: string, then: () => void, set?: string): void =>
    change(addOfKind(labelSets, kind.value, name, set), `${name.trim()} is added.`, then);
  const setOverlap = (set: string, overlap: boolean): void =>
    change({ type: 'overlap', set, overlap }, 'The rule is saved. Spans that are there stay.');
  const known = offered?.[kind.value] ?? [];
  const sets = withKeys(labelSets).filter((set) => set.kind === kind.value);
  const actions = (
    <>
      <button type="button" disabled={!canUndo || task.isBusy.value} onClick={() => move('undone', () => project.undoLabels())}>Undo</button>
      <button type="button" disabled={!canRedo || task.isBusy.value} onClick={() => move('done again', () => project.redoLabels())}>Redo</button>
    </>
  );
  const doomed = removing.value;
  return (
    <Dialog title="Labels" onClose={onDone} actions={actions} said={<Said error={refused.value || task.error.value || reading.error.value} status={said.value} />}>
      <Choice label="Show" value={kind.value} values={KINDS.map((value) => ({ value, label: KIND_NAMES[value] }))} onChoose={(chosen) => {
        kind.value = chosen;
        editing.value = undefined;
        refused.value = '';
      }} />
      {content.value && known.length > 0 && (
        <p class="hint">
          The model knows {known.join(', ')}.{' '}
          <button type="button" onClick={() => change(addAllOfKind(labelSets, kind.value, known), 'The labels of the model are added.')}>Add these labels</button>
        </p>
      )}
      {sets.map((set) => (
        <section key={set.id}>
          {sets.length > 1 ? <h3>Label set {set.id}</h3> : null}
          {groupsByParent(set.labels).map(({ name, labels }) => (
            <section key={name ?? ''} aria-label={name}>
              {name === undefined ? null : <p class="group-name">{name}</p>}
              <ul class="labels">
                {labels.map((label, index) => (
                  <li key={label.id}>
                    <LabelRow label={label} set={set} before={labels[index - 1]} after={labels[index + 1]} use={uses.get(label.id) ?? UNUSED}
                      isOpen={editing.value === label.id}
                      onEdit={() => (editing.value = editing.value === label.id ? undefined : label.id)}
                      onMove={(to) => change(moveLabelTo(labelSets, label.id, to.id), `${label.name} is moved.`)}
                      onRemove={() => (removing.value = label)} />
                    {editing.value === label.id ? (
                      <LabelForm label={label} kind={set.kind} labelSets={labelSets}
                        onSave={(fields) => save(label.id, fields)} onCancel={() => (editing.value = undefined)} />
                    ) : null}
                  </li>
                ))}
              </ul>
            </section>
          ))}
          {set.kind === 'span' ? (
            <label class="check">
              <input type="checkbox" checked={set.overlap} onChange={(event) => setOverlap(set.id, event.currentTarget.checked)} />
              Spans may overlap
            </label>
          ) : null}
          <AddLabel key={`add ${set.id}`} onAdd={(name, then) => add(name, then, set.id)} />
        </section>
      ))}
      {reading.isBusy.value ? <p role="status">Reading the labels…</p> : null}
      {!content.value || sets.length ? null : (
        <>
          <p>There is no label of this kind yet.</p>
          <AddLabel onAdd={add} />
        </>
      )}
      {doomed ? (
        <RemoveLabel label={doomed} kind={kind.value} use={uses.get(doomed.id) ?? UNUSED}
          others={sets.flatMap(({ labels }) => labels).filter(({ id }) => id !== doomed.id)}
          onAnswer={(fate) => (fate ? remove(doomed, fate) : (removing.value = undefined))} />
      ) : null}
    </Dialog>
  );
}

interface LabelRowProps {
  readonly label: Label;
  readonly set: LabelSet;
  /** The labels around it in its group. */
  readonly before: Label | undefined;
  readonly after: Label | undefined;
  readonly use: LabelUse;
  readonly isOpen: boolean;
  readonly onEdit: () => void;
  /** It is to take the place of this one. */
  readonly onMove: (to: Label) => void;
  readonly onRemove: () => void;
}

function LabelRow({ label, set, before, after, use, isOpen, onEdit, onMove, onRemove }: LabelRowProps): JSX.Element {
  const { name, key, color } = label;
  return (
    <div class="label-row">
      <span class="label-name"><Chip name={name} color={color} /> {key ? <kbd>{key}</kbd> : null} <small>{describeUse(use, set.kind)}</small></span>
      <span class="buttons">
        <button type="button" aria-expanded={isOpen} aria-label={`Change ${name}`} onClick={onEdit}>Change</button>
        <button type="button" disabled={!before} aria-label={`Move ${name} up`} onClick={() => before && onMove(before)}>Up</button>
        <button type="button" disabled={!after} aria-label={`Move ${name} down`} onClick={() => after && onMove(after)}>Down</button>
        <button type="button" aria-label={`Delete ${name}`} onClick={onRemove}>Delete</button>
      </span>
    </div>
  );
}

/** `onAdd(name, then)`: calls `then` when the label is written. */
function AddLabel({ onAdd }: { readonly onAdd: (name: string, then: () => void) => void }): JSX.Element {
  const name = useSignal('');
  const submit = (event: Event): void => {
    event.preventDefault();
    onAdd(name.value, () => (name.value = ''));
  };
  return (
    <form class="adder" onSubmit={submit}>
      <TextField label="New label" value={name.value} maxLength={200} onInput={(value) => (name.value = value)} />
      <button type="submit">Add label</button>
    </form>
  );
}
