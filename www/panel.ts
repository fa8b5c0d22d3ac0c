// The parts that all tabs share: the form, when a task runs, and the display of its result.
import { LukeError, type Luke } from 'luke-web';
import { element, showError } from './dom.js';
import { handOver } from './handover.js';
import { toFragment } from './share.js';
import { snippet } from './snippet.js';
import type { Outcome, Tab } from './tabs/tab.js';

const TYPING_PAUSE_MS = 350;

/** The panel of one tab. */
export class Panel {
  readonly tab: Tab;
  readonly element: HTMLElement;
  readonly #form = element('form', { action: '#', novalidate: '' });
  readonly #stopButton = element('button', { type: 'button', class: 'stop', hidden: '' }, 'Stop');
  readonly #progress = element('progress', { max: '1', class: 'stop', 'aria-label': 'How much of the text is read', hidden: '' });
  readonly #needs = element('p', { class: 'needs', hidden: '' });
  readonly #error = element('p', { class: 'error', role: 'alert', hidden: '' });
  readonly #status = element('p', { class: 'status numbers', role: 'status' });
  readonly #body = element('div', { class: 'body' });
  readonly #actions = element('div', { class: 'buttons' });
  readonly #results = element('section', { class: 'results', 'aria-label': 'Result', 'aria-busy': 'true', hidden: '' });
  #luke: Luke | undefined;
  #model = '';
  #current: AbortController | undefined;
  #pause: ReturnType<typeof setTimeout> | undefined;
  /** Whether the task has not yet run with this model. */
  #isFirstRun = true;
  #data: unknown;

  constructor(tab: Tab) {
    this.tab = tab;
    const runButton = element('button', { type: 'submit', class: 'primary', id: `${tab.task}-run` }, tab.action);
    const keys = element('span', { class: 'hint keys' }, element('kbd', {}, 'Ctrl'), ' or ', element('kbd', {}, '⌘'), ' + ', element('kbd', {}, 'Enter'));
    if (tab.runs === 'while typing') keys.append('; it also runs while you type');
    const buttons = element('span', { class: 'buttons' }, runButton, this.#stopButton, this.#progress);
    this.#form.append(...tab.fields.map((field) => field.element), element('div', { class: 'row' }, buttons, keys));
    this.#results.append(this.#body, this.#status, this.#actions);
    this.element = element('div', {}, element('p', { class: 'about' }, tab.about), this.#needs, this.#form, this.#error, this.#results);
    this.#addActions();
    this.#preview();

    this.#stopButton.addEventListener('click', () => this.#stop());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#run();
    });
    this.#form.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void this.#run();
    });
    if (tab.runs === 'while typing') {
      this.#form.addEventListener('input', () => {
        clearTimeout(this.#pause);
        this.#pause = setTimeout(() => void this.#run(), TYPING_PAUSE_MS);
      });
    }
  }

  /** Sets the model, and hides the results of the last one. `name` is what `Luke.load` took. */
  use(luke: Luke, name: string): void {
    this.#abort();
    this.#isFirstRun = true;
    showError(this.#error, '', null);
    const isAvailable = luke.tasks.includes(this.tab.task);
    this.#luke = isAvailable ? luke : undefined;
    this.#model = name;
    this.#form.hidden = !isAvailable;
    this.#needs.hidden = isAvailable;
    this.#needs.textContent = `${luke.info.name} does not have this task. It needs another model: ${this.tab.needs}.`;
    if (isAvailable) this.#preview();
    else this.#results.hidden = true;
  }

  /** Sets the inputs to those of a link. The text comes first, as others are places in it. */
  fill(values: ReadonlyMap<string, string>): void {
    for (const field of [this.tab.text, ...this.tab.fields.filter((other) => other !== this.tab.text)]) {
      const value = values.get(field.name);
      if (value !== undefined) field.value = value;
    }
    this.#isFirstRun = true;
    if (!this.#results.hidden) this.#preview();
  }

  /** Runs the example when the panel is shown for the first time. */
  opened(): void {
    if (this.#isFirstRun && this.tab.runs !== 'on request') void this.#run();
  }

  /** Runs the task on the current inputs. Aborts a call that runs on earlier inputs. */
  async #run(): Promise<void> {
    const luke = this.#luke;
    if (!luke) return;
    this.#abort();
    this.#isFirstRun = false;
    const { signal } = (this.#current = new AbortController());
    this.#results.ariaBusy = 'true';
    this.#stopButton.hidden = false;
    const startTime = performance.now();
    const show = (outcome: Outcome, done: number) => {
      if (signal.aborted || done >= 1) return;
      this.#show(outcome, `${Math.floor(done * 10) * 10} % of the text is read`);
      this.#progress.hidden = false;
      this.#progress.value = done;
    };
    try {
      const outcome = await this.tab.run(luke, signal, show);
      if (signal.aborted) return;
      showError(this.#error, '', null);
      this.#show(outcome, `${(performance.now() - startTime).toFixed(0)} ms on the ${luke.info.device === 'webgpu' ? 'GPU' : 'CPU'}`);
    } catch (error) {
      if (signal.aborted) return;
      this.#results.hidden = true;
      showError(this.#error, 'This failed', error);
    }
    this.#idle();
  }

  #show({ summary, body, data }: Outcome, note: string): void {
    this.#data = data;
    this.#body.replaceChildren(...body);
    this.#status.textContent = `${summary} · ${note}`;
    this.#actions.hidden = false;
    this.#results.hidden = false;
  }

  /** Shows what there is without a result. */
  #preview(): void {
    const preview = this.tab.preview?.();
    this.#body.replaceChildren(...(preview ? [preview] : []));
    this.#status.textContent = '';
    this.#actions.hidden = true;
    this.#results.ariaBusy = 'true';
    this.#results.hidden = !preview;
  }

  /** Ends the call for the user, who keeps what has come. */
  #stop(): void {
    const isPart = !this.#progress.hidden;
    this.#abort();
    if (isPart) this.#status.textContent += ', then it was stopped';
  }

  #abort(): void {
    clearTimeout(this.#pause);
    this.#current?.abort();
    this.#idle();
  }

  #idle(): void {
    this.#results.ariaBusy = 'false';
    this.#stopButton.hidden = true;
    this.#progress.hidden = true;
  }

  /** What can be done with a result. */
  #addActions(): void {
    const { tab } = this;
    const add = (name: string, done: string, act: () => Promise<void> | void) => {
      const button = element('button', { type: 'button' }, name);
      button.addEventListener('click', async () => {
        try {
          await act();
          if (done) this.#status.textContent = done;
        } catch (error) {
          showError(this.#error, 'This failed', error);
        }
      });
      this.#actions.append(button);
    };
    add('Annotate this text', '', () => {
      handOver(tab.text.value);
      location.assign('annotate/');
    });
    add('Copy link', 'The link is copied. It has the text, which no server sees.', () => copy(this.#link()));
    add('Copy as code', 'The code is copied.', () => copy(snippet(this.#model, tab.task, tab.args())));
    add('Download as JSON', '', () => save(`${tab.task}.json`, this.#data));
  }

  /** A link to this task with its inputs. The text is in the fragment. */
  #link(): string {
    const { tab } = this;
    return new URL(toFragment(tab.task, tab.fields.map(({ name, value }) => [name, value])), location.href).href;
  }
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch (cause) {
    throw new LukeError('unsupported', 'the browser does not let this page copy', undefined, { cause });
  }
}

function save(name: string, data: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
