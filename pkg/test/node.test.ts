// What only Node.js has: files of this machine, and what the system says of them and of the network.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { fileError, isNeverAsked, networkReason } from '../node/faults.js';
import { fetchHere, HERE, whyNothingCame } from '../node/host.js';
import { follower } from '../cli/follow.js';
import { run } from '../cli/run.js';
import { LukeError } from '../src/errors.js';
import { fetchHere as fetchInBrowser } from '../src/host.js';
import { isMissing, ModelFiles } from '../src/files.js';
import { manifestUrl } from '../src/manifest.js';
import { Progress } from '../src/progress.js';
import { download, fetchSource } from '../src/source.js';
import { Stores } from '../src/store/stores.js';
import type { LoadEvent } from '../src/types.js';
import { modelOf } from './visit.js';

const folder = mkdtempSync(join(tmpdir(), 'luke node '));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (...path: string[]) => join(folder, ...path);
writeFileSync(at('file'), 'abcdefgh');
const never = new AbortController().signal;
const urlOf = (path: string) => pathToFileURL(path).href;
const failureOf = (work: Promise<unknown>): Promise<LukeError> => work.then(() => assert.fail('it must reject'), (error: LukeError) => error);

test('a file is read whole and by ranges, and its stream ends with its signal', async () => {
  const url = urlOf(at('file'));
  const text = async (headers = {}) => {
    const response = await fetchHere(url, { headers });
    return [response.status, await response.text(), response.headers.get('content-range')];
  };
  assert.deepEqual(await text(), [200, 'abcdefgh', null]);
  assert.deepEqual(await text({ range: 'bytes=2-4' }), [206, 'cde', 'bytes 2-4/8']);
  assert.deepEqual(await text({ range: 'bytes=6-99' }), [206, 'gh', 'bytes 6-7/8']);
  assert.equal((await fetchHere(url, { headers: { range: 'bytes=8-9' } })).status, 416);
  const abort = new AbortController();
  const { body } = await fetchHere(url, { signal: abort.signal });
  abort.abort('enough');
  await assert.rejects(body!.getReader().read());
  await assert.rejects(fetchHere(url, { signal: abort.signal }), (reason) => reason === 'enough');
});

