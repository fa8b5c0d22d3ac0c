/**
 * `<CompareDialog project files onDone/>`: another version of the project: how far both agree, and a merge.
 * - `project`: an open project that this tab may write to.
 * - `files`: the other version, in our own or any other format. Documents belong together if their texts are equal.
 * - `onDone()`: the dialog is over.
 */
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { InputFile } from '../../formats/format.js';
import type { Corpus } from '../../model/types.js';
import type { Project } from '../../store/project.js';
import { countOf } from '../messages.js';
import { AgreementView } from './agreement-view.js';
import { compareCorpora, isSame, mergeEdit, type Comparison, type Decisions } from './compare.js';
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
  const comparison = useSignal<Comparison | undefined>(undefined);
  const decisions = useSignal<Decisions>(new Map());
  const place = useSignal(0);
  const isLeaving = useSignal(false);
  const result = useSignal('');
  const task = useTask();
  const theirs = reading.plan.value?.corpus;
  const compared = comparison.value;
  const decided = [...decisions.value.values()].reduce((sum, { size }) => sum + size, 0);

  const compare = (corpus: Corpus): void => task.run('The comparison', async () => {
    const mine = await project.corpus();
    await new Promise((painted) => setTimeout(painted)); // so that "Comparing" is seen: long texts take a while
    comparison.value = compareCorpora(mine, corpus);
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
    comparison.value = compareCorpora(await project.corpus(), done.theirs);
    place.value = 0;
  });
  const close = (): void => (decided ? void (isLeaving.value = true) : onDone());
  const canCompare = theirs?.documents.length && !reading.isReading.value && !task.isBusy.value;
  const actions = compared ? (
    <button type="button" class="primary" disabled={!decided || task.isBusy.value} onClick={() => write(compared)}>
      {decided ? `Write ${countOf(decided, 'decision')}` : 'Write decisions'}
    </button>
  ) : (
    <button type="button" class="primary" disabled={!canCompare} onClick={() => theirs && compare(theirs)}>Compare</button>
  );
  return (
    <Dialog
      title="Compare with another version" onClose={close} actions={actions} onKey={(event) => compared && keyOf(event, compared, decisions, place)}
      said={<Said error={reading.error.value || task.error.value} status={task.isBusy.value ? 'Working…' : result.value} />}
    >
      {compared ? null : <ReadingView reading={reading} />}
      {compared ? <Summary comparison={compared} /> : null}
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

function Summary({ comparison: { pairing } }: { readonly comparison: Comparison }): JSX.Element {
  const { pairs, onlyMine, onlyTheirs } = pairing;
  const counts = [[onlyMine.length, 'my version'], [onlyTheirs.length, 'theirs']] as const;
  const rest = counts.filter(([count]) => count > 0).map(([count, where]) => `${countOf(count, 'document')} only in ${where}`);
  const note = rest.length ? `; ${rest.join(', ')}: their texts differ, so they are not compared` : '';
  return <p>{countOf(pairs.length, 'document')} in both versions{note}.</p>;
}
