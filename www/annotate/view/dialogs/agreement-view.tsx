/** `<AgreementView agreement/>`: a table of the agreement, in all and for each label. */
import type { JSX } from 'preact';
import type { Agreement, LabelAgreement } from '../../model/agreement.js';
import { countOf } from '../messages.js';
import { TableHead } from './dialog.js';

export function AgreementView({ agreement }: { readonly agreement: Agreement }): JSX.Element {
  const labels = [...agreement.labels].toSorted(([a], [b]) => a.localeCompare(b));
  return (
    <section>
      <h3>Agreement</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label="Agreement">
        <table class="numbers">
          <TableHead names={['Label', 'Mine', 'Theirs', 'Equal', 'F1, same edges', 'F1, overlap', 'Kappa']} />
          <tbody>
            <Row name="All" row={agreement} />
            {labels.map(([name, row]) => <Row key={name} name={name} row={row} />)}
          </tbody>
        </table>
      </div>
      <p class="hint">
        F1 compares spans: 1 means that both versions have the same. Kappa is Cohen's kappa of the labels of {countOf(agreement.tokens, 'token')}:
        agreement beyond chance.
      </p>
    </section>
  );
}

function Row({ name, row }: { readonly name: string; readonly row: LabelAgreement }): JSX.Element {
  const cells = [row.mine, row.theirs, row.equal, number(row.exactF1), number(row.overlapF1), number(row.kappa)];
  return <tr><th scope="row">{name}</th>{cells.map((cell, index) => <td key={index}>{cell}</td>)}</tr>;
}

function number(value: number | undefined): string {
  return value === undefined ? '–' : value.toFixed(2);
}
