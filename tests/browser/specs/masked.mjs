// `luke.fillMask` and `luke.predictEntities` return Hugging Face's five best; `luke.embed` returns the same vectors as `luke.forward`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DEVICES, fixture, maxDifference, TOLERANCE, utf16 } from '../fixtures.mjs';

const CHECKPOINT = new URL('../../fixtures/checkpoints/micro-mlm/', import.meta.url);
const json = (name) => JSON.parse(readFileSync(new URL(name, CHECKPOINT), 'utf8'));

/** Inputs of `luke.embed`. In the micro vocabulary `<s>` is 0, `</s>` is 2 and the entity `[MASK]` is 2. */
const EMBEDDED = [
  ['Beyoncé lives in Los Angeles.', [[0, 7], [17, 28]]],
  ['Tokyo', []],
  ['東京は 🙂 日本の\t首都です。', [[0, 2], [11, 13]]],
];

export default async function ({ test, openPage }) {
  const cases = fixture('mlm');
  const titles = Object.keys(json('entity_vocab.json'));
  const maskId = json('added_tokens.json')['<mask>'] ?? json('vocab.json')['<mask>'];
  for (const device of DEVICES) {
    let page;
    const inPage = async (task, calls) => {
      page ??= await openPage();
      return page.evaluate(runAll, { task, checkpoint: 'micro-mlm', device, calls });
    };
    // With entities the logits of words depend on them, and fillMask has no entities.
    const plain = cases.filter(({ spans }) => spans.length === 0);
    await test(`${device} fillMask, ${plain.length} texts`, async () => {
      const { results, tasks } = await inPage('fillMask', plain.map(({ text }) => [text]));
      assert.deepEqual([...tasks].sort(), ['embed', 'fillMask', 'predictEntities']);
      plain.forEach(({ text, input_ids: ids, word_top5: top5 }, i) => {
        const expected = top5.filter((_, at) => ids[at] === maskId);
        assert.ok(expected.length > 0, text);
        compare(expected, results[i], text);
        for (const { token } of results[i].flat()) assert.equal(typeof token, 'string', text);
      });
    });

    const linked = cases.filter(({ spans }) => spans.length > 0);
    await test(`${device} predictEntities, ${linked.length} texts`, async () => {
      const calls = linked.map(({ text, spans, entities }) => [
        text, spans.map((span) => utf16(text, span)), entities ? { titles: entities.map((title) => (title === '[MASK]' ? null : title)) } : {},
      ]);
      const { results } = await inPage('predictEntities', calls);
      linked.forEach(({ text, entity_top5: top5 }, i) => {
        compare(top5, results[i], text);
        for (const { title, id } of results[i].flat()) assert.equal(title, titles[id], text);
      });
    });

    await test(`${device} embed, ${EMBEDDED.length} texts`, async () => {
      page ??= await openPage();
      const results = await page.evaluate(embedAll, { device, calls: EMBEDDED });
      results.forEach(({ embedding: { tokens, ...tensors }, forward }, i) => {
        const [text, spans] = EMBEDDED[i];
        const { words, entities, pooled } = tensors;
        const hidden = forward.poolerOutput.shape.at(-1);
        assert.deepEqual(words.shape, [tokens.length, hidden], text);
        assert.deepEqual(entities.shape, [spans.length, hidden], text);
        assert.deepEqual(pooled.shape, [hidden], text);
        assert.ok(tokens.every(({ start, end }, at) => start >= (tokens[at - 1]?.start ?? 0) && end >= start && end <= text.length), text);
        const expected = {
          words: forward.lastHiddenState.data.slice(hidden, -hidden), // without the special tokens at both ends
          entities: forward.entityLastHiddenState?.data ?? [],
          pooled: forward.poolerOutput.data,
        };
        for (const [name, data] of Object.entries(expected)) {
          const difference = maxDifference(tensors[name].data, data);
          assert.ok(difference <= TOLERANCE, `${text}, ${name}: off by ${difference}`);
        }
      });
    });
    await page?.context().close();
  }

  await test('wasm: invalid arguments reject, and the next valid call works; a checkpoint without a pooler has no pooled vector', async () => {
    const page = await openPage();
    const { bad, counts, lists, pooled } = await page.evaluate(oddCalls);
    for (const { value, error } of bad) assert.equal(error?.code, 'input', JSON.stringify(value ?? error));
    assert.deepEqual(counts, [1, 3]);
    assert.deepEqual(lists, [1, 2, 2]);
    assert.equal(pooled, null);
    await page.context().close();
  });

  await test('wasm: a checkpoint without heads refuses every task except embed, and names it', async () => {
    const page = await openPage();
    const { tasks, outcomes } = await page.evaluate(headless);
    assert.deepEqual(tasks, ['embed']);
    for (const [task, { value, error }] of Object.entries(outcomes)) {
      assert.equal(error?.code, 'task-unavailable', `${task}: ${JSON.stringify(value ?? error)}`);
      assert.match(error.message, new RegExp(`${task}.*embed`), task);
    }
    await page.context().close();
  });
}

