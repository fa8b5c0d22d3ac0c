import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countWords } from '../model/boundaries.js';
import { Scan } from '../assistant/scan.js';
import { FORCED, slicesOf } from '../assistant/slices.js';
import { property, texts } from './testing.js';
import { entitiesOf } from './assistant-fakes.js';

const SOURCE = { ref: { name: 'fake', manifestHash: '' }, key: 'k', find: async (text: string) => entitiesOf(text) };

/** What a scan in slices finds, in text order. */
async function scanned(text: string, words: number): Promise<unknown[]> {
  const scan = new Scan(text, SOURCE, words);
  while (!scan.isDone) await scan.step(new AbortController().signal);
  assert.equal(scan.dropped, 0);
  return scan.result(0).spans.map(({ pieces, label, score, lostTo }) => [...pieces.flat(), label, score, lostTo]).sort();
}

function whole(text: string): unknown[] {
  const { entities, runnersUp } = entitiesOf(text);
  return [...entities, ...runnersUp]
    .map(({ start, end, label, score, lostTo }) => [start, end, label, score, lostTo]).sort();
}

const PARTS = [
  'Ada met Byron', ' in London', '.', '. ', '! ', '? ', '."', '.) ', ' said Mr. Smith', ' J. R. Tolkien', ' went home', ' went Home.', ' in 1990.', ' 3.14',
  '\n', '\r\n', '\n\n', '\n \t\n', ' \r\n\r\n ', ' the U.S. Senate', ' and so on', ' “Quoted” words', ' col.', ' prof.', ' home. “Then', ' (Why', '首都です。', '東京',
];

test('property: slices find what is found in the whole text', async () => {
  const long = fc.array(fc.constantFrom(...PARTS), { maxLength: 60 }).map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(fc.oneof(long, texts()), fc.integer({ min: 1, max: 20 }), async (text, words) => {
      const isForced = [...slicesOf(text, words)].some((slice) => slice.words >= FORCED * words);
      fc.pre(!isForced);
      assert.deepEqual(await scanned(text, words), whole(text));
    }),
    property(400),
  );
});

test('property: slices are in order and cover the text, and their words are those of the text', () => {
  fc.assert(
    fc.property(texts({ halves: true }), fc.integer({ min: 1, max: 20 }), (text, words) => {
      const slices = [...slicesOf(text, words)];
      assert.equal(slices.map(({ start, end }) => text.slice(start, end)).join(''), text);
      for (const { start, end } of slices) assert.ok(start < end);
      assert.equal(slices.reduce((sum, slice) => sum + slice.words, 0), countWords(text));
    }),
    property(100),
  );
});

test('a slice has at most the words that it may have where sentences end, and begins with the white space', () => {
  const sentence = 'The quick brown fox jumps over the lazy animals. ';
  const slices = [...slicesOf(sentence.repeat(40), 20)];
  assert.ok(slices.every(({ words }) => words <= 20), JSON.stringify(slices));
  assert.equal(slices.length, 20);
  assert.ok(slices.slice(1).every(({ start }) => start % sentence.length === sentence.length - 1));
});

test('a text without an end of a sentence is cut all the same, before a word', () => {
  const slices = [...slicesOf('one two '.repeat(1000), 10)];
  assert.ok(slices.length > 5);
  assert.ok(slices.every(({ words }) => words <= FORCED * 10));
  assert.ok(slices.slice(1).every(({ start }) => start % 4 === 0), 'each begins with a word');
});

test('slices are found while they are asked for', () => {
  const first = slicesOf('One sentence ends here. '.repeat(1_000_000)).next();
  assert.ok(!first.done && first.value.end < 10_000);
});
