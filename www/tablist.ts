// Tabs by the WAI-ARIA pattern: one tab is in the tab order, and the arrow keys, Home and End select the others. Tabs that are not
// available are shown when the user asks for more.
import { element } from './dom.js';

/** A tab and the panel it shows. */
export interface TabItem {
  id: string;
  name: string;
  /** A smaller line below the name. */
  note: string;
  panel: HTMLElement;
}

interface Entry {
  tab: HTMLButtonElement;
  panel: HTMLElement;
  isAvailable: boolean;
}

/** A row of tabs, each with a panel. */
export class TabList {
  readonly #tabs = new Map<string, Entry>();
  readonly #more: HTMLButtonElement;
  readonly #onSelect: (id: string) => void;
  #selected: string;

  /**
   * Fills `list`, an element with the role `tablist`. The button `more` shows the tabs that are not available, and hides them again.
   * `onSelect` is called when the user chooses a tab.
   */
  constructor(list: HTMLElement, more: HTMLButtonElement, items: readonly [TabItem, ...TabItem[]], onSelect: (id: string) => void) {
    this.#more = more;
    this.#onSelect = onSelect;
    for (const { id, name, note, panel } of items) {
      const tab = element('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}` }, name, element('small', {}, note));
      tab.addEventListener('click', () => this.#choose(id));
      panel.id = `panel-${id}`;
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', tab.id);
      this.#tabs.set(id, { tab, panel, isAvailable: true });
      list.append(tab);
    }
    list.addEventListener('keydown', (event) => this.#onKey(event));
    more.addEventListener('click', () => {
      more.ariaExpanded = String(more.ariaExpanded !== 'true');
      this.#show();
    });
    this.#selected = items[0].id;
    this.#show();
  }

  /** Id of the selected tab. */
  get selected(): string {
    return this.#selected;
  }

  /** Selects a tab. Ignores an unknown id. */
  select(id: string): void {
    if (!this.#tabs.has(id)) return;
    this.#selected = id;
    this.#show();
    this.#tabs.get(id)?.tab.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  /** Says which tabs have a task of the model. */
  mark(isAvailable: (id: string) => boolean): void {
    for (const [id, entry] of this.#tabs) entry.isAvailable = isAvailable(id);
    this.#show();
  }

  #show(): void {
    const all = this.#more.ariaExpanded === 'true';
    for (const [id, { tab, panel, isAvailable }] of this.#tabs) {
      const isSelected = id === this.#selected;
      tab.ariaSelected = String(isSelected);
      tab.tabIndex = isSelected ? 0 : -1;
      tab.dataset['available'] = String(isAvailable);
      tab.hidden = !(isAvailable || isSelected || all);
      panel.hidden = !isSelected;
    }
    this.#more.hidden = [...this.#tabs.values()].every(({ isAvailable }) => isAvailable);
  }

  #choose(id: string): void {
    this.select(id);
    this.#tabs.get(id)?.tab.focus();
    this.#onSelect(id);
  }

  #onKey(event: KeyboardEvent): void {
    const ids = [...this.#tabs].filter(([, { tab }]) => !tab.hidden).map(([id]) => id);
    const current = ids.indexOf(this.#selected);
    const indexes: Record<string, number> = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: -1 };
    const index = indexes[event.key];
    if (index === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const id = ids.at(index % ids.length);
    if (id !== undefined) this.#choose(id);
  }
}
