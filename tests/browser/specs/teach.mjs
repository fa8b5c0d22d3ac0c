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
/** A weight of a head is rounded to half precision, so noise of a device may change it by one step. */
const TAUGHT_TOLERANCE = 0.01;

const documents = (file) => readFileSync(at(`../../../tools/teach/data/${file}`), 'utf8').trim().split('\n\n').map(example);
const [RECIPES, OTHERS] = [documents('recipes-1.txt'), documents('recipes-2.txt')];
const EXAMPLES = RECIPES.slice(0, 6);
const TEXTS = RECIPES.slice(6, 9).map(({ text }) => text);

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
      assert.deepEqual(read, EXAMPLES.map((_, done) => ({ phase: 'reading', done, total: EXAMPLES.length })));
      const taught = events.slice(read.length);
      assert.ok(taught.every(({ phase, total }, i) => phase === 'teaching' && total === 6 && (i === 0 || taught[i - 1].done <= taught[i].done)), JSON.stringify(taught));
      assert.equal(taught.at(-1).done, 6);
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

async function endEarly({ model, lesson, texts, worker }) {
  const luke = await lukeWeb.Luke.load(model, { device: 'wasm', worker });
  const before = await luke.ner(texts);
  const first = [...(await luke.teach(lesson)).save()];
  const ended = [];
  for (const last of ['reading 0', 'teaching 0', 'teaching 2']) {
    const abort = new AbortController();
    // With another text, something is read.
    const examples = [...lesson.examples, { text: `${texts[0]} ${last}`, spans: [] }];
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
