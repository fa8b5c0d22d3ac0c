// `luke.cloze` returns the reference's logits of all candidates (the maximum over the windows) and ReCoRD's answer.
import assert from 'node:assert/strict';
import { DEVICES, fixture, TOLERANCE, utf16 } from '../fixtures.mjs';

export default async function ({ test, openPage }) {
  const { cases } = fixture('record');
  for (const device of DEVICES) {
    let page;
    await test(`${device} ${cases.length} queries`, async () => {
      page ??= await openPage();
      const results = await page.evaluate(clozeAll, { device, calls: cases.map(call) });
      cases.forEach((entry, i) => compare(entry, results[i]));
    });
    await page?.context().close();
  }

  await test('wasm: invalid arguments reject, and the next valid call works', async () => {
    const page = await openPage();
    const [passage, query, candidates] = call(cases[0]);
    const calls = [
      [passage, 'no place to fill', candidates],
      [passage, query, [[0, passage.length + 1]]],
      [passage, query, [[5, 5]]],
      ['a\u{1D4B3}b', query, [[0, 2]]],
      [passage, query, candidates, { docStride: 0 }],
      [passage, query, candidates, { maxQueryTokens: 'many' }],
      [passage, query, candidates],
    ];
    const outcomes = await page.evaluate(clozeOutcomes, calls);
    outcomes.slice(0, -1).forEach(({ value, error }, i) => assert.equal(error?.code, 'input', `call ${i}: ${JSON.stringify(value ?? error)}`));
    assert.equal(outcomes.at(-1).value?.length, candidates.length, JSON.stringify(outcomes.at(-1)));
    await page.context().close();
  });
}

/** The arguments of `luke.cloze` for a case of the fixture. */
function call({ passage, query, entities, args }) {
  const options = Object.entries({ docStride: args.doc_stride, maxSeqTokens: args.max_seq_length }).filter(([, value]) => value !== undefined);
  return [passage, query, entities.map((span) => utf16(passage, span)), Object.fromEntries(options)];
}

function compare({ name, passage, entities, features, answer }, found) {
  const best = new Map(); // "start-end" in UTF-16 → the maximum logit over the windows that contain the candidate
  for (const { entities: shown, logits } of features) {
    shown.forEach((span, i) => {
      const key = utf16(passage, span).join('-');
      best.set(key, Math.max(best.get(key) ?? -Infinity, logits[i]));
    });
  }
  assert.equal(best.size, entities.length, `${name}: the fixture contains every candidate`);
  assert.deepEqual(found.map(({ start, end }) => `${start}-${end}`).sort(), [...best.keys()].sort(), name);
  for (const { start, end, text, logit } of found) {
    assert.equal(text, passage.slice(start, end), name);
    const want = best.get(`${start}-${end}`);
    assert.ok(Math.abs(logit - want) <= TOLERANCE, `${name}, "${text}": ${logit}, not ${want}`);
  }
  assert.ok(found.every(({ logit }, at) => at === 0 || found[at - 1].logit >= logit), `${name}: best first`);
  if (!answer) return;
  const [start, end] = utf16(passage, answer.span);
  assert.deepEqual([found[0].start, found[0].end], [start, end], `${name}: the answer`);
  // Scores are the softmax of the logits.
  const weights = found.map(({ logit }) => Math.exp(logit));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  found.forEach(({ score }, i) => assert.ok(Math.abs(score - weights[i] / sum) <= 1e-6, `${name}: score ${score}`));
}

// In the page.
async function clozeAll({ device, calls }) {
  const luke = await lukeWeb.Luke.load('/models/micro-cloze/', { device });
  const results = [];
  for (const call of calls) results.push(await luke.cloze(...call));
  await luke.dispose();
  return results;
}

async function clozeOutcomes(calls) {
  const luke = await lukeWeb.Luke.load('/models/micro-cloze/', { device: 'wasm' });
  const outcomes = [];
  for (const call of calls) outcomes.push(await outcome(luke.cloze(...call)));
  await luke.dispose();
  return outcomes;
}
