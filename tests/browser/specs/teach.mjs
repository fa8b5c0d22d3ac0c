// Heads that are taught in the page: they find what the native program finds, are saved and taken again, and refuse what is wrong.
//   node tests/browser/specs/teach.mjs LUKE     writes the fixture anew, with the native program at this path
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEVICES, fixture, TOLERANCE } from '../fixtures.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const MICRO = 'micro-span_cls';
/** The default model, in the demo. */
const MINI = '/some/where/demo/models/luke-mini-en/';
/** A weight of a head is rounded to half precision, so noise of a device may change it by one step, which is so much for weights below 1. */
const TAUGHT_TOLERANCE = 5e-4;

const documents = (file) => readFileSync(at(`../../../tools/teach/data/${file}`), 'utf8').trim().split('\n\n').map(example);
const [RECIPES, OTHERS] = [documents('recipes-1.txt'), documents('recipes-2.txt')];
export const EXAMPLES = RECIPES.slice(0, 6);
export const TEXTS = RECIPES.slice(6, 9).map(({ text }) => text);
/** A lesson of mentions with the labels of their spans, and one of pairs of neighbors: whether both have the same label. */
const TYPING = { task: 'typing', name: 'kinds', examples: mentionsOf(EXAMPLES).slice(0, 40) };
const RELATION = { task: 'relation', name: 'neighbors', examples: pairsOf(EXAMPLES).slice(0, 40) };
const INPUTS = {
  typing: mentionsOf(RECIPES.slice(6, 8)).slice(0, 12).map(({ text, span }) => ({ text, span })),
  relation: pairsOf(RECIPES.slice(6, 8)).slice(0, 12).map(({ text, head, tail }) => ({ text, head, tail })),
};

/** A text with marks: `2 cups of [[FOOD flour]]`. */
function example(marked) {
  const [start, ...parts] = marked.split('[[');
  let text = start;
  const spans = parts.map((part) => {
    const [, label, name, rest] = /^(\S+) (.*?)\]\](.*)$/s.exec(part);
    const span = { start: text.length, end: text.length + name.length, label };
    text += name + rest;
    return span;
  });
  return { text, spans };
}

function mentionsOf(examples) {
  return examples.flatMap(({ text, spans }) => spans.map(({ start, end, label }) => ({ text, span: { start, end }, labels: [label] })));
}

function pairsOf(examples) {
  const pair = (text, { start, end, label }, next) => ({ text, head: [start, end], tail: [next.start, next.end], label: label === next.label ? 'SAME' : 'OTHER' });
  return examples.flatMap(({ text, spans }) => spans.slice(1).map((next, i) => pair(text, spans[i], next)));
}

