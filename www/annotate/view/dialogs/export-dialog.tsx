/**
 * `<ExportDialog project ids? onDone/>`: writes documents of a project to a file.
 * - `project`: an open project.
 * - `ids`: documents that were chosen in the list, which are offered as a filter.
 * - `suggest(corpus)`: the corpus with what models suggest; `undefined` without a model.
 * - `onDone()`: the dialog is over.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Suggested } from '../../assistant/suggested.js';
import {
  BACKUP, CHOSEN, isChosen, OWN, selected, type Chosen, type DocumentFilter, type LossGroup, type WriteChoice, type WritePlan,
} from '../../files/choices.js';
import { fileWorker } from '../../files/file-worker.js';
import type { FormatInfo } from '../../formats/format.js';
import { messageOf } from '../../formats/problems.js';
import type { Corpus } from '../../model/types.js';
import type { Project } from '../../store/project.js';
import { countOf } from '../messages.js';
import { Choice, Dialog, Said } from './dialog.js';
import { UNIT_NAMES } from './import-words.js';
import { OptionChoice } from './read-choice.js';
import { saveFile } from './save-file.js';
import { useTask } from './task.js';
import { suggestedText } from './suggested-text.js';
import { bytesText } from './words.js';

export interface ExportDialogProps {
  readonly project: Project;
  readonly ids?: ReadonlySet<string>;
  readonly suggest?: (corpus: Corpus) => Promise<Suggested | undefined>;
  readonly onDone: () => void;
}

const CHOSEN_NAMES = {
  accepted: 'that are accepted', human: 'that a person made or changed', kept: 'all, without new suggestions of the model',
  all: 'all, with suggestions and rejections',
} as const;

type DialogChoice = Omit<WriteChoice, 'include'> & { readonly include: Chosen };

/** A backup has no new suggestions: the model makes them again, and from a file they would be there at each threshold. */
const FIRST: DialogChoice = { ...BACKUP, include: 'kept' };

/** The project as it was when the dialog opened. */
interface Content {
  readonly corpus: Corpus;
  readonly revision: number;
  /** Those that can be written, our own first. */
  readonly formats: readonly FormatInfo[];
  /** With what models suggest, as soon as it was asked for. */
  suggested?: Promise<Suggested | undefined> | undefined;
}

export function ExportDialog({ project, ids, suggest, onDone }: ExportDialogProps): JSX.Element {
  const choice = useSignal<DialogChoice>(ids?.size ? { ...FIRST, documents: 'chosen' } : FIRST);
  const content = useSignal<Content | undefined>(undefined);
  const plan = useSignal<WritePlan | undefined>(undefined);
  const suggested = useSignal<Suggested | 'none' | undefined>(undefined);
  const saved = useSignal('');
  const abort = useRef<AbortController | undefined>(undefined);
  const reading = useTask();
  const saving = useTask();

  const replan = async (read: Content): Promise<void> => {
    abort.current?.abort(); // the file before
    const { signal } = (abort.current = new AbortController());
    plan.value = undefined;
    suggested.value = undefined;
    saving.error.value = '';
    try {
      const { include, ...chosen } = choice.value;
      const found = include === 'all' ? await (read.suggested ??= suggest?.(read.corpus)) : undefined;
      if (signal.aborted) return;
      suggested.value = found ?? 'none';
      const made = await fileWorker.write(found?.corpus ?? read.corpus, { ...chosen, include: include === 'kept' ? 'all' : include }, ids, { signal });
      if (!signal.aborted) plan.value = made;
    } catch (error) {
      if (!signal.aborted) saving.error.value = `This format cannot be written: ${messageOf(error)}`;
    }
  };
  useEffect(() => {
    reading.run('Reading the project', async () => {
      const { revision } = await project.backupState();
      const formats = (await fileWorker.formats()).filter(({ canWrite }) => canWrite);
      content.value = { corpus: await project.corpus(), revision, formats };
      await replan(content.value);
    });
    return () => abort.current?.abort();
  }, []);
  const choose = (chosen: DialogChoice): void => {
    choice.value = chosen;
    saved.value = '';
    if (content.value) void replan(content.value);
  };
  const save = (): void => {
    const [made, read] = [plan.value, content.value];
    if (!made || !read) return;
    saving.run('Saving the file', async () => {
      await saveFile(made.file);
      if (made.isBackup && project.role === 'writer') await project.backupDone(read.revision);
      saved.value = `${made.file.name} (${bytesText(made.file.bytes.length)}) is saved.`;
    });
  };
  const made = plan.value;
  const isReady = made !== undefined && made.documents > 0 && !saving.isBusy.value;
  const status = statusOf(made, content.value, choice.value.documents, saved.value);
  const saveButton = <button type="button" class="primary" disabled={!isReady} onClick={save}>Save file</button>;
  return (
    <Dialog title="Export" onClose={onDone} actions={saveButton} said={<Said error={reading.error.value || saving.error.value} status={status} />}>
      {content.value ? <Choices choice={choice.value} content={content.value} suggested={suggested.value} ids={ids} onChoose={choose} /> : null}
      {made ? <Losses losses={made.losses} /> : null}
    </Dialog>
  );
}

