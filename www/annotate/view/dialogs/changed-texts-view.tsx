/** `<ChangedTexts update isTaken onChoose/>`: asks what becomes of documents that the project has with another text, and lists what is lost. */
import type { JSX } from 'preact';
import { countOf } from '../messages.js';
import type { Update } from './changed-texts.js';
import { Choice } from './dialog.js';

interface ChangedTextsProps {
  readonly update: Update;
  readonly isTaken: boolean;
  readonly onChoose: (isTaken: boolean) => void;
}

const VALUES = [
  { value: 'add', label: 'add as new documents' },
  { value: 'take', label: 'take over the changed text' },
] as const;

/** More are counted only. */
const SHOWN = 200;

export function ChangedTexts({ update, isTaken, onChoose }: ChangedTextsProps): JSX.Element {
  const count = update.changes.length;
  const label = `${countOf(count, 'document')} of the project ${count === 1 ? 'has its name' : 'have their names'} in the file, with another text`;
  return (
    <section>
      <h3>Changed texts</h3>
      <Choice label={label} value={isTaken ? 'take' : 'add'} values={VALUES} onChoose={(value) => onChoose(value === 'take')} />
      {isTaken ? <Outcome update={update} /> : null}
    </section>
  );
}

function Outcome({ update: { same, added, lost, leftOut } }: { readonly update: Update }): JSX.Element {
  const facts = [
    same > 0 && `${countOf(same, 'document')} with the same text ${same === 1 ? 'stays' : 'stay'} as ${same === 1 ? 'it is' : 'they are'}.`,
    added.length > 0 && `${countOf(added.length, 'document')} ${added.length === 1 ? 'is' : 'are'} new and added.`,
    leftOut > 0 && `${countOf(leftOut, 'annotation')} of the file for changed texts ${leftOut === 1 ? 'is' : 'are'} left out: yours stay.`,
    'Your annotations move to the new texts. Undo brings the old texts back, with all that they had.',
  ].filter((fact) => fact !== false);
  return (
    <>
      <p>{facts.join(' ')}</p>
      {lost.length ? (
        <>
          <p class="alert">{countOf(lost.length, 'annotation')} {lost.length === 1 ? 'has' : 'have'} no place in the new texts and will be removed:</p>
          <div class="scroll" tabIndex={0} role="region" aria-label="Annotations that will be removed">
            <ul>
              {lost.slice(0, SHOWN).map((line, index) => <li key={index}>{line}</li>)}
              {lost.length > SHOWN ? <li>and {countOf(lost.length - SHOWN, 'other')}</li> : null}
            </ul>
          </div>
        </>
      ) : null}
    </>
  );
}
