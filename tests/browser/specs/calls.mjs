// Near misses, results that come while the call runs, results of passes that are kept, lists of mentions, and pooled vectors.
import assert from 'node:assert/strict';

const TEXT = 'Nadim Ladki saw Japan get a lucky win in Los Angeles on Thursday.';

export default async function ({ test, openPage }) {
  for (const worker of [true, false]) {
    const where = worker ? 'in a worker' : 'without a worker';
    let page;
    const inPage = (what, run, check) =>
      test(`wasm ${where}: ${what}`, async () => {
        page ??= await openPage();
        check(await page.evaluate(run, { worker, TEXT }));
      });

    await inPage('near misses are no entities, and asking for them changes no entity', nearMisses, ({ plain, found, none, several, words, wrong }) => {
      assert.ok(plain.length > 0 && found.runnersUp.length > 0);
      assert.deepEqual(found.entities, plain);
      assert.deepEqual(none, { entities: plain, runnersUp: [] });
      assert.deepEqual(several, [found, { entities: [], runnersUp: [] }]);
      assert.ok(words.entities.length > 0 && words.runnersUp.every(({ start, end }) => start < end && end <= 14), JSON.stringify(words));
      const places = new Set(plain.map(({ start, end }) => `${start}-${end}`));
      for (const { start, end, text, score, label, lostTo } of found.runnersUp) {
        assert.ok(!places.has(`${start}-${end}`), text);
        assert.equal(TEXT.slice(start, end), text);
        assert.ok(score >= 0.1 && score <= 1 && typeof label === 'string' && ['none', 'overlap'].includes(lostTo));
      }
      for (const { error } of wrong) {
        assert.equal(error?.code, 'input', JSON.stringify(error));
        assert.match(error.message, /runnersUp/);
      }
    });

    await inPage('nerStream gives each text in order and before the end; leaving the loop and the signal end the call', streams, (results) => {
      const { all, wanted, firstShare, afterBreak, breakShare, aborted, after } = results;
      assert.deepEqual(all.map(({ index }) => index), wanted.map((_, i) => i));
      assert.deepEqual(all.map(({ entities }) => entities), wanted);
      assert.ok(firstShare < 0.7, `the first text came after ${firstShare} of the time`);
      assert.deepEqual(afterBreak, wanted[0]);
      assert.ok(breakShare < 0.7, `the call after the loop had to wait for ${breakShare} of the whole time`);
      assert.equal(aborted.error?.foreign, 'enough');
      assert.deepEqual(after, wanted[0]);
      for (const { error } of results.wrong) {
        assert.equal(error?.code, 'input', JSON.stringify(error));
        assert.match(error.message, /runnersUp/);
      }
    });

    await inPage('a text of which one sentence is new costs a part of the time, and gives the same result', kept, ({ found, wanted, ms, plainMs, wrong }) => {
      assert.deepEqual(found, wanted);
      assert.ok(ms < plainMs / 3, `${ms} ms, and ${plainMs} ms with nothing kept`);
      for (const { error } of wrong) {
        assert.equal(error?.code, 'input');
        assert.match(error.message, /passCacheBytes/);
      }
    });

    await inPage('lists of mentions have the results of each', lists, ({ typing, relation, wrong }) => {
      for (const { each, together } of [typing, relation]) {
        assert.equal(each.length, 3);
        assert.deepEqual(together, each);
      }
      assert.deepEqual(wrong.map(({ error }) => error?.code), ['input', 'input', 'input']);
      assert.match(wrong[0].error.message, /inputs\[1\]\.span/);
    });

    await inPage('pooled and normalized vectors are those of the hidden states', vectors, ({ states, found, features, plain, wrong }) => {
      const hidden = states[0].length;
      const mean = states[0].map((_, i) => states.reduce((sum, row) => sum + row[i], 0) / states.length);
      const wanted = { mean, cls: states[0] };
      for (const [pooling, { vector, normal }] of Object.entries(found)) {
        close(vector, wanted[pooling], pooling);
        const length = Math.hypot(...wanted[pooling]);
        close(normal, wanted[pooling].map((value) => value / length), `normal ${pooling}`);
      }
      assert.deepEqual(features.map(({ dims }) => dims), [[1, hidden], [1, hidden], [1, states.length - 2, hidden]]);
      close(features[0].data, found.mean.normal, 'feature-extraction, mean');
      close(features[1].data, found.cls.vector, 'feature-extraction, first_token');
      assert.equal(plain, false);
      for (const { error } of wrong) assert.equal(error?.code, 'input', JSON.stringify(error));
      assert.match(wrong[0].error.message, /pooling/);
      assert.match(wrong[1].error.message, /normalize/);
    });
    await page?.context().close();
  }
}

function close(actual, wanted, what) {
  assert.equal(actual.length, wanted.length, what);
  wanted.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-5, `${what}[${i}]: ${actual[i]}, not ${value}`));
}

// In the page.
async function nearMisses({ worker, TEXT }) {
  const luke = await lukeWeb.Luke.load('/models/micro-span_cls/', { device: 'wasm', worker });
  const words = TEXT.replace('.', ' .').split(' ');
  const result = {
    plain: await luke.ner(TEXT),
    found: await luke.ner(TEXT, { runnersUp: 0.1 }),
    none: await luke.ner(TEXT, { runnersUp: 1.1 }),
    several: await luke.ner([TEXT, ''], { runnersUp: 0.1 }),
    words: await luke.ner({ words }, { runnersUp: 0.1 }),
    wrong: [],
  };
  for (const runnersUp of [-1, 'many', [0.5], {}]) result.wrong.push(await outcome(luke.ner(TEXT, { runnersUp })));
  await luke.dispose();
  return result;
}

