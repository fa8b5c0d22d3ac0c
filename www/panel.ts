// What every tab has in common: its form, when it runs, and what it shows while it runs and after.
import type { Luke } from 'luke-web';
import { element, showError } from './dom.js';
import type { Outcome, Tab } from './tabs/tab.js';

const TYPING_PAUSE_MS = 350;

/** One tab's panel. */
export class Panel {
  readonly tab: Tab;
  readonly element: HTMLElement;
  readonly #form = element('form', { action: '#', novalidate: '' });
  readonly #run: HTMLButtonElement;
  readonly #stop = element('button', { type: 'button', class: 'stop', hidden: '' }, 'Stop');
  readonly #needs = element('p', { class: 'needs', hidden: '' });
  readonly #error = element('p', { class: 'error', role: 'alert', hidden: '' });
  readonly #status = element('p', { class: 'status numbers', role: 'status' });
  readonly #body = element('div', { class: 'body' });
  readonly #results: HTMLElement;
  #luke: Luke | undefined;
  #current: AbortController | undefined;
  #pause: number | undefined;
  /** Whether it has run since it got its model. */
  #fresh = true;
  #data: unknown;

  constructor(tab: Tab) {
    this.tab = tab;
    this.#run = element('button', { type: 'submit', class: 'primary', id: `${tab.task}-run`, disabled: '' }, tab.action);
    const keys = element('span', { class: 'hint' }, element('kbd', {}, 'Ctrl'), ' or ', element('kbd', {}, '⌘'), ' + ', element('kbd', {}, 'Enter'));
    if (tab.runs === 'as you type') keys.append('; it also follows as you type');
    this.#form.append(...tab.fields, element('div', { class: 'row' }, element('span', { class: 'buttons' }, this.#run, this.#stop), keys));
    const download = element('button', { type: 'button' }, 'Download as JSON');
    this.#results = element(
      'section', { class: 'results', 'aria-label': 'Result', hidden: '' },
      element('div', { class: 'row' }, element('h2', {}, 'Result'), this.#status), this.#body, download,
    );
    this.element = element('div', {}, element('p', { class: 'about' }, tab.about), this.#needs, this.#form, this.#error, this.#results);

    download.addEventListener('click', () => save(`${tab.task}.json`, this.#data));
    this.#stop.addEventListener('click', () => this.#abort());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#go();
    });
    this.#form.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void this.#go();
    });
    if (tab.runs === 'as you type') {
      this.#form.addEventListener('input', () => {
        clearTimeout(this.#pause);
        this.#pause = setTimeout(() => this.#go(), TYPING_PAUSE_MS);
      });
    }
  }

  /** Takes a model, and lets go of results of another. */
  use(luke: Luke): void {
    this.#abort();
    this.#fresh = true;
    this.#results.hidden = true;
    showError(this.#error, '', null);
    const able = luke.tasks.includes(this.tab.task);
    this.#luke = able ? luke : undefined;
    this.#run.disabled = !able;
    this.#needs.hidden = able;
    this.#needs.replaceChildren(
      element('strong', {}, `${luke.info.name} has no head for ${this.tab.subject}.`), ' It needs ', ...this.tab.needs, ', and give the URL of the folder it makes as the model above.',
    );
  }

  /** The panel is in view: its example runs, the first time. */
  opened(): void {
    if (this.#fresh && this.tab.runs !== 'when asked') void this.#go();
  }

  /** Runs what the inputs say now; a call for what they said before is dropped. */
  async #go(): Promise<void> {
    const luke = this.#luke;
    if (!luke) return;
    this.#abort();
    this.#fresh = false;
    const { signal } = (this.#current = new AbortController());
    this.#results.ariaBusy = 'true';
    this.#stop.hidden = false;
    const started = performance.now();
    try {
      const outcome = await this.tab.run(luke, signal);
      if (signal.aborted) return;
      showError(this.#error, '', null);
      this.#show(outcome, performance.now() - started, luke);
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
    this.#stop.hidden = true;
  }
}

function save(name: string, data: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }));
  element('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