test('a read that is aborted at any moment rejects, and no error is left without a listener', async () => {
  const path = join(folder, 'aborted.bin');
  writeFileSync(path, new Uint8Array(1 << 20));
  const lost: unknown[] = [];
  const onLost = (error: unknown) => lost.push(error);
  process.on('uncaughtException', onLost);
  for (let turns = 0; turns < 12; turns += 1) {
    const abort = new AbortController();
    const reading = fetchHere(pathToFileURL(path).href, { signal: abort.signal }).then((response) => response.arrayBuffer());
    reading.catch(() => {});
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    abort.abort('enough');
    await reading.then(() => {}, (reason) => assert.ok(reason === 'enough' || (reason as Error).name === 'AbortError', String(reason)));
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('uncaughtException', onLost);
  assert.deepEqual(lost, []);
});

test('a file that is not there, is a folder or cannot be read is named with its path', async () => {
  const cases: [path: string, error: string, message: RegExp][] = [
    [at('nowhere'), 'ENOENT', /there is no such file or folder/],
    [at('file', 'in'), 'ENOTDIR', /a part of its path is a file/],
    [at(), 'EISDIR', /is a folder, not a file/],
  ];
  if (process.getuid?.() !== 0) {
    writeFileSync(at('secret'), '');
    chmodSync(at('secret'), 0);
    cases.push([at('secret'), 'EACCES', /no permission/]);
  }
  for (const [path, error, message] of cases) {
    const failure = await failureOf(download(fetchSource(fetchHere), urlOf(path), never));
    assert.deepEqual([failure.code, failure.detail], ['io', { path, url: urlOf(path), error }], failure.message);
    assert.ok(failure.message.startsWith(`${path}: `) && message.test(failure.message), failure.message);
    assert.equal(isMissing(failure), error.startsWith('ENO'), path);
  }
});

test('URLs that nobody can fetch are told at once', async () => {
  for (const url of ['ftp://a.test/b', 'http://localhost:6000/', 'file://elsewhere/a', 'file:///a%2Fb']) {
    const failure = await failureOf(download(fetchSource(fetchHere), url, never));
    assert.equal(failure.code, 'input', `${url}: ${failure.message}`);
    assert.ok(failure.message.includes(url.slice(0, 10)), failure.message);
  }
});

test('URLs of a scheme that no browser fetches are told at once', async () => {
  for (const url of ['ftp://a.test/b', 'ws://a.test/', 'mailto:a@a.test']) await assert.rejects(fetchInBrowser(url), { code: 'input', message: /begins with https: or http:/ });
});

/** The manifest of a model on this machine, without a pause. */
async function manifestOf(path: string) {
  const events: LoadEvent[] = [];
  const stores = await Stores.open(false);
  const options = { parallelDownloads: 4, retries: 3, stallMs: 15_000 };
  const files = new ModelFiles(fetchSource(fetchHere), manifestUrl(urlOf(path)), stores, options, new Progress((event) => events.push(event)));
  const failure = await files.folder().then(async (found) => {
    if (found) for (const chunk of found.manifest.chunks) await files.read(chunk, [], false, () => {});
    return found ? undefined : 'no manifest';
  }).catch((error: LukeError) => error);
  files.stop('over');
  return { failure, retries: events.filter(({ phase }) => phase === 'retry').length };
}

test('nothing of this machine is tried again', async () => {
  mkdirSync(at('model', 'chunks'), { recursive: true });
  for (const [path, content] of Object.entries(modelOf([100, 200]))) writeFileSync(at('model', path), content);
  assert.deepEqual(await manifestOf(at('model')), { failure: undefined, retries: 0 });
  const faults: [change: () => void, code: string, name: RegExp][] = [
    [() => writeFileSync(at('model', 'chunks/1.bin'), 'x'), 'integrity', /chunks\/1\.bin/],
    [() => rmSync(at('model', 'chunks/1.bin')), 'io', /chunks\/1\.bin: there is no such file/],
    [() => mkdirSync(at('model', 'chunks/1.bin')), 'io', /chunks\/1\.bin: is a folder/],
    [() => (rmSync(at('model', 'manifest.json')), mkdirSync(at('model', 'manifest.json'))), 'io', /manifest\.json: is a folder/],
  ];
  for (const [change, code, name] of faults) {
    change();
    const { failure, retries } = await manifestOf(at('model'));
    assert.ok(failure instanceof LukeError, String(failure));
    assert.deepEqual([failure.code, retries], [code, 0], failure.message);
    assert.match(failure.message, name);
  }
  // It may be a checkpoint.
  assert.deepEqual(await manifestOf(at('nowhere')), { failure: 'no manifest', retries: 0 });
});

test('failures of the network are sentences that name the host', async () => {
  const failed = (cause: object) => Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), cause) });
  const cases: [error: unknown, reason: RegExp][] = [
    [failed({ code: 'ENOTFOUND', hostname: 'other.test' }), /there is no host other\.test/],
    [failed({ code: 'EAI_AGAIN' }), /a\.test:81 cannot be looked up now/],
    [failed({ code: 'ECONNREFUSED' }), /a\.test:81 refuses the connection/],
    [failed({ message: '', errors: [Object.assign(new Error(), { code: 'ECONNREFUSED' }), Object.assign(new Error(), { code: 'ECONNREFUSED' })] }), /refuses the connection/],
    [failed({ code: 'ECONNRESET' }), /has closed the connection/],
    [failed({ code: 'UND_ERR_SOCKET', message: 'other side closed' }), /has closed the connection/],
    [failed({ code: 'UND_ERR_CONNECT_TIMEOUT' }), /does not answer/],
    [failed({ code: 'ENETUNREACH' }), /cannot be reached/],
    [failed({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), /certificate .* NODE_EXTRA_CA_CERTS/],
    [failed({ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }), /does not speak https/],
    [new TypeError('error sending request for url (http://a.test:81/): client error (Connect): dns error: failed to lookup address information'), /there is no host a\.test:81/], // Deno
    [new TypeError('error sending request for url: client error (Connect): tcp connect error: Connection refused (os error 111)'), /refuses the connection/],
    [Object.assign(new Error('Unable to connect. Is the computer able to access the url?'), { code: 'ConnectionRefused' }), /refuses the connection/], // Bun
  ];
  for (const [error, reason] of cases) {
    const said = networkReason('http://a.test:81/m/', error);
    assert.match(said, reason);
    assert.doesNotMatch(said, /fetch failed|getaddrinfo|E[A-Z]{5}/);
  }
  assert.equal(networkReason('http://a.test/', failed({ message: 'something new' })), 'something new');
  assert.equal(networkReason('http://a.test/', 'thrown'), 'thrown');
  assert.deepEqual([isNeverAsked(failed({ message: 'bad port' })), isNeverAsked(failed({ code: 'ENOTFOUND' })), isNeverAsked(undefined)], [true, false, false]);
  assert.equal(whyNothingCame, networkReason);
  assert.match(HERE, /^(Node\.js|Deno|Bun) \d/);
});