export default async function ({ test, openPage }) {
  const { head, entities, report } = fixture('teach');
  const lesson = { task: 'ner', name: 'recipes', examples: EXAMPLES };

  for (const device of DEVICES) {
    let page;
    const inPage = (what, run, args, check) =>
      test(`${device} ${what}`, async () => {
        page ??= await openPage();
        check(await page.evaluate(run, { model: `/models/${MICRO}/`, device, texts: TEXTS, ...args }));
      });

    await inPage('a head that was made natively finds what it finds natively', findBy, { head }, ({ facts, found, one, words, parts, runnersUp }) => {
      assert.deepEqual([facts.name, facts.task, facts.model, facts.examples], ['recipes', 'ner', MICRO, EXAMPLES.length]);
      found.forEach((spans, i) => compare(spans, entities[i], TOLERANCE, `text ${i}`));
      found.flatMap((spans, i) => spans.map((span) => assert.equal(TEXTS[i].slice(span.start, span.end), span.text)));
      assert.deepEqual(one, found[0]);
      assert.deepEqual(parts, found.map((spans, index) => ({ index, entities: spans })));
      assert.deepEqual(runnersUp.entities, found[0]);
      assert.ok(runnersUp.runnersUp.length > 0 && runnersUp.runnersUp.every(({ score }) => score >= 0.05));
      assert.ok(words.every(({ start, end, unit }) => unit === 'word' && start < end && end <= TEXTS[0].split(/\s+/).length));
    });

    await inPage('a head that is taught finds what a native one finds, and is the same again', teachTwice, { lesson }, (results) => {
      const { first, second, events, found, again } = results;
      assert.deepEqual(second.bytes, first.bytes, 'the same examples');
      assert.deepEqual(again, found, 'saved, and taken again');
      found.forEach((spans, i) => compare(spans, entities[i], TAUGHT_TOLERANCE, `text ${i}`));
      const counts = ({ examples, spans, widened, labels }) => [examples, spans, widened, labels.map(({ label, spans: of }) => [label, of])];
      assert.deepEqual(counts(first.report), counts(report));
      assert.ok(first.report.all.f1 >= 0 && first.report.all.f1 <= 1 && first.report.confusions.length > 0);
      const read = events.filter(({ phase }) => phase === 'reading');
      assert.deepEqual(read, [...EXAMPLES.keys(), EXAMPLES.length].map((done) => ({ phase: 'reading', done, total: EXAMPLES.length })));
      const taught = events.slice(read.length);
      assert.ok(taught.every(({ phase, total }, i) => phase === 'teaching' && total === 6 && (i === 0 || taught[i - 1].done <= taught[i].done)), JSON.stringify(taught));
      assert.equal(taught.at(-1).done, 6);
    });

    for (const labelLesson of [TYPING, RELATION]) {
      const { task, examples } = labelLesson;
      await inPage(`a head for ${task} is the same again, and gives several inputs what it gives each`, labelTwice, { lesson: labelLesson, inputs: INPUTS[task] }, (results) => {
        const { first, second, events, each, together, again } = results;
        assert.deepEqual(second.bytes, first.bytes, 'the same examples');
        assert.deepEqual(again, together, 'saved, and taken again');
        assert.deepEqual([first.task, first.report.examples, first.report.spans, first.report.widened], [task, examples.length, examples.length, 0]);
        assert.equal(first.report.multi, task === 'typing' ? false : undefined);
        assert.deepEqual(first.report.labels.map(({ label }) => label), first.labels);
        assert.ok(first.report.all.f1 >= 0 && first.report.all.f1 <= 1);
        assert.deepEqual([events[0], events.at(-1)], [{ phase: 'reading', done: 0, total: examples.length }, { phase: 'teaching', done: 6, total: 6 }]);
        assert.equal(each.length, INPUTS[task].length);
        each.forEach((scores, i) => {
          const where = `${task} ${i}`;
          assert.deepEqual(scores.map(({ label }) => label).sort(), [...first.labels].sort(), `${where}: all labels`);
          assert.ok(Math.abs(scores.reduce((sum, { score }) => sum + score, 0) - 1) < 1e-6, `${where}: shares`);
          assert.ok(scores.every(({ score }, at) => at === 0 || scores[at - 1].score >= score), `${where}: best first`);
          compareScores(together[i], scores, where);
        });
      });
    }

    await inPage('labels that do not exclude each other have scores of their own', anyLabels, { lesson: TYPING, inputs: INPUTS.typing }, ({ multi, several, all, own }) => {
      assert.deepEqual([multi, several], [true, true], 'by the option, and by an example with two labels');
      all.forEach((scores, i) => {
        assert.ok(scores.every(({ score, logit }) => score > 0 && score < 1 && score > 0.5 === logit > 0));
        compareScores(own[i], scores.filter(({ logit }) => logit > 0), `mention ${i}`);
      });
    });

    await inPage('rank gives each text once, the most useful first', rankAll, { head, texts: [...TEXTS, TEXTS[0], ''] }, ({ ranked, first, none }) => {
      assert.deepEqual(ranked.map(({ index }) => index).sort(), [0, 1, 2, 3, 4]);
      assert.ok(ranked.every(({ score }, i) => score >= 0 && (i === 0 || ranked[i - 1].score >= score)), JSON.stringify(ranked));
      assert.equal(ranked.find(({ index }) => index === 4).score, 0, 'a text without words');
      const places = [0, 3].map((copy) => ranked.findIndex(({ index }) => index === copy));
      assert.ok(ranked[Math.max(...places)].score < 0.01, `a copy of a text teaches nothing more: ${JSON.stringify(ranked)}`);
      assert.deepEqual(first, ranked.slice(0, 2));
      assert.deepEqual(none, []);
    });
    await page?.context().close();
  }

  for (const worker of [true, false]) {
    await test(`wasm ${worker ? 'in a worker' : 'without a worker'}: a lesson that is ended leaves everything as it was`, async () => {
      const page = await openPage();
      const { ended, before, after, first, last } = await page.evaluate(endEarly, { model: `/models/${MICRO}/`, lesson, texts: TEXTS, worker });
      assert.ok(ended.every(({ error }) => error?.foreign === 'enough'), JSON.stringify(ended));
      assert.deepEqual(after, before);
      assert.deepEqual(last, first);
      await page.context().close();
    });
  }

  await test('wasm a file with another byte, a head of another model and wrong lessons are refused; the next call works', async () => {
    const page = await openPage();
    const { changed, other, lessons, options, good } = await page.evaluate(refusals, { model: `/models/${MICRO}/`, another: '/models/micro-entity_cls/', head, lesson, text: TEXTS[0] });
    for (const { error } of changed) {
      assert.ok(['format', 'integrity'].includes(error?.code), JSON.stringify(error));
      assert.match(error.message, /^head: /);
    }
    for (const { error } of other) {
      assert.equal(error?.code, 'input', JSON.stringify(error));
      assert.match(error.message, /'recipes' was taught on the model micro-span_cls, and this is micro-entity_cls/);
    }
    const wanted = [/examples\[1\]\.spans\[0\]\.span.*beyond the text/, /examples\[0\]\.text.*no words/, /'B' is none of A/, /task/, /colour/, /folds/, /rate/];
    lessons.forEach(({ error }, i) => {
      assert.equal(error?.code, 'input', JSON.stringify(error));
      assert.match(error.message, wanted[i]);
    });
    options.forEach(({ error }, i) => {
      assert.equal(error?.code, 'input', JSON.stringify(error));
      assert.match(error.message, [/candidates/, /'PER' is none of/, /head/][i]);
    });
    compare(good, entities[0], TOLERANCE, 'after the errors');
    await page.context().close();
  });

  await test('wasm heads of another task, and wrong lessons of mentions and pairs are refused; the next call works', async () => {
    const page = await openPage();
    const { outcomes, good } = await page.evaluate(labelRefusals, { model: `/models/${MICRO}/`, head, typing: TYPING, relation: RELATION, text: TEXTS[0] });
    const wanted = [
      /'recipes' is a head for ner, and this call is typing/, /'recipes' is a head for ner, and this call is relation/,
      /'kinds' is a head for typing, and this call is ner/, /'kinds' is a head for typing, and this call is rank/,
      /topK/, /colour/, /multi/, /examples\[1\]\.labels.*multi is false/, /multi.*typing alone/, /two at least/,
      /examples\[0\].*beyond the text/, /inputs\[1\]/,
    ];
    assert.equal(outcomes.length, wanted.length);
    outcomes.forEach(({ error }, i) => {
      assert.equal(error?.code, 'input', `${i}: ${JSON.stringify(error)}`);
      assert.match(error.message, wanted[i]);
    });
    assert.equal(good.length, 1);
    await page.context().close();
  });

  await test('wasm luke-mini-en: a hundred mentions teach types that the model does not have', async () => {
    const page = await openPage();
    const tests = mentionsOf(OTHERS).slice(0, 60);
    const { f1, found } = await page.evaluate(typeMini, { model: MINI, lesson: { ...TYPING, examples: mentionsOf(RECIPES).slice(0, 100) }, inputs: tests.map(({ text, span }) => ({ text, span })) });
    const unseen = tests.filter(({ labels: [label] }, i) => found[i][0].label === label).length / tests.length;
    assert.ok(unseen > 0.6, `${unseen} are right in other texts`);
    assert.ok(Math.abs(f1 - unseen) < 0.25, `judged ${f1}, and ${unseen} in other texts`);
    await page.context().close();
  });

  await test('wasm luke-mini-en: twenty texts teach labels that are no names', async () => {
    const page = await openPage();
    const { f1, found } = await page.evaluate(teachMini, { model: MINI, lesson: { ...lesson, examples: RECIPES.slice(0, 20) }, texts: OTHERS.map(({ text }) => text) });
    const key = ({ start, end, label }) => `${start} ${end} ${label}`;
    const gold = OTHERS.map(({ spans }) => new Set(spans.map(key)));
    const right = found.map((spans, i) => spans.filter((span) => gold[i].has(key(span))).length).reduce((sum, count) => sum + count);
    const unseen = (2 * right) / (found.flat().length + gold.reduce((sum, { size }) => sum + size, 0));
    assert.ok(unseen > 0.5, `F1 ${unseen} on other texts`);
    assert.ok(Math.abs(f1 - unseen) < 0.2, `judged ${f1}, and ${unseen} on other texts`);
    await page.context().close();
  });
}

