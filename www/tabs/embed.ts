import type { Tensor } from 'luke-web';
import { count, element } from '../dom.js';
import { textField } from '../fields.js';
import { Mentions } from '../mentions.js';
import { heading } from '../results.js';
import type { Tab } from './tab.js';

/** Tokens that are compared: a table of more is no longer to be read. */
const TOKENS = 32;
const SHADES = 6;

/** Vectors: how alike the mentions are, and how alike the tokens, as tables of cosines. */
export function embed(): Tab {
  const text = textField('embed-text', 'Text', 'Paris Hilton flew from Paris to London, where Apple and Microsoft opened new offices.', 3);
  const mentions = new Mentions(text.input, { id: 'embed-mentions', label: 'Mentions', initial: ['Paris Hilton', 'Paris', 'London', 'Apple', 'Microsoft'] });
  return {
    task: 'embed',
    name: 'Embeddings',
    about: 'Gives a vector for every token and every mention. Shown is how alike they are: the cosine of the angle between two.',
    subject: 'embeddings',
    needs: ['any checkpoint'],
    action: 'Compare',
    runs: 'when opened',
    fields: [text.element, mentions.element],
    async run(luke, signal) {
      const { value } = text.input;
      const spans = mentions.spans();
      const { tokens, words, entities, pooled } = await luke.embed(value, spans, { signal });
      const names = (places: readonly { start: number; end: number }[]) => places.map(({ start, end }) => value.slice(start, end));
      const shown = names(tokens.slice(0, TOKENS));
      const all = shown.length === tokens.length ? '' : `, the first ${TOKENS} of ${tokens.length}`;
      return {
        summary: `${count(tokens.length, 'token')}, ${count(spans.length, 'mention')}, ${words.shape[1]} numbers each`,
        body: [
          ...(spans.length > 1 ? [heading('Mentions'), matrix('Mentions', spans.map((span) => value.slice(...span)), cosines(entities, spans.length))] : []),
          ...(shown.length > 1 ? [heading(`Tokens${all}`), matrix('Tokens', shown, cosines(words, shown.length))] : []),
        ],
        data: { text: value, spans, tokens, words: plain(words), entities: plain(entities), pooled: pooled && plain(pooled) },
      };
    },
  };
}

/** The cosine of the angle between each two of the first `rows` rows. */
function cosines({ shape, data }: Tensor, rows: number): number[][] {
  const width = shape[1]!;
  const vectors = Array.from({ length: rows }, (_, i) => data.subarray(i * width, (i + 1) * width));
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const lengths = vectors.map((vector) => Math.sqrt(dot(vector, vector)));
  return vectors.map((a, i) => vectors.map((b, j) => dot(a, b) / (lengths[i]! * lengths[j]! || 1)));
}

/** A table of cosines, shaded between the smallest and the largest that two different things have. */
function matrix(label: string, names: readonly string[], values: readonly number[][]): HTMLElement {
  const different = values.flatMap((row, i) => row.filter((_, j) => i !== j));
  const [least, most] = [Math.min(...different), Math.max(...different)];
  const shade = (value: number) => Math.min(SHADES - 1, Math.floor((SHADES * (value - least)) / (most - least || 1)));
  const head = element('tr', {}, element('td'), ...names.map((name) => element('th', { scope: 'col' }, element('span', {}, name))));
  const rows = values.map((row, i) =>
    element('tr', {}, element('th', { scope: 'row' }, names[i]!), ...row.map((value) => element('td', { class: `shade-${shade(value)}` }, value.toFixed(2).replace('-0.00', '0.00')))),
  );
  const table = element('table', { class: 'matrix' }, element('thead', {}, head), element('tbody', {}, ...rows));
  return element('div', { class: 'scroll', role: 'region', 'aria-label': `${label}: how alike they are`, tabindex: '0' }, table);
}

function plain({ shape, data }: Tensor): { shape: number[]; data: number[] } {
  return { shape, data: [...data] };
}