test('a server that is gone is named, also one to which another redirects', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  const server = createServer((_, response) => response.writeHead(302, { location: `http://127.0.0.1:${free}/signed?secret=1` }).end());
  await Promise.all([gone, server.listen(0, '127.0.0.1')].map((one) => new Promise((resolve) => (one.listening ? resolve(one) : one.once('listening', resolve)))));
  const free = (gone.address() as AddressInfo).port;
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  try {
    const source = fetchSource(follower().fetch);
    const direct = await failureOf(download(source, `http://127.0.0.1:${free}/m`, never));
    assert.equal(direct.message, `cannot fetch http://127.0.0.1:${free}/m: 127.0.0.1:${free} refuses the connection. Does its server run, and is the port right?`);
    const redirected = await failureOf(download(source, `http://127.0.0.1:${port}/m`, never));
    assert.match(redirected.message, new RegExp(`/m: it was redirected, and 127\\.0\\.0\\.1:${free} refuses`));
    assert.doesNotMatch(redirected.message, /secret/);
    assert.deepEqual([direct.code, redirected.code], ['network', 'network']);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('luke-web pull ends with a sentence and a code where a folder cannot be written, or two revisions are named', async () => {
  const model = modelOf([10]);
  const fetch = async (url: string | URL | Request) => {
    const content = model[new URL(String(url)).pathname.slice(3)];
    return content === undefined ? new Response(null, { status: 404 }) : new Response(content as BodyInit);
  };
  let said = '';
  const world = { env: {}, signal: never, print: () => {}, say: (text: string) => void (said += text), isTerminal: false, fetch: fetch as typeof globalThis.fetch };
  assert.equal(await run(['pull', 'https://a.test/m', at('file', 'in'), '--quiet'], world), 5);
  assert.match(said, /^luke-web: .*file.*: (is not in a folder|there is a file of this name)/);
  said = '';
  assert.equal(await run(['pull', 'https://a.test/m', at('pulled'), '--quiet'], world), 0, said);
  said = '';
  assert.equal(await run(['pull', 'a/m@one', at('twice'), '--revision', 'two'], world), 2);
  assert.match(said, /^luke-web: "a\/m@one" and --revision "two" are two revisions/);
});

test('what the system says of a file is plain', () => {
  for (const [code, want] of [['EACCES', 'this user has no permission for it'], ['ENOSPC', 'there is no room on the disk']] as const) {
    assert.equal(fileError('/a', Object.assign(new Error(`${code}: some words, open '/a'`), { code })).message, `/a: ${want}`);
  }
  assert.equal(fileError('/a', Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })).message, '/a: i/o error');
  assert.deepEqual(fileError('/a', 'thrown').detail, { path: '/a' });
});
