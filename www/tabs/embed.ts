import type { Tensor } from 'luke-web';
import { count, element } from '../dom.js';
import { textField } from '../fields.js';
import { Mentions } from '../mentions.js';
import { heading } from '../results.js';
import type { Tab } from './tab.js';

const SHADES = 6;

/** Embeddings: how alike the names of a text are, by the cosine similarities of their vectors. */
export function embed(): Tab {
  const text = textField('embed-text', 'Text', 'Paris Hilton flew from Paris to London, where Apple and Microsoft opened new offices.', 3);
  const mentions = new Mentions(text.input, { id: 'embed-mentions', label: 'Names', initial: ['Paris Hilton', 'Paris', 'London', 'Apple', 'Microsoft'] });
  return {
    task: 'embed',
    name: 'Compare meanings',
    paper: 'embeddings',
    about: 'Computes a vector for every name in its text. Names with a similar meaning have similar vectors.',
    needs: 'any checkpoint',
    action: 'Compare',
    runs: 'on open',
    fields: [text, mentions],
    text,
    async run(luke, signal) {
      const { value } = text;
      const spans = mentions.spans();
      const { entities, pooled } = await luke.embed(value, spans, { signal });
      const names = spans.map((span) => value.slice(...span));
      const values = cosines(entities, spans.length);
      return {
        summary: `${count(spans.length, 'name')}, ${entities.shape[1]} numbers each`,
        body: spans.length > 1 ? [...nearest(names, values), heading('Cosine similarities'), matrix(names, values)] : ['Choose two names or more.'],
        data: { text: value, spans, entities: plain(entities), pooled: pooled && plain(pooled) },
      };
    },
    args: () => [text.value, mentions.spans()],
  };
}

/** The cosine similarity of each pair of the first `rows` rows. */
function cosines({ shape, data }: Tensor, rows: number): number[][] {
  const hidden = shape[1] ?? 0;
  const vectors = Array.from({ length: rows }, (_, i) => data.subarray(i * hidden, (i + 1) * hidden));
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * (b[i] ?? 0), 0);
  const norms = vectors.map((vector) => Math.sqrt(dot(vector, vector)));
  return vectors.map((a, i) => vectors.map((b, j) => dot(a, b) / ((norms[i] ?? 0) * (norms[j] ?? 0) || 1)));
}

/** For each name, the one that is most like it. */
function nearest(names: readonly string[], values: readonly number[][]): HTMLElement[] {
  return names.map((name, i) => {
    const others = (values[i] ?? []).map((value, j) => ({ value, name: names[j] ?? '', isSelf: i === j })).filter(({ isSelf }) => !isSelf);
    const [best] = others.sort((a, b) => b.value - a.value);
    return element('p', { class: 'nearest' }, element('strong', {}, name), ' is most like ', element('strong', {}, best?.name ?? ''), element('small', {}, shown(best?.value ?? 0)));
  });
}

/** A table of cosines. The shades go from the smallest to the largest value outside of the diagonal. */
function matrix(names: readonly string[], values: readonly number[][]): HTMLElement {
  const offDiagonal = values.flatMap((row, i) => row.filter((_, j) => i !== j));
  const [min, max] = [Math.min(...offDiagonal), Math.max(...offDiagonal)];
  const shade = (value: number) => Math.max(0, Math.min(SHADES - 1, Math.floor((SHADES * (value - min)) / (max - min || 1))));
  const head = element('tr', {}, element('td'), ...names.map((name) => element('th', { scope: 'col' }, element('span', {}, name))));
  const rows = values.map((row, i) =>
    element('tr', {}, element('th', { scope: 'row' }, names[i] ?? ''), ...row.map((value) => element('td', { class: `shade-${shade(value)}` }, shown(value)))),
  );
  const table = element('table', { class: 'matrix' }, element('thead', {}, head), element('tbody', {}, ...rows));
  return element('div', { class: 'scroll', role: 'region', 'aria-label': 'Cosine similarities', tabindex: '0' }, table);
}

function shown(cosine: number): string {
  return cosine.toFixed(2).replace('-0.00', '0.00');
}

function plain({ shape, data }: Tensor): { shape: number[]; data: number[] } {
  return { shape, data: [...data] };
}
