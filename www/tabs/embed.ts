import type { Tensor } from 'luke-web';
import { count, element } from '../dom.js';
import { textField } from '../fields.js';
import { Mentions } from '../mentions.js';
import { heading } from '../results.js';
import type { Tab } from './tab.js';

/** Maximum number of tokens in the table, so that it stays readable. */
const MAX_TOKENS = 32;
const SHADES = 6;

/** Embeddings: tables with the cosine similarities of the mentions and of the tokens. */
export function embed(): Tab {
  const text = textField('embed-text', 'Text', 'Paris Hilton flew from Paris to London, where Apple and Microsoft opened new offices.', 3);
  const mentions = new Mentions(text.input, { id: 'embed-mentions', label: 'Mentions', initial: ['Paris Hilton', 'Paris', 'London', 'Apple', 'Microsoft'] });
  return {
    task: 'embed',
    name: 'Embeddings',
    about: 'Computes a vector for every token and every mention. The tables show the cosine similarity of each pair.',
    subject: 'embeddings',
    requirement: ['any checkpoint'],
    action: 'Compare',
    runs: 'on open',
    fields: [text.element, mentions.element],
    async run(luke, signal) {
      const { value } = text.input;
      const spans = mentions.spans();
      const { tokens, words, entities, pooled } = await luke.embed(value, spans, { signal });
      const names = (places: readonly { start: number; end: number }[]) => places.map(({ start, end }) => value.slice(start, end));
      const shown = names(tokens.slice(0, MAX_TOKENS));
      const all = shown.length === tokens.length ? '' : `, the first ${MAX_TOKENS} of ${tokens.length}`;
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

/** The cosine similarity of each pair of the first `rows` rows. */
function cosines({ shape, data }: Tensor, rows: number): number[][] {
  const hidden = shape[1]!;
  const vectors = Array.from({ length: rows }, (_, i) => data.subarray(i * hidden, (i + 1) * hidden));
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const norms = vectors.map((vector) => Math.sqrt(dot(vector, vector)));
  return vectors.map((a, i) => vectors.map((b, j) => dot(a, b) / (norms[i]! * norms[j]! || 1)));
}

/** A table of cosines. The shades go from the smallest to the largest value outside of the diagonal. */
function matrix(label: string, names: readonly string[], values: readonly number[][]): HTMLElement {
  const offDiagonal = values.flatMap((row, i) => row.filter((_, j) => i !== j));
  const [min, max] = [Math.min(...offDiagonal), Math.max(...offDiagonal)];
  const shade = (value: number) => Math.min(SHADES - 1, Math.floor((SHADES * (value - min)) / (max - min || 1)));
  const head = element('tr', {}, element('td'), ...names.map((name) => element('th', { scope: 'col' }, element('span', {}, name))));
  const rows = values.map((row, i) =>
    element('tr', {}, element('th', { scope: 'row' }, names[i]!), ...row.map((value) => element('td', { class: `shade-${shade(value)}` }, value.toFixed(2).replace('-0.00', '0.00')))),
  );
  const table = element('table', { class: 'matrix' }, element('thead', {}, head), element('tbody', {}, ...rows));
  return element('div', { class: 'scroll', role: 'region', 'aria-label': `${label}: cosine similarities`, tabindex: '0' }, table);
}

function plain({ shape, data }: Tensor): { shape: number[]; data: number[] } {
  return { shape, data: [...data] };
}
