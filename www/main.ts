// The demo: loads a model with the package, as any page would, and shows the entities of a text.
import { Luke, type LoadOptions } from 'luke-web';
import { samples } from './samples.js';
import { $, showError, showProgress, showResult, showRuntime } from './view.js';

const TYPING_PAUSE_MS = 350;

const query = new URLSearchParams(location.search);
const text = $<HTMLTextAreaElement>('text');
let luke: Luke | undefined;
let current: AbortController | undefined;
let pause: number | undefined;

/** Finds the entities of the text as it is now; a call for an older text is dropped. */
async function find(): Promise<void> {
  if (!luke) return;
  clearTimeout(pause);
  current?.abort();
  const { signal } = (current = new AbortController());
  const asked = text.value;
  $('results').ariaBusy = 'true';
  const started = performance.now();
  try {
    const entities = await luke.ner(asked, { signal });
    showError(null);
    showResult({ text: asked, entities, milliseconds: performance.now() - started }, luke.info);
  } catch (error) {
    if (!signal.aborted) showError(`This text failed: ${(error as Error).message}`);
  } finally {
    if (!signal.aborted) $('results').ariaBusy = 'false';
  }
}

async function load(): Promise<void> {
  try {
    luke = await Luke.load(query.get('model') ?? 'models/luke-mini-en/', {
      device: (query.get('device') ?? 'auto') as NonNullable<LoadOptions['device']>,
      onProgress: showProgress,
    });
    showRuntime(luke.info);
    $<HTMLButtonElement>('find').disabled = false;
    await find();
  } catch (error) {
    $('loading').hidden = true;
    showError(`The model did not load: ${(error as Error).message}`);
  }
}

for (const sample of samples) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = sample.name;
  button.addEventListener('click', () => {
    text.value = sample.text;
    void find();
  });
  $('samples').append(button);
}
text.value ||= samples[0]!.text;
text.addEventListener('input', () => {
  clearTimeout(pause);
  pause = setTimeout(find, TYPING_PAUSE_MS);
});
text.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void find();
});
$('form').addEventListener('submit', (event) => {
  event.preventDefault();
  void find();
});
void load();
