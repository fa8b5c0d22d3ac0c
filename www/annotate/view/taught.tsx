// The project's own labels, taught to the model on documents that are done, and how good they are.
import type { JSX } from 'preact';
import { sharedLabels } from '../assistant/sources.js';
import { WHEN_TAUGHT } from '../assistant/examples.js';
import type { HeadUse } from '../assistant/preferences.js';
import { CommandButton } from './command-button.js';
import { countOf, percent } from './messages.js';
import type { Screen } from './screen.js';

const COLUMNS = ['Label', 'Spans', 'Precision', 'Recall', 'F1'];

export function Taught({ screen }: { readonly screen: Screen }): JSX.Element | null {
  const { assistant } = screen;
  const { head, teaching } = assistant.taught.value;
  if (assistant.modelState.value.kind !== 'ready') return null;
  if (teaching) {
    const what = teaching.phase === 'reading' ? 'Reading the documents that are done' : 'Teaching your labels';
    const bar = <progress max={Math.max(teaching.total, 1)} value={teaching.done} aria-label={what} />;
    return <p class="bar-line"><span class="hint">{what}</span> {bar}</p>;
  }
  const name = head ? 'Teach again' : 'Teach my labels';
  const teach = <CommandButton screen={screen} id="teach" isDisabled={!assistant.canTeach.value}>{name}</CommandButton>;
  if (!head) return <p class="bar-line"><span class="hint">{WHEN_TAUGHT}</span> {teach}</p>;
  const { report } = head;
  return (
    <>
      <Shared screen={screen} />
      <div class="bar-line">
        <details>
          <summary>Your labels, taught on {countOf(head.documents, 'document')}{report?.all && `: F1 ${percent(report.all.f1)}`}</summary>
          {report && (
            <table>
              <thead><tr>{COLUMNS.map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
              <tbody>
                {report.labels.map(({ label, spans, quality }) => (
                  <tr key={label}>
                    <th scope="row">{label}</th><td>{spans}</td>
                    {[quality?.precision, quality?.recall, quality?.f1].map((value, place) => <td key={place}>{figure(value)}</td>)}
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </details>
        {teach}
        <CommandButton screen={screen} id="model-labels">Labels of the model</CommandButton>
      </div>
    </>
  );
}

/** The model has labels that were taught too: who is to speak of them is the person's choice. Until then both do. */
function Shared({ screen }: { readonly screen: Screen }): JSX.Element | null {
  const { assistant, session } = screen;
  const ids = sharedLabels(assistant.sources.value);
  if (assistant.preferences.value.headUse !== undefined || !ids.length) return null;
  const names = ids.map((id) => session.labels.value.get(id)?.name ?? id).join(', ');
  const choose = (headUse: HeadUse): void => {
    screen.text?.focusText(); // these buttons go
    assistant.prefer({ headUse });
  };
  return (
    <p class="bar-line" role="status">
      <span class="hint">You taught {names}, and the model has them too. Now both suggest them.</span>
      <button type="button" onClick={() => choose('replace')}>Only what I taught</button>
      <button type="button" onClick={() => choose('beside')}>Both</button>
    </p>
  );
}

function figure(value: number | undefined): string {
  return value === undefined ? '–' : percent(value);
}
