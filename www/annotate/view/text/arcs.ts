// Relations of the focused span: an arrow from one mark to another, with the name of the relation.
import { StateEffect, StateField, type Extension } from '@codemirror/state';
import { layer, type EditorView, type LayerMarker } from '@codemirror/view';
import { shorten } from '../../model/show.js';
import { layoutField } from './marks.js';
import { arcShape, type ArcShape, type Point } from './arc-shape.js';
import type { Arc, Mark } from './mark.js';

const SVG = 'http://www.w3.org/2000/svg';
const MOST_CHARACTERS = 40;

export const setArcs = StateEffect.define<readonly Arc[]>();

const arcsField = StateField.define<readonly Arc[]>({
  create: () => [],
  update: (arcs, { effects }) => effects.findLast((effect) => effect.is(setArcs))?.value ?? arcs,
});

export const drawArcs: Extension = [
  arcsField,
  layer({
    above: true,
    class: 'arcs',
    update: ({ startState, state, docChanged, viewportChanged }) =>
      docChanged || viewportChanged || [arcsField, layoutField].some((field) => startState.field<unknown>(field) !== state.field<unknown>(field)),
    markers: (view) => view.state.field(arcsField).flatMap((arc, index) => marker(view, arc, index) ?? []),
  }),
];

/** Nothing for an arc with an end that is not in the text. */
function marker(view: EditorView, { from, to, name }: Arc, index: number): ArcMarker | undefined {
  const layout = view.state.field(layoutField);
  const [head, tail] = [layout.mark(from), layout.mark(to)];
  if (head && tail && isOutside(view, head, tail)) return undefined;
  const [start, end] = [head && middleOf(view, head), tail && middleOf(view, tail)];
  return start && end && new ArcMarker(arcShape(start, end, index), shorten(name, MOST_CHARACTERS));
}

/** Whether no part of the arc is where the text is drawn. There may be thousands of them. */
function isOutside({ viewport: { from, to } }: EditorView, ...ends: readonly Mark[]): boolean {
  const starts = ends.map(({ pieces }) => pieces[0]?.[0] ?? 0);
  return starts.every((start) => start < from) || starts.every((start) => start > to);
}

/** The middle of the first line of a mark, at its upper edge, in the coordinates of the layer. Of a mark that is not drawn: the edge of its line. */
function middleOf(view: EditorView, { pieces }: Mark): Point | undefined {
  const first = pieces[0];
  if (!first || first[0] < 0 || first[0] >= view.state.doc.length) return undefined;
  const { scrollDOM } = view;
  const box = scrollDOM.getBoundingClientRect();
  const start = view.coordsAtPos(first[0], 1);
  if (!start) return { x: scrollDOM.clientWidth / 2, y: view.lineBlockAt(first[0]).top + view.documentPadding.top };
  const end = view.coordsAtPos(Math.min(first[1], view.state.doc.length), -1);
  const isOneLine = end && Math.abs(end.top - start.top) < 2;
  const x = isOneLine ? (start.left + end.left) / 2 : start.left;
  return { x: x - box.left + scrollDOM.scrollLeft, y: start.top - box.top + scrollDOM.scrollTop };
}

class ArcMarker implements LayerMarker {
  readonly #shape: ArcShape;
  readonly #name: string;

  constructor(shape: ArcShape, name: string) {
    this.#shape = shape;
    this.#name = name;
  }

  eq(other: ArcMarker): boolean {
    return this.#shape.line === other.#shape.line && this.#name === other.#name;
  }

  draw(): HTMLElement {
    const { line, head, middle } = this.#shape;
    const box = document.createElement('div');
    const text = svg('text', { x: middle.x, y: middle.y });
    text.textContent = this.#name;
    const image = svg('svg', { width: 1, height: 1 });
    image.append(svg('path', { d: line, class: 'line' }), svg('path', { d: head, class: 'head' }), text);
    box.append(image);
    return box;
  }
}

function svg(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