async function streams({ worker, TEXT }) {
  const luke = await lukeWeb.Luke.load('/models/micro-span_cls/', { device: 'wasm', worker, passCacheBytes: 0 });
  const texts = Array.from({ length: 40 }, (_, i) => TEXT.replace('win', `win ${i}`).repeat(8));
  const wanted = await luke.ner(texts);
  const all = [];
  const started = performance.now();
  let firstMs;
  for await (const part of luke.nerStream(texts)) {
    firstMs ??= performance.now() - started;
    all.push(part);
  }
  const wholeMs = performance.now() - started;

  const again = performance.now();
  for await (const { index } of luke.nerStream(texts)) if (index === 0) break;
  const afterBreak = await luke.ner(texts[0]);
  const breakShare = (performance.now() - again) / wholeMs;

  const abort = new AbortController();
  const seen = [];
  const aborted = await outcome((async () => {
    for await (const { index } of luke.nerStream(texts, { signal: abort.signal })) {
      seen.push(index);
      abort.abort('enough');
    }
  })());
  const wrong = [];
  for (const options of [{ runnersUp: -1 }, { runnerUp: 1 }]) wrong.push(await outcome(luke.nerStream(texts, options).next()));
  const after = await luke.ner(texts[0]);
  await luke.dispose();
  return { all, wanted, firstShare: firstMs / wholeMs, afterBreak, breakShare, aborted, wrong, after };
}

async function kept({ worker, TEXT }) {
  const url = '/models/micro-span_cls/';
  const sentences = Array.from({ length: 120 }, (_, i) => `${TEXT.slice(0, -1)} ${i}. `);
  const changed = sentences.with(60, sentences[60].replace('lucky', 'late')).join('');
  const times = [];
  const found = [];
  for (const options of [{}, { passCacheBytes: 0 }]) {
    const luke = await lukeWeb.Luke.load(url, { device: 'wasm', worker, ...options });
    await luke.ner(sentences.join(''));
    const started = performance.now();
    found.push(await luke.ner(changed));
    times.push(performance.now() - started);
    await luke.dispose();
  }
  const wrong = [];
  for (const passCacheBytes of [-1, 'much', 2 ** 31]) wrong.push(await outcome(lukeWeb.Luke.load(url, { passCacheBytes })));
  return { found: found[0], wanted: found[1], ms: times[0], plainMs: times[1], wrong };
}

async function lists({ worker }) {
  const load = (name) => lukeWeb.Luke.load(`/models/${name}/`, { device: 'wasm', worker });
  const text = '🙂 Beyoncé lives in Los Angeles.';
  const [typing, relation] = [await load('micro-entity_cls'), await load('micro-entity_pair')];
  const spans = [[3, 10], { start: 20, end: 31 }, [3, 31]];
  const mentions = spans.map((span) => ({ text, span }));
  const pairs = spans.map((head) => ({ text, head, tail: { start: 20, end: 31 } }));
  const each = async (inputs, call) => {
    const results = [];
    for (const input of inputs) results.push(await call(input));
    return results;
  };
  const result = {
    typing: { each: await each(mentions, ({ text, span }) => typing.typing(text, span, { allScores: true })), together: await typing.typing(mentions, { allScores: true }) },
    relation: { each: await each(pairs, ({ text, head, tail }) => relation.relation(text, head, tail)), together: await relation.relation(pairs) },
    wrong: [
      await outcome(typing.typing([mentions[0], { text, span: [0, 99] }])),
      await outcome(typing.typing([{ text, span: [3, 10], more: 1 }])),
      await outcome(relation.relation([{ text, head: [3, 10], tail: [1, 2] }, null])),
    ],
  };
  await Promise.all([typing.dispose(), relation.dispose()]);
  return result;
}

async function vectors({ worker }) {
  const luke = await lukeWeb.Luke.load('/models/micro-model/', { device: 'wasm', worker });
  const text = 'Beyoncé lives in Los Angeles.';
  const { tokens, ...plain } = await luke.embed(text);
  const { lastHiddenState } = await luke.forward({ inputIds: [0, ...tokens.map(({ id }) => id), 2] }, { head: 'model' });
  const [rows, hidden] = lastHiddenState.shape;
  const states = Array.from({ length: rows }, (_, i) => [...lastHiddenState.data.slice(i * hidden, (i + 1) * hidden)]);
  const found = {};
  for (const pooling of ['mean', 'cls']) {
    const [{ vector }, normal] = [await luke.embed(text, [], { pooling }), await luke.embed(text, [], { pooling, normalize: true })];
    found[pooling] = { vector: [...vector.data], normal: [...normal.vector.data] };
  }
  const extract = await lukeWeb.pipeline('feature-extraction', luke);
  const features = [];
  for (const options of [{ pooling: 'mean', normalize: true }, { pooling: 'first_token' }, {}]) {
    const { dims, data } = await extract(text, options);
    features.push({ dims, data: [...data] });
  }
  const wrong = [await outcome(luke.embed(text, [], { pooling: 'max' })), await outcome(extract(text, { normalize: 'yes' })), await outcome(luke.embed(text, [], { normalise: true }))];
  await luke.dispose();
  return { states, found, features, plain: 'vector' in plain, wrong };
}
