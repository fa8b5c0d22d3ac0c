import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelLoader, type Load, type Model, type ModelState } from '../assistant/model.js';
import { settle } from './store-fakes.js';
import { FakeError, FakeModel, gate, HASH } from './assistant-fakes.js';

test('a load tells its bytes, and gives the model with its hash; a second call waits for the first', async () => {
  const model = new FakeModel();
  const seen: ModelState['kind'][] = [];
  let loads = 0;
  const loader = new ModelLoader(async ({ onProgress }) => {
    loads++;
    onProgress({ loadedBytes: 3, totalBytes: 9 });
    assert.deepEqual(loader.state.value, { kind: 'loading', loadedBytes: 3, totalBytes: 9 });
    await Promise.resolve();
    return model;
  });
  loader.state.subscribe(({ kind }) => void seen.push(kind));
  await Promise.all([loader.load(), loader.load()]);
  await loader.load();
  assert.equal(loads, 1);
  assert.deepEqual(seen, ['none', 'loading', 'loading', 'ready']);
  assert.deepEqual(loader.state.value, { kind: 'ready', model, ref: { name: 'fake', manifestHash: HASH } });
});

test('a load that fails is a state with its message, and is tried again', async () => {
  let isDown = true;
  const loader = new ModelLoader(async () => {
    if (isDown) throw new FakeError('network');
    return new FakeModel();
  });
  await loader.load();
  assert.deepEqual(loader.state.value, { kind: 'failed', message: 'the model says network' });
  isDown = false;
  await loader.load();
  assert.equal(loader.state.value.kind, 'ready');
});

test('a lost model is disposed and can be loaded again; a model of before does not harm the new one', async () => {
  const models: FakeModel[] = [];
  const load: Load = async () => {
    models.push(new FakeModel());
    return models.at(-1) as Model;
  };
  const loader = new ModelLoader(load);
  await loader.load();
  const [first] = models as [FakeModel];
  await loader.lost(first, new FakeError('device-lost'));
  assert.deepEqual([loader.state.value, first.disposed], [{ kind: 'failed', message: 'the model says device-lost' }, true]);
  await loader.load();
  await loader.lost(first, new FakeError('device-lost'));
  assert.equal(loader.state.value.kind, 'ready');
  assert.equal(models[1]?.disposed, false);
});

test('dispose ends a load, disposes a model that comes late, and nothing is loaded after it', async () => {
  const { closed, open } = gate();
  const model = new FakeModel();
  let aborted: AbortSignal | undefined;
  const loader = new ModelLoader(async ({ signal }) => {
    aborted = signal;
    await closed;
    return model;
  });
  void loader.load();
  const disposed = loader.dispose();
  assert.equal(aborted?.aborted, true);
  await disposed;
  assert.equal(model.disposed, false);
  open();
  await settle();
  await loader.load();
  assert.deepEqual([loader.state.value, model.disposed], [{ kind: 'none' }, true]);
});
