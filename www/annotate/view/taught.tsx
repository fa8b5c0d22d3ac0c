// The project's own labels, taught to the model on finished documents, and how good they are.
import type { JSX } from 'preact';
import type { Assistant } from '../work/assistant.js';
import { countOf, percent } from './messages.js';

const COLUMNS = ['Label', 'Spans', 'Precision', 'Recall', 'F1'];

export function Taught({ assistant }: { readonly assistant: Assistant }): JSX.Element | null {
  const { head, teaching } = assistant.taught.value;
  if (assistant.modelState.value.kind !== 'ready') return null;
  if (teaching) {
    const what = teaching.phase === 'reading' ? 'Reading the finished documents' : 'Teaching your labels';
    const bar = <progress max={Math.max(teaching.total, 1)} value={teaching.done} aria-label={what} />;
    return <p class="bar-line"><span class="hint">{what}</span> {bar}</p>;
  }
  const teach = <button type="button" onClick={() => void assistant.teachNow()}>{head ? 'Teach again' : 'Teach my labels'}</button>;
  if (!head) return <p class="bar-line"><span class="hint">Finish some documents, then the model can learn your labels.</span> {teach}</p>;
  const { report } = head;
  return (
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
    </div>
  );
}

function figure(value: number | undefined): string {
  return value === undefined ? '–' : percent(value);
}
