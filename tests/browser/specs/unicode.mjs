// On random Unicode texts, the slices at the offsets of results equal their texts, and only invalid spans are refused.
import assert from 'node:assert/strict';

const TEXTS = 60;
const SEED = 20200;

/** All tasks with their checkpoints. */
const TASKS = [
  ['ner', 'micro-span_cls'], ['qa', 'micro-qa'], ['cloze', 'micro-cloze'], ['typing', 'micro-entity_cls'], ['relation', 'micro-entity_pair'],
  ['fillMask', 'micro-mlm'], ['predictEntities', 'micro-mlm'], ['embed', 'micro-mlm'],
];

export default async function ({ test, openPage }) {
  let page;
  for (const [task, checkpoint] of TASKS) {
    await test(`wasm ${task}, ${TEXTS} random texts`, async () => {
      page ??= await openPage();
      const { problems, resolved } = await page.evaluate(tryAll, { task, checkpoint, count: TEXTS, seed: SEED });
      assert.deepEqual(problems, []);
      assert.ok(resolved >= TEXTS / 2, `only ${resolved} calls resolved`);
    });
  }
  await page?.context().close();
}

// Runs in the page, because unpaired surrogates cannot be sent to the page or back.
async function tryAll({ task, checkpoint, count, seed }) {
  const PIECES = [
    'Paris', 'Tokyo', 'Ana Ivanovic', 'Beyoncé', 'Beyonce\u0301', 'Los Angeles.', 'the', 'of', '3.14', 'AT&T', "L'Oréal", '“quoted”', '—', '...', '!?', '@highlight\n',
    '👨‍👩‍👧‍👦', '🇨🇭', '👍🏽', '1\ufe0f\u20e3', '🙂', '❤\ufe0f', 'Z\u0351\u036b\u0343a\u0317\u0331l\u0334go', 'e\u0301\u0323', '\u0301', 'क्षि', 'ภาษาไทย', '한국어', '\u1112\u1161\u11ab',
    'القاهرة', '\u202eevil\u202c', '\u200fשלום\u200e', '東京', '首都です。', '𝔏𝔬𝔫𝔡𝔬𝔫', '𠮷野家', '\u{10ffff}', '\ufdd0', '\ud800', '\udfff', 'x\ud83d', '\udc00y', '\ufffd',
    '\r\n', '\n\n', '\t', '\u00a0', '\u202f', '\u3000', '\u2028', '\u200b', '\u200d', '\ufeff', '\0', '\u0007', '\u0085', 'ﬁ', 'ß', 'İ', 'ǆ', '<mask>', '</s>', '[MASK]', '<ent>', 'a'.repeat(40),
  ];
  let state = seed;
  // mulberry32
  const random = (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
  const piece = () => (random(5) === 0 ? String.fromCodePoint(random(0x110000)) : PIECES[random(PIECES.length)]);
  const text = (maxPieces) => Array.from({ length: random(maxPieces) }, () => piece() + (random(2) ? ' ' : '')).join('');
  const show = (value) => JSON.stringify(value); // writes an unpaired surrogate as an escape

  const luke = await lukeWeb.Luke.load(`/models/${checkpoint}/`, { device: 'wasm' });
  const problems = [];
  const report = (where, what) => problems.length < 10 && problems.push(`${show(where)}: ${what}`);
  const slices = (where, whole, found, key) => {
    for (const result of found) {
      if (!(result.start < result.end)) report(where, `empty: ${show(result)}`);
      if (whole.slice(result.start, result.end) !== result[key]) report(where, `not the slice: ${show(result)}`);
      if (/^[\udc00-\udfff]/.test(result[key]) && /[\ud800-\udbff]$/.test(whole.slice(0, result.start))) report(where, `cuts a pair: ${show(result)}`);
      if (/[\ud800-\udbff]$/.test(result[key]) && /^[\udc00-\udfff]/.test(whole.slice(result.end))) report(where, `cuts a pair: ${show(result)}`);
      if (!(result.score >= 0 && result.score <= 1)) report(where, `score: ${show(result)}`);
    }
  };
  const length = (where, list, wanted) => list.length === wanted || report(where, `${list.length}, not ${wanted}`);
  const masks = (whole) => whole.split('<mask>').length - 1;
  const rows = (where, { shape, data }, wanted) => {
    length(where, data, shape[0] * shape[1]);
    length(where, { length: shape[0] }, wanted);
    if (!data.every(Number.isFinite)) report(where, 'not finite');
  };
  /** For each task a function that makes its arguments, and one that checks its result. */
  const tasks = {
    ner: [(whole) => [whole, { sentences: random(2) ? 'auto' : 'none' }], (where, [whole], found) => slices(where, whole, found, 'text')],
    qa: [
      (whole) => [`${text(6)}?`, whole, { topK: 20 }],
      (where, [, whole], best) => slices(where, whole, best.answer === '' && best.start === best.end ? best.alternatives : [best, ...best.alternatives], 'answer'),
    ],
    cloze: [
      (whole, spans) => [whole, `${text(4)}@placeholder${text(4)}`, spans],
      (where, [whole, , spans], found) => {
        slices(where, whole, found, 'text');
        for (const { start, end } of found) if (!spans.some((span) => span[0] === start && span[1] === end)) report(where, `no candidate: ${start}-${end}`);
      },
    ],
    typing: [(whole, [span]) => [whole, span, { allScores: true }], (where, _, found) => length(where, found.filter(({ logit }) => Number.isFinite(logit)), 9)],
    relation: [(whole, [head, tail]) => [whole, head, tail], (where, _, found) => length(where, found.filter(({ logit }) => Number.isFinite(logit)), 6)],
    fillMask: [(whole) => [`${whole}<mask>`], (where, [whole], found) => length(where, found, masks(whole))],
    predictEntities: [(whole, spans) => [whole, spans], (where, [, spans], found) => length(where, found, spans.length)],
    embed: [
      (whole, spans) => [whole, spans],
      (where, [whole, spans], { tokens, words, entities }) => {
        rows(where, words, tokens.length);
        rows(where, entities, spans.length);
        let last = 0;
        for (const { start, end } of tokens) {
          if (!(last <= start && start <= end && end <= whole.length)) report(where, `token ${start}-${end}`);
          last = start;
        }
      },
    ],
  };
  const [args, check] = tasks[task];
  const takesSpans = !['ner', 'qa', 'fillMask'].includes(task);

  const good = args('Ana Ivanovic met Beyoncé in Tokyo <mask>.', [[0, 12], [17, 24]]);
  const goodResult = show(await luke[task](...good));
  let resolved = 0;
  for (let i = 0; i < count; i++) {
    const whole = text(i % 10 === 9 ? 400 : 30);
    const ends = [0];
    for (const character of whole) ends.push(ends.at(-1) + character.length);
    // Most spans contain whole characters; some are any two numbers.
    const isRandom = random(8) === 0;
    const span = () => {
      const [a, b] = isRandom ? [random(whole.length + 3), random(whole.length + 3)] : [ends[random(ends.length)], ends[random(ends.length)]];
      return isRandom ? [a, b] : [Math.min(a, b), Math.max(a, b)];
    };
    const callArgs = args(whole, [span(), span()]);
    try {
      check(callArgs, callArgs, await luke[task](...callArgs));
      resolved += 1;
    } catch (error) {
      const isExpected = error instanceof lukeWeb.LukeError && error.code === 'input' && takesSpans;
      if (!isExpected) report(callArgs, `${error.name} ${error.code}: ${error.message}`);
      if (show(await luke[task](...good)) !== goodResult) report(callArgs, 'the next valid call gives another result');
    }
  }
  if (show(await luke[task](...good)) !== goodResult) report('at the end', 'the valid call gives another result');
  await luke.dispose();
  return { problems, resolved };
}