function compare(actual, expected, tolerance, where) {
  const place = ({ start, end, text, label }) => [start, end, text, label];
  assert.deepEqual(actual.map(place), expected.map(place), where);
  actual.forEach(({ score }, i) => assert.ok(Math.abs(score - expected[i].score) <= tolerance, `${where}, entity ${i}: ${score}, not ${expected[i].score}`));
}

function compareScores(actual, expected, where) {
  assert.deepEqual(actual.map(({ label }) => label).sort(), expected.map(({ label }) => label).sort(), where);
  for (const { label, score } of expected) {
    const other = actual.find((one) => one.label === label);
    assert.ok(Math.abs(other.score - score) <= TOLERANCE, `${where}, ${label}: ${other.score}, not ${score}`);
  }
}

// In the page.
async function findBy({ model, device, texts, head: base64 }) {
  const luke = await lukeWeb.Luke.load(model, { device });
  const head = await luke.addHead(Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0)));
  const { name, task, model: of, examples } = head;
  const parts = [];
  for await (const part of luke.nerStream(texts, { head })) parts.push(part);
  const result = {
    facts: { name, task, model: of, examples }, parts, found: await luke.ner(texts, { head }), one: await luke.ner(texts[0], { head }),
    words: await luke.ner({ words: texts[0].split(/\s+/) }, { head }), runnersUp: await luke.ner(texts[0], { head, runnersUp: 0.05 }),
  };
  await luke.dispose();
  return result;
}

