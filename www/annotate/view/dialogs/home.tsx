/**
 * `<Home store onOpen/>`: the first page: the projects, and all ways to begin one.
 * - `store`: the store.
 * - `text`: a text to open at once.
 * - `onOpen(project)`: a project is to be opened, by its id.
 * - `onStorage?`: opens the dialog of storage (`StorageDialog`), where models can be deleted too.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { fileOpen, directoryOpen } from 'browser-fs-access';
import type { InputFile } from '../../formats/format.js';
import type { ProjectOverview } from '../../store/overview.js';
import { askToPersist, spaceOf, type Space } from '../../store/space.js';
import type { Store } from '../../store/store.js';
import { countOf } from '../messages.js';
import { readChosen } from './chosen-files.js';
import { Alert, Confirm, TableHead } from './dialog.js';
import { exampleFile } from './example.js';
import { ImportDialog } from './lazy.js';
import { NewProject } from './new-project.js';
import { useTransfers } from './transfers.js';
import { useTask } from './task.js';
import { bytesText, timeText } from './words.js';

export interface HomeProps {
  readonly store: Store;
  readonly text?: string | undefined;
  readonly onOpen: (project: string) => void;
  readonly onStorage?: () => void;
}

export function Home({ store, text, onOpen, onStorage }: HomeProps): JSX.Element {
  const projects = useSignal<readonly ProjectOverview[] | undefined>(undefined);
  const space = useSignal<Space | undefined>(undefined);
  const files = useSignal<readonly InputFile[] | undefined>(text === undefined ? undefined : [textFile(text)]);
  const deleting = useSignal<ProjectOverview | undefined>(undefined);
  const task = useTask();
  /** Its own task: what a person does meanwhile is not lost. */
  const reading = useTask();
  const refresh = async (): Promise<void> => {
    projects.value = await store.overview();
    space.value = await spaceOf();
  };
  useEffect(() => reading.run('Reading the projects', refresh), []);
  const open = (read: () => Promise<readonly InputFile[]>): void =>
    task.run('Opening the files', async () => void (files.value = await read()));
  const isDropping = useTransfers((read) => files.value === undefined && open(read));
  const choose = (): void => open(async () => readChosen(await fileOpen({ multiple: true })));
  const chooseFolder = (): void => open(async () => readChosen((await directoryOpen({ recursive: true })).filter((entry) => entry instanceof File)));
  const remove = (isYes: boolean): void => {
    const project = deleting.value;
    deleting.value = undefined;
    if (!isYes || !project) return;
    task.run('Deleting the project', async () => {
      await store.deleteProject(project.record.id);
      await refresh();
    });
  };
  const doomed = deleting.value;
  return (
    <main class="home">
      <h1>Annotate texts</h1>
      <p class="lead">Mark names and other spans in texts, with a model that helps. Texts stay in this browser; nothing is sent to a server.</p>
      <Alert text={task.error.value || reading.error.value} />
      <section aria-labelledby="home-projects">
        <h2 id="home-projects">Projects</h2>
        <Projects projects={projects.value} onOpen={onOpen} onDelete={(project) => (deleting.value = project)} />
      </section>
      <div class="home-ways">
        <section aria-labelledby="home-files">
          <h2 id="home-files">Open files</h2>
          <p>Texts, or annotations of another tool. Drop files or folders anywhere on this page, paste a text, or choose them.</p>
          <div class="buttons">
            <button type="button" class="primary" onClick={choose}>Open files</button>
            <button type="button" onClick={chooseFolder}>Open a folder</button>
            <button type="button" onClick={() => open(async () => [await exampleFile()])}>Try with example texts</button>
          </div>
        </section>
        <section aria-labelledby="home-new">
          <h2 id="home-new">New project</h2>
          <NewProject store={store} onOpen={onOpen} />
        </section>
      </div>
      <section aria-labelledby="home-storage">
        <h2 id="home-storage">Storage</h2>
        <StorageLine space={space.value} onAsk={() => reading.run('Asking the browser', async () => void (space.value = await askToPersist()))} />
        {onStorage ? <button type="button" onClick={onStorage}>Show what is stored</button> : null}
      </section>
      {isDropping ? <div class="drop-hint" aria-hidden="true">Drop files to open them</div> : null}
      {files.value ? (
        <ImportDialog store={store} files={files.value} onDone={(project) => {
          files.value = undefined;
          if (project !== undefined) onOpen(project);
        }} />
      ) : null}
      {doomed ? (
        <Confirm title="Delete this project?" yes="Delete project" onAnswer={remove}
          text={deletionText(doomed)} />
      ) : null}
    </main>
  );
}

function textFile(text: string): InputFile {
  return { name: 'text.txt', bytes: new TextEncoder().encode(text) };
}

function deletionText({ record: { name }, documents, unsaved }: ProjectOverview): string {
  const hint = unsaved && documents ? ` ${countOf(unsaved, 'change')} ${unsaved === 1 ? 'is' : 'are'} in no backup.` : '';
  return `"${name}" with ${countOf(documents, 'document')} and all annotations is deleted. This cannot be undone.${hint}`;
}

interface ProjectsProps {
  readonly projects: readonly ProjectOverview[] | undefined;
  readonly onOpen: (project: string) => void;
  readonly onDelete: (project: ProjectOverview) => void;
}

function Projects({ projects, onOpen, onDelete }: ProjectsProps): JSX.Element {
  if (!projects) return <p role="status">Reading the projects…</p>;
  if (!projects.length) return <p>There is no project yet. Open files, or make a new project.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="List of projects">
      <table class="projects">
        <TableHead names={['Name', 'Documents', 'Done', 'Last change', 'Size', 'Delete']} />
        <tbody>
          {projects.map((project) => {
            const { record: { id, name }, documents, done, changed, characters } = project;
            return (
              <tr key={id}>
                <th scope="row"><button type="button" class="link" onClick={() => onOpen(id)}>{name}</button></th>
                <td>{documents.toLocaleString('en')}</td><td>{done.toLocaleString('en')}</td><td>{timeText(changed)}</td>
                <td>{countOf(characters, 'character')}</td>
                <td><button type="button" aria-label={`Delete ${name}`} onClick={() => onDelete(project)}>Delete</button></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function StorageLine({ space, onAsk }: { readonly space: Space | undefined; readonly onAsk: () => void }): JSX.Element | null {
  if (!space) return null;
  const allowed = space.quota === undefined ? '' : ` of ${bytesText(space.quota)}`;
  const used = space.used === undefined ? '' : `${bytesText(space.used)}${allowed} is used by this site. `;
  if (space.persisted) return <p>{used}The browser keeps it until you delete it.</p>;
  return (
    <>
      <p>{used}The browser may delete it when the disk is full, or when this page was not opened for a long time. Save backups.</p>
      <p><button type="button" onClick={onAsk}>Ask the browser to keep it</button></p>
    </>
  );
}
