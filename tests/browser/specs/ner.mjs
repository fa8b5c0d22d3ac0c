// `luke.ner` on texts and on word lists returns the entities of the reference pipeline.
import assert from 'node:assert/strict';
import { DEVICES, fixture, TOLERANCE } from '../fixtures.mjs';

export default async function ({ test, openPage }) {
  const { text, words } = fixture('ner');
  for (const device of DEVICES) {
    let page;
    await test(`${device} ${text.length} texts`, async () => {
      page ??= await openPage();
      const calls = text.map(({ text, max_entities }) => [text, { sentences: 'none', maxSpanTokens: 16, maxEntitiesPerPass: max_entities }]);
      const results = await page.evaluate(nerAll, { device, calls });
      text.forEach((entry, i) => {
        const where = `text "${entry.name}", ${entry.max_entities ?? 'all'} entities per pass`;
        const expected = entry.entities.map(({ utf16: [start, end], label, logit }) => ({ start, end, label, logit }));
        compare(results[i], expected, where);
        for (const entity of results[i]) assert.equal(entry.text.slice(entity.start, entity.end), entity.text, where);
      });
    });
    await test(`${device} ${words.length} word lists`, async () => {
      page ??= await openPage();
      const calls = words.map(({ words, bounds, args }) => [
        { words, sentences: bounds.slice(1).map((end, i) => [bounds[i], end]) },
        { context: 'document', maxSpanTokens: 16, maxEntitiesPerPass: args.max_entity_length ?? 128, maxSeqTokens: args.max_seq_length ?? 512 },
      ]);
      const results = await page.evaluate(nerAll, { device, calls });
      words.forEach((entry, i) => {
        const expected = entry.entities.map(([start, end, label, logit]) => ({ start, end, label, logit }));
        compare(results[i], expected, `words "${entry.name}"`);
      });
    });
    await page?.context().close();
  }

  await test('wasm the slice of the text equals the entity for unusual texts', async () => {
    const page = await openPage();
    const calls = [...ODD_TEXTS.flatMap((text) => [[text], [text, { sentences: 'none' }]]), [ODD_TEXTS, { allScores: true }]];
    const results = await page.evaluate(nerAll, { device: 'wasm', calls });
    const each = [...results.slice(0, -1).map((found, i) => [ODD_TEXTS[i >> 1], found]), ...results.at(-1).map((found, i) => [ODD_TEXTS[i], found])];
    let count = 0;
    for (const [text, found] of each) {
      let last = 0;
      for (const entity of found) {
        assert.ok(entity.start >= last && entity.end > entity.start, `${JSON.stringify(text)}: ${JSON.stringify(found)}`);
        assert.equal(text.slice(entity.start, entity.end), entity.text, JSON.stringify(text));
        last = entity.end;
        count += 1;
      }
    }
    assert.ok(count > 20, `only ${count} entities`);
    assert.equal(await page.evaluate(unpairedSurrogates), true, 'unpaired surrogates');
    for (const { label, score, scores } of results.at(-1).flat()) assert.equal(scores[label], score);
    await page.context().close();
  });
}

/** Emoji sequences and flags, combining marks, right-to-left text, line ends, supplementary planes, and a text of many windows. */
const ODD_TEXTS = [
  'Hi 👨‍👩‍👧‍👦 from Zürich 🇨🇭 and Tokyo 🙂!', 'Beyonce\u0301 in Sa\u0303o Paulo', 'القاهرة هي عاصمة مصر. Cairo!', 'Paris\r\nTexas\tTokyo\u2028Rome\u00a0Oslo',
  '𝔏𝔬𝔫𝔡𝔬𝔫 met 𠮷野家 in 東京。', '\ufeffParis \u200b Tokyo\u200d', 'a</s>b <mask> <s> [MASK] Paris', '\0 Paris \u0007', 'Paris '.repeat(700),
];

// In the page.
async function nerAll({ device, calls }) {
  const luke = await lukeWeb.Luke.load('/models/micro-span_cls/', { device });
  const results = [];
  for (const [input, options] of calls) results.push(await luke.ner(input, options));
  await luke.dispose();
  return results;
}

/** These texts are defined here because unpaired surrogates cannot be sent to the page. */
async function unpairedSurrogates() {
  const luke = await lukeWeb.Luke.load('/models/micro-span_cls/', { device: 'wasm' });
  const texts = ['Paris \ud800 Tokyo', 'a\udc00 Rome'];
  const results = [...(await luke.ner(texts)), await luke.ner(texts[0])];
  await luke.dispose();
  return results.flat().length > 0 && results.every((found, i) => found.every(({ start, end, text }) => texts[i % 2].slice(start, end) === text));
}

function compare(actual, expected, where) {
  const place = ({ start, end, label }) => `${start}-${end} ${label}`;
  assert.deepEqual(actual.map(place), expected.map(place), where);
  actual.forEach(({ logit, score }, i) => {
    const difference = Math.abs(logit - expected[i].logit);
    assert.ok(difference <= TOLERANCE, `${where}, entity ${i}: logit off by ${difference}`);
    assert.ok(score > 0 && score <= 1, `${where}, entity ${i}: score ${score}`);
  });
}
