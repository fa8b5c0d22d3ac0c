// Draws the results as SVG, without a library.
import { median } from './statistics.mjs';

const WIDTH = 720;
const BAR = 16;
const LEFT = 190;
const RIGHT = 70;
const COLORS = { luke: '#2563eb', ort: '#f59e0b', transformers: '#f59e0b' };
const FAINT_OPACITY = 0.6; // engines after the first of their kind

/** `{ name: svg }` for each group that can be drawn. */
export function plots({ groups }) {
  const drawn = groups.flatMap((group) => {
    if (group.starts) return [];
    return [[group.title, group.title === 'documents' ? documentPlot(group) : barPlot(group)]];
  });
  return Object.fromEntries(drawn);
}

/** CPU time of each engine: one block of bars per case, each with its own scale. */
export function barPlot({ engines, cases }) {
  const block = (engines.length + 1.5) * BAR;
  const parts = cases.map((item, i) => {
    const top = 10 + i * block;
    const times = engines.map(({ name }) => median(item.engines[name].cpuMs));
    const max = Math.max(...times);
    const bars = engines.map(({ name, kind }, row) => {
      const y = top + (row + 1) * BAR;
      const first = engines.findIndex((engine) => engine.kind === kind) === row;
      const length = Math.max(1, (times[row] / max) * (WIDTH - LEFT - RIGHT));
      return [
        text(LEFT - 6, y + BAR - 5, name, 'end'),
        `<rect x="${LEFT}" y="${y + 1}" width="${length.toFixed(1)}" height="${BAR - 2}" fill="${COLORS[kind]}" opacity="${first ? 1 : FAINT_OPACITY}"/>`,
        text(LEFT + length + 4, y + BAR - 5, `${times[row].toFixed(0)} ms`),
      ].join('');
    });
    return text(LEFT, top + BAR - 5, `${item.name}, CPU time`, 'start', 'bold') + bars.join('');
  });
  return svg(20 + cases.length * block, parts);
}

/** CPU time per token by length of the document. The axis of the length is logarithmic. */
export function documentPlot({ engines: [{ name }], cases }) {
  const [height, top, bottom] = [260, 30, 40];
  const points = cases.map(({ words, engines }) => ({ words, each: (1000 * median(engines[name].cpuMs)) / engines[name].tokens }));
  const max = Math.max(...points.map(({ each }) => each)) * 1.2;
  const [first, last] = [points[0].words, points.at(-1).words];
  const x = (words) => 60 + ((WIDTH - 60 - RIGHT) * Math.log(words / first)) / (Math.log(last / first) || 1);
  const y = (each) => height - bottom - ((height - top - bottom) * each) / max;
  return svg(height, [
    text(60, 18, `${name}: CPU time per token (µs) by words of the document`, 'start', 'bold'),
    `<path d="M60 ${top}V${height - bottom}H${WIDTH - RIGHT + 20}" fill="none" stroke="currentColor" opacity="0.4"/>`,
    `<polyline points="${points.map(({ words, each }) => `${x(words).toFixed(1)},${y(each).toFixed(1)}`).join(' ')}" fill="none" stroke="${COLORS.luke}" stroke-width="2"/>`,
    ...points.map(({ words, each }) => text(x(words), y(each) - 8, each.toFixed(0), 'middle') + text(x(words), height - bottom + 16, words, 'middle')),
    text(54, y(0), '0', 'end'),
  ]);
}

function svg(height, parts) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${Math.ceil(height)}" font-family="sans-serif" font-size="11" color="#808080" fill="currentColor">\n${parts.join('\n')}\n</svg>\n`;
}

function text(x, y, content, anchor = 'start', weight = 'normal') {
  const safe = String(content).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${Number(x).toFixed(1)}" y="${Number(y).toFixed(1)}" text-anchor="${anchor}" font-weight="${weight}">${safe}</text>`;
}
