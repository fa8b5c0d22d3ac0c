// Entity typing and relation classification return Hugging Face's logits and labels on every device. Other heads are refused.
import assert from 'node:assert/strict';
import { DEVICES, fixture, TOLERANCE, utf16 } from '../fixtures.mjs';

export default async function ({ test, openPage }) {
  const { entity, pair } = fixture('typing_relation');
  const tasks = {
    typing: { checkpoint: 'micro-entity_cls', cases: entity, args: ({ text, utf16: span }) => [text, span, { allScores: true }] },
    relation: { checkpoint: 'micro-entity_pair', cases: pair, args: ({ text, head, tail }) => [text, utf16(text, head), utf16(text, tail)] },
  };
  for (const device of DEVICES) {
    let page;
    for (const [task, { checkpoint, cases, args }] of Object.entries(tasks)) {
      await test(`${device} ${task}, ${cases.length} mentions`, async () => {
        page ??= await openPage();
        const { labels, results } = await page.evaluate(runAll, { task, checkpoint, device, calls: cases.map(args) });
        cases.forEach(({ name, logits, label }, i) => {
          const scores = results[i];
          assert.equal(scores.length, logits.length, name);
          logits.forEach((want, id) => {
            const { logit } = scores.find((score) => score.label === labels[id]);
            assert.ok(Math.abs(logit - want) <= TOLERANCE, `${name}, ${labels[id]}: ${logit}, not ${want}`);
          });
          if (label) assert.equal(scores[0].label, label, `${name}: the best`);
          assert.ok(scores.every(({ logit }, at) => at === 0 || scores[at - 1].logit >= logit), `${name}: best first`);
        });
      });
    }
    await page?.context().close();
  }

  await test('wasm: a task without a head and invalid spans reject; the next valid call works', async () => {
    const page = await openPage();
    const outcomes = await page.evaluate(async () => {
      const ner = await lukeWeb.Luke.load('/models/micro-span_cls/', { device: 'wasm' });
      const typing = await lukeWeb.Luke.load('/models/micro-entity_cls/', { device: 'wasm' });
      const failure = (work) => work.then(String, ({ code, message }) => ({ code, message }));
      const outcomes = [
        await failure(ner.typing('Tokyo', [0, 5])),
        await failure(typing.ner('Tokyo')),
        await failure(typing.typing('Tokyo', [0, 6])),
        await failure(typing.typing('Tokyo', [3, 3])),
        await failure(typing.typing('a\u{1D4B3}b', [0, 2])),
        await failure(typing.typing('Tokyo', [0, 5], { specialTokens: 'maybe' })),
      ];
      const good = await typing.typing('Tokyo', [0, 5], { allScores: true });
      await Promise.all([ner.dispose(), typing.dispose()]);
      return { outcomes, good: good.length };
    });
    const wanted = [/'typing'.*ner/, /'ner'.*typing/, /beyond the text/, /empty/, /cuts a character/, /maybe/];
    outcomes.outcomes.forEach(({ code, message }, i) => {
      assert.equal(code, i < 2 ? 'task-unavailable' : 'input', message);
      assert.match(message, wanted[i]);
    });
    assert.ok(outcomes.good > 1);
    await page.context().close();
  });
}

// In the page.
async function runAll({ task, checkpoint, device, calls }) {
  globalThis.worker ??= new Worker('/pkg/dist/worker.js', { type: 'module' });
  const { config } = await (await fetch(`/models/${checkpoint}/manifest.json`)).json();
  const luke = await lukeWeb.Luke.load(`/models/${checkpoint}/`, { device, worker: globalThis.worker });
  const results = [];
  for (const call of calls) results.push(await luke[task](...call));
  await luke.dispose();
  return { labels: Object.values(config.id2label), results };
}
