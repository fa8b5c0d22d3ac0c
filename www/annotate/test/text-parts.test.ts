import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { arcShape } from '../view/text/arc-shape.js';
import { chosenAt } from '../view/text/pointer.js';

test('clicks at one place go outwards and begin again; another place begins with the innermost', () => {
  const place = { offset: 5, ids: ['inner', 'outer'] };
  assert.equal(chosenAt(place, undefined, undefined), 'inner');
  assert.equal(chosenAt(place, place, 'inner'), 'outer');
  assert.equal(chosenAt({ offset: 6, ids: ['inner', 'outer'] }, place, 'inner'), 'outer');
  assert.equal(chosenAt(place, place, 'outer'), 'inner');
  assert.equal(chosenAt({ offset: 9, ids: ['inner', 'outer'] }, place, 'inner'), 'inner');
  assert.equal(chosenAt({ offset: 5, ids: ['other'] }, place, 'inner'), 'other');
  assert.equal(chosenAt(place, place, 'focused from elsewhere'), 'inner');
  assert.equal(chosenAt({ offset: 5, ids: [] }, place, 'inner'), undefined);
});

test('an arc rises above both ends, but not out of the text, and the next one is higher', () => {
  const [from, to] = [{ x: 10, y: 200 }, { x: 90, y: 230 }];
  const heights = [0, 1, 2].map((index) => arcShape(from, to, index).middle.y);
  assert.ok(heights[0]! < 200 && heights[1]! < heights[0]! && heights[2]! < heights[1]!, `${heights}`);
  assert.match(arcShape(from, to, 0).line, /^M10 200C10 (\d+) 90 \1 90 226$/);
  assert.match(arcShape({ x: 0, y: 5 }, { x: 9, y: 5 }, 3).line, /C0 0 9 0 /);
  assert.equal(arcShape(from, to, 0).middle.x, 50);
});

/** Relative luminance, as WCAG defines it. */
function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

test('each text color has a contrast of 4.5:1 to all backgrounds and to the page, and so has the text of the page', () => {
  // From the folder of compiled tests.
  const css = readFileSync(new URL('../../view/colors.css', import.meta.url), 'utf8');
  const schemes = [{ page: ['#ffffff', '#fbfaf8'], ink: '#1d1c1a' }, { page: ['#171614', '#201f1c'], ink: '#eceae5' }];
  css.split('@media').forEach((part, index) => {
    const colors = (name: string): string[] => [...part.matchAll(new RegExp(`--${name}-\\d: (#[0-9a-f]{6});`, 'g'))].map(([, color]) => color!);
    const [backgrounds, texts] = [colors('label'), colors('label-text')];
    assert.deepEqual([backgrounds.length, texts.length], [10, 10]);
    const { page, ink } = schemes[index]!;
    for (const text of [...texts, ink]) {
      for (const background of [...backgrounds, ...page]) assert.ok(contrast(text, background) >= 4.5, `${text} on ${background}`);
    }
  });
});
