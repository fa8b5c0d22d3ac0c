// `luke.qa` returns the n-best list of the reference pipeline, with exact offsets in the context.
import assert from 'node:assert/strict';
import { DEVICES, fixture, TOLERANCE } from '../fixtures.mjs';

export default async function ({ test, openPage }) {
  const cases = fixture('qa');
  for (const device of DEVICES) {
    let page;
    await test(`${device} ${cases.length} questions`, async () => {
      page ??= await openPage();
      const results = await page.evaluate(qaAll, { device, calls: cases.map(call) });
      cases.forEach((entry, i) => compare(entry, results[i]));
    });
    await page?.context().close();
  }

  await test('wasm: nullThreshold decides whether there is an answer; invalid options reject, and the next valid call works', async () => {
    const page = await openPage();
    const { question, context } = cases[0];
    const { free, answered, unanswered, empty, bad, good } = await page.evaluate(thresholds, { question, context });
    assert.equal(free.answerable, true);
    assert.equal(free.alternatives.length, 0);
    assert.deepEqual(answered, free);
    assert.deepEqual(unanswered, { ...free, answerable: false });
    assertNone(empty, 'no context');
    for (const { value, error } of bad) assert.equal(error?.code, 'input', JSON.stringify(value ?? error));
    assert.deepEqual(good, free);
    await page.context().close();
  });
}

/** The arguments of `luke.qa` for a case of the fixture. */
function call({ question, context, candidates, args }) {
  const named = { nBest: args.n_best, maxSeqTokens: args.max_seq_length, docStride: args.doc_stride, maxAnswerTokens: args.max_answer_length };
  const options = Object.entries({ ...named, entities: candidates ?? undefined }).filter(([, value]) => value !== undefined);
  return [question, context, { ...Object.fromEntries(options), topK: args.n_best ?? 20 }];
}

function compare(entry, found) {
  const { name, context, nbest, features } = entry;
  const nullScore = Math.min(...features.map(({ start_logits: [start], end_logits: [end] }) => start + end));
  // The reference returns "empty" if it has no answer at all, and also lists answers that are only a space.
  const expected = nbest.filter(({ text, feature }) => text !== '' && feature !== undefined);
  if (expected.length === 0) {
    assertNone(found, name);
    return;
  }
  const place = placesOf(entry);
  const answers = [found, ...found.alternatives];
  assert.deepEqual(
    answers.map(({ start, end, answer }) => [start, end, answer]),
    expected.map((want) => [...place(want), context.slice(...place(want))]),
    name,
  );
  answers.forEach((answer, i) => {
    const want = expected[i];
    const where = `${name}, answer ${i} "${answer.answer}"`;
    assert.equal(answer.answerable, true, where);
    const numbers = [[answer.startLogit, want.start_logit], [answer.endLogit, want.end_logit], [answer.score, want.probability], [answer.nullScore, nullScore]];
    for (const [got, wanted] of numbers) {
      assert.ok(Math.abs(got - wanted) <= TOLERANCE, `${where}: ${got}, not ${wanted}`);
    }
    // The reference's text has a space for any white space of the context, and U+FFFD if it cuts a character.
    const pieces = want.text.split('\ufffd').map(collapse);
    if (pieces.length === 1) assert.equal(collapse(answer.answer), pieces[0], where);
    else assert.ok(pieces.every((piece) => collapse(answer.answer).includes(piece)), `${where} has not all of ${JSON.stringify(pieces)}`);
  });
}

function assertNone(found, where) {
  assert.deepEqual([found.answer, found.start, found.end, found.answerable, found.alternatives], ['', 0, 0, false, []], where);
}

/**
 * Finds the offsets of an entry of the n-best list in the context, from the tokens of the fixture. A token of byte-level BPE has one
 * character per byte of the word, and one for the space before it. An answer that cuts a character is extended to the whole character.
 */
function placesOf({ context, features, args }) {
  const words = [...context.matchAll(/[^ \t\r\n\u202f]+/g)].map((word) => ({ text: word[0], start: word.index }));
  const stride = args.doc_stride ?? 128;
  const bounds = []; // for each token of the context, its word and its byte range in the word
  const bytes = words.map(() => -1); // bytes so far; -1 because the first byte is the space before the word
  features.forEach(({ tokens, token_to_word: tokenToWord }, feature) => {
    tokenToWord.forEach(([token, word], i) => {
      const at = feature * stride + i;
      if (bounds[at]) return; // the token was in an earlier window
      const first = bytes[word];
      bytes[word] += tokens[token].length;
      bounds[at] = { word, first: Math.max(first, 0), end: Math.max(bytes[word], 0) };
    });
  });
  const unit = ({ text, start }, byte, widen) => {
    let seen = 0;
    let at = start;
    for (const character of text) {
      const length = Buffer.byteLength(character);
      if (seen >= byte || (widen === 'down' && seen + length > byte)) break;
      seen += length;
      at += character.length;
    }
    return at;
  };
  return ({ feature, start_token: from, end_token: to }) => {
    const bound = (token) => bounds[feature * stride + features[feature].token_to_word.findIndex(([at]) => at === token)];
    const [first, last] = [bound(from), bound(to)];
    const start = unit(words[first.word], first.first, 'down');
    const end = unit(words[last.word], last.end, 'up');
    const piece = context.slice(start, end);
    return [start + piece.length - piece.trimStart().length, end - piece.length + piece.trimEnd().length];
  };
}

function collapse(text) {
  return text.trim().replace(/\s+/g, ' ');
}

// In the page.
async function qaAll({ device, calls }) {
  globalThis.worker ??= new Worker('/pkg/dist/worker.js', { type: 'module' });
  const luke = await lukeWeb.Luke.load('/models/micro-qa/', { device, worker: globalThis.worker });
  const results = [];
  for (const call of calls) results.push(await luke.qa(...call));
  await luke.dispose();
  return results;
}

async function thresholds({ question, context }) {
  const luke = await lukeWeb.Luke.load('/models/micro-qa/', { device: 'wasm' });
  const free = await luke.qa(question, context);
  const difference = free.nullScore - (free.startLogit + free.endLogit);
  const answered = await luke.qa(question, context, { nullThreshold: difference + 1e-3 });
  const unanswered = await luke.qa(question, context, { nullThreshold: difference - 1e-3 });
  const empty = await luke.qa(question, '');
  const options = [{ topK: 0 }, { nBest: 0 }, { docStride: 0 }, { maxAnswerTokens: -1 }, { maxSeqTokens: 100_000 }, { entities: { a: 1 } }, { nullThreshold: 'low' }];
  const bad = [];
  for (const wrong of options) bad.push(await outcome(luke.qa(question, context, wrong)));
  const good = await luke.qa(question, context);
  await luke.dispose();
  return { free, answered, unanswered, empty, bad, good };
}
