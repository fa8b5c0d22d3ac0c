// All keys, and other keys for commands.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Alert, Dialog } from './dialogs/dialog.js';
import { COMMANDS, keyOf, showKey, type CommandId } from './keys.js';
import { countOf } from './messages.js';
import type { Screen } from './screen.js';

const GROUPS = [...new Set(COMMANDS.map(({ group }) => group))];
const WHERE = { text: 'in the text', spans: 'in the text or the list of spans', screen: '', always: 'also in fields' } as const;

export function Help({ screen, onDone }: { readonly screen: Screen; readonly onDone: () => void }): JSX.Element {
  /** The command that waits for its new key. */
  const waiting = useSignal<CommandId | undefined>(undefined);
  const problem = useSignal('');
  const choose = async (event: KeyboardEvent): Promise<void> => {
    const id = waiting.value;
    const key = keyOf(event);
    if (id === undefined || !key) return;
    event.preventDefault();
    waiting.value = undefined;
    if (key === 'Escape') return;
    problem.value = (await screen.setKey(id, key))?.conflict ?? '';
  };
  const chosen = Object.keys(screen.keys.value.chosen).length;
  const reset = chosen > 0 && <button type="button" onClick={() => void screen.resetKeys()}>Standard keys ({countOf(chosen, 'change')})</button>;
  return (
    <Dialog title="Keys" onClose={onDone} onKey={(event) => void choose(event)} actions={reset}>
      <p>
        The keys of labels are on the labels: they label the selection, or change the label of the span that has the focus. In the text, the
        arrow keys move the caret and Shift with them selects. Escape steps out; Escape and then Tab leaves the text.
      </p>
      <Alert text={problem.value} />
      {GROUPS.map((group) => (
        <section key={group}>
          <h3>{group}</h3>
          <table class="keys">
            <thead class="visually-hidden"><tr><th scope="col">Command</th><th scope="col">Key</th><th scope="col">Change</th></tr></thead>
            <tbody>
              {COMMANDS.filter((command) => command.group === group).map(({ id, name, where }) => (
                <tr key={id}>
                  <th scope="row">{name}{WHERE[where] && <span class="hint"> {WHERE[where]}</span>}</th>
                  <td>
                    {waiting.value === id ? <span role="status">Press a key…</span> : <kbd>{showKey(screen.keys.value.keyOf(id)) || 'none'}</kbd>}
                  </td>
                  <td>
                    <button type="button" onClick={() => (waiting.value = waiting.value === id ? undefined : id)}>
                      {waiting.value === id ? 'Cancel' : 'Change'} <span class="visually-hidden">the key of: {name}</span>
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ))}
    </Dialog>
  );
}
