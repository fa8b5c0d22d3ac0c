import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { Engine } from '../src/engine.js';
import { LukeError } from '../src/errors.js';
import { parseRepository, repositoryUrl, withHint } from '../src/hub.js';
import { nameOf } from '../src/names.js';
import { mayRetry } from '../src/retry.js';
import { download, fetchSource } from '../src/source.js';
import { checkLoadOptions, checkUrl } from '../src/validate.js';
import { FakeBrowser } from './browser.js';
import { quickly } from './clock.js';
import { fakeWasm, machine, MODEL, ONCE } from './fakes.js';

afterEach(() => FakeBrowser.uninstall());

test('a string with one slash inside is the name of a repository, everything else is a URL', () => {
  const names: [string, string, string][] = [
    ['org/name', 'org/name', 'main'],
    ['studio-ousia/luke-base', 'studio-ousia/luke-base', 'main'],
    ['models/mini', 'models/mini', 'main'],
    ['o/n@v1.0', 'o/n', 'v1.0'],
    ['o/n@refs/pr/1', 'o/n', 'refs/pr/1'],
    ['o/n@a@b', 'o/n', 'a@b'],
    ['0rg_x/n.a-m_e@0123456789abcdef', '0rg_x/n.a-m_e', '0123456789abcdef'],
  ];
  for (const [model, id, revision] of names) assert.deepEqual(parseRepository(model), { id, revision }, model);
  const urls = [
    'models/mini/', './models/mini', '../models/mini', '/models/mini', 'mini', 'mini/', 'a/b/c', 'models/manifest.json', 'https://h/a/b', 'http:a/b', 'file:/a/b', '//h/a', 'org//name', 'a/b?x=1', 'a/b#x',
    'a b/c', 'ä/b', '-a/b', 'a/.b', '.a/b', 'a/..', 'a/b@', 'a/b@v/', 'a/b@/v', 'a/b@..', 'a/b@x..y', 'a/b@x//y', 'a/b@x y', 'a/b@x?y', 'a/b@x#y', 'a/b@x%2e', 'a/b@x\n', 'a/b@.x', 'a/b/@v', '@a/b', '', '/',
  ];
  for (const url of urls) assert.equal(parseRepository(url), undefined, url);
});

test('a name is a folder of the hub: `{hub}/{name}/resolve/{revision}/`', () => {
  const at = (hub: string, model: string) => repositoryUrl(hub, parseRepository(model)!);
  assert.equal(at('https://hub.test', 'o/n'), 'https://hub.test/o/n/resolve/main/');
  assert.equal(at('https://hub.test/mirror//', 'o/n@v1'), 'https://hub.test/mirror/o/n/resolve/v1/');
  assert.equal(at('https://hub.test/?token=a#b', 'o/n@refs/pr/1'), 'https://hub.test/o/n/resolve/refs%2Fpr%2F1/?token=a');
  assert.equal(nameOf(at('https://hub.test', 'o/n@v1')), 'n');
  assert.equal(checkUrl('load', 'o/n'), 'https://huggingface.co/o/n/resolve/main/');
  assert.equal(checkUrl('load', 'o/n@v2', new URL('https://hub.test/x/')), 'https://hub.test/x/o/n/resolve/v2/');
  assert.equal(checkUrl('load', new URL('https://a.test/o/n')), 'https://a.test/o/n');
  assert.equal(checkUrl('load', 'https://a.test/o/n', 'https://hub.test'), 'https://a.test/o/n');
  for (const hub of [3, null, {}, '']) {
    const refused = () => (checkLoadOptions({ hub: hub as never }), checkUrl('load', 'o/n', hub as never));
    assert.throws(refused, { code: 'input', message: /hub/ }, JSON.stringify(hub));
  }
  assert.throws(() => checkUrl('load', 'o/n', 'https://user:secret@hub.test'), (error: LukeError) => error.code === 'input' && !error.message.includes('secret'));
});

