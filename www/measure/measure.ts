// The page that measures the package in the visitor's browser. Nothing is sent anywhere.
import { Luke, models } from 'luke-web';
import { environment, type Environment } from '../check/environment.js';
import { $, copyText, element, showError } from '../dom.js';
import { groupsOf, groupView, rowsOf, rowView } from './figures.js';
import { offersFor, TASKS, type Offer, type Setup } from './plan.js';
import { endOf, SCHEMA, SCHEMA_VERSION, setupReports, type End, type Report } from './report.js';
import { Measurement, type Loader, type Progress } from './run.js';
import { MENTIONS, WORDS } from './text.js';

const MODEL = '../models/luke-mini-en/';
const WARM_LOADS = 3;

const model = new URL(new URLSearchParams(location.search).get('model') ?? MODEL, document.baseURI).href;
const form = $<HTMLFormElement>('form');
const stop = $<HTMLButtonElement>('stop');
const json = $<HTMLTextAreaElement>('json');

const loader: Loader = {
  load: ({ options }, from, signal) => Luke.load(model, { ...options, signal, cache: from === 'store' ? 'auto' : false, passCacheBytes: 0 }),
  async store(signal) {
    await models.prefetch(model, { signal });
    if (!(await models.has(model, { signal }))) throw new Error('the browser does not keep the model');
  },
  now: () => performance.now(),
};

/** Shows which setups there are, with a box for each. */
function showOffers(offers: readonly Offer[]): void {
  const rows = offers.map(({ setup, missing, note, isChosen }) => {
    const about = `about-${setup.id}`;
    const text = missing === undefined ? note : `Not here: ${missing}.`;
    const box = element('input', { type: 'checkbox', name: 'setup', value: setup.id, 'aria-describedby': text === undefined ? undefined : about });
    box.checked = isChosen;
    box.disabled = missing !== undefined;
    return element('div', {}, element('label', {}, box, setup.title), ...(text === undefined ? [] : [element('p', { id: about, class: 'hint' }, text)]));
  });
  $('setups').replaceChildren(...rows);
}

async function measure(setups: readonly Setup[], rounds: number, found: Environment): Promise<void> {
  const abort = new AbortController();
  const started = new Date();
  let wasHidden = document.hidden;
  const hide = () => (wasHidden ||= document.hidden);
  const measurement = new Measurement(setups, TASKS, { warmLoads: WARM_LOADS, rounds }, loader, abort.signal, (progress) => {
    showProgress(progress);
    show('running');
  });
  const show = (end: End) => {
    const { times, storeProblem } = measurement;
    showReport({
      schema: SCHEMA, schemaVersion: SCHEMA_VERSION, date: started.toISOString(), end, wasHidden, ...(storeProblem !== undefined && { storeProblem }),
      rounds, text: { words: WORDS, mentions: MENTIONS.length }, environment: found, setups: setupReports(times, TASKS),
    });
  };
  stop.onclick = () => abort.abort();
  document.addEventListener('visibilitychange', hide);
  setRunning(true);
  showError($('error'), '', null);
  try {
    await measurement.run();
    show('done');
    $('status').textContent = `Done in ${Math.round((Date.now() - started.getTime()) / 1000)} s.`;
  } catch (error) {
    const end = endOf(error, abort.signal);
    show(end);
    $('status').textContent = end === 'stopped' ? 'Stopped. The figures so far are below.' : 'Ended early.';
    if (end !== 'stopped') showError($('error'), 'The measurement failed', error);
  } finally {
    document.removeEventListener('visibilitychange', hide);
    setRunning(false);
  }
}

function setRunning(isRunning: boolean): void {
  $<HTMLFieldSetElement>('choices').disabled = isRunning;
  $<HTMLButtonElement>('start').disabled = isRunning;
  stop.hidden = !isRunning;
  $('progress').hidden = !isRunning;
  $('copied').textContent = '';
  $('start').textContent = isRunning ? 'Measure' : 'Measure again';
}

function showProgress({ what, done, total }: Progress): void {
  const bar = $<HTMLProgressElement>('progress');
  [bar.value, bar.max] = [done, total];
  $('status').textContent = `${what} (${done + 1} of ${total})`;
}

function showReport(report: Report): void {
  json.value = JSON.stringify(report, null, 1);
  $('results').hidden = false;
  $('bars').replaceChildren(...groupsOf(report.setups).map(groupView));
  $('rows').replaceChildren(...rowsOf(report.setups).map(rowView));
}

/** Measures what is chosen. */
async function start(offers: readonly Offer[], found: Environment): Promise<void> {
  const data = new FormData(form);
  const chosen = new Set(data.getAll('setup'));
  const setups = offers.map(({ setup }) => setup).filter(({ id }) => chosen.has(id));
  if (setups.length === 0) {
    $('status').textContent = 'Choose at least one device.';
    return;
  }
  await measure(setups, Number(data.get('rounds')), found);
}

async function open(): Promise<void> {
  const found = await environment();
  const offers = offersFor(found);
  showOffers(offers);
  $<HTMLButtonElement>('start').disabled = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void start(offers, found).catch((error: unknown) => showError($('error'), 'The measurement failed', error));
  });
}

$('copy').addEventListener('click', () => void copyText(json, $('copied')));
open().catch((error: unknown) => showError($('error'), 'The page could not start', error));
