// All occurrences of the selection or of the focused span: counted first, then labeled as one step of undo.
import { useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { shorten } from '../model/show.js';
import { textOf } from '../model/spans.js';
import { Alert, Choice, Dialog } from './dialogs/dialog.js';
import { countOf, errorMessage } from './messages.js';
import { labelOccurrences, previewOccurrences, type Preview, type Wanted } from './occurrences.js';
import type { Screen } from './screen.js';

const SCOPES = [{ value: 'document', label: 'This document' }, { value: 'all', label: 'All documents' }] as const;
/** More documents are not named. */
const NAMED = 10;

export function OccurrencesDialog({ screen, onDone: close }: { readonly screen: Screen; readonly onDone: () => void }): JSX.Element {
  const { session, editing } = screen;
  const labels = session.record.value.labelSets.filter(({ kind }) => kind === 'span').flatMap((set) => set.labels);
  const wanted = useSignal<Wanted>(startOf(screen, labels[0]?.id ?? ''));
  const preview = useSignal<Preview | undefined>(undefined);
  const problem = useSignal('');
  useSignalEffect(() => {
    let isOld = false;
    preview.value = undefined;
    previewOccurrences(session, wanted.value).then(
      (result) => void (isOld || (preview.value = result)),
      (error: unknown) => void (isOld || (problem.value = errorMessage(error, 'The search').text)),
    );
    return () => void (isOld = true);
  });
  const change = (fields: Partial<Wanted>): void => void (wanted.value = { ...wanted.value, ...fields });
  const label = (): void => {
    close();
    editing.used(wanted.value.label);
    void labelOccurrences(session, wanted.value);
  };
  const { spans = 0, left = 0, documents = [] } = preview.value ?? {};
  const isPossible = spans > 0 && !session.isReadOnly;
  const act = <button type="button" class="primary" disabled={!isPossible} onClick={label}>Label {countOf(spans, 'occurrence')}</button>;
  const names = labels.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <Dialog title={`All occurrences of "${shorten(wanted.value.text)}"`} close="Cancel" onClose={close} actions={act}>
      <Choice label="Label" value={wanted.value.label} values={names} onChoose={(id) => change({ label: id })} />
      <Choice label="Where" value={wanted.value.scope} values={SCOPES} onChoose={(scope) => change({ scope })} />
      <Check label="Capital and small letters differ" isOn={wanted.value.matchCase ?? true} onChange={(matchCase) => change({ matchCase })} />
      <Check label="Whole words only" isOn={wanted.value.wholeWords ?? true} onChange={(wholeWords) => change({ wholeWords })} />
      <Alert text={problem.value} />
      <p role="status">
        {preview.value ? `${countOf(spans, 'new span')} in ${countOf(documents.length, 'document')}.` : 'Searching…'}
        {left > 0 && ` ${countOf(left, 'occurrence')} stay as they are: labeled, rejected, or in the way of another span.`}
      </p>
      {wanted.value.scope === 'all' && documents.length > 0 && (
        <ul class="found-list">
          {documents.slice(0, NAMED).map(({ id, name, spans: count }) => <li key={id}>{name} <span class="hint">{count}</span></li>)}
          {documents.length > NAMED && <li class="hint">and {countOf(documents.length - NAMED, 'more document')}</li>}
        </ul>
      )}
    </Dialog>
  );
}

interface CheckProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
}

function Check({ label, isOn, onChange }: CheckProps): JSX.Element {
  const box = <input type="checkbox" checked={isOn} onChange={({ currentTarget: { checked } }) => onChange(checked)} />;
  return <label class="check">{box} {label}</label>;
}

function startOf({ session, editing }: Screen, first: string): Wanted {
  const selection = session.selection.peek();
  const span = session.focused.peek();
  const text = selection ? session.text.slice(...selection).trim() : span ? textOf(span, session.text) : '';
  const label = (selection ? undefined : span?.label) ?? editing.lastLabel.peek() ?? first;
  return { text, label, scope: 'document', matchCase: true, wholeWords: true };
}