/** Compares our results with the `[id, logit]` lists of the fixture. */
function compare(expected, found, where) {
  assert.deepEqual(found.map((list) => list.map(({ id }) => id)), expected.map((list) => list.map(([id]) => id)), where);
  found.forEach((list, i) => {
    list.forEach(({ logit, score }, k) => {
      const want = expected[i][k][1];
      assert.ok(Math.abs(logit - want) <= TOLERANCE, `${where}, list ${i}: ${logit}, not ${want}`);
      // Scores are a softmax: the ratio of two scores is the exponential of the difference of their logits.
      const ratio = Math.exp(want - expected[i][0][1]);
      assert.ok(score > 0 && score < 1 && Math.abs(score / list[0].score - ratio) <= 1e-3, `${where}, list ${i}: score ${score}`);
    });
  });
}

// In the page.
async function runAll({ task, checkpoint, device, calls }) {
  globalThis.worker ??= new Worker('/pkg/dist/worker.js', { type: 'module' });
  const luke = await lukeWeb.Luke.load(`/models/${checkpoint}/`, { device, worker: globalThis.worker });
  const results = [];
  for (const call of calls) results.push(await luke[task](...call));
  await luke.dispose();
  return { tasks: luke.tasks, results };
}

async function embedAll({ device, calls }) {
  globalThis.worker ??= new Worker('/pkg/dist/worker.js', { type: 'module' });
  const luke = await lukeWeb.Luke.load('/models/micro-model/', { device, worker: globalThis.worker });
  const plain = ({ shape, data }) => ({ shape: [...shape], data: [...data] });
  const results = [];
  for (const [text, spans] of calls) {
    const { tokens, words, entities, pooled } = await luke.embed(text, spans);
    // A token belongs to a span if their texts overlap.
    const positions = ([start, end]) => tokens.flatMap((token, i) => (token.start < end && token.end > start ? [i + 1] : []));
    const entityInputs = spans.length > 0 && { entityIds: spans.map(() => 2), entityPositionIds: spans.map(positions) };
    const forward = await luke.forward({ inputIds: [0, ...tokens.map(({ id }) => id), 2], ...entityInputs });
    results.push({
      embedding: { tokens, words: plain(words), entities: plain(entities), pooled: plain(pooled) },
      forward: Object.fromEntries(Object.entries(forward).map(([name, tensor]) => [name, plain(tensor)])),
    });
  }
  await luke.dispose();
  return results;
}

async function oddCalls() {
  const text = 'Beyoncé <mask> in Los Angeles.';
  const luke = await lukeWeb.Luke.load('/models/micro-mlm/', { device: 'wasm' });
  const calls = [
    () => luke.fillMask('Tokyo'),
    () => luke.fillMask(text, { topK: 0 }),
    () => luke.fillMask(text, { topK: 'all' }),
    () => luke.predictEntities(text, [[0, 99]]),
    () => luke.predictEntities(text, [[3, 3]]),
    () => luke.predictEntities(text, [[0, 7]], { topK: -1 }),
    () => luke.predictEntities(text, [[0, 7]], { titles: ['Beyoncé', 'Los Angeles'] }),
    () => luke.predictEntities(text, [[0, 7]], { titles: [7] }),
    () => luke.embed('a\u{1D4B3}b', [[0, 2]]),
    () => luke.embed(text, [[0, 7]], { specialTokens: 'maybe' }),
  ];
  const bad = [];
  for (const call of calls) bad.push(await outcome(call()));
  const counts = [(await luke.fillMask(text, { topK: 1 }))[0].length, (await luke.predictEntities(text, [[0, 7]], { topK: 3 }))[0].length];
  const lists = [await luke.fillMask(text), await luke.fillMask('<mask> in <mask>'), await luke.predictEntities(text, [[0, 7], [18, 29]])].map((found) => found.length);
  await luke.dispose();
  const qa = await lukeWeb.Luke.load('/models/micro-qa/', { device: 'wasm' });
  const { pooled } = await qa.embed(text);
  await qa.dispose();
  return { bad, counts, lists, pooled };
}

async function headless() {
  const luke = await lukeWeb.Luke.load('/models/micro-model/', { device: 'wasm' });
  const outcomes = {
    ner: await outcome(luke.ner('Tokyo')),
    typing: await outcome(luke.typing('Tokyo', [0, 5])),
    relation: await outcome(luke.relation('Tokyo, Japan', [0, 5], [7, 12])),
    qa: await outcome(luke.qa('Where?', 'Tokyo')),
    cloze: await outcome(luke.cloze('Tokyo', '@placeholder', [[0, 5]])),
    fillMask: await outcome(luke.fillMask('<mask>')),
    predictEntities: await outcome(luke.predictEntities('Tokyo', [[0, 5]])),
  };
  await luke.dispose();
  return { tasks: luke.tasks, outcomes };
}
