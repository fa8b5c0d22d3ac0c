/**
 * `<ImportDialog store project? files onDone/>`: shows what files have, and imports them: all documents or none.
 * - `store`: the store; without `project`, a new project is made in it.
 * - `project`: an open project that this tab may write to.
 * - `files`: the files, with their bytes (`chosen-files.ts`).
 * - `onDone(project?, said?)`: the dialog is over. With the id of the project if something was imported, and what is to be said of it.
 */
import { useSignal, type Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { InputFile } from '../../formats/format.js';
import type { Corpus, LabelSet } from '../../model/types.js';
import type { ImportOptions } from '../../store/import.js';
import type { Project } from '../../store/project.js';
import { askToPersist } from '../../store/space.js';
import type { Store } from '../../store/store.js';
import { countOf } from '../messages.js';
import { planUpdate, type Update } from './changed-texts.js';
import { ChangedTexts } from './changed-texts-view.js';
import { Alert, Choice, Dialog, TextField } from './dialog.js';
import { labelRows, mapLabels, type LabelRow, type LabelTarget } from './label-map.js';
import { ReadingView, useReading } from './read-choice.js';
import { useTask } from './task.js';

export interface ImportDialogProps {
  readonly store: Store;
  readonly project?: Project | undefined;
  readonly files: readonly InputFile[];
  readonly onDone: (project?: string, said?: string) => void;
}

type Targets = ReadonlyMap<string, LabelTarget>;

export function ImportDialog({ store, project, files, onDone }: ImportDialogProps): JSX.Element {
  const reading = useReading(files);
  const known = useSignal<readonly LabelSet[]>([]);
  const targets = useSignal<Targets>(new Map());
  const name = useSignal<string | undefined>(undefined);
  const isAgreed = useSignal(false);
  /** Documents of the project that have other texts in the file. */
  const update = useSignal<Update | undefined>(undefined);
  const isTaken = useSignal(false);
  const progress = useSignal<number | undefined>(undefined);
  const button = useRef<HTMLButtonElement>(null);
  const abort = useRef<AbortController | undefined>(undefined);
  const task = useTask();
  useEffect(() => {
    // The import itself says it if the project cannot be read.
    project?.record().then(({ labelSets }) => (known.value = labelSets), () => undefined);
    return () => abort.current?.abort();
  }, []);
  useEffect(() => {
    targets.value = new Map(); // another reading has other labels
    isAgreed.value = false;
    return findChanged(project, reading.plan.value?.corpus, update);
  }, [reading.plan.value]);

  const plan = reading.plan.value;
  const corpus = plan?.corpus;
  const taken = isTaken.value ? update.value : undefined;
  const title = name.value ?? (corpus?.name || 'New project');
  const isBusy = task.isBusy.value;
  const canImport = corpus?.documents.length && !reading.isReading.value && !isBusy && (!plan?.errors || isAgreed.value) && (project || title.trim());
  // Enter imports what was found. It is not to cancel, which is the only button while the files are read.
  useEffect(() => {
    if (canImport) button.current?.focus();
  }, [plan !== undefined]);
  const start = (): void => {
    if (!corpus || !canImport) return;
    const controller = new AbortController();
    abort.current = controller;
    task.run('The import', async () => {
      progress.value = 0;
      try {
        void keepData(store);
        const options: ImportOptions = { signal: controller.signal, onProgress: (done, total) => (progress.value = done / total) };
        const added = { ...corpus, documents: taken?.added ?? corpus.documents };
        const id = await importAll(store, project, title.trim(), mapLabels(added, targets.value), {
          ...options, ...(taken && { edit: { documents: taken.changes } }),
        });
        onDone(id, taken && `The text of ${countOf(taken.changes.length, 'document')} is changed. Undo brings the old one back.`);
      } finally {
        progress.value = undefined;
      }
    });
  };
  const close = (): void => (isBusy ? abort.current?.abort() : onDone());
  const count = taken ? taken.changes.length + taken.added.length : corpus?.documents.length;
  const action = count ? `Import ${countOf(count, 'document')}` : 'Import';
  return (
    <Dialog title="Import files" close="Cancel" onClose={close}
      said={<>{isBusy ? <Progress value={progress} /> : null}<Alert text={task.error.value} /></>}
      actions={<button ref={button} type="button" class="primary" disabled={!canImport} onClick={start}>{action}</button>}>
      <p class="hint">{namesOf(files)}</p>
      <fieldset class="plain" disabled={isBusy}>
        <legend class="hidden">How the files are read</legend>
        <ReadingView reading={reading} />
        <Alert text={reading.error.value} />
        {update.value && !reading.isReading.value ? (
          <ChangedTexts update={update.value} isTaken={isTaken.value} onChoose={(value) => (isTaken.value = value)} />
        ) : null}
        {corpus && !reading.isReading.value ? <Labels corpus={corpus} known={known.value} targets={targets} /> : null}
        {!project && corpus ? <TextField label="Name of the new project" value={title} isRequired onInput={(value) => (name.value = value)} /> : null}
        {plan?.errors && corpus?.documents.length ? (
          <label class="check">
            <input type="checkbox" checked={isAgreed.value} onChange={(event) => (isAgreed.value = event.currentTarget.checked)} />
            Import the rest without the lines or files that cannot be read
          </label>
        ) : null}
      </fieldset>
      {plan && !corpus?.documents.length && !reading.isReading.value ? <Alert text="There is no document to import." /> : null}
    </Dialog>
  );
}

/** Looks for changed texts. The result ends it: another reading may have other ones. */
function findChanged(project: Project | undefined, corpus: Corpus | undefined, update: Signal<Update | undefined>): () => void {
  let isEnded = false;
  update.value = undefined;
  // The import itself says it if the project cannot be read.
  if (project && corpus) planUpdate(project, corpus).then((found) => !isEnded && (update.value = found), () => undefined);
  return () => (isEnded = true);
}

async function importAll(store: Store, project: Project | undefined, name: string, corpus: Corpus, options: ImportOptions): Promise<string> {
  if (!project) return (await store.importProject({ name }, corpus, options)).id;
  await project.import(corpus, options);
  return project.id;
}

const ASKED = 'asked-to-persist';

/** Asks the browser once to keep the data, at the first import. The import does not wait for the answer. */
export async function keepData(store: Store): Promise<void> {
  try {
    if ((await store.settings.get(ASKED)) === true) return;
    await store.settings.put(ASKED, true);
    await askToPersist();
  } catch {
    // The import reports what is wrong with the store.
  }
}

function namesOf(files: readonly InputFile[]): string {
  const names = files.slice(0, 5).map(({ name }) => name);
  return files.length > names.length ? `${names.join(', ')} and ${countOf(files.length - names.length, 'other file')}` : names.join(', ');
}

function Progress({ value }: { readonly value: Signal<number | undefined> }): JSX.Element {
  return (
    <p>
      <label>Importing. Nothing counts until all is written. <progress max={1} value={value.value ?? 0} /></label>
    </p>
  );
}

const KEEP = 'keep';
const NOTHING = 'nothing';
const JOIN = 'join ';

interface LabelsProps {
  readonly corpus: Corpus;
  readonly known: readonly LabelSet[];
  readonly targets: Signal<Targets>;
}

function Labels({ corpus, known, targets }: LabelsProps): JSX.Element | null {
  const rows = labelRows(corpus, known);
  if (!rows.length) return null;
  return (
    <section>
      <h3>Labels</h3>
      <ul class="rows">
        {rows.map((row) => <li key={row.id}><LabelTargetChoice row={row} targets={targets} /></li>)}
      </ul>
    </section>
  );
}

const KIND_WORDS = { span: 'span', relation: 'relation', type: 'type of a span' } as const;

function LabelTargetChoice({ row, targets }: { readonly row: LabelRow; readonly targets: Signal<Targets> }): JSX.Element {
  const { id, kind, name, uses, isKnown, choices } = row;
  const target = targets.value.get(id);
  const value = !target ? KEEP : target.become === 'nothing' ? NOTHING : JOIN + target.name;
  const gone = kind === 'type' ? 'leave out; the spans stay' : uses > 0 ? `leave out with its ${countOf(uses, kind)}` : 'leave out';
  const values = [
    { value: KEEP, label: isKnown ? `the label ${name} of the project` : `new label ${name}` },
    ...choices.map((choice) => ({ value: JOIN + choice, label: `the label ${choice} of the project` })),
    { value: NOTHING, label: gone },
  ];
  const choose = (chosen: string): void => {
    const next = new Map(targets.value);
    if (chosen === KEEP) next.delete(id);
    else next.set(id, chosen === NOTHING ? { become: 'nothing' } : { become: 'label', name: chosen.slice(JOIN.length) });
    targets.value = next;
  };
  return <Choice label={`${name} (${KIND_WORDS[kind]}, ${countOf(uses, 'use')}) becomes`} value={value} values={values} onChoose={choose} />;
}
