// `luke.ner` on texts and on word lists gives the reference pipeline's entities.
import assert from 'node:assert/strict';
import { DEVICES, fixture, TOLERANCE } from '../fixtures.mjs';

// 52 sentences of 512 tokens each: minutes on the software adapter, seconds on the CPU.
const TOO_LONG = { webgpu: ['long600'], wasm: [] };

export default async function ({ test, openPage }) {
  const { text, words } = fixture('ner');
  for (const device of DEVICES) {
    const kept = words.filter(({ name }) => !TOO_LONG[device].includes(name));
    const without = TOO_LONG[device].length ? `, without ${TOO_LONG[device]} (minutes on a software adapter)` : '';
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
    await test(`${device} ${kept.length} word lists${without}`, async () => {
      page ??= await openPage();
      const calls = kept.map(({ words, bounds, args }) => [
        { words, sentences: bounds.slice(1).map((end, i) => [bounds[i], end]) },
        { context: 'document', maxSpanTokens: 16, maxEntitiesPerPass: args.max_entity_length ?? 128, maxSeqTokens: args.max_seq_length ?? 512 },
      ]);
      const results = await page.evaluate(nerAll, { device, calls });
      kept.forEach((entry, i) => {
        const expected = entry.entities.map(([start, end, label, logit]) => ({ start, end, label, logit }));
        compare(results[i], expected, `words "${entry.name}"`);
      });
    });
    await page?.context().close();
  }
}

// In the page.
async function nerAll({ device, calls }) {
  const luke = await lukeWeb.Luke.load('/models/micro-span_cls/', { device });
  const results = [];
  for (const [input, options] of calls) results.push(await luke.ner(input, options));
  await luke.dispose();
  return results;
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
