// A model folder to which a head was added: its head finds what it finds natively, by its name, on each device and without network. The
// folder is written here, by another program than `luke convert --add-head`.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEVICES, fixture, TOLERANCE } from '../fixtures.mjs';
import { MODELS } from '../server.mjs';
import { EXAMPLES, TEXTS } from './teach.mjs';

const MICRO = 'micro-span_cls';
const NAME = 'micro-with-heads';
const PLAIN = `/models/${MICRO}/`;
const WITH = `/models/${NAME}/`;

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Writes a folder with these heads, of the names in the manifest. Gives the hash of the manifest that it had before. */
function writeFolder(name, heads, of = MICRO, base) {
  const [from, to] = [join(MODELS, of), join(MODELS, name)];
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true });
  mkdirSync(join(to, 'heads'));
  const entries = Object.entries(heads).map(([head, bytes]) => {
    const path = `heads/${sha256(bytes).slice(0, 16)}.bin`;
    writeFileSync(join(to, path), bytes);
    return { name: head, task: 'ner', file: { path, bytes: bytes.length, sha256: sha256(bytes) } };
  });
  const text = readFileSync(join(from, 'manifest.json'));
  writeFileSync(join(to, 'manifest.json'), JSON.stringify({ ...JSON.parse(text), taughtHeads: entries, base: base ?? sha256(text) }));
  return { base: sha256(text), paths: entries.map(({ file }) => file.path) };
}

export default async function ({ test, openPage }) {
  const { head: base64, entities } = fixture('teach');
  const head = Buffer.from(base64, 'base64');
  const { base, paths: [path] } = writeFolder(NAME, { recipes: head });
  const lesson = { task: 'ner', name: 'kitchen', examples: EXAMPLES };

  for (const device of DEVICES) {
    await test(`${device} a head of the folder finds what it finds natively, by its name and as an object`, async () => {
      const page = await openPage();
      const { facts, own, byName, parts, byObject, added, bytes, unknown, without } = await page.evaluate(findByName, { model: WITH, plain: PLAIN, device, texts: TEXTS, head: base64 });
      assert.deepEqual(facts, [{ name: 'recipes', task: 'ner', model: MICRO, manifestHash: base, examples: EXAMPLES.length }]);
      byName.forEach((spans, i) => compare(spans, entities[i], `text ${i}`));
      assert.deepEqual(byObject, byName);
      assert.deepEqual(added, byName, 'the same head as a file');
      assert.deepEqual(parts, byName.map((spans, index) => ({ index, entities: spans })));
      assert.deepEqual(Buffer.from(bytes), head);
      assert.notDeepEqual(own, byName, 'the own head of the model is still there');
      assert.equal(unknown.error?.code, 'input', JSON.stringify(unknown));
      assert.match(unknown.error.message, /ner: options\.head must be a name in luke\.taughtHeads \("recipes"\), not "leases"/);
      assert.deepEqual(without.heads, []);
      assert.match(without.error?.message, /taughtHeads \(the model has none\), not "recipes"/);
      await page.context().close();
    });
  }

  await test('wasm a head that is taught on the folder with heads is the one that is taught on the folder without', async () => {
    const page = await openPage();
    const { hashes, same, crossed } = await page.evaluate(teachBoth, { model: WITH, plain: PLAIN, lesson, text: TEXTS[0] });
    assert.deepEqual(hashes, [base, base]);
    assert.ok(same, 'byte for byte');
    assert.deepEqual(crossed[0], crossed[1]);
    await page.context().close();
  });

  await test('wasm the file of a head is stored with its model, verified, and there without network', async () => {
    const page = await openPage();
    const { verified, isStored, before, found } = await page.evaluate(prefetch, { model: WITH, text: TEXTS[0] });
    assert.equal(isStored, true);
    const { files, chunks } = JSON.parse(readFileSync(join(MODELS, NAME, 'manifest.json'), 'utf8'));
    assert.deepEqual(verified, { ok: 1 + Object.keys(files).length + 1 + chunks.length, bad: 0, missing: 0 });
    compare(before, entities[0], 'with network');
    await page.context().setOffline(true);
    const offline = await page.evaluate(offlineAgain, { model: WITH, text: TEXTS[0] });
    assert.deepEqual(offline.found, found);
    assert.deepEqual(offline.names, ['recipes']);
    await page.context().close();
  });

  await test('wasm heads that are wrong end the load with their code and the name of their file', async () => {
    const other = 'micro-with-wrong-heads';
    const changed = Buffer.from(head);
    changed[changed.length - 1] ^= 1;
    const cases = [
      ['another byte than the manifest says', () => writeFileSync(join(MODELS, other, path), changed), 'integrity', path, {}],
      ['another byte than was written', () => {}, 'integrity', /other bytes than were written/, { recipes: changed }],
      ['no head', () => {}, 'format', /is not a head that was taught/, { recipes: Buffer.from('{}') }],
      ['another name', () => {}, 'format', /is the head 'recipes' for ner, and the manifest says 'leases' for ner/, { leases: head }],
      ['another base', () => {}, 'format', /was taught on another version of micro-span_cls/, { recipes: head }, 'ab'.repeat(32)],
    ];
    for (const [what, spoil, code, part, heads, wrongBase] of cases) {
      const { paths: [file] } = writeFolder(other, Object.keys(heads).length > 0 ? heads : { recipes: head }, MICRO, wrongBase);
      spoil();
      const page = await openPage();
      const { error } = await page.evaluate((model) => outcome(lukeWeb.Luke.load(model, { device: 'wasm', cache: false, retries: 0 })), `/models/${other}/`);
      assert.equal(error?.code, code, `${what}: ${JSON.stringify(error)}`);
      assert.ok(error.message.includes(file), `${what}: ${error.message}`);
      assert.match(error.message, typeof part === 'string' ? new RegExp(part) : part);
      await page.context().close();
    }
    rmSync(join(MODELS, other), { recursive: true });
  });

  rmSync(join(MODELS, NAME), { recursive: true });
}

