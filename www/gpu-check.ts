// The page gpu-check.html: measures this browser's WebGPU with the default model, and shows the figures as a table and as JSON to copy.
// Nothing is sent anywhere.
import { describeError, type StepResult } from './check/steps.js';
import { rowsOf, SCHEMA, SCHEMA_VERSION, TITLES, type Report } from './check/rows.js';
import type { Message } from './check/worker.js';
import { $, copyText, element } from './dom.js';

const MODEL = 'models/luke-mini-en/';
/** How much longer than a step's own limit the page waits: a worker that is stuck cannot end its step. */
const GRACE_MS = 10_000;

const start = $<HTMLButtonElement>('start');
const json = $<HTMLTextAreaElement>('json');
let worker: Worker | undefined;

function check(): void {
  worker?.terminate();
  const model = new URL(new URLSearchParams(location.search).get('model') ?? MODEL, document.baseURI).href;
  const steps: StepResult[] = [];
  let running = 'start';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const began = performance.now();
  start.disabled = true;
  $('copied').textContent = '';
  show(steps, 'running');

  const end = (how: string): void => {
    clearTimeout(timer);
    worker?.terminate();
    worker = undefined;
    start.disabled = false;
    start.textContent = 'Measure again';
    $('status').textContent = how === 'done' ? `Done in ${Math.round((performance.now() - began) / 1000)} s.` : `Ended early: ${how}.`;
    show(steps, how);
  };
  const fail = (error: unknown, ms = 0): void => {
    const described = describeError(error);
    steps.push({ name: running, ms, error: described });
    end(described.message);
  };
  const watch = (name: string, limitMs: number): void => {
    running = name;
    $('status').textContent = `${TITLES[name] ?? 'Starting'} …`;
    clearTimeout(timer);
    timer = setTimeout(() => fail(new Error('the worker does not answer'), limitMs), limitMs + GRACE_MS);
  };

  try {
    worker = new Worker(new URL('check/worker.js', document.baseURI), { type: 'module' });
  } catch (error) {
    return fail(error);
  }
  worker.addEventListener('error', (event) => fail(new Error(event.message || 'the worker did not start')));
  worker.addEventListener('message', ({ data }: MessageEvent<Message>) => {
    if ('begins' in data) return watch(data.begins, data.limitMs);
    if ('done' in data) return end('done');
    steps.push(data.ended);
    show(steps, 'running');
  });
  watch('start', GRACE_MS);
  worker.postMessage({ model });
}

/** Shows what is known so far. */
function show(steps: StepResult[], end: string): void {
  const report: Report = { schema: SCHEMA, schemaVersion: SCHEMA_VERSION, date: new Date().toISOString(), end, steps };
  json.value = JSON.stringify(report, null, 1);
  $('results').hidden = false;
  $('rows').replaceChildren(
    ...rowsOf(steps).map(({ what, value, isBad }) => element('tr', { class: isBad ? 'bad' : undefined }, element('th', { scope: 'row' }, what), element('td', {}, value))),
  );
}

$('webgpu').hidden = 'gpu' in navigator;
start.addEventListener('click', check);
$('copy').addEventListener('click', () => void copyText(json, $('copied')));
