// Marks as decorations of CodeMirror. Only what is in the visible part of the text is made, so that the number of marks does not matter.
import { RangeSet, StateEffect, StateField, type EditorState, type Extension, type Range } from '@codemirror/state';
import { Decoration, EditorView, ViewPlugin, WidgetType, type DecorationSet, type ViewUpdate } from '@codemirror/view';
import { chipText } from './chip.js';
import { directionOf, isLongLine } from './direction.js';
import { fragmentsOf, LANES, MarkLayout, type Fragment, type PlacedPiece } from './layout.js';

export const setLayout = StateEffect.define<MarkLayout>();
export const setFocused = StateEffect.define<string | undefined>();

export const layoutField = StateField.define<MarkLayout>({
  create: () => new MarkLayout([], 0),
  update: (layout, { effects }) => effects.findLast((effect) => effect.is(setLayout))?.value ?? layout,
});

const NONE = { id: undefined };
export const focusedField = StateField.define<{ readonly id: string | undefined }>({
  create: () => NONE,
  update: (focused, { effects }) => {
    const effect = effects.findLast((each) => each.is(setFocused));
    return effect ? { id: effect.value } : focused;
  },
});

/** The decorations of the visible ranges. */
class VisibleMarks {
  marks: DecorationSet;

  constructor(view: EditorView) {
    this.marks = marksOf(view);
  }

  update(update: ViewUpdate): void {
    const { startState, state, viewportChanged, docChanged, view } = update;
    const isChanged = startState.field(layoutField) !== state.field(layoutField) || startState.field(focusedField) !== state.field(focusedField);
    if (viewportChanged || docChanged || isChanged) this.marks = marksOf(view);
  }
}

export const drawMarks: Extension = [
  layoutField,
  focusedField,
  ViewPlugin.fromClass(VisibleMarks, { decorations: (plugin) => plugin.marks }),
];

function marksOf({ state, visibleRanges }: EditorView): DecorationSet {
  const layout = state.field(layoutField);
  const { id } = state.field(focusedField);
  const ranges: Range<Decoration>[] = [];
  const lanes = new Map<number, number>();
  for (const { from, to } of visibleRanges) {
    const pieces = layout.within(from, to).filter(({ lane, mark }) => lane < LANES || mark.id === id);
    for (const fragment of fragmentsOf(pieces, [from, to], (offset) => state.doc.lineAt(offset))) {
      ranges.push(...drawn(state, fragment, id));
      countLanes(state, fragment, lanes);
    }
  }
  for (const line of linesOf(state, visibleRanges)) ranges.push(lineDecoration(line, lanes.get(line.from) ?? 0).range(line.from));
  return RangeSet.of(ranges, true);
}

function drawn(state: EditorState, fragment: Fragment, focused: string | undefined): Range<Decoration>[] {
  const { from, to, piece, hasChip } = fragment;
  const text = hasChip ? chipText(piece) : undefined;
  if (text !== undefined && isInvisible(state, from, to)) return [Decoration.widget({ widget: new LineBreakChip(piece, text), side: 1 }).range(from)];
  const attributes = { class: classOf(piece, piece.mark.id === focused), 'data-mark': piece.mark.id };
  return [Decoration.mark({ attributes: text === undefined ? attributes : { ...attributes, 'data-chip': text } }).range(from, to)];
}

function classOf({ mark, lane }: PlacedPiece, isFocused: boolean): string {
  return `mark ${mark.state} color-${mark.color} lane-${Math.min(lane, LANES - 1)}${isFocused ? ' focused' : ''}`;
}

/** Whether a range has only line breaks, so that CodeMirror draws no element for it. */
function isInvisible(state: EditorState, from: number, to: number): boolean {
  return /^\n+$/.test(state.sliceDoc(from, Math.min(to, from + 100)));
}

/** The name beside a mark that has no visible character. */
class LineBreakChip extends WidgetType {
  readonly #piece: PlacedPiece;
  readonly #text: string;

  constructor(piece: PlacedPiece, text: string) {
    super();
    this.#piece = piece;
    this.#text = text;
  }

  override eq(other: LineBreakChip): boolean {
    return other.#piece === this.#piece && other.#text === this.#text;
  }

  override toDOM(): HTMLElement {
    const element = document.createElement('span');
    element.className = classOf(this.#piece, false);
    element.dataset.mark = this.#piece.mark.id;
    element.dataset.chip = this.#text;
    element.textContent = '↵';
    return element;
  }

  override ignoreEvent(): boolean {
    return false;
  }
}

/** For each line: how many lanes it needs. */
function countLanes(state: EditorState, { from, to, piece }: Fragment, lanes: Map<number, number>): void {
  if (piece.lane === 0) return;
  for (let line = state.doc.lineAt(from); ; line = state.doc.lineAt(line.to + 1)) {
    lanes.set(line.from, Math.max(lanes.get(line.from) ?? 0, Math.min(piece.lane, LANES - 1)));
    if (line.to >= to || line.to >= state.doc.length) return;
  }
}

interface VisibleLine {
  readonly from: number;
  readonly text: string;
}

function* linesOf(state: EditorState, ranges: EditorView['visibleRanges']): Generator<VisibleLine> {
  let last = -1;
  for (const { from, to } of ranges) {
    for (let line = state.doc.lineAt(from); ; line = state.doc.lineAt(line.to + 1)) {
      if (line.from > last) yield line;
      last = line.from;
      if (line.to >= to || line.to >= state.doc.length) break;
    }
  }
}

function lineDecoration({ text }: VisibleLine, lanes: number): Decoration {
  const attributes = { dir: isLongLine(text) ? directionOf(text) : 'auto' };
  return Decoration.line({ attributes: lanes > 0 ? { ...attributes, class: `lanes-${lanes}` } : attributes });
}
