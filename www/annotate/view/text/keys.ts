// The keys that move the caret and select. CodeMirror draws only a part of the text, so the browser's own keys would stop at its end.
import { EditorSelection, type SelectionRange } from '@codemirror/state';
import { Direction, type EditorView, type KeyBinding } from '@codemirror/view';

type Motion = (view: EditorView, range: SelectionRange, isSelecting: boolean) => SelectionRange;

/** A key that moves the caret, and with Shift the end of the selection. */
function binding(keys: Pick<KeyBinding, 'key' | 'mac'>, motion: Motion): KeyBinding {
  const go = (view: EditorView, isSelecting: boolean): boolean => {
    const { main } = view.state.selection;
    const moved = motion(view, main, isSelecting);
    const range = isSelecting ? EditorSelection.range(main.anchor, moved.head, moved.goalColumn) : moved;
    view.dispatch({ selection: EditorSelection.create([range]), scrollIntoView: true, userEvent: 'select' });
    return true;
  };
  return { ...keys, run: (view) => go(view, false), shift: (view) => go(view, true) };
}

function sideways(arrow: 'ArrowLeft' | 'ArrowRight'): KeyBinding[] {
  const isForward = (view: EditorView, { head }: SelectionRange): boolean =>
    (view.textDirectionAt(head) === Direction.LTR) === (arrow === 'ArrowRight');
  return [
    binding({ key: arrow }, (view, range, isSelecting) => {
      const forward = isForward(view, range);
      return isSelecting || range.empty ? view.moveByChar(range, forward) : EditorSelection.cursor(forward ? range.to : range.from);
    }),
    binding({ key: `Ctrl-${arrow}`, mac: `Alt-${arrow}` }, (view, range) => view.moveByGroup(range, isForward(view, range))),
    binding({ mac: `Cmd-${arrow}` }, (view, range) => view.moveToLineBoundary(range, isForward(view, range))),
  ];
}

const toStart: Motion = () => EditorSelection.cursor(0);
const toEnd: Motion = ({ state }) => EditorSelection.cursor(state.doc.length);

function byPage(forward: boolean): Motion {
  return (view, range) => {
    const line = view.defaultLineHeight;
    return view.moveVertically(range, forward, Math.max(line, view.scrollDOM.clientHeight - 2 * line));
  };
}

export const CARET_KEYS: readonly KeyBinding[] = [
  ...sideways('ArrowLeft'),
  ...sideways('ArrowRight'),
  binding({ key: 'ArrowUp' }, (view, range) => view.moveVertically(range, false)),
  binding({ key: 'ArrowDown' }, (view, range) => view.moveVertically(range, true)),
  binding({ key: 'PageUp' }, byPage(false)),
  binding({ key: 'PageDown' }, byPage(true)),
  binding({ key: 'Home' }, (view, range) => view.moveToLineBoundary(range, false)),
  binding({ key: 'End' }, (view, range) => view.moveToLineBoundary(range, true)),
  binding({ key: 'Ctrl-Home', mac: 'Cmd-ArrowUp' }, toStart),
  binding({ key: 'Ctrl-End', mac: 'Cmd-ArrowDown' }, toEnd),
  {
    key: 'Mod-a',
    run: (view) => {
      view.dispatch({ selection: { anchor: 0, head: view.state.doc.length }, userEvent: 'select' });
      return true;
    },
  },
];