function compare(actual, expected, where) {
  const place = ({ start, end, text, label }) => [start, end, text, label];
  assert.deepEqual(actual.map(place), expected.map(place), where);
  actual.forEach(({ score }, i) => assert.ok(Math.abs(score - expected[i].score) <= TOLERANCE, `${where}, entity ${i}: ${score}, not ${expected[i].score}`));
}

// In the page.
async function findByName({ model, plain, device, texts, head: base64 }) {
  const luke = await lukeWeb.Luke.load(model, { device });
  const facts = luke.taughtHeads.map(({ name, task, model: of, manifestHash, examples }) => ({ name, task, model: of, manifestHash, examples }));
  const [recipes] = luke.taughtHeads;
  const again = await luke.addHead(Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0)));
  const parts = [];
  for await (const part of luke.nerStream(texts, { head: 'recipes' })) parts.push(part);
  const result = {
    facts, parts, bytes: [...recipes.save()], own: await luke.ner(texts), byName: await luke.ner(texts, { head: 'recipes' }), byObject: await luke.ner(texts, { head: recipes }),
    added: await luke.ner(texts, { head: again }), unknown: await outcome(luke.ner(texts[0], { head: 'leases' })),
  };
  await luke.dispose();
  const other = await lukeWeb.Luke.load(plain, { device });
  const without = { heads: other.taughtHeads, ...(await outcome(other.ner(texts[0], { head: 'recipes' }))) };
  await other.dispose();
  return { ...result, without };
}

async function teachBoth({ model, plain, lesson, text }) {
  const [one, other] = [await lukeWeb.Luke.load(model, { device: 'wasm' }), await lukeWeb.Luke.load(plain, { device: 'wasm' })];
  const heads = [await one.teach(lesson, { folds: 0 }), await other.teach(lesson, { folds: 0 })];
  const crossed = [await other.ner(text, { head: heads[0] }), await one.ner(text, { head: await one.addHead(heads[1].save()) })];
  const [a, b] = heads.map((head) => head.save());
  const result = { hashes: heads.map(({ manifestHash }) => manifestHash), same: a.length === b.length && a.every((byte, i) => byte === b[i]), crossed };
  await Promise.all([one.dispose(), other.dispose()]);
  return result;
}

async function prefetch({ model, text }) {
  await lukeWeb.models.prefetch(model);
  // The script of the runtime is fetched here, so that only files of the model are asked for without network.
  const luke = await lukeWeb.Luke.load(model, { device: 'wasm', threads: 1, worker: false });
  const before = await luke.ner(text, { head: 'recipes' });
  await luke.dispose();
  return { verified: await lukeWeb.models.verify(model), isStored: await lukeWeb.models.has(model), before, found: before };
}

async function offlineAgain({ model, text }) {
  const luke = await lukeWeb.Luke.load(model, { device: 'wasm', threads: 1, worker: false, retries: 0 });
  const result = { names: luke.taughtHeads.map(({ name }) => name), found: await luke.ner(text, { head: 'recipes' }) };
  await luke.dispose();
  return result;
}
