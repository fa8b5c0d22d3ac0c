/**
 * `<CompareDialog project files onDone/>`: another version of the project: how far both agree, and a merge. `<CompareModel project suggest onDone/>`:
 * the same with what the model suggests as the other version.
 * - `project`: an open project that this tab may write to.
 * - `files`: the other version, in our own or any other format. Documents belong together if their texts are equal.
 * - `suggest(corpus)`: the corpus with what models suggest; `undefined` without a model.
 * - `onDone()`: the dialog is over.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { Suggested } from '../../assistant/suggested.js';
import type { InputFile } from '../../formats/format.js';
import type { Corpus } from '../../model/types.js';
import type { Project } from '../../store/project.js';
import { countOf, percent } from '../messages.js';
import { AgreementView } from './agreement-view.js';
import { compareCorpora, isSame, mergeEdit, versionOf, withoutNotes, type Comparison, type Decisions, type Scope } from './compare.js';
import { Confirm, Dialog, Said } from './dialog.js';
import { keyOf, MergeView } from './merge-view.js';
import { ReadingView, useReading } from './read-choice.js';
import { useTask } from './task.js';

export interface CompareDialogProps {
  readonly project: Project;
  readonly files: readonly InputFile[];
  readonly onDone: () => void;
}

export function CompareDialog({ project, files, onDone }: CompareDialogProps): JSX.Element {
  const reading = useReading(files);
  const theirs = reading.plan.value?.corpus;
  const read = theirs?.documents.length && !reading.isReading.value ? async (): Promise<Corpus> => theirs : undefined;
  return (
    <Versions title="Compare with another version" project={project} scope="all" error={reading.error.value} read={read} onDone={onDone}>
      <ReadingView reading={reading} />
    </Versions>
  );
}

export interface CompareModelProps extends Pick<CompareDialogProps, 'project' | 'onDone'> {
  readonly suggest: (corpus: Corpus) => Promise<Suggested | undefined>;
}

export function CompareModel({ project, suggest, onDone }: CompareModelProps): JSX.Element {
  const about = useSignal('');
  const read = async (mine: Corpus): Promise<Corpus> => {
    const suggested = await suggest(withoutNotes(mine));
    if (!suggested) throw new Error('no model is at work in this project. Load the model first');
    const unread = suggested.unread.size ? ` ${countOf(suggested.unread.size, 'document')} that the model has not read yet: not compared.` : '';
    about.value = `Theirs is what the model suggests, from a score of ${percent(suggested.threshold)} on.${unread}`;
    return versionOf(suggested);
  };
  return (
    <Versions title="Compare with the model" project={project} scope="spans" error="" read={read} onDone={onDone} about={about.value}>
      <p>Documents that are done or have spans are compared with what the model suggests alone. Only spans are compared.</p>
    </Versions>
  );
}

interface VersionsProps extends Pick<CompareDialogProps, 'project' | 'onDone'> {
  readonly title: string;
  readonly scope: Scope;
  readonly error: string;
  /** Gives the other version; absent as long as there is none. */
  readonly read: ((mine: Corpus) => Promise<Corpus>) | undefined;
  /** What the other version is, in place of how many documents are in both. */
  readonly about?: string;
  /** What is shown before the comparison. */
  readonly children: JSX.Element;
}

function Versions({ title, project, scope, error, read, about, children, onDone }: VersionsProps): JSX.Element {
  const comparison = useSignal<Comparison | undefined>(undefined);
  const decisions = useSignal<Decisions>(new Map());
  const place = useSignal(0);
  const isLeaving = useSignal(false);
  const result = useSignal('');
  const task = useTask();
  const compared = comparison.value;
  const decided = [...decisions.value.values()].reduce((sum, { size }) => sum + size, 0);

  const compare = (readTheirs: NonNullable<typeof read>): void => task.run('The comparison', async () => {
    const mine = await project.corpus();
    const theirs = await readTheirs(mine);
    await new Promise((painted) => setTimeout(painted)); // so that "Comparing" is seen: long texts take a while
    comparison.value = compareCorpora(mine, theirs, scope);
  });
  const write = (done: Comparison): void => task.run('The merge', async () => {
    const { edit, losses } = mergeEdit(done, decisions.value);
    const message = losses.length ? ` Not taken over: ${losses.join('; ')}.` : '';
    if (edit) {
      await checkUnchanged(project, done, new Set(edit.documents?.map(({ id }) => id)));
      await project.edit(edit);
    }
    decisions.value = new Map();
    const changed = countOf(edit?.documents?.length ?? 0, 'document');
    result.value = (edit ? `Written: ${changed} changed. It can be undone in each of them.` : 'Nothing changed.') + message;
    comparison.value = compareCorpora(await project.corpus(), done.theirs, done.scope);
    place.value = 0;
  });
  const close = (): void => (decided ? void (isLeaving.value = true) : onDone());
  const actions = compared ? (
    <button type="button" class="primary" disabled={!decided || task.isBusy.value} onClick={() => write(compared)}>
      {decided ? `Write ${countOf(decided, 'decision')}` : 'Write decisions'}
    </button>
  ) : (
    <button type="button" class="primary" disabled={!read || task.isBusy.value} onClick={() => read && compare(read)}>Compare</button>
  );
  return (
    <Dialog
      title={title} onClose={close} actions={actions} onKey={(event) => compared && keyOf(event, compared, decisions, place)}
      said={<Said error={error || task.error.value} status={task.isBusy.value ? 'Working…' : result.value} />}
    >
      {compared ? null : children}
      {compared ? <Summary comparison={compared} about={about} /> : null}
      {compared ? <MergeView comparison={compared} decisions={decisions} place={place} /> : null}
      {compared ? <AgreementView agreement={compared.agreement} /> : null}
      {isLeaving.value ? (
        <Confirm title="Leave without writing?" yes="Leave without writing" no="Go on"
          text={`${countOf(decided, 'decision')} ${decided === 1 ? 'is' : 'are'} not written yet.`}
          onAnswer={(isYes) => (isYes ? onDone() : (isLeaving.value = false))} />
      ) : null}
    </Dialog>
  );
}

/** Another tab may have written since the comparison. */
async function checkUnchanged(project: Project, { documents }: Comparison, changed: ReadonlySet<string>): Promise<void> {
  for (const document of documents) {
    const { id, name } = document.pair.mine;
    if (!changed.has(id)) continue;
    const { notes } = await project.document(id);
    if (!isSame(document, notes)) throw new Error(`"${name}" changed since the comparison. Compare again.`);
  }
}

function Summary({ comparison: { pairing }, about }: { readonly comparison: Comparison; readonly about: string | undefined }): JSX.Element {
  if (about) return <p>{countOf(pairing.pairs.length, 'document')} compared. {about}</p>;
  const { pairs, onlyMine, onlyTheirs } = pairing;
  const counts = [[onlyMine.length, 'my version'], [onlyTheirs.length, 'theirs']] as const;
  const rest = counts.filter(([count]) => count > 0).map(([count, where]) => `${countOf(count, 'document')} only in ${where}`);
  const note = rest.length ? `; ${rest.join(', ')}: their texts differ, so they are not compared` : '';
  return <p>{countOf(pairs.length, 'document')} in both versions{note}.</p>;
}
