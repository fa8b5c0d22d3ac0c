// Tabs by the WAI-ARIA pattern: one of them is in the tab order, the arrow keys, Home and End go to the others.
import { element } from './dom.js';

/** A tab and the panel it shows. */
export interface TabItem {
  id: string;
  name: string;
  panel: HTMLElement;
}

/** A row of tabs with a panel each. */
export class TabList {
  readonly #tabs = new Map<string, { tab: HTMLButtonElement; panel: HTMLElement }>();
  readonly #onSelect: (id: string) => void;
  #selected = '';

  /** Fills `list`, an element with the role `tablist`; `onSelect` hears of every choice of the visitor's. */
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

  /** The tab that is shown. */
  get selected(): string {
    return this.#selected;
  }

  /** Shows a tab; one that is not there changes nothing. */
  select(id: string): void {
    if (!this.#tabs.has(id)) return;
    this.#selected = id;
    for (const [other, { tab, panel }] of this.#tabs) {
      tab.ariaSelected = String(other === id);
      tab.tabIndex = other === id ? 0 : -1;
      panel.hidden = other !== id;
    }
  }

  /** Marks which tabs can be used. */
  mark(available: (id: string) => boolean): void {
    for (const [id, { tab }] of this.#tabs) {
      const able = available(id);
      tab.dataset['available'] = String(able);
      tab.title = able ? 'The model can do this' : 'Needs another model';
    }
  }

  #choose(id: string): void {
    this.select(id);
    this.#tabs.get(id)!.tab.focus();
    this.#onSelect(id);
  }

  #onKey(event: KeyboardEvent): void {
    const ids = [...this.#tabs.keys()];
    const at = ids.indexOf(this.#selected);
    const places: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 };
    const place = places[event.key];
    if (place === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#choose(ids.at(place % ids.length)!);
  }
}
