// The parts that all tabs share: the form, when a task runs, and the display of its result.
import type { Luke } from 'luke-web';
import { element, showError } from './dom.js';
import type { Outcome, Tab } from './tabs/tab.js';

const TYPING_PAUSE_MS = 350;

/** The panel of one tab. */
export class Panel {
  readonly tab: Tab;
  readonly element: HTMLElement;
  readonly #form = element('form', { action: '#', novalidate: '' });
  readonly #runButton: HTMLButtonElement;
  readonly #stopButton = element('button', { type: 'button', class: 'stop', hidden: '' }, 'Stop');
  readonly #requirement = element('p', { class: 'needs', hidden: '' });
  readonly #error = element('p', { class: 'error', role: 'alert', hidden: '' });
  readonly #status = element('p', { class: 'status numbers', role: 'status' });
  readonly #body = element('div', { class: 'body' });
  readonly #results: HTMLElement;
  #luke: Luke | undefined;
  #current: AbortController | undefined;
  #pause: number | undefined;
  /** Whether the task has not yet run with this model. */
  #isFirstRun = true;
  #data: unknown;

  constructor(tab: Tab) {
    this.tab = tab;
    this.#runButton = element('button', { type: 'submit', class: 'primary', id: `${tab.task}-run`, disabled: '' }, tab.action);
    const keys = element('span', { class: 'hint' }, element('kbd', {}, 'Ctrl'), ' or ', element('kbd', {}, '⌘'), ' + ', element('kbd', {}, 'Enter'));
    if (tab.runs === 'while typing') keys.append('; it also runs while you type');
    this.#form.append(...tab.fields, element('div', { class: 'row' }, element('span', { class: 'buttons' }, this.#runButton, this.#stopButton), keys));
    const download = element('button', { type: 'button' }, 'Download as JSON');
    this.#results = element(
      'section', { class: 'results', 'aria-label': 'Result', hidden: '' },
      element('div', { class: 'row' }, element('h2', {}, 'Result'), this.#status), this.#body, download,
    );
    this.element = element('div', {}, element('p', { class: 'about' }, tab.about), this.#requirement, this.#form, this.#error, this.#results);

    download.addEventListener('click', () => save(`${tab.task}.json`, this.#data));
    this.#stopButton.addEventListener('click', () => this.#abort());
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
        this.#pause = setTimeout(() => this.#run(), TYPING_PAUSE_MS);
      });
    }
  }

  /** Sets the model, and hides the results of the last one. */
  use(luke: Luke): void {
    this.#abort();
    this.#isFirstRun = true;
    this.#results.hidden = true;
    showError(this.#error, '', null);
    const isAvailable = luke.tasks.includes(this.tab.task);
    this.#luke = isAvailable ? luke : undefined;
    this.#runButton.disabled = !isAvailable;
    this.#requirement.hidden = isAvailable;
    this.#requirement.replaceChildren(
      element('strong', {}, `${luke.info.name} has no head for ${this.tab.subject}.`), ' It needs ', ...this.tab.requirement, '. Then enter the URL of the new folder as the model above.',
    );
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
    try {
      const outcome = await this.tab.run(luke, signal);
      if (signal.aborted) return;
      showError(this.#error, '', null);
      this.#show(outcome, performance.now() - startTime, luke);
    } catch (error) {
      if (signal.aborted) return;
      this.#results.hidden = true;
      showError(this.#error, 'This failed', error);
    }
    this.#idle();
  }

  #show({ summary, body, data }: Outcome, milliseconds: number, { info }: Luke): void {
    this.#data = data;
    this.#body.replaceChildren(...body);
    this.#status.textContent = `${summary} · ${milliseconds.toFixed(0)} ms on the ${info.device === 'webgpu' ? 'GPU' : 'CPU'}`;
    this.#results.hidden = false;
  }

  #abort(): void {
    clearTimeout(this.#pause);
    this.#current?.abort();
    this.#idle();
  }

  #idle(): void {
    this.#results.ariaBusy = 'false';
    this.#stopButton.hidden = true;
  }
}

function save(name: string, data: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
