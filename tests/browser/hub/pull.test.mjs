// `luke-web pull` against a hub and against a plain server.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listen, staticFiles } from '../../../www/serve.mjs';
import { startHub, STRANGER, TOKEN } from './server.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const CLI = process.env.LUKE_CLI ?? at('../../../pkg/dist/cli.js');
const MINI = at('../../../www/models/luke-mini-en');
const RAW = at('../../fixtures/checkpoints/micro-span_cls');
const OTHER = at('../../fixtures/checkpoints/micro-qa');
const WEIGHTS = 'model.safetensors';
const CHUNK = 'chunks/0001.bin';

const temporary = mkdtempSync(join(tmpdir(), 'luke-pull-'));
const hub = await startHub({
  'luke/mini': { revisions: { main: MINI } },
  'luke/raw': { revisions: { main: RAW, 'v1.0': OTHER, 'refs/pr/1': OTHER } },
  'luke/gated': { revisions: { main: RAW }, access: 'gated' },
  'luke/private': { revisions: { main: RAW }, access: 'private' },
});
after(() => {
  hub.close();
  rmSync(temporary, { recursive: true });
});
afterEach(() => hub.reset());

let folders = 0;
const fresh = () => join(temporary, `to-${++folders}`);

/** Starts the command. */
function start(args, env = {}) {
  const child = spawn(process.execPath, [CLI, ...args], { env: { ...process.env, HF_TOKEN: '', ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (said.err += text));
  return { child, said, ended: once(child, 'close').then(([code]) => ({ code, ...said })) };
}

const pull = (model, folder, ...more) => start(['pull', model, folder, '--hub', hub.url, '--retries', '2', ...more]).ended;
const succeeds = async (...args) => {
  const result = await pull(...args);
  assert.equal(result.code, 0, JSON.stringify(result));
  assert.doesNotMatch(result.err, /Warning/); // of Node.js
  return result;
};
const filesIn = (folder) => (existsSync(folder) ? readdirSync(folder, { recursive: true }).filter((path) => statSync(join(folder, path)).isFile()).sort() : []);
/** All files of `folder` are those of `from`. */
function assertSame(folder, from) {
  for (const path of filesIn(folder)) assert.ok(readFileSync(join(folder, path)).equals(readFileSync(join(from, path))), path);
}
const fromStore = () => hub.requests.filter(({ on }) => on === 'store');

test('a model folder is copied by its manifest, and not fetched again', async () => {
  const folder = fresh();
  const { out } = await succeeds('luke/mini', folder);
  const { files, chunks, entityTable } = JSON.parse(readFileSync(join(MINI, 'manifest.json'), 'utf8'));
  const named = [...Object.values(files), ...chunks, ...entityTable.chunks].map(({ path }) => path);
  // There is a license where the package of the model was made.
  assert.deepEqual(filesIn(folder).filter((path) => path !== 'LICENSE'), ['README.md', 'manifest.json', ...named].sort());
  assertSame(folder, MINI);
  assert.match(out, /^mini: \d+ files, \d\d\.\d MB, from .*\nall verified by their hashes\n$/);
  assert.ok(out.includes(hub.commit('luke/mini', 'main')), out);
  hub.requests.length = 0;
  await succeeds('luke/mini', folder);
  assert.deepEqual(fromStore(), [], 'the chunks are there');
  truncateSync(join(folder, CHUNK), 100);
  writeFileSync(join(folder, 'tokenizer.json'), '{}');
  await succeeds('luke/mini', folder);
  assert.equal(fromStore().length, 1);
  assertSame(folder, MINI);
});

test('heads that were added to a model folder are copied with it', async () => {
  const [from, folder] = [fresh(), fresh()];
  cpSync(MINI, from, { recursive: true });
  rmSync(join(from, 'LICENSE'), { force: true }); // it is there once the model's package was made
  const head = Buffer.from('a head');
  const file = { path: 'heads/0f1e2d3c4b5a6978.bin', bytes: head.length, sha256: createHash('sha256').update(head).digest('hex') };
  mkdirSync(join(from, 'heads'));
  writeFileSync(join(from, file.path), head);
  const manifest = JSON.parse(readFileSync(join(MINI, 'manifest.json'), 'utf8'));
  writeFileSync(join(from, 'manifest.json'), JSON.stringify({ ...manifest, taughtHeads: [{ name: 'recipes', task: 'ner', file }], base: 'ab'.repeat(32) }));
  const { server, url } = await listen(staticFiles({ '/models/': from }));
  try {
    const { out } = await succeeds(`${url}models/`, folder);
    assert.match(out, /no hash is known of README\.md; of the others it is right/);
    assert.ok(filesIn(folder).includes(file.path), filesIn(folder).join());
    assertSame(folder, from);
    writeFileSync(join(from, file.path), 'b head');
    rmSync(join(folder, file.path));
    const { code, err } = await pull(`${url}models/`, folder);
    assert.equal(code, 4, err);
    assert.match(err, /heads\/0f1e2d3c4b5a6978\.bin/);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('what says what may be done with a model is copied too', async () => {
  const documents = ['COPYING', 'LICENSE-APACHE', 'LICENSE-MIT', 'NOTICE.txt', 'README.md'];
  const from = fresh();
  cpSync(RAW, from, { recursive: true });
  for (const name of [...documents, 'notes.txt']) writeFileSync(join(from, name), name);
  const { server, url } = await listen(staticFiles({ '/': from }));
  try {
    const folder = fresh();
    await succeeds(url, folder);
    assertSame(folder, from);
    assert.deepEqual(documents.filter((name) => !existsSync(join(folder, name))), []);
    assert.equal(existsSync(join(folder, 'notes.txt')), false);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('failures of the network and of the disk are sentences', async () => {
  const { server, url } = await listen(staticFiles({ '/': RAW }));
  await new Promise((resolve) => (server.close(resolve), server.closeAllConnections()));
  const host = new URL(url).host.replaceAll('.', '\\.');
  const gone = await pull(url, fresh(), '--retries', '0');
  assert.equal(gone.code, 3);
  assert.match(gone.err, new RegExp(`cannot fetch .*: ${host} refuses the connection\\. Does its server run`));
  const nowhere = await pull('http://no-such-host.invalid/m/', fresh(), '--retries', '0');
  assert.equal(nowhere.code, 3);
  assert.match(nowhere.err, /there is no host no-such-host\.invalid|the name no-such-host\.invalid cannot be looked up/);
  const file = fresh();
  writeFileSync(file, '');
  const { code, err } = await pull('luke/raw', join(file, 'in'));
  assert.deepEqual([code, /is not in a folder: a part of its path is a file|a file of this name/.test(err)], [5, true], err);
  for (const said of [gone.err, nowhere.err, err]) assert.doesNotMatch(said, /fetch failed|getaddrinfo|ENO|ECONN|EEXIST/);
});

test('a checkpoint is verified by what the hub says of its files', async () => {
  for (const settings of [{}, { weak: true }, { cached: true }, { missing: 'html' }, { missing: 'app' }, { missing: 'json' }, { missing: 'typed' }, { ranges: false }]) {
    hub.reset();
    Object.assign(hub.settings, settings);
    const folder = fresh();
    const { out } = await succeeds('luke/raw', folder);
    assert.ok(filesIn(folder).includes(WEIGHTS) && filesIn(folder).includes('config.json'), JSON.stringify(settings));
    assertSame(folder, RAW);
    assert.match(out, /all verified/, JSON.stringify(settings));
    hub.requests.length = 0;
    await succeeds('luke/raw', folder);
    assert.deepEqual(fromStore(), [], 'the hub tells the hash');
  }
});

test('revisions: a tag, a branch with a slash, a commit, and one that is not there', async () => {
  for (const [model, ...more] of [['luke/raw@v1.0'], ['luke/raw', '--revision', 'v1.0'], ['luke/raw@refs/pr/1'], [`luke/raw@${hub.commit('luke/raw', 'v1.0')}`]]) {
    const folder = fresh();
    await succeeds(model, folder, ...more);
    assertSame(folder, OTHER);
  }
  const { code, err } = await pull('luke/raw@v9', fresh());
  assert.deepEqual([code, /no such revision/.test(err)], [3, true], err);
  // All files are of the commit that the branch is at when the first is asked for.
  hub.requests.length = 0;
  await succeeds('luke/raw', fresh());
  const [first, ...others] = hub.requests.filter(({ on }) => on === 'hub').map(({ path }) => path);
  assert.ok(first.includes('/resolve/main/') && others.every((path) => path.includes(hub.commit('luke/raw', 'main'))));
});

test('a connection that is cut goes on where it was; a signed URL that has expired is replaced', async () => {
  const folder = fresh();
  hub.plan(CHUNK, { on: 'store', cutAt: 1_000_000, lingerMs: 1000 }); // what is received when a connection ends, but not read yet, is lost
  hub.plan('chunks/0002.bin', { on: 'signature', expired: true });
  hub.plan('chunks/0003.bin', { on: 'store', status: 503 });
  await succeeds('luke/mini', folder);
  assertSame(folder, MINI);
  const of = (path) => fromStore().filter((request) => request.path.endsWith(path));
  assert.deepEqual(of(CHUNK).map(({ range }) => range?.replace(/-.*/, '')), [undefined, 'bytes=1000000']);
  assert.deepEqual(of('chunks/0002.bin').map(({ status }) => status), [403, 200]);
});

test('wrong bytes are fetched again, and never kept', async () => {
  const folder = fresh();
  hub.plan(CHUNK, { on: 'store', flip: 5000 });
  await succeeds('luke/mini', folder);
  assertSame(folder, MINI);
  const [bad, raw] = [fresh(), fresh()];
  hub.plan(CHUNK, { on: 'store', flip: 5000 }, 'always');
  hub.plan(WEIGHTS, { on: 'store', flip: 5000 }, 'always');
  const results = [await pull('luke/mini', bad, '--retries', '1'), await pull('luke/raw', raw, '--retries', '1')];
  for (const { code, err } of results) assert.deepEqual([code, /SHA-256 is/.test(err)], [4, true], err);
  assert.ok(!filesIn(bad).includes(CHUNK) && !filesIn(bad).includes('manifest.json'), 'the manifest comes last');
  assert.ok(!filesIn(raw).includes(WEIGHTS) && !filesIn(raw).includes('config.json'));
  hub.plan('vocab.json', { flip: 10 }, 'always');
  const { code, err } = await pull('luke/raw', fresh(), '--retries', '0');
  assert.deepEqual([code, /git hash is/.test(err)], [4, true], err);
});

test('an interrupted copy leaves no half file under its name, and goes on', async () => {
  const folder = fresh();
  hub.plan(/chunks/, { on: 'store', stallAt: 2_000_000 });
  const { child, ended } = start(['pull', 'luke/mini', folder, '--hub', hub.url]);
  for (let i = 0; fromStore().filter(({ bytes }) => bytes >= 2_000_000).length < 4; i++) {
    assert.ok(i < 1000, 'it does not start');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGINT');
  const { code, err } = await ended;
  assert.deepEqual([code, /interrupted/.test(err)], [130, true], err);
  assert.ok(filesIn(folder).every((path) => !path.startsWith('chunks/') || path.endsWith('.part')), String(filesIn(folder)));
  const parts = filesIn(folder).filter((path) => path.endsWith('.part')).map((path) => statSync(join(folder, path)).size);
  assert.ok(parts.length === 4 && parts.every((bytes) => bytes > 0), String(parts));
  hub.reset();
  await succeeds('luke/mini', folder);
  assertSame(folder, MINI);
  const sent = fromStore().reduce((sum, { bytes }) => sum + bytes, 0);
  assert.ok(sent < 16_700_000 - 4_000_000, `${sent} bytes were sent again`);
  assert.deepEqual(filesIn(folder).filter((path) => path.endsWith('.part')), []);
});

test('gated and private repositories: what to do, and a token for the hub alone', async () => {
  for (const [model, words] of [['luke/gated', /gated.*Accept its terms/], ['luke/private', /private/], ['luke/nothing', /no such repository/]]) {
    const { code, err } = await pull(model, fresh());
    assert.deepEqual([code, words.test(err)], [3, true], err);
  }
  const withToken = (token) => start(['pull', 'luke/gated', fresh(), '--hub', hub.url], { HF_TOKEN: token }).ended;
  assert.equal((await withToken(STRANGER)).code, 3);
  hub.requests.length = 0;
  assert.equal((await withToken(TOKEN)).code, 0);
  for (const { on, authorization } of hub.requests) assert.equal(authorization, on === 'hub' ? `Bearer ${TOKEN}` : undefined);
  hub.requests.length = 0;
  await start(['pull', `${hub.url}luke/raw/resolve/main/`, fresh()], { HF_TOKEN: TOKEN }).ended;
  assert.ok(hub.requests.every(({ authorization }) => authorization === undefined), 'a URL is not the hub');
});

test('arguments, folders and servers that do not work have exit codes of their own', async () => {
  const codes = async (...args) => (await start(args).ended).code;
  for (const args of [[], ['pull'], ['pull', 'a/b'], ['pull', 'a/b', 'c', 'd'], ['push', 'a/b', 'c'], ['pull', 'models/mini/', 'c'], ['pull', 'file:///a/', 'c'], ['pull', 'a/b', 'c', '--hub', 'x'], ['pull', 'a/b', 'c', '--parallel', '0'], ['pull', 'a/b@v', 'c', '--revision', '..'], ['pull', 'http://localhost:9/', 'c', '--revision', 'v'], ['pull', 'a/b', 'c', '--wrong']]) {
    assert.equal(await codes(...args), 2, args.join(' '));
  }
  const help = await start(['--help']).ended;
  assert.deepEqual([help.code, /Exit codes/.test(help.out)], [0, true]);
  assert.match((await start(['--version']).ended).out, /^\d+\.\d+\.\d+\n$/);
  assert.equal(await codes('pull', 'http://localhost:9/m/', fresh(), '--retries', '0'), 3);
  const file = fresh();
  writeFileSync(file, 'a file');
  assert.equal((await pull('luke/raw', file)).code, 5);
});

test('a manifest that names files outside the folder, or the same file twice, is refused', async () => {
  const entry = { bytes: 2, sha256: '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a' };
  for (const path of ['../x.json', 'a/../../x.json', '/x.json', '.hidden', 'a\\b', 'c:x', 'a//b', 'x.part', 'nul', 'a/%2e%2e/%2e%2e/x', 'TOKENIZER.json']) {
    const model = fresh();
    cpSync(OTHER, model, { recursive: true });
    const manifest = { format: 'luke-web', version: 1, files: { tokenizer: { path: 'tokenizer.json', ...entry }, entityVocab: { path, ...entry } }, chunks: [] };
    writeFileSync(join(model, 'manifest.json'), JSON.stringify(manifest));
    const { server, url } = await listen(staticFiles({ '/': model }));
    const folder = fresh();
    const { code, err } = await pull(url, folder, '--retries', '0');
    server.close();
    assert.deepEqual([code, filesIn(folder)], [4, []], `${path}: ${err}`);
  }
});

test('a plain server: lengths and times are compared, and what has no hash is named', async () => {
  const { server, url } = await listen(staticFiles({ '/m/': RAW }));
  const folder = fresh();
  const { out } = await succeeds(`${url}m/`, folder);
  assertSame(folder, RAW);
  assert.match(out, /no hash is known of .*model\.safetensors/);
  const before = statSync(join(folder, WEIGHTS)).ino;
  await succeeds(`${url}m`, folder);
  assert.equal(statSync(join(folder, WEIGHTS)).ino, before, 'it was fetched again');
  server.close();
  const none = await listen(staticFiles({ '/': at('../page') }));
  const { code, err } = await pull(none.url, fresh());
  none.server.close();
  assert.deepEqual([code, /no manifest\.json.*no Hugging Face checkpoint/.test(err)], [3, true], err);
});