async function teachTwice({ model, device, texts, lesson }) {
  const luke = await lukeWeb.Luke.load(model, { device });
  const events = [];
  const first = await luke.teach(lesson, { onProgress: (event) => events.push(event) });
  const second = await luke.teach(lesson);
  const saved = await luke.addHead(first.save());
  const plain = (head) => ({ bytes: [...head.save()], report: head.report });
  const result = { first: plain(first), second: plain(second), events, found: await luke.ner(texts, { head: first }), again: await luke.ner(texts, { head: saved }) };
  await luke.dispose();
  return result;
}

async function labelTwice({ model, device, lesson, inputs }) {
  const luke = await lukeWeb.Luke.load(model, { device });
  const events = [];
  const first = await luke.teach(lesson, { onProgress: (event) => events.push(event) });
  const second = await luke.teach(lesson);
  const saved = await luke.addHead(first.save());
  const one = ({ text, span, head, tail }, options) => (lesson.task === 'typing' ? luke.typing(text, span, options) : luke.relation(text, head, tail, options));
  const each = [];
  for (const input of inputs) each.push(await one(input, { head: first, allScores: true }));
  const plain = ({ task, labels, report, ...head }, bytes) => ({ ...head, task, labels, report, bytes });
  const result = {
    first: plain(first, [...first.save()]), second: plain(second, [...second.save()]), events, each,
    together: await luke[lesson.task](inputs, { head: first, allScores: true }), again: await luke[lesson.task](inputs, { head: saved, allScores: true }),
  };
  await luke.dispose();
  return result;
}

