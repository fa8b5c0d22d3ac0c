/**
 * `<StorageDialog store project? backup? models? onDone/>`: what is stored, and backups.
 * - `store`: the store.
 * - `project`: the open project; without it there is no part about backups.
 * - `backup`: keeps a file up to date (`view/backup.ts`); its owner calls `backup.edited()` after each edit. Without it, or where the
 *   browser cannot write files, there is only "Save backup".
 * - `models`: `models` of `luke-web`: which models are stored.
 * - `onDone()`: the dialog is over.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { fileWorker } from '../../files/file-worker.js';
import type { ProjectOverview } from '../../store/overview.js';
import type { Project } from '../../store/project.js';
import { askToPersist, spaceOf, type Space } from '../../store/space.js';
import type { Store } from '../../store/store.js';
import type { Backup, BackupStatus } from '../backup.js';
import { countOf } from '../messages.js';
import { Alert, Confirm, Dialog, TableHead } from './dialog.js';
import { saveBackup } from './save-backup.js';
import { CAN_REWRITE, saveFile } from './save-file.js';
import { useTask } from './task.js';
import { bytesText, timeText } from './words.js';

/** The part of a stored model of `luke-web` that is shown. */
export interface StoredModel {
  readonly url: string;
  readonly name: string;
  readonly storedBytes: number;
  readonly complete: boolean;
}

/** The part of `models` of `luke-web` that is used. */
export interface ModelStore {
  list(): Promise<readonly StoredModel[]>;
  usage(): Promise<{ readonly storedBytes: number }>;
  delete(url: string): Promise<boolean>;
}

export interface StorageDialogProps {
  readonly store: Store;
  readonly project?: Project | undefined;
  readonly backup?: Backup | undefined;
  readonly models?: ModelStore | undefined;
  readonly onDone: () => void;
}

interface Content {
  readonly space: Space;
  readonly projects: readonly ProjectOverview[];
  readonly models: readonly StoredModel[];
  readonly modelBytes: number;
}

export function StorageDialog({ store, project, backup, models, onDone }: StorageDialogProps): JSX.Element {
  const content = useSignal<Content | undefined>(undefined);
  const deleting = useSignal<StoredModel | undefined>(undefined);
  const task = useTask();
  const modelTask = useTask();
  const refresh = async (): Promise<void> => {
    const { models: known = [], modelBytes = 0 } = content.value ?? {};
    content.value = { space: await spaceOf(), projects: await store.overview(), models: known, modelBytes };
  };
  /** Models are read apart: what is wrong with them hides nothing else. */
  const refreshModels = async (): Promise<void> => {
    if (!models) return;
    const [list, { storedBytes }] = await Promise.all([models.list(), models.usage()]);
    if (content.value) content.value = { ...content.value, models: list, modelBytes: storedBytes };
  };
  useEffect(() => {
    task.run('Reading what is stored', async () => {
      await refresh();
      modelTask.run('Reading the stored models', refreshModels);
    });
  }, []);
  const remove = (isYes: boolean): void => {
    const model = deleting.value;
    deleting.value = undefined;
    if (!isYes || !model || !models) return;
    modelTask.run('Deleting the model', async () => {
      await models.delete(model.url);
      await refreshModels();
    });
  };
  const persist = (): void => task.run('Asking the browser', async () => {
    const space = await askToPersist();
    if (content.value) content.value = { ...content.value, space };
  });
  const shown = content.value;
  const doomed = deleting.value;
  return (
    <Dialog title="Storage and backup" onClose={onDone}>
      {project && shown ? <BackupView project={project} backup={backup} /> : null}
      <Alert text={task.error.value} />
      {shown ? <SpaceView space={shown.space} onAsk={persist} /> : <p role="status">Reading what is stored…</p>}
      {shown ? <Projects projects={shown.projects} /> : null}
      {shown ? <Suggestions store={store} onCleared={refresh} /> : null}
      {models && shown ? <Models content={shown} onDelete={(model) => (deleting.value = model)} /> : null}
      <Alert text={modelTask.error.value} />
      {doomed ? (
        <Confirm title="Delete this model?" yes="Delete model" onAnswer={remove}
          text={`${doomed.name} (${bytesText(doomed.storedBytes)}) is deleted from this browser. It is fetched again when it is used.`} />
      ) : null}
    </Dialog>
  );
}

function SpaceView({ space, onAsk }: { readonly space: Space; readonly onAsk: () => void }): JSX.Element {
  const unknown = 'the browser does not say';
  const words = space.persisted ? 'yes' : space.persisted === undefined ? unknown : 'no: it may delete everything when the disk is full';
  return (
    <section>
      <h3>Space</h3>
      <dl class="facts">
        <dt>Used by this site</dt><dd>{space.used === undefined ? unknown : bytesText(space.used)}</dd>
        <dt>Allowed</dt><dd>{space.quota === undefined ? unknown : bytesText(space.quota)}</dd>
        <dt>The browser keeps it</dt><dd>{words}</dd>
      </dl>
      {space.persisted ? null : <button type="button" onClick={onAsk}>Ask the browser to keep it</button>}
    </section>
  );
}

