// The model at work: its state, the threshold with what it lets through, progress, and how good it is by the person's own decisions.
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { reliability, type Band, type Measured } from '../model/measure.js';
import { isRefusal } from '../model/refusal.js';
import { countAbove } from '../model/suggest.js';
import type { Assistant } from '../assistant/assistant.js';
import { CommandButton } from './command-button.js';
import { countOf, errorMessage, percent, refusalMessage } from './messages.js';
import type { Screen } from './screen.js';
import { Taught } from './taught.js';

export function SuggestionBar({ screen }: { readonly screen: Screen }): JSX.Element {
  const { assistant } = screen;
  const state = assistant.modelState.value;
  return (
    <section class="suggestion-bar" aria-label="Suggestions">
      {state.kind !== 'ready' && <ModelLine screen={screen} />}
      {screen.session.found.value.length > 0 && <Threshold screen={screen} />}
      {assistant.offered.value.length > 0 && <Offer screen={screen} labels={assistant.offered.value} />}
      {state.kind === 'ready' && <Background assistant={assistant} />}
      <Taught screen={screen} />
      <Notices assistant={assistant} />
    </section>
  );
}

function ModelLine({ screen }: { readonly screen: Screen }): JSX.Element {
  const state = screen.assistant.modelState.value;
  if (state.kind === 'loading') {
    const part = state.totalBytes ? state.loadedBytes / state.totalBytes : undefined;
    return <p class="bar-line"><span>Loading the model</span> <progress value={part} aria-label="Loading the model" /></p>;
  }
  if (state.kind === 'failed') {
    return (
      <p class="bar-line">
        <span class="hint">The model did not load: {state.message}</span> <CommandButton screen={screen} id="load-model">Try again</CommandButton>
      </p>
    );
  }
  const offer = 'A model can suggest spans. It runs on this device.';
  return <p class="bar-line"><span class="hint">{offer}</span> <CommandButton screen={screen} id="load-model" /></p>;
}

/** Without a label of the model in the project, there is no suggestion. */
function Offer({ screen, labels }: { readonly screen: Screen; readonly labels: readonly string[] }): JSX.Element {
  const { session } = screen;
  const add = (): void => {
    screen.text?.focusText(); // this button goes
    void session.commit(async () => {
      const { addAllOfKind } = await import('./dialogs/label-form.js');
      const change = addAllOfKind(session.record.peek().labelSets, 'span', labels);
      return isRefusal(change) ? session.say(refusalMessage(change)) : { labels: change };
    }, () => 'The labels of the model are added.');
  };
  return (
    <p class="bar-line">
      <span class="hint">The model suggests {labels.join(', ')}. This project has none of these labels.</span>{' '}
      <button type="button" disabled={session.isReadOnly} onClick={add}>Add these labels</button>
    </p>
  );
}

function Threshold({ screen }: { readonly screen: Screen }): JSX.Element {
  const { session, assistant } = screen;
  const above = useComputed(() => countAbove(session.found.value.flatMap(({ spans }) => spans)));
  const measured = useMeasured(screen);
  const threshold = assistant.threshold.value;
  const waiting = session.spans.value.filter(({ state }) => state === 'suggested').length;
  return (
    <div class="bar-line">
      <label class="threshold">
        <span>Shown from a score of</span>
        <input
          type="range" min={0} max={100} step={1} value={Math.round(100 * threshold)} aria-valuetext={percent(threshold)}
          onInput={({ currentTarget: { valueAsNumber } }) => assistant.prefer({ threshold: valueAsNumber / 100 })}
        />
        <output>{percent(threshold)}</output>
      </label>
      <span class="hint">{countOf(above.value(threshold), 'span')} of {above.value(0)} pass, {waiting} to decide</span>
      {measured.value && <Figures measured={measured.value(threshold)} />}
      {measured.value && <Reliability bands={reliability(measured.value)} />}
      <CommandButton screen={screen} id="accept-all" isDisabled={session.isReadOnly || waiting === 0}>Accept all</CommandButton>
      <CommandButton screen={screen} id="hide-suggestions" showsKey>{session.suggestionsHidden.value ? 'Show' : 'Hide'}</CommandButton>
    </div>
  );
}

function Figures({ measured: { precision, recall, judged } }: { readonly measured: Measured }): JSX.Element {
  const figure = (value: number | undefined): string => (value === undefined ? '–' : percent(value));
  return <span class="hint">By your {countOf(judged, 'decision')}: precision {figure(precision)}, recall {figure(recall)}</span>;
}

/** Whether scores can be believed: a curve as a table. */
function Reliability({ bands }: { readonly bands: readonly Band[] }): JSX.Element {
  return (
    <details>
      <summary>By score</summary>
      <table>
        <thead><tr>{['Score', 'Decisions', 'Right'].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {bands.map(({ from, judged, right }) => (
            <tr key={from}>
              <th scope="row">from {percent(from)}</th><td>{judged}</td>
              <td><meter value={right} aria-label={`Right from a score of ${percent(from)}`} /> {percent(right)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** Measured again whenever another document is opened: then the one before is decided. */
function useMeasured({ session, assistant }: Screen): { readonly value: ((threshold: number) => Measured) | undefined } {
  const measured = useSignal<((threshold: number) => Measured) | undefined>(undefined);
  const opened = useComputed(() => session.document.value?.head.id);
  useSignalEffect(() => {
    const source = assistant.sources.value[0];
    if (opened.value === undefined || !source) return undefined;
    let isOld = false;
    assistant.measure(source).then(
      (result) => void (isOld || (measured.value = result)),
      (error: unknown) => void (isOld || session.say(errorMessage(error, 'Measuring the suggestions'))),
    );
    return () => void (isOld = true);
  });
  return measured;
}

function Background({ assistant }: { readonly assistant: Assistant }): JSX.Element | null {
  const { state, done, total, left } = assistant.progress.value;
  if (state === 'idle') return null;
  const isPaused = state === 'paused' || state === 'stopped' || state === 'low';
  const time = left === undefined || isPaused ? '' : `, ${timeLeft(left)} left`;
  return (
    <p class="bar-line">
      <span class="hint">The model reads the documents: {done} of {total}{time}{state === 'low' && '. It waits, as the battery is low'}</span>
      <progress max={Math.max(total, 1)} value={done} aria-label="Documents that the model has read" />
      <button type="button" onClick={() => (isPaused ? assistant.resume() : assistant.pause())}>{isPaused ? 'Go on' : 'Pause'}</button>
    </p>
  );
}

function Notices({ assistant }: { readonly assistant: Assistant }): JSX.Element {
  return (
    <>
      {[...assistant.notices.value].map(([matter, text]) => (
        <p key={matter} class="bar-line notice" role="status">
          <span>{text}</span> <button type="button" class="plain" aria-label="Dismiss" onClick={() => assistant.dismiss(matter)}>✕</button>
        </p>
      ))}
    </>
  );
}

function timeLeft(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 90 ? countOf(seconds, 'second') : countOf(Math.ceil(seconds / 60), 'minute');
}