function statusOf(plan: WritePlan | undefined, content: Content | undefined, filter: DocumentFilter, saved: string): string {
  if (saved) return saved;
  if (!content) return 'Reading the project…';
  if (!plan) return 'Preparing the file…';
  if (!plan.documents) return filter === 'done' ? 'No document is done yet, so there is nothing to save.' : 'There is no document to save.';
  const files = plan.files > 1 ? `, ${countOf(plan.files, 'file')} in a zip file` : '';
  return `${plan.file.name}: ${countOf(plan.documents, 'document')}, ${bytesText(plan.file.bytes.length)}${files}.`;
}

interface ChoicesProps {
  readonly choice: DialogChoice;
  readonly content: Content;
  readonly suggested: Suggested | 'none' | undefined;
  readonly ids: ReadonlySet<string> | undefined;
  readonly onChoose: (choice: DialogChoice) => void;
}

function Choices({ choice, content: { corpus, formats: writable }, suggested, ids, onChoose }: ChoicesProps): JSX.Element {
  const format = writable.find(({ id }) => id === choice.format);
  const formats = writable.map(({ id, name }) => ({ value: id, label: id === OWN ? `${name} (backup: holds everything)` : name }));
  // A backup has everything; the files of other tools have what counts, if nothing else was chosen.
  const includeFor = (id: string): Chosen => (id === OWN ? 'kept' : choice.format === OWN ? 'accepted' : choice.include);
  const count = (filter: DocumentFilter): number => selected(corpus, filter, ids ?? new Set()).documents.length;
  const documents = [
    { value: 'all', label: `all (${count('all')})` }, { value: 'done', label: `only those that are done (${count('done')})` },
    ...(ids?.size ? [{ value: 'chosen', label: `those chosen in the list (${count('chosen')})` } as const] : []),
  ] as const;
  return (
    <div class="fields">
      <Choice label="Format" value={choice.format} values={formats} hint={format && unitText(format)}
        onChoose={(id) => onChoose({ format: id, documents: choice.documents, include: includeFor(id) })} />
      <Choice label="Documents" value={choice.documents} values={documents} onChoose={(filter) => onChoose({ ...choice, documents: filter })} />
      <Choice label="Annotations" value={choice.include} values={CHOSEN.map((value) => ({ value, label: CHOSEN_NAMES[value] }))}
        hint={choice.include === 'all' && suggestedText(suggested, isChosen(choice.documents, ids ?? new Set()))}
        onChoose={(include) => onChoose({ ...choice, include })} />
      {format?.writeOptions?.map((option) => (
        <OptionChoice key={`${choice.format} ${option.name}`} option={option} chosen={choice.options}
          onChoose={(options) => onChoose({ ...choice, options })} />
      ))}
      {format?.warning && <p class="warning">{format.warning}</p>}
    </div>
  );
}

/** What offsets in the file count. Formats with an option for it say it there. */
function unitText({ unit, writeOptions = [] }: FormatInfo): string {
  if (unit === 'none' || writeOptions.some(({ name }) => name === 'unit')) return '';
  return unit === 'token' ? 'The file has tokens instead of offsets.' : `Offsets count ${UNIT_NAMES[unit]}.`;
}

function Losses({ losses }: { readonly losses: readonly LossGroup[] }): JSX.Element {
  if (!losses.length) return <p>This file holds everything that is chosen above.</p>;
  return (
    <section>
      <h3>What this file does not hold</h3>
      <ul class="losses">
        {losses.map(({ heading, reasons }) => (
          <li key={heading}>
            {reasons.length === 1 ? <><strong>{heading}:</strong> {reasons[0]}</> : (
              <details>
                <summary><strong>{heading}</strong>: {countOf(reasons.length, 'thing')}</summary>
                <ul>{reasons.map((reason, index) => <li key={index}>{reason}</li>)}</ul>
              </details>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
