// The dialog that is open, if one is.
import { useSignal, type Signal } from '@preact/signals';
import { fileOpen } from 'browser-fs-access';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { InputFile } from '../formats/format.js';
import { DeleteDocument } from './delete-document.js';
import { readChosen } from './dialogs/chosen-files.js';
import { AskDialog, CompareDialog, CompareModel, ExportDialog, Help, ImportDialog, LabelSetsDialog, ModelLabels, OccurrencesDialog, ProjectDialog, QuestionDialog, SecondLook, Storage } from './dialogs/lazy.js';
import { useTransfers } from './dialogs/transfers.js';
import type { LabelKind } from '../model/labels.js';
import { COMMANDS } from './keys.js';
import { errorMessage, info } from './messages.js';
import { NoteDialog } from './note.js';
import { Palette } from './palette.js';
import type { Screen } from './screen.js';

export function Dialogs({ screen }: { readonly screen: Screen }): JSX.Element | null {
  const { session, store } = screen;
  const files = useSignal<readonly InputFile[] | undefined>(undefined);
  const close = (): void => {
    screen.dialog.value = undefined;
    files.value = undefined;
  };
  const closeWith = (said?: string): void => {
    close();
    if (said) session.say(info(said));
  };
  useDroppedFiles(screen, files);
  switch (screen.dialog.value) {
    case undefined:
      return null;
    case 'palette':
      return <Palette screen={screen} />;
    case 'help':
      return <Help screen={screen} onDone={close} />;
    case 'ask':
      return <AskDialog screen={screen} onDone={close} />;
    case 'question':
      return <QuestionDialog screen={screen} onDone={close} />;
    case 'occurrences':
      return <OccurrencesDialog screen={screen} onDone={close} />;
    case 'note':
      return <NoteDialog screen={screen} of="document" />;
    case 'span-note':
      return <NoteDialog screen={screen} of="span" />;
    case 'second-look':
      return <SecondLook screen={screen} onDone={close} />;
    case 'import':
      return files.value
        ? <ImportDialog store={store} project={session.project} files={files.value} onDone={(_, said) => closeWith(said)} />
        : <Choose screen={screen} files={files} />;
    case 'compare':
      return files.value
        ? <CompareDialog project={session.project} files={files.value} onDone={close} />
        : <Choose screen={screen} files={files} />;
    case 'compare-model':
      return <CompareModel project={session.project} onDone={close} suggest={(corpus) => screen.assistant.withSuggestions(corpus)} />;
    case 'export':
      return (
        <ExportDialog project={session.project} {...chosenIds(screen)} onDone={close} suggest={(corpus) => screen.assistant.withSuggestions(corpus)} />
      );
    case 'labels':
      return <LabelSetsDialog project={session.project} offered={offeredBy(screen)} commandKeys={letterKeys(screen)} onDone={close} />;
    case 'model-labels':
      return <ModelLabels assistant={screen.assistant} labelSets={session.labelSets.value} onDone={close} />;
    case 'delete-document':
      return <DeleteDocument screen={screen} onDone={close} />;
    case 'project':
      return <ProjectDialog project={session.project} onDone={closeWith} />;
    case 'storage':
      return <Storage store={store} project={session.project} backup={screen.backup.file} onDone={close} />;
  }
}

/** Asks for files. Nothing chosen is no error: the dialog is over then. */
function Choose({ screen, files }: { readonly screen: Screen; readonly files: Signal<readonly InputFile[] | undefined> }): null {
  useEffect(() => {
    const choose = async (): Promise<void> => {
      try {
        files.value = await readChosen(await fileOpen({ multiple: true }));
      } catch (error) {
        screen.dialog.value = undefined;
        const isCanceled = error instanceof DOMException && error.name === 'AbortError';
        if (!isCanceled) screen.session.say(errorMessage(error, 'Opening the files'));
      }
    };
    void choose();
  }, []);
  return null;
}

/** Files that are dropped on the page are imported. */
function useDroppedFiles(screen: Screen, files: Signal<readonly InputFile[] | undefined>): void {
  useTransfers((read) => {
    if (screen.dialog.value || screen.session.isReadOnly) return;
    read().then(
      (dropped) => {
        files.value = dropped;
        screen.dialog.value = 'import';
      },
      (error: unknown) => screen.session.say(errorMessage(error, 'Opening the files')),
    );
  });
}

/** The documents of the list, if it does not show all. */
function chosenIds({ session: { documents } }: Screen): { readonly ids?: ReadonlySet<string> } {
  const visible = documents.visible.peek();
  return visible.length === documents.heads.peek().length ? {} : { ids: new Set(visible.map(({ id }) => id)) };
}

/** The labels of the model that the project has none of. */
function offeredBy({ assistant }: Screen): { readonly [K in LabelKind]: readonly string[] } {
  return { span: assistant.offered.value, type: assistant.offeredFor('typing'), relation: assistant.offeredFor('relation') };
}

function letterKeys({ keys }: Screen): ReadonlySet<string> {
  return new Set(COMMANDS.map(({ id }) => keys.value.keyOf(id)).filter((key) => [...key].length === 1));
}
