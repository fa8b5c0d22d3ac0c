// Tabs by the WAI-ARIA pattern: one tab is in the tab order, and the arrow keys, Home and End select the others.
import { element } from './dom.js';

/** A tab and the panel it shows. */
export interface TabItem {
  id: string;
  name: string;
  panel: HTMLElement;
}

/** A row of tabs, each with a panel. */
export class TabList {
  readonly #tabs = new Map<string, { tab: HTMLButtonElement; panel: HTMLElement }>();
  readonly #onSelect: (id: string) => void;
  #selected = '';

  /** Fills `list`, an element with the role `tablist`. `onSelect` is called when the user chooses a tab. */
  constructor(list: HTMLElement, items: readonly TabItem[], onSelect: (id: string) => void) {
    this.#onSelect = onSelect;
    for (const { id, name, panel } of items) {
      const tab = element('button', { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}` }, name);
      tab.addEventListener('click', () => this.#choose(id));
      panel.id = `panel-${id}`;
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', tab.id);
      this.#tabs.set(id, { tab, panel });
      list.append(tab);
    }
    list.addEventListener('keydown', (event) => this.#onKey(event));
    this.select(items[0]!.id);
  }

  /** Id of the selected tab. */
  get selected(): string {
    return this.#selected;
  }

  /** Selects a tab. Ignores an unknown id. */
  select(id: string): void {
    if (!this.#tabs.has(id)) return;
    this.#selected = id;
    for (const [other, { tab, panel }] of this.#tabs) {
      tab.ariaSelected = String(other === id);
      tab.tabIndex = other === id ? 0 : -1;
      panel.hidden = other !== id;
    }
  }

  /** Marks the tabs whose task the model has. */
  mark(available: (id: string) => boolean): void {
    for (const [id, { tab }] of this.#tabs) {
      const isAvailable = available(id);
      tab.dataset['available'] = String(isAvailable);
      tab.title = isAvailable ? 'This model has this task' : 'Needs another model';
    }
  }

  #choose(id: string): void {
    this.select(id);
    this.#tabs.get(id)!.tab.focus();
    this.#onSelect(id);
  }

  #onKey(event: KeyboardEvent): void {
    const ids = [...this.#tabs.keys()];
    const current = ids.indexOf(this.#selected);
    const indexes: Record<string, number> = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: -1 };
    const index = indexes[event.key];
    if (index === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#choose(ids.at(index % ids.length)!);
  }
}