async function anyLabels({ model, device, lesson, inputs }) {
  const luke = await lukeWeb.Luke.load(model, { device });
  const head = await luke.teach(lesson, { multi: true, folds: 0 });
  const [{ labels, ...mention }, ...others] = lesson.examples;
  const several = await luke.teach({ ...lesson, examples: [{ ...mention, labels: [...labels, 'FIRST'] }, ...others] }, { folds: 0 });
  const result = { multi: head.report.multi, several: several.report.multi, all: await luke.typing(inputs, { head, allScores: true }), own: await luke.typing(inputs, { head }) };
  await luke.dispose();
  return result;
}

async function rankAll({ model, device, texts, head: base64 }) {
  const luke = await lukeWeb.Luke.load(model, { device });
  const head = await luke.addHead(Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0)));
  const result = { ranked: await luke.rank(texts, { head }), first: await luke.rank(texts, { head, topK: 2 }), none: await luke.rank([], { head }) };
  await luke.dispose();
  return result;
}

async function labelRefusals({ model, head: base64, typing, relation, text }) {
  const luke = await lukeWeb.Luke.load(model, { device: 'wasm' });
  const recipes = await luke.addHead(Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0)));
  const kinds = await luke.teach(typing, { folds: 0 });
  const [mention, next] = typing.examples;
  const beyond = { ...mention, span: [0, mention.text.length + 1] };
  const calls = [
    () => luke.typing(text, [0, 3], { head: recipes }), () => luke.relation(text, [0, 3], [4, 6], { head: recipes }), () => luke.ner(text, { head: kinds }), () => luke.rank([text], { head: kinds }),
    () => luke.rank([text], { head: recipes, topK: 0 }), () => luke.typing(text, [0, 3], { head: kinds, colour: 'red' }), () => luke.teach(typing, { multi: 'yes' }),
    () => luke.teach({ ...typing, examples: [mention, { ...next, labels: [] }] }, { multi: false }), () => luke.teach(relation, { multi: true }),
    () => luke.teach({ ...typing, examples: [mention] }), () => luke.teach({ ...typing, examples: [beyond, next] }),
    () => luke.typing([{ text, span: [0, 3] }, { text, span: [0, text.length + 1] }], { head: kinds }),
  ];
  const outcomes = [];
  for (const call of calls) outcomes.push(await outcome(call()));
  const result = { outcomes, good: await luke.typing(text, [0, 3], { head: kinds }) };
  await luke.dispose();
  return result;
}

async function typeMini({ model, lesson, inputs }) {
  const luke = await lukeWeb.Luke.load(model, { device: 'wasm' });
  const head = await luke.teach(lesson);
  const result = { f1: head.report.all.f1, found: await luke.typing(inputs, { head }) };
  await luke.dispose();
  return result;
}

