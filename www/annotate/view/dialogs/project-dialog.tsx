/**
 * `<ProjectDialog project onDone/>`: name and guide of a project.
 * - `project`: an open project that this tab may write to.
 * - `onDone(said?)`: the dialog is over. With what is to be said if something was saved.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useId } from 'preact/hooks';
import type { Project } from '../../store/project.js';
import { Alert, Dialog, TextField } from './dialog.js';
import { useTask } from './task.js';

export interface ProjectDialogProps {
  readonly project: Pick<Project, 'record' | 'update'>;
  readonly onDone: (said?: string) => void;
}

interface Fields {
  readonly name: string;
  readonly guide: string;
}

export function ProjectDialog({ project, onDone }: ProjectDialogProps): JSX.Element {
  /** `undefined` until they are read. */
  const fields = useSignal<Fields | undefined>(undefined);
  const task = useTask();
  const id = useId();
  useEffect(() => task.run('Reading the project', async () => {
    const { name, guide = '' } = await project.record();
    fields.value = { name, guide };
  }), []);
  const shown = fields.value;
  const save = (): void => {
    if (!shown) return;
    const name = shown.name.trim();
    if (!name) return void (task.error.value = 'A project needs a name.');
    task.run('Saving the project', async () => {
      await project.update({ name, guide: shown.guide });
      onDone('Name and guide are saved.');
    });
  };
  const act = <button type="button" class="primary" disabled={!shown || task.isBusy.value} onClick={save}>Save</button>;
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save();
  };
  return (
    <Dialog title="Name and guide of the project" close="Cancel" isSmall onClose={() => onDone()} onKey={onKey}
      said={<Alert text={task.error.value} />} actions={act}>
      {shown ? (
        <>
          <TextField label="Name" value={shown.name} isRequired maxLength={200} onInput={(name) => (fields.value = { ...shown, name })} />
          <div class="field">
            <label for={id}>Guide: what is marked, and how</label>
            <textarea id={id} rows={8} value={shown.guide} onInput={({ currentTarget: { value } }) => (fields.value = { ...shown, guide: value })} />
          </div>
          <p class="hint">Ctrl+Enter saves. Both are in exports that hold them.</p>
        </>
      ) : null}
    </Dialog>
  );
}
