// The head of the page: the project, what can be done with it as a whole, and whether everything is saved.
import type { JSX } from 'preact';
import { CommandButton } from './command-button.js';
import { run } from './commands.js';
import { commandName, type CommandId } from './keys.js';
import type { Screen } from './screen.js';
import type { SaveState } from './session.js';

const SHOWN = [['import', 'Import…'], ['export', 'Export…'], ['labels', 'Labels…']] as const;
const MENU: readonly CommandId[] = [
  'palette', 'import', 'export', 'labels', 'ask', 'model-labels', 'second-look', 'compare', 'compare-model', 'project', 'storage',
  'delete-document', 'help',
];

const SAVED: { readonly [S in SaveState]: string } = { saved: 'Saved', saving: 'Saving…', failed: 'Not saved' };

interface TopBarProps {
  readonly screen: Screen;
  readonly onHome: () => void;
}

export function TopBar({ screen, onHome }: TopBarProps): JSX.Element {
  const { session } = screen;
  const save = session.save.value;
  return (
    <header class="top-bar">
      <button type="button" class="plain" onClick={onHome}>Projects</button>
      <h1 dir="auto">{session.record.value.name}</h1>
      <p class={`save ${save}`}>{session.isReadOnly ? 'Read only' : SAVED[save]}</p>
      <div class="top-actions">
        <span class="wide-only">
          <CommandButton screen={screen} id="palette" showsKey>Find</CommandButton>
          {SHOWN.map(([id, name]) => <CommandButton key={id} screen={screen} id={id}>{name}</CommandButton>)}
        </span>
        <button type="button" popovertarget="menu" aria-haspopup="true">More</button>
        <div id="menu" class="menu" popover="auto">
          {MENU.map((id) => <button key={id} type="button" popovertarget="menu" onClick={() => run(screen, id)}>{commandName(id)}</button>)}
        </div>
      </div>
    </header>
  );
}
