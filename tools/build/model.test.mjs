import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkModel, MODEL } from './model.mjs';

test('the default model is as its manifest says, and all of its files are packed', () => {
  assert.equal(checkModel(MODEL), 13);
});

test('a model folder that would not work as a package is refused', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'luke-model-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const edited = (file, edit, message) => {
    cpSync(MODEL, folder, { recursive: true });
    const before = readFileSync(join(folder, file));
    writeFileSync(join(folder, file), edit(before));
    assert.throws(() => checkModel(folder), { message });
    writeFileSync(join(folder, file), before);
  };
  const json = (change) => (bytes) => JSON.stringify(change(JSON.parse(bytes)));
  edited('tokenizer.json', (bytes) => bytes.subarray(1), /tokenizer\.json is not the file/);
  edited('chunks/0002.bin', (bytes) => (bytes[5]++, bytes), /0002\.bin is not the file/);
  edited('package.json', json((model) => ({ ...model, files: ['manifest.json', 'tokenizer.json', 'entity_vocab.bin'] })), /0000\.bin is not in the files/);
  edited('package.json', json((model) => ({ ...model, files: ['tokenizer.json', 'entity_vocab.bin', 'chunks', 'entities'] })), /manifest\.json is not in the files/);
  edited('package.json', json((model) => ({ ...model, license: 'MIT' })), /license MIT/);
  const added = (path) => json((manifest) => ({ ...manifest, taughtHeads: [{ name: 'a', task: 'ner', file: { ...manifest.files.tokenizer, path } }] }));
  edited('manifest.json', added('heads/a.bin'), /ENOENT.*heads\/a\.bin/);
  edited('manifest.json', added('README.md'), /README\.md is not the file/);
});