test('what a hub says of an error is in the message, with what a user can do', async () => {
  const ask = (status: number, headers: Record<string, string> = {}, redirected = false) => {
    const response = new Response('no', { status, headers });
    if (redirected) Object.defineProperty(response, 'redirected', { value: true });
    return download(fetchSource(async () => response), 'https://hub.test/o/n/resolve/main/config.json', new AbortController().signal).then(
      () => assert.fail('it resolved'),
      (error: LukeError) => error,
    );
  };
  const cases: [LukeError, RegExp, boolean][] = [
    [await ask(401, { 'x-error-code': 'GatedRepo' }), /status 401: the repository is gated.*Accept its terms.*Authorization/, false],
    [await ask(403, { 'x-error-code': 'GatedRepo' }), /status 403: the repository is gated/, false],
    [await ask(401, { 'x-error-code': 'RepoNotFound' }), /no such repository, or it is private.*headers/, false],
    [await ask(404, { 'x-error-code': 'RevisionNotFound' }), /no such revision/, false],
    [await ask(404, { 'x-error-code': 'EntryNotFound' }), /status 404$/, false],
    [await ask(404, { 'x-error-code': 'constructor' }), /status 404$/, false],
    [await ask(401), /needs a token/, false],
    [await ask(403, {}, true), /has expired, or was refused/, true],
    [await ask(400, {}, true), /has expired, or was refused/, true],
    [await ask(401, { 'x-error-code': 'GatedRepo' }, true), /gated/, false],
    [await ask(403), /status 403$/, false],
    [await ask(503), /status 503$/, true],
  ];
  for (const [error, message, isRetried] of cases) {
    assert.equal(error.code, 'network');
    assert.match(error.message, message);
    assert.equal(mayRetry(error), isRetried, error.message);
  }
});

test('a name that the hub does not know may have been meant as a folder', async () => {
  const failing = (status: number | undefined, code: 'network' | 'format' = 'network') => Promise.reject(new LukeError(code, 'failed', { status }));
  for (const status of [401, 403, 404, undefined]) await assert.rejects(withHint('models/mini', failing(status)), { message: /^failed\. "models\/mini" was read as the name.*"\.\/models\/mini\/"$/ });
  await assert.rejects(withHint('models/mini', failing(503)), { message: 'failed' });
  await assert.rejects(withHint('models/mini', failing(undefined, 'format')), { message: 'failed' });
  await assert.rejects(withHint('./models/mini', failing(404)), { message: 'failed' });
  await assert.rejects(withHint(new URL('https://a.test/b/'), failing(404)), { message: 'failed' });
  const reason = new Error('enough');
  await assert.rejects(withHint('models/mini', Promise.reject(reason)), reason);
  assert.equal(await withHint('a/b', Promise.resolve(1)), 1);
});

test('a page in place of what is missing, with status 200 and whatever type, does not stop a checkpoint', async () => {
  const weights = new Uint8Array(100).fill(1);
  const files: Record<string, string | Uint8Array<ArrayBuffer>> = { 'config.json': '{}', 'entity_vocab.json': '{}', 'vocab.json': '{}', 'merges.txt': 'a b', 'model.safetensors': weights };
  const page = '\n  <!DOCTYPE html><title>An app</title>';
  for (const type of ['text/html; charset=utf-8', 'application/json', 'application/octet-stream', '']) {
    new FakeBrowser().install();
    const serve = async (url: string | URL | Request) => {
      const body = files[String(url).replace(MODEL, '')];
      const headers = body === undefined ? (type ? { 'content-type': type } : {}) : { 'content-type': 'application/octet-stream', etag: '"1"' };
      return new Response(body ?? new TextEncoder().encode(page), { headers });
    };
    const { module, log } = fakeWasm(async () => []);
    const engine = new Engine(machine(module));
    await quickly(() => engine.load(MODEL, { ...ONCE, retries: 2 }, fetchSource(serve as typeof fetch), () => {}));
    assert.match(log[0]!, /^checkpoint mini of config\.json,entity_vocab\.json,merges\.txt,vocab\.json; model\.safetensors 9/, type);
    FakeBrowser.uninstall();
  }
  // Without a config the pages are all there is.
  new FakeBrowser().install();
  const { module } = fakeWasm(async () => []);
  const loading = new Engine(machine(module)).load(MODEL, ONCE, fetchSource((async () => new Response(page)) as typeof fetch), () => {});
  await assert.rejects(loading, { code: 'format', message: /page instead of the file/ });
});