async function endEarly({ model, lesson, texts, worker }) {
  const luke = await lukeWeb.Luke.load(model, { device: 'wasm', worker });
  const before = await luke.ner(texts);
  const first = [...(await luke.teach(lesson)).save()];
  const ended = [];
  for (const last of ['reading 0', 'teaching 0', 'teaching 2']) {
    const abort = new AbortController();
    // With another text, something is read. It comes first, so that all are judged anew.
    const examples = [{ text: `${texts[0]} ${last}`, spans: [] }, ...lesson.examples];
    const onProgress = ({ phase, done }) => `${phase} ${done}` === last && abort.abort('enough');
    ended.push(await outcome(luke.teach({ ...lesson, examples }, { signal: abort.signal, onProgress })));
  }
  const result = { ended, before, first, after: await luke.ner(texts), last: [...(await luke.teach(lesson)).save()] };
  await luke.dispose();
  return result;
}

async function refusals({ model, another, head: base64, lesson, text }) {
  const [luke, other] = [await lukeWeb.Luke.load(model, { device: 'wasm' }), await lukeWeb.Luke.load(another, { device: 'wasm' })];
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  const head = await luke.addHead(bytes);
  const changed = [new Uint8Array(0), bytes.slice(0, 100), bytes.slice(0, -1), new Uint8Array([...bytes, 0])];
  for (const at of [0, 10, 14, 40, bytes.length >> 1, bytes.length - 1]) changed.push(bytes.with(at, bytes[at] ^ 1));
  const span = (start, end, label) => ({ text: 'Add salt.', spans: [{ start, end, label }] });
  const [good] = lesson.examples;
  const wrong = [
    [{ ...lesson, examples: [good, span(4, 99, 'FOOD')] }], [{ ...lesson, labels: ['A'], examples: [{ text: ' ', spans: [] }] }], [{ ...lesson, labels: ['A'], examples: [span(4, 8, 'B')] }],
    [{ ...lesson, task: 'poetry' }], [{ ...lesson, colour: 'red' }], [lesson, { folds: 1 }], [lesson, { rate: 1 }],
  ];
  const all = async (works) => {
    const outcomes = [];
    for (const work of works) outcomes.push(await outcome(work()));
    return outcomes;
  };
  const result = {
    changed: await all(changed.map((file) => () => luke.addHead(file))),
    other: await all([() => other.addHead(bytes), () => other.ner(text, { head })]),
    lessons: await all(wrong.map((call) => () => luke.teach(...call))),
    options: await all([() => luke.ner(text, { head, candidates: 'all' }), () => luke.ner(text, { head, labels: ['PER'] }), () => other.typing(text, [0, 3], { head })]),
    good: await luke.ner(text, { head }),
  };
  await Promise.all([luke.dispose(), other.dispose()]);
  return result;
}

async function teachMini({ model, lesson, texts }) {
  const luke = await lukeWeb.Luke.load(model, { device: 'wasm' });
  const head = await luke.teach(lesson);
  const result = { f1: head.report.all.f1, found: await luke.ner(texts, { head }) };
  await luke.dispose();
  return result;
}

/** What the native program teaches and finds with the texts of this file. */
function writeFixture(luke) {
  const folder = mkdtempSync(join(tmpdir(), 'luke-web-teach-'));
  const run = (args, lines) => execFileSync(luke, args, { input: lines?.map((line) => JSON.stringify(line)).join('\n'), encoding: 'utf8' });
  const [model, file] = [join(folder, MICRO), join(folder, 'recipes.head')];
  run(['convert', at(`../../fixtures/checkpoints/${MICRO}`), model, '--entities', 'full']);
  const { report } = JSON.parse(run(['teach', model, '-', '--output', file], EXAMPLES));
  const found = run(['ner', model, '--head', file], TEXTS.map((text) => ({ text }))).trim().split('\n');
  const entities = found.map((line) => JSON.parse(line).map(({ start, end, text, label, score }) => ({ start, end, text, label, score })));
  const result = { head: readFileSync(file, 'base64'), report, entities };
  writeFileSync(at('../../fixtures/teach.json'), `${JSON.stringify(result, undefined, 1)}\n`);
  rmSync(folder, { recursive: true });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFixture(process.argv[2]);
