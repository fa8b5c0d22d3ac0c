/** Dialogs whose code is loaded when they are opened for the first time: a page that is opened to annotate does not wait for it. */
import { useSignal } from '@preact/signals';
import type { FunctionComponent, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { errorMessage } from '../messages.js';
import { Alert, Dialog } from './dialog.js';

export const AskDialog = lazy(async () => (await import('../ask.js')).AskDialog);
export const CompareDialog = lazy(async () => (await import('./compare-dialog.js')).CompareDialog);
export const CompareModel = lazy(async () => (await import('./compare-dialog.js')).CompareModel);
export const ExportDialog = lazy(async () => (await import('./export-dialog.js')).ExportDialog);
export const Help = lazy(async () => (await import('../help.js')).Help);
export const ImportDialog = lazy(async () => (await import('./import-dialog.js')).ImportDialog);
export const LabelSetsDialog = lazy(async () => (await import('./labels-dialog.js')).LabelSetsDialog);
export const OccurrencesDialog = lazy(async () => (await import('../occurrences-dialog.js')).OccurrencesDialog);
export const QuestionDialog = lazy(async () => (await import('./question-dialog.js')).QuestionDialog);
export const ModelLabels = lazy(async () => (await import('./model-labels.js')).ModelLabels);
export const SecondLook = lazy(async () => (await import('../second-look.js')).SecondLook);
export const ProjectDialog = lazy(async () => (await import('./project-dialog.js')).ProjectDialog);
export const Storage = lazy(async () => (await import('../storage.js')).Storage);

/** The dialog, or nothing until it is loaded. If that fails, a small dialog says why. */
function lazy<P extends { readonly onDone: () => void }>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let known: FunctionComponent<P> | undefined;
  return function Lazy(props: P): JSX.Element | null {
    const loaded = useSignal(known);
    const error = useSignal('');
    useEffect(() => {
      if (known) return;
      load().then((dialog) => (loaded.value = known = dialog), (reason: unknown) => (error.value = errorMessage(reason, 'Loading this dialog').text));
    }, []);
    const Loaded = loaded.value;
    if (Loaded) return <Loaded {...props} />;
    if (!error.value) return null;
    return (
      <Dialog title="This dialog cannot be shown" isSmall onClose={props.onDone}>
        <Alert text={error.value} />
        <p>Reload this page when there is a network.</p>
      </Dialog>
    );
  };
}
