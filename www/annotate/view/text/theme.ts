// How the text and its marks look. The colors of labels come from `colors.css`: custom properties reach into the shadow root.
import { EditorView } from '@codemirror/view';
import { LANES } from './layout.js';

const COLORS = 10;
/** Distance of two lanes in pixels. */
const LANE = 4;

type Style = Record<string, string>;

/** A rule for each number. */
function numbered(count: number, rule: (number: number) => [selector: string, style: Style]): Record<string, Style> {
  return Object.fromEntries(Array.from({ length: count }, (_, number) => rule(number)));
}

export const theme = EditorView.theme({
  '&': { height: '100%', color: 'inherit', backgroundColor: 'transparent' },
  '&.cm-focused': { outline: '2px solid currentColor', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'inherit', lineHeight: '1.8', overflow: 'auto' },
  '.cm-content': { padding: '1.5rem 0 0.75rem', caretColor: 'currentColor' },
  '.cm-line': { padding: '0 1rem' },
  // Room for the lines below nested marks.
  ...numbered(LANES, (lane) => [`.cm-line.lanes-${lane}`, { lineHeight: `calc(1.8em + ${lane * LANE}px)` }]),

  // The background stays behind the letters, so that the lines of the marks around are seen.
  '.mark': { backgroundClip: 'content-box', borderBottom: '2px solid var(--mark-line)' },
  '.mark.accepted': { backgroundColor: 'var(--mark-back)', color: 'var(--mark-line)' },
  '.mark.suggested': { borderBottomStyle: 'dashed' },
  '.mark.focused': { outline: '2px solid CanvasText', outlineOffset: '1px' },
  ...numbered(COLORS, (color) => [`.mark.color-${color}`, { '--mark-back': `var(--label-${color})`, '--mark-line': `var(--label-text-${color})` }]),
  ...numbered(LANES, (lane) => [`.mark.lane-${lane}`, { paddingBottom: `${lane * LANE}px` }]),
  // The word joiner keeps the name in the line of the last letter. The name has its own direction, also in a line from right to left.
  '.mark[data-chip]::after': {
    content: '"\\2060" attr(data-chip)', marginInline: '0.35em 0.15em', color: 'var(--mark-line)', fontSize: '0.7em', fontWeight: '700',
    whiteSpace: 'nowrap', unicodeBidi: 'plaintext',
  },
  '.cm-specialChar': { color: 'inherit', opacity: '0.75' },

  '.arcs .line': { fill: 'none', stroke: 'currentColor', strokeWidth: '1.5' },
  '.arcs .head': { fill: 'currentColor' },
  '.arcs svg': { overflow: 'visible' },
  '.arcs text': {
    fill: 'CanvasText', stroke: 'Canvas', strokeWidth: '4px', paintOrder: 'stroke', fontSize: '0.75rem', fontWeight: '600',
    textAnchor: 'middle', dominantBaseline: 'middle',
  },
  '.arcs, .arcs *': { pointerEvents: 'none' },

  '.cm-panels': { backgroundColor: 'Canvas', color: 'CanvasText' },
  '.cm-panels-top': { borderBottom: '1px solid currentColor' },
  '.cm-panel.cm-search': { padding: '0.4rem 2.5rem 0.4rem 0.75rem' },
  // Selects all matches at once, which this view has no use for.
  '.cm-panel.cm-search [name=select]': { display: 'none' },
  '.cm-panel.cm-search :is(input, button, label)': { fontSize: '0.85rem' },
  '.cm-panel.cm-search :is(.cm-textfield, .cm-button)': { background: 'Field', color: 'FieldText', border: '1px solid currentColor' },
  '.cm-panel.cm-search [name=close]': { minWidth: '2rem', minHeight: '2rem', color: 'inherit' },
  '@media (pointer: coarse)': {
    '.cm-panel.cm-search': { paddingInlineEnd: '3.5rem' },
    '.cm-panel.cm-search :is(.cm-textfield, .cm-button, [name=close])': { minWidth: '2.75rem', minHeight: '2.75rem' },
    '.cm-panel.cm-search label': { display: 'inline-flex', alignItems: 'center', minHeight: '2.75rem' },
  },
  '.cm-searchMatch': { backgroundColor: 'transparent', outline: '1px solid currentColor' },
  '.cm-searchMatch-selected': { backgroundColor: 'Highlight', color: 'HighlightText' },

  '@media (forced-colors: active)': {
    '.mark.accepted': { borderBottomWidth: '3px' },
    '.mark.focused': { outlineColor: 'Highlight' },
  },
});
