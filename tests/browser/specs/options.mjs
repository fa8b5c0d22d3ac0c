// What only the module knows of options: which a task has, and what offsets count. Results are arguments, and `info` has the model's facts.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

// An emoji is two UTF-16 code units and four bytes, é two bytes.
const TEXT = '🙂 Zoé Dupré met Ana Ivanovic at Wimbledon.';

// [checkpoint, method, its arguments with an option that it does not have, the option, one that it has]
const UNKNOWN = [
  ['micro-span_cls', 'ner', [TEXT, { treshold: 1 }], 'treshold', 'threshold'],
  ['micro-qa', 'qa', ['who?', TEXT, { top_k: 1 }], 'top_k', 'nBest'],
  ['micro-cloze', 'cloze', [TEXT, '@placeholder won', [[3, 6]], { maxQuestionTokens: 1 }], 'maxQuestionTokens', 'maxQueryTokens'],
  ['micro-entity_cls', 'typing', [TEXT, [3, 6], { topK: 1 }], 'topK', 'allScores'],
  ['micro-entity_pair', 'relation', [TEXT, [3, 6], [7, 12], { topK: 1 }], 'topK', 'allScores'],
  ['micro-entity_cls', 'typing', [[{ text: TEXT, span: [3, 6] }], { topK: 1 }], 'topK', 'allScores'],
  ['micro-entity_pair', 'relation', [[{ text: TEXT, head: [3, 6], tail: [7, 12] }], { topK: 1 }], 'topK', 'allScores'],
  ['micro-mlm', 'fillMask', ['a <mask>', { titles: [] }], 'titles', 'specialTokens'],
  ['micro-mlm', 'predictEntities', [TEXT, [[3, 6]], { allScores: true }], 'allScores', 'titles'],
  ['micro-mlm', 'predictEntities', [TEXT, [[3, 6]], { pooling: 'mean' }], 'pooling', 'titles'],
  ['micro-model', 'embed', [TEXT, [], { topK: 1 }], 'topK', 'titles'],
  ['micro-model', 'forward', [{ inputIds: [0, 2] }, { heads: 'ner' }], 'heads', 'head'],
];

export default async function ({ test, openPage }) {
  let page;
  await test('wasm: an option that a task does not have is named beside those that it has', async () => {
    page ??= await openPage();
    const errors = await page.evaluate(callEach, UNKNOWN);
    UNKNOWN.forEach(([, method, , option, other], i) => {
      assert.equal(errors[i].error?.code, 'input', `${method}: ${JSON.stringify(errors[i])}`);
      assert.match(errors[i].error.message, new RegExp(`${option}.*\\b${other}\\b`), method);
    });
  });

  await test('wasm: offsets count what the option says, and results that count the same are arguments', async () => {
    page ??= await openPage();
    const found = await page.evaluate(inUnits, TEXT);
    const slices = {
      utf16: (start, end) => TEXT.slice(start, end), codepoint: (start, end) => [...TEXT].slice(start, end).join(''), byte: (start, end) => Buffer.from(TEXT).subarray(start, end).toString(),
    };
    for (const [unit, { entities, tokens, embedded, refused }] of Object.entries(found)) {
      assert.ok(entities.length > 0, `${unit}: no entities`);
      for (const { start, end, text } of entities) assert.equal(slices[unit](start, end), text, unit);
      assert.deepEqual(entities.map(({ text }) => text), found.utf16.entities.map(({ text }) => text), unit);
      assert.deepEqual(new Set(entities.concat(tokens).map((place) => place.unit)), new Set([unit === 'utf16' ? undefined : unit]));
      assert.deepEqual(tokens.map(({ start, end }) => slices[unit](start, end)), found.utf16.tokens.map(({ start, end }) => slices.utf16(start, end)), unit);
      assert.deepEqual(embedded, found.utf16.embedded, `${unit}: vectors of the entities`);
      assert.equal(refused?.code, 'input', unit);
    }
  });

  await test('wasm: info has the labels, the bytes and the hash of the manifest, with which the model loads again', async () => {
    page ??= await openPage();
    const { info, manifest } = await page.evaluate(infoOf, '/models/micro-span_cls/');
    const { files, chunks } = JSON.parse(manifest);
    assert.deepEqual(info.labels, { ner: ['MISC', 'PER', 'ORG', 'LOC'] });
    assert.deepEqual(info.heads, ['ner']);
    assert.equal(info.bytes, [...Object.values(files), ...chunks].reduce((sum, { bytes }) => sum + bytes, 0));
    assert.equal(info.manifestHash, createHash('sha256').update(manifest).digest('hex'));
    assert.deepEqual(['license' in info, 'source' in info], [false, false], 'what is empty is absent');
  });
  await page?.context().close();
}

// In the page.
async function callEach(calls) {
  const errors = [];
  for (const [checkpoint, method, args] of calls) {
    const luke = await lukeWeb.Luke.load(`/models/${checkpoint}/`, { device: 'wasm' });
    errors.push(await outcome(luke[method](...args)));
    await luke.dispose();
  }
  return errors;
}

async function inUnits(text) {
  const luke = await lukeWeb.Luke.load('/models/micro-span_cls/', { device: 'wasm' });
  const found = {};
  for (const offsets of ['utf16', 'codepoint', 'byte']) {
    const entities = await luke.ner(text, { offsets, sentences: 'none' });
    const { tokens, entities: vectors } = await luke.embed(text, entities, { offsets });
    const other = await outcome(luke.embed(text, entities, { offsets: offsets === 'byte' ? 'utf16' : 'byte' }));
    // Entities that count UTF-16 code units do not say so, and are taken for what the option says.
    const word = await outcome(luke.embed(text, [{ start: 0, end: 1, unit: 'word' }], { offsets }));
    found[offsets] = { entities, tokens, embedded: [...vectors.data], refused: offsets === 'utf16' ? word.error : other.error };
  }
  await luke.dispose();
  return found;
}

async function infoOf(url) {
  const luke = await lukeWeb.Luke.load(url, { device: 'wasm' });
  const { info } = luke;
  await luke.dispose();
  const pinned = await lukeWeb.Luke.load(url, { device: 'wasm', manifestHash: info.manifestHash });
  await pinned.dispose();
  return { info, manifest: await (await fetch(`${url}manifest.json`)).text() };
}
