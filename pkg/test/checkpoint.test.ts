import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../src/engine.js';
import { fetchSource } from '../src/source.js';
import { fakeFetch, fakeWasm, machine, MODEL, ONCE } from './fakes.js';

const options = { ...ONCE, device: 'wasm', heads: ['ner'] } as const;
const checkpoint = {
  'config.json': '{}', 'entity_vocab.json': '{}', 'vocab.json': '{}', 'merges.txt': '', 'model.safetensors': Uint8Array.from({ length: 40 }, (_, i) => (i ? i : 12)),
};

async function load(files: Parameters<typeof fakeFetch>[0], ranges = true, missing = 404, model = MODEL) {
  const { module, log } = fakeWasm(async () => []);
  const { fetch, asked } = fakeFetch(files, ranges, missing);
  const engine = new Engine(machine(module));
  const info = await engine.load(model, options, fetchSource(fetch), () => {});
  return { log, asked, info };
}

test('a folder without a manifest is loaded as a checkpoint, with and without byte ranges', async () => {
  for (const ranges of [true, false]) {
    const { log, asked } = await load(checkpoint, ranges);
    assert.deepEqual(log, [
      'checkpoint mini of config.json,entity_vocab.json,merges.txt,vocab.json; model.safetensors 20; ner',
      'checkpoint', 'model.safetensors 5', 'finish',
    ]);
    assert.ok(asked.includes('tokenizer.json') && !asked.includes('vocab.txt'));
    for (const small of ['config.json', 'entity_vocab.json', 'vocab.json', 'merges.txt']) assert.equal(asked.filter((path) => path === small).length, 1);
  }
});

test('the names of shards are read from their index', async () => {
  const { 'model.safetensors': weights, ...others } = checkpoint;
  const { log } = await load({ ...others, 'model.safetensors.index.json': '["a.safetensors","b.safetensors"]', 'a.safetensors': weights, 'b.safetensors': weights });
  assert.match(log[0]!, /a\.safetensors 20,b\.safetensors 20/);
});

test('the entity vocabulary may be in tokenizer_config.json, which is asked for once', async () => {
  const { 'entity_vocab.json': _, 'vocab.json': __, 'merges.txt': ___, ...others } = checkpoint;
  const { log, asked } = await load({ ...others, 'tokenizer.json': '{}', 'tokenizer_config.json': '{"entity_vocab":{}}' });
  assert.equal(log[0], 'checkpoint mini of config.json,tokenizer.json,tokenizer_config.json; model.safetensors 20; ner');
  assert.equal(asked.filter((path) => path === 'tokenizer_config.json').length, 1);
});

test('the index of shards is read with the other small files', async () => {
  const { 'model.safetensors': weights, ...others } = checkpoint;
  const { log } = await load({ ...others, 'model.safetensors.index.json': '["a.safetensors"]', 'a.safetensors': weights });
  assert.match(log[0]!, /^checkpoint mini of config\.json,entity_vocab\.json,merges\.txt,model\.safetensors\.index\.json,vocab\.json;/);
});

test('the error for a folder that is neither a model nor a checkpoint names the missing file', async () => {
  await assert.rejects(load({}), (error: any) => error.code === 'network' && /manifest\.json.*config\.json/.test(error.message));
  for (const missing of ['entity_vocab.json', 'model.safetensors', 'vocab.json'] as const) {
    const { [missing]: _, ...files } = checkpoint;
    await assert.rejects(load(files), (error: any) => error.code === 'network' && error.message.includes(missing));
  }
});

test('a checkpoint is found on a server that answers 403 or 410 for missing files', async () => {
  for (const missing of [403, 410]) {
    assert.match((await load(checkpoint, true, missing)).log[0]!, /^checkpoint mini of config\.json/);
    await assert.rejects(load({}, true, missing), { code: 'network', message: new RegExp(`manifest\\.json.*config\\.json answered with status ${missing}`) });
  }
  await assert.rejects(load(checkpoint, true, 500), { code: 'network', message: /manifest\.json answered with status 500/ });
});

test('the name of a checkpoint on a hub is the name of its repository', async () => {
  const files = Object.fromEntries(Object.entries(checkpoint).map(([path, body]) => [`org/luke-x/resolve/main/${path}`, body]));
  const { log } = await load(files, true, 404, `${MODEL}org/luke-x/resolve/main/`);
  assert.match(log[0]!, /^checkpoint luke-x of/);
});
