import assert from 'node:assert/strict';
import { test } from 'node:test';
import { droppedFiles, localFetch, localModel } from '../local-folder.js';

const PAGE = 'https://page.example/app/';
const BASE = `${PAGE}local/mini/`;

function files(...paths: string[]): Map<string, File> {
  return new Map(paths.map((path) => [path, new File([`of ${path}`], path.split('/').at(-1) ?? '', { lastModified: 7 })]));
}

function refused(message: RegExp, ...paths: string[]): void {
  assert.throws(() => localModel(files(...paths), PAGE), { code: 'input', message });
}

test('the model is where the manifest or the config is', async () => {
  for (const [root, name] of [['', 'model'], ['mini/', 'mini'], ['all/mine and yours/', 'mine and yours']] as const) {
    for (const file of ['manifest.json', 'config.json']) {
      const found = localModel(files(`${root}${file}`, `${root}chunks/0000.bin`, 'other.txt'), PAGE);
      assert.deepEqual([found.name, found.url, found.options.cache], [name, `${PAGE}local/${encodeURIComponent(name)}/`, false]);
      const response = await found.options.fetch?.(`${found.url}chunks/0000.bin`);
      assert.equal(await response?.text(), `of ${root}chunks/0000.bin`);
      assert.equal((await found.options.fetch?.(`${found.url}../other.txt`))?.status, 404, 'nothing outside of the folder');
    }
  }
});

test('a model with a config of its own deeper down is the outer one', () => {
  assert.equal(localModel(files('a/manifest.json', 'a/onnx/config.json'), PAGE).name, 'a');
});

test('folders without a model, with several, and with too much are refused', () => {
  refused(/has no model.*manifest\.json.*config\.json/, 'a/notes.txt');
  refused(/several models: all\/a\/, all\/b\//, 'all/a/config.json', 'all/b/config.json');
  refused(/more than 10000 files/, ...Array.from({ length: 10_001 }, (_, i) => `a/${i}`));
});

test('files are answered whole and in parts, as by a server', async () => {
  const get = localFetch(files('manifest.json', 'a b.bin'), BASE);
  const whole = await get(new URL('manifest.json?token=1', BASE));
  assert.deepEqual([whole.status, await whole.text(), whole.headers.get('etag')], [200, 'of manifest.json', '"16-7"']);
  const parts = [['bytes=0-1', 206, 'of', 'bytes 0-1/10'], ['bytes=3-99', 206, 'a b.bin', 'bytes 3-9/10'], ['bytes=10-11', 416, '', 'bytes */10']] as const;
  for (const [range, status, text, where] of parts) {
    const response = await get(`${BASE}a%20b.bin`, { headers: { range } });
    assert.deepEqual([response.status, await response.text(), response.headers.get('content-range')], [status, text, where]);
  }
  for (const url of [`${BASE}none`, `${BASE}%zz`, `${PAGE}elsewhere`, 'https://other.example/manifest.json']) assert.equal((await get(url)).status, 404, url);
});

/** What a browser gives for a folder that was dropped: its entries come in parts of two. */
function entry(path: string, content: Record<string, unknown> | string): unknown {
  const isDirectory = typeof content !== 'string';
  const inside = isDirectory ? Object.entries(content).map(([name, value]) => entry(`${path}/${name}`, value as Record<string, unknown> | string)) : [];
  return {
    isDirectory, isFile: !isDirectory, fullPath: path,
    file: (resolve: (file: File) => void) => resolve(new File([String(content)], path)),
    createReader: () => ({ readEntries: (resolve: (part: unknown[]) => void) => resolve(inside.splice(0, 2)) }),
  };
}

test('all files of a folder that is dropped are found, also deeper down', async () => {
  const folder = entry('/mini', { 'manifest.json': '{}', chunks: { '0.bin': 'a', '1.bin': 'b', '2.bin': 'c' }, empty: {}, 'README.md': 'd' });
  const items = [{ webkitGetAsEntry: () => folder }, { webkitGetAsEntry: () => null }] as unknown as DataTransferItemList;
  const found = await droppedFiles(items);
  assert.deepEqual([...found.keys()].sort(), ['mini/README.md', 'mini/chunks/0.bin', 'mini/chunks/1.bin', 'mini/chunks/2.bin', 'mini/manifest.json']);
  assert.equal(await found.get('mini/chunks/2.bin')?.text(), 'c');
});

test('a drop of too many files is refused', async () => {
  const folder = entry('/all', Object.fromEntries(Array.from({ length: 10_002 }, (_, i) => [String(i), 'x'])));
  await assert.rejects(droppedFiles([{ webkitGetAsEntry: () => folder }] as unknown as DataTransferItemList), { code: 'input', message: /more than 10000 files/ });
});

test('a request that is aborted is refused', async () => {
  const reason = new Error('no longer');
  await assert.rejects(localFetch(files('x'), BASE)(`${BASE}x`, { signal: AbortSignal.abort(reason) }), reason);
});
