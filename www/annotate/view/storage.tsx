// The dialog of storage with the models of the package, which is loaded when the dialog is opened.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { StorageDialog, type ModelStore, type StorageDialogProps } from './dialogs/storage-dialog.js';

export function Storage(props: Omit<StorageDialogProps, 'models'>): JSX.Element {
  const models = useSignal<ModelStore | undefined>(undefined);
  useEffect(() => {
    // Without the package, as offline before the first model, there is no model to show.
    import('luke-web').then((luke) => (models.value = luke.models), () => undefined);
  }, []);
  return <StorageDialog {...props} models={models.value} />;
}
