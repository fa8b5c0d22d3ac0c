// The page of the tests and of the benchmark of the text view: the view alone, with what its events reported.
import { EditorView } from '@codemirror/view';
import type { Piece } from '../../../www/annotate/model/types.js';
import { TextView, type Mark } from '../../../www/annotate/view/text-view.js';

export interface Scene {
  readonly text: string;
  readonly marks: readonly Mark[];
  /** Offset of each line, by its number. */
  readonly lines: readonly number[];
}

const NAMES = ['PER', 'ORG', 'LOC', 'MISC', 'DATE', 'WORK', 'EVENT', 'LAW', 'GPE', 'TIME'];
const WORDS = 'the report of Ada Lovelace says that Acme and its partners in New York met again on Tuesday because nobody had read it'.split(' ');

function mark(id: string, pieces: readonly Piece[], more: Partial<Mark> = {}): Mark {
  return { id, pieces, name: 'PER', color: 0, state: 'accepted', ...more };
}

/** Lines that begin with their number, and marks that are nested, cross, have several pieces or go over a line break. */
function scene(characters: number, spans: number, lineLength: number): Scene {
  const lines: number[] = [];
  let text = '';
  for (let word = 0; text.length < characters; word++) {
    if (text.length >= (lines.at(-1) ?? -lineLength) + lineLength) {
      if (text) text += '\n';
      lines.push(text.length);
      text += `L${lines.length - 1} `;
    }
    text += `${WORDS[(word * 7) % WORDS.length]!} `;
  }
  const step = characters / spans;
  const marks = Array.from({ length: spans }, (_, index): Mark => {
    const start = Math.floor(index * step) + (index % 7);
    const length = index % 9 === 0 ? Math.floor(3 * step) : 6 + (index % 17);
    const end = Math.min(start + length, text.length);
    const pieces: Piece[] = index % 11 === 0 ? [[start, Math.min(start + 4, end)], [Math.min(start + 8, end - 1), end]] : [[start, end]];
    const label = index % NAMES.length;
    const state = index % 3 === 0 ? 'suggested' : 'accepted';
    const score = state === 'suggested' ? { score: 0.5 + (index % 50) / 100 } : {};
    return mark(`s${index}`, pieces, { name: NAMES[label]!, color: label, key: String(label), state, ...score });
  });
  return { text, marks, lines };
}

const selected: (Piece | undefined)[] = [];
const focused: (string | undefined)[] = [];
const keys: string[] = [];
const handled = new Set<string>();
const violations: string[] = [];
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => violations.push(`${violatedDirective} ${blockedURI}`));
const leftKeys: string[] = [];
addEventListener('keydown', ({ key }) => leftKeys.push(key));

const parent = document.querySelector('#text');
if (!(parent instanceof HTMLElement)) throw new Error('the page has no element #text');
const view = new TextView(
  parent,
  {
    onSelect: (piece) => selected.push(piece),
    onFocus(id) {
      focused.push(id);
      view.setFocus(id);
    },
    onKey({ key }) {
      keys.push(key);
      return handled.has(key);
    },
  },
  'Text of the document',
);

const root = parent.firstElementChild?.shadowRoot;
if (!root) throw new Error('the view has no shadow root');

/** CodeMirror's own view, to compare what it has with what was given. */
function editor(): EditorView {
  const found = EditorView.findFromDOM(root!.querySelector<HTMLElement>('.cm-content')!);
  if (!found) throw new Error('there is no editor');
  return found;
}

const frame = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

/** What is drawn, without CodeMirror: for each line in view its text and the marks of it. */
function drawnLines(): { readonly number: number; readonly ids: string[]; readonly chips: string[] }[] {
  const box = root!.querySelector('.cm-scroller')!.getBoundingClientRect();
  return [...root!.querySelectorAll<HTMLElement>('.cm-line')].filter((line) => {
    const { top, bottom } = line.getBoundingClientRect();
    return bottom > box.top && top < box.bottom;
  }).map((line) => {
    const elements = [...line.querySelectorAll<HTMLElement>('[data-mark]')];
    return {
      number: Number(/^L(\d+) /.exec(line.textContent)?.[1]),
      ids: [...new Set(elements.map(({ dataset }) => dataset.mark!))].sort(),
      chips: elements.flatMap(({ dataset }) => (dataset.chip === undefined ? [] : [dataset.mark!])).sort(),
    };
  });
}

/** Where a word of the text is on the screen: the text of the elements around it is joined, as a mark may begin or end inside of the word. */
function boxOf(word: string): { left: number; right: number; top: number; bottom: number } {
  const nodes: Node[] = [];
  const walker = document.createTreeWalker(root!.querySelector('.cm-content')!, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) nodes.push(node);
  const at = nodes.map(({ nodeValue }) => nodeValue).join('').indexOf(word);
  if (at < 0) throw new Error(`"${word}" is not drawn`);
  const range = document.createRange();
  let offset = 0;
  for (const node of nodes) {
    const end = offset + node.nodeValue!.length;
    if (at >= offset && at < end) range.setStart(node, at - offset);
    if (at + word.length > offset && at + word.length <= end) range.setEnd(node, at + word.length - offset);
    offset = end;
  }
  const { left, right, top, bottom } = range.getBoundingClientRect();
  return { left, right, top, bottom };
}

const page = { view, root, editor, mark, scene, frame, drawnLines, boxOf, selected, focused, keys, leftKeys, handled, violations };
export type TextPage = typeof page;
Object.assign(globalThis, { textPage: page });
