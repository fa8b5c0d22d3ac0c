/** `<NewProject store onOpen/>`: makes a project by name and label set. */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { newLabelSet, withKeys } from '../../model/labels.js';
import type { Store } from '../../store/store.js';
import { Alert, Choice, TextField } from './dialog.js';
import { useTask } from './task.js';

const PRESETS = [
  { value: 'news', label: 'News: PER, LOC, ORG, MISC', names: ['PER', 'LOC', 'ORG', 'MISC'] },
  { value: 'empty', label: 'No labels yet', names: [] },
] as const;

type Preset = (typeof PRESETS)[number]['value'];

export function NewProject({ store, onOpen }: { readonly store: Store; readonly onOpen: (project: string) => void }): JSX.Element {
  const name = useSignal('');
  const preset = useSignal<Preset>('news');
  const task = useTask();
  const submit = (event: Event): void => {
    event.preventDefault();
    const trimmed = name.value.trim();
    if (!trimmed) return void (task.error.value = 'A project needs a name.');
    const names = PRESETS.find(({ value }) => value === preset.value)?.names ?? [];
    const labelSets = names.length ? withKeys([newLabelSet('span', names)]) : [];
    task.run('Making the project', async () => onOpen((await store.createProject({ name: trimmed, labelSets })).id));
  };
  return (
    <form onSubmit={submit}>
      <div class="fields">
        <TextField label="Name" value={name.value} maxLength={200} onInput={(value) => (name.value = value)} />
        <Choice label="Labels" value={preset.value} values={PRESETS} onChoose={(value) => (preset.value = value)} />
      </div>
      <button type="submit">Make project</button>
      <Alert text={task.error.value} />
    </form>
  );
}