function Projects({ projects }: { readonly projects: readonly ProjectOverview[] }): JSX.Element {
  return (
    <section>
      <h3>Projects</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label="Stored projects">
        <table>
          <TableHead names={['Name', 'Documents', 'Size', 'Since the last backup']} />
          <tbody>
            {projects.map(({ record, documents, characters, unsaved }) => (
              <tr key={record.id}>
                <th scope="row">{record.name}</th><td>{documents.toLocaleString('en')}</td><td>{countOf(characters, 'character')}</td>
                <td>{countOf(unsaved, 'change')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** They can be made again, so nobody is asked. A full disk lets things be deleted. */
function Suggestions({ store, onCleared }: { readonly store: Store; readonly onCleared: () => Promise<void> }): JSX.Element {
  const count = useSignal<number | undefined>(undefined);
  const task = useTask();
  const read = async (): Promise<void> => void (count.value = await store.suggestions.count());
  useEffect(() => task.run('Reading the suggestions', read), []);
  const clear = (): void => task.run('Deleting the suggestions', async () => {
    await store.suggestions.clear();
    await read();
    await onCleared();
  });
  const what = count.value === undefined ? '' : count.value ? `What models said of texts is kept: ${countOf(count.value, 'entry', 'entries')}.` : 'None is kept.';
  return (
    <section>
      <h3>Suggestions of models</h3>
      <p role="status">{what}</p>
      <p class="hint">Deleting them takes nothing of yours away, and makes room: models read the texts again.</p>
      <button type="button" disabled={!count.value || task.isBusy.value} onClick={clear}>Delete suggestions</button>
      <Alert text={task.error.value} />
    </section>
  );
}

interface ModelsProps {
  readonly content: Content;
  readonly onDelete: (model: StoredModel) => void;
}

function Models({ content: { models, modelBytes }, onDelete }: ModelsProps): JSX.Element {
  return (
    <section>
      <h3>Models</h3>
      <p>{models.length ? `${countOf(models.length, 'model')}, ${bytesText(modelBytes)}.` : 'No model is stored.'}</p>
      <ul class="rows">
        {models.map((model) => (
          <li key={model.url} class="label-row">
            <span>{model.name} <small>{bytesText(model.storedBytes)}{model.complete ? '' : ', not complete'}</small></span>
            <button type="button" aria-label={`Delete model ${model.name}`} onClick={() => onDelete(model)}>Delete</button>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface BackupViewProps {
  readonly project: Project;
  readonly backup: Backup | undefined;
}

function BackupView({ project, backup }: BackupViewProps): JSX.Element {
  const task = useTask();
  const changes = useSignal<number | undefined>(undefined);
  const status = useSignal<BackupStatus | undefined>(backup?.status);
  const refresh = async (): Promise<void> => {
    changes.value = (await project.backupState()).changes;
    status.value = backup?.status;
  };
  useEffect(() => task.run('Reading the backup', refresh), []);
  const save = (): void => task.run('Saving the backup', async () => {
    await saveBackup(project);
    await refresh();
  });
  const keep = (): void => task.run('Saving the backup', async () => {
    const handle = await saveFile(await fileWorker.backup(await project.corpus()));
    if (handle) await backup?.start(handle);
    await refresh();
  });
  const allow = (): void => task.run('Writing the file', async () => {
    await backup?.allow();
    await refresh();
  });
  const stop = (): void => {
    backup?.stop();
    status.value = backup?.status;
  };
  const count = changes.value;
  const isOn = status.value !== undefined && status.value.kind !== 'off';
  return (
    <section>
      <h3>Backup of this project</h3>
      <p role="status">{count === undefined ? '' : countText(count)}</p>
      {status.value ? <p>{statusText(status.value)}</p> : null}
      <div class="buttons">
        <button type="button" class="primary" disabled={task.isBusy.value} onClick={save}>Save backup</button>
        {backup && CAN_REWRITE && !isOn ? <button type="button" disabled={task.isBusy.value} onClick={keep}>Keep a file up to date</button> : null}
        {status.value?.kind === 'locked' ? <button type="button" disabled={task.isBusy.value} onClick={allow}>Allow and write the file</button> : null}
        {isOn ? <button type="button" onClick={stop}>Stop writing the file</button> : null}
      </div>
      <Alert text={task.error.value} />
    </section>
  );
}

function countText(changes: number): string {
  return changes === 0 ? 'The last backup has everything.' : `${countOf(changes, 'change')} since the last backup.`;
}

function statusText(status: BackupStatus): string {
  switch (status.kind) {
    case 'off':
      return '';
    case 'on':
      return `${status.file} is kept up to date${status.savedAt === undefined ? '' : `; last written ${timeText(status.savedAt)}`}.`;
    case 'writing':
      return `${status.file} is being written.`;
    case 'locked':
      return `${status.file} is not written before you allow it again: the browser asks at each visit.`;
    case 'failed':
      return `${status.file} could not be written: ${status.reason}. It is tried again after the next edit.`;
  }
}
