// A double click selects a word by Unicode's rules, without the space behind it; CodeMirror would take a whole run of Chinese characters.
import { EditorSelection, type Extension, type SelectionRange } from '@codemirror/state';
import { EditorView, type MouseSelectionStyle } from '@codemirror/view';
import type { Boundaries, Segment } from '../../model/boundaries.js';

/** Moving the mouse after the second click selects whole words. */
export function selectWords(boundaries: () => Boundaries): Extension {
  return EditorView.mouseSelectionStyle.of((view, start) => {
    if (start.detail !== 2 || start.button !== 0) return null;
    const first = wordUnder(view, start, boundaries());
    const style: MouseSelectionStyle = {
      get: (event, extend) => EditorSelection.create([selectionOf(view, first, wordUnder(view, event, boundaries()), extend)]),
      update: () => false,
    };
    return style;
  });
}

function selectionOf(view: EditorView, first: Segment, last: Segment, extend: boolean): SelectionRange {
  if (extend) return view.state.selection.main.extend(last.start, last.end);
  const [start, end] = [Math.min(first.start, last.start), Math.max(first.end, last.end)];
  return last.start < first.start ? EditorSelection.range(end, start) : EditorSelection.range(start, end);
}

/** An empty segment in an empty line. */
function wordUnder(view: EditorView, event: MouseEvent, boundaries: Boundaries): Segment {
  const { pos, assoc } = view.posAndSideAtCoords({ x: event.clientX, y: event.clientY }, false);
  const line = view.state.doc.lineAt(pos);
  const offset = Math.max(line.from, Math.min(assoc < 0 ? pos - 1 : pos, line.to - 1));
  return line.length ? boundaries.wordAt(offset) : { start: pos, end: pos };
}
