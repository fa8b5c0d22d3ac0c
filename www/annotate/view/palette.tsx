// Ctrl+K: any command, any document, by typing a part of its name.
import { useComputed, useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { run } from './commands.js';
import { Dialog } from './dialogs/dialog.js';
import { showKey } from './keys.js';
import { paletteItems, type PaletteItem } from './palette-items.js';
import type { Screen } from './screen.js';

/** More are not shown: a longer query finds the others. */
const MOST = 50;

export function Palette({ screen }: { readonly screen: Screen }): JSX.Element {
  const query = useSignal('');
  const place = useSignal(0);
  const items = useComputed(() => paletteItems(query.value, screen.session.documents.heads.value).slice(0, MOST));
  const close = (): void => void (screen.dialog.value = undefined);
  const pick = (item: PaletteItem | undefined): void => {
    if (!item) return;
    close();
    // Behind the end of this dialog, which gives the focus back.
    setTimeout(() => (item.kind === 'command' ? run(screen, item.id) : void screen.navigation.open(item.id)));
  };
  const move = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    place.value = Math.max(0, Math.min(items.value.length - 1, place.value + step));
    document.getElementById(`palette-${place.value}`)?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <Dialog title="Documents and commands" onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          pick(items.value[place.value]);
        }}
      >
        <input
          type="text" role="combobox" list={undefined} aria-expanded="true" aria-controls="palette-list" aria-label="Document or command"
          autocomplete="off" spellcheck={false}
          aria-activedescendant={items.value.length ? `palette-${place.value}` : undefined} value={query.value} onKeyDown={move}
          onInput={({ currentTarget: { value } }) => {
            query.value = value;
            place.value = 0;
          }}
        />
      </form>
      <div id="palette-list" class="palette-list" role="listbox" aria-label="Documents and commands">
        {items.value.map((item, index) => (
          <div
            key={`${item.kind} ${item.id}`} id={`palette-${index}`} role="option" aria-selected={index === place.value}
            class={`row${index === place.value ? ' active' : ''}`} onClick={() => pick(item)}
          >
            <span dir="auto">{item.name}</span>
            {item.kind === 'command' ? <Key name={screen.keys.value.keyOf(item.id)} /> : <span class="hint">document</span>}
          </div>
        ))}
      </div>
      <p class="hint" role="status">{items.value.length ? '' : 'Nothing has this name.'}</p>
    </Dialog>
  );
}

function Key({ name }: { readonly name: string }): JSX.Element | null {
  return name ? <kbd>{showKey(name)}</kbd> : null;
}
