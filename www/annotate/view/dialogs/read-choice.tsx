/**
 * How files are read: format, options, unit of offsets, a preview of spans, and all problems. `useReading(files)` reads them and reads again
 * after each choice; `ReadingView` shows it. Nothing is written.
 */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ReadChoice, ReadPlan, SpanPreview } from '../../files/choices.js';
import { fileWorker } from '../../files/file-worker.js';
import type { FormatInfo, FormatOption, InputFile, OffsetUnit, Problem } from '../../formats/format.js';
import { given } from '../../formats/fields.js';
import { messageOf } from '../../formats/problems.js';
import { countOf } from '../messages.js';
import { Choice, TableHead } from './dialog.js';
import { contentOf, placeOf, UNIT_NAMES } from './import-words.js';

export interface Reading {
  readonly choice: ReadonlySignal<ReadChoice>;
  /** Absent until the files are read. */
  readonly plan: ReadonlySignal<ReadPlan | undefined>;
  /** All formats; empty until the files are read. */
  readonly formats: ReadonlySignal<readonly FormatInfo[]>;
  readonly isReading: ReadonlySignal<boolean>;
  /** How much of what was read has come from the worker, from 0 to 1; absent until it is read. */
  readonly progress: ReadonlySignal<number | undefined>;
  readonly error: ReadonlySignal<string>;
  choose(choice: ReadChoice): void;
}

export function useReading(files: readonly InputFile[]): Reading {
  const choice = useSignal<ReadChoice>({});
  const plan = useSignal<ReadPlan | undefined>(undefined);
  const formats = useSignal<readonly FormatInfo[]>([]);
  const isReading = useSignal(true);
  const progress = useSignal<number | undefined>(undefined);
  const error = useSignal('');
  const abort = useRef<AbortController | undefined>(undefined);
  const read = async (chosen: ReadChoice): Promise<void> => {
    abort.current?.abort(); // the reading before
    const { signal } = (abort.current = new AbortController());
    isReading.value = true;
    progress.value = undefined;
    try {
      const onProgress = (done: number, total: number): void => void (progress.value = done / total);
      const read = await fileWorker.read(files, chosen, { signal, onProgress });
      const known = await fileWorker.formats(); // they have come with what was read
      if (signal.aborted) return;
      formats.value = known;
      plan.value = read;
      error.value = '';
    } catch (reason) {
      if (!signal.aborted) error.value = `The files could not be read: ${messageOf(reason)}`;
    }
    if (!signal.aborted) isReading.value = false;
  };
  const choose = (chosen: ReadChoice): void => {
    choice.value = chosen;
    void read(chosen);
  };
  useEffect(() => {
    void read(choice.value);
    return () => abort.current?.abort();
  }, [files]);
  return { choice, plan, formats, isReading, progress, error, choose };
}

export function ReadingView({ reading }: { readonly reading: Reading }): JSX.Element {
  const plan = reading.plan.value;
  return (
    <>
      <p role="status">{reading.isReading.value ? 'Reading the files…' : plan ? `Found: ${contentOf(plan.corpus)}.` : ''}</p>
      {reading.isReading.value ? <progress aria-label="Reading the files" max={1} {...given('value', reading.progress.value)} /> : null}
      {plan ? <FormatChoice reading={reading} plan={plan} /> : null}
      {plan ? <Problems problems={plan.problems} errors={plan.errors} /> : null}
      {plan ? <Preview preview={plan.preview} canChoose={(plan.format?.readUnits?.length ?? 0) > 1} /> : null}
    </>
  );
}

function FormatChoice({ reading, plan }: { readonly reading: Reading; readonly plan: ReadPlan }): JSX.Element {
  const { format } = plan;
  const choice = reading.choice.value;
  const isChosen = choice.format !== undefined;
  const formats = reading.formats.value.map(({ id, name }) => ({ value: id, label: id === format?.id && !isChosen ? `${name} (found)` : name }));
  const none = format ? [] : [{ value: '', label: 'not found: choose one' }];
  return (
    <div class="fields">
      <Choice label="Format" value={format?.id ?? ''} values={[...none, ...formats]} onChoose={(id) => id && reading.choose({ format: id })} />
      {format?.readOptions?.map((option) => (
        <OptionChoice key={option.name} option={option} chosen={choice.options}
          onChoose={(options) => reading.choose({ ...choice, format: format.id, options })} />
      ))}
      <UnitView reading={reading} plan={plan} />
    </div>
  );
}

function UnitView({ reading, plan: { format, unit } }: { readonly reading: Reading; readonly plan: ReadPlan }): JSX.Element | null {
  if (!format || !unit) return null;
  const values = (format.readUnits ?? [unit.unit]).map((value) => ({ value, label: UNIT_NAMES[value] }));
  const choose = (value: OffsetUnit): void => reading.choose({ ...reading.choice.value, format: format.id, unit: value });
  const hint = `Why: ${unit.reason}.`;
  return <Choice label="Offsets count" value={unit.unit} values={values} isDisabled={values.length < 2} onChoose={choose} hint={hint} />;
}

export interface OptionChoiceProps {
  readonly option: FormatOption;
  /** Values of all options by their names. */
  readonly chosen: Readonly<Record<string, string>> | undefined;
  readonly onChoose: (chosen: Readonly<Record<string, string>>) => void;
}

/** An option of a format. */
export function OptionChoice({ option, chosen = {}, onChoose }: OptionChoiceProps): JSX.Element {
  const { name, label, values } = option;
  return <Choice label={label} value={chosen[name] ?? option.default} values={values} onChoose={(value) => onChoose({ ...chosen, [name]: value })} />;
}

function Preview({ preview, canChoose }: { readonly preview: readonly SpanPreview[]; readonly canChoose: boolean }): JSX.Element | null {
  if (!preview.length) return null;
  return (
    <section>
      <h3>Spans as they are read</h3>
      {canChoose ? <p class="hint">If the marked text is not what it should be, choose above what offsets count.</p> : null}
      <div class="scroll" tabIndex={0} role="region" aria-label="Spans as they are read">
        <table>
          <TableHead names={['Label', 'Text', 'Document']} />
          <tbody>
            {preview.map(({ label, before, pieces, after, document }, index) => (
              <tr key={index}>
                <th scope="row">{label}</th>
                <td class="quote" dir="auto">{before}{pieces.map((piece, at) => <>{at > 0 ? ' … ' : ''}<mark>{piece}</mark></>)}{after}</td>
                <td>{document}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Problems({ problems, errors }: { readonly problems: readonly Problem[]; readonly errors: number }): JSX.Element | null {
  if (!problems.length) return null;
  const text = errors
    ? `${countOf(errors, 'line or file', 'lines or files')} cannot be read. Nothing is written yet.`
    : `${countOf(problems.length, 'thing')} in the files cannot be taken over as it is.`;
  return (
    <section>
      <h3>Problems</h3>
      <div role="alert" class={errors ? 'alert' : 'warning'}>{text}</div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Problems">
        <table>
          <TableHead names={['Where', 'What is wrong', 'What is lost']} />
          <tbody>
            {problems.map((problem, index) => (
              <tr key={index}>
                <th scope="row">{placeOf(problem)}</th><td>{problem.reason}</td>
                <td>{problem.kind === 'error' ? 'the whole line or file' : 'only this'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
