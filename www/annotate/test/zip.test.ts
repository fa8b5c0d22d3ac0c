import assert from 'node:assert/strict';
import test from 'node:test';
import { zipSync, type Zippable } from 'fflate';
import { expandZips, zip } from '../formats/zip.js';
import { ProblemList } from '../formats/problems.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

function run(data: Uint8Array, limits?: Parameters<typeof expandZips>[2]): { files: Record<string, string>; problems: string[] } {
  const problems = new ProblemList();
  const files = expandZips([{ name: 'a.zip', bytes: data }], problems, limits);
  assert.ok(problems.all.every(({ file }) => file === 'a.zip'));
  return { files: Object.fromEntries(files.map((file) => [file.name, text(file.bytes)])), problems: problems.all.map(({ reason }) => reason) };
}

test('files of a zip come back, and its bytes are always the same', () => {
  const files = [
    { name: 'a/ü.txt', bytes: bytes('🙂'.repeat(5000)) },
    { name: 'a/b.ann', bytes: bytes('') },
  ];
  const packed = zip(files);
  assert.deepEqual(packed, zip(files));
  assert.deepEqual(run(packed), { files: { 'a/ü.txt': '🙂'.repeat(5000), 'a/b.ann': '' }, problems: [] });
  assert.deepEqual(run(zip([])), { files: {}, problems: [] });
});

test('stored files, folders, and what systems add', () => {
  const entries: Zippable = { 'a.txt': [bytes('x'), { level: 0 }], 'b/': bytes(''), '__MACOSX/a.txt': bytes('x'), 'c/.DS_Store': bytes('x') };
  assert.deepEqual(run(zipSync(entries)), { files: { 'a.txt': 'x' }, problems: [] });
});

test('zips among other files: the names begin with that of the zip', () => {
  const problems = new ProblemList();
  const one = { name: 'x.zip', bytes: zip([{ name: 'a.txt', bytes: bytes('1') }]) };
  assert.deepEqual(
    expandZips([one], problems).map(({ name }) => name),
    ['a.txt'],
  );
  assert.deepEqual(
    expandZips([one, { name: 'b.txt', bytes: bytes('2') }], problems).map(({ name }) => name),
    ['x.zip/a.txt', 'b.txt'],
  );
  assert.deepEqual(problems.all, []);
});

test('a bomb is refused before it fills the memory', () => {
  const limits = { files: 1, bytes: 1 << 18, ratio: 200, free: 1 << 14 };
  const bomb = zipSync({ 'a.txt': new Uint8Array(1 << 18) }); // 256 KiB in less than 1 KiB
  assert.ok(bomb.length < 1 << 10);
  assert.deepEqual(run(bomb, limits), { files: {}, problems: ['the files in the zip file are more than 200 times larger than the zip file'] });
  assert.deepEqual(run(bomb, { ...limits, free: 1 << 18 }).problems, []);
  assert.deepEqual(run(bomb, { ...limits, bytes: 99 }).problems, ['the files in the zip file have more than 99 bytes']);
  assert.deepEqual(run(zipSync({ a: bytes(''), b: bytes('') }), limits).problems, ['the zip file has more than 1 files']);
});

test('stated sizes are not trusted', () => {
  const packed = zipSync({ 'a.txt': new Uint8Array(1000) });
  new DataView(packed.buffer).setUint32(22, 10, true); // in the header of the file; the directory is not used
  assert.match(run(packed, { files: 1, bytes: 999, ratio: 200, free: 999 }).problems[0]!, /more than 999 bytes/);
  assert.match(run(packed).problems[0]!, /damaged: it has 1000 bytes, not 10/);
});

test('names that lead out of the folder, and names that are there twice', () => {
  assert.deepEqual(run(zipSync({ '../a': bytes('x'), '/b': bytes('x'), 'c\\..\\..\\d': bytes('x'), ok: bytes('y') })), {
    files: { ok: 'y' },
    problems: ['"../a"', '"/b"', '"c/../../d"'].map((name) => `${name} in the zip file is left out: its name leads out of the folder`),
  });
  const twice = zipSync({ aa: bytes('1'), ab: bytes('2') });
  for (const index of [...twice.keys()].filter((at) => twice[at] === 0x61 && twice[at + 1] === 0x62)) twice[index + 1] = 0x61;
  assert.deepEqual(run(twice), { files: { aa: '1' }, problems: ['"aa" in the zip file is left out: a file of this name came before'] });
});

test('damaged zips are errors', () => {
  const whole = zip([
    { name: 'a.txt', bytes: bytes(Array.from({ length: 3000 }, (_, i) => (i * 7919) % 1013).join(' ')) },
    { name: 'b.txt', bytes: bytes('x') },
  ]);
  for (const length of [10, 60, 200, whole.length >> 1, whole.length - 30]) {
    const { files, problems } = run(whole.subarray(0, length));
    assert.deepEqual([files, problems.length], [{}, 1], String(length));
  }
  const wrong = whole.slice();
  wrong.fill(0xff, 50, 70);
  assert.match(run(wrong).problems[0]!, /damaged/);
  const secret = zipSync({ 'a.txt': [bytes('x'), { level: 0 }] });
  secret[secret.length - 22 - 46 - 5 + 8] = 1; // the flag in the list of files
  assert.deepEqual(run(secret).problems, ['the zip file is encrypted']);
});
