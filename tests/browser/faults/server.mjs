// A site that misbehaves on demand: the package and the models, with planned faults on top, and a log of what was sent.
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileAt, ISOLATION, listen } from '../../../www/serve.mjs';
import { answer } from './answer.mjs';
import { pause, sendBody } from './body.mjs';
import { matcher, Plans } from './plans.mjs';
import { refusal, sign } from './signed.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8',
  '.json': 'application/json', '.svg': 'image/svg+xml', '.wasm': 'application/wasm',
};
const MOUNTS = {
  '/': at('../page'),
  '/pkg/': at('../../../pkg'),
  '/models/': at('../.models'),
  '/models/luke-mini-en/': at('../../../www/models/luke-mini-en'),
  '/checkpoints/': at('../../fixtures/checkpoints'),
};
/** Until another fault or setting says otherwise. */
const SETTINGS = { ranges: true, etag: true, lastModified: true, cacheControl: 'no-store', latencyMs: 0, allowHeaders: 'range, if-range, authorization', signedMs: 60_000 };

/**
 * Starts the site on two origins: `url`, and `other`, which only opens signed URLs that it is redirected to. A path below `/at/NAME/` is
 * the same file as without that prefix, so that several tests can plan faults beside each other.
 *
 * `plan(pattern, fault, when)` plans a fault (plans.mjs says for which requests), and `settings` has what holds for all files. A fault is
 * one or several of these; offsets count bytes of the file:
 *
 * - `cutAt: n` ends the connection before that byte; `cutAfter: n` after so many bytes of the answer; `reset: true` loses what is underway;
 *   `lingerMs: ms` ends it some time after the last byte, when the browser has handed out what it has
 * - `flip: n` gives that byte a wrong bit; `body: b` is sent in place of the file
 * - `short: n` leaves out the last bytes and the length; `long: n` adds bytes; `gzip: true` compresses
 * - `status: 503`, `retryAfter: seconds or Date`; `html: true` is the page of a captive portal
 * - `stallAt: n` or `'headers'`, `stallMs: ms` (default: for ever); `latencyMs: ms` before the headers; `bytesPerSecond: n`
 * - `redirect: true` to the signed URL on the other origin, where `on: 'other'` plans faults; `expired: true` gives one that has expired
 * - `ranges`, `etag`, `lastModified`: false does without; `version: n` is another file of the same length, with other validators
 * - `cacheControl: 'max-age=3600'`; `allowHeaders`: what the other origin lets scripts ask with
 *
 * `requests` has an entry for each request: method, origin, path, headers, range, ifRange, status, bytes (of the body, really sent),
 * cut (by a fault), aborted (by the browser), ended, ms and endMs (times). `bytes(pattern)` and `count(pattern)` sum them up. `down()` refuses connections until `up()`.
 * `handle(request, response)` may take requests that are no files, by returning true.
 */
export async function startFaults({ mounts = MOUNTS, isolated = false, handle = () => false } = {}) {
  const plans = new Plans();
  const requests = [];
  const settings = { ...SETTINGS };
  let isDown = false;

  const serve = (origin) => async (request, response) => {
    const url = new URL(`http://localhost${request.url}`);
    const path = decodeURIComponent(url.pathname);
    if (origin === 'main' && handle(request, response)) return;
    if (origin === 'other') allowScripts(response, settings);
    const { headers } = request;
    const entry = {
      method: request.method, origin, path, headers, range: headers.range, ifRange: headers['if-range'],
      status: undefined, bytes: 0, cut: false, aborted: false, ended: false, ms: performance.now(), endMs: Infinity,
    };
    requests.push(entry);
    const gone = new AbortController();
    response.on('close', () => {
      entry.ended = true;
      entry.endMs = performance.now();
      entry.aborted = !response.writableFinished && !entry.cut;
      gone.abort();
    });
    const head = (status, values) => {
      entry.status = status;
      response.writeHead(status, { ...(isolated && ISOLATION), ...values });
    };
    const stop = (status, text = `${status}\n`, values = {}) => {
      head(status, { 'content-type': 'text/plain', ...values });
      response.end(text);
    };

    if (request.method === 'OPTIONS') return stop(204, '');
    const how = { ...settings, ...plans.take(path, origin) };
    if (how.latencyMs && !(await pause(how.latencyMs, gone.signal))) return;
    if (how.stallAt === 'headers' && !(await pause(how.stallMs ?? Infinity, gone.signal))) return;
    if (how.redirect && origin === 'main') return stop(302, '', { location: `${other.url.slice(0, -1)}${url.pathname}${sign(path, Date.now() + (how.expired ? -1 : how.signedMs))}` });
    const refused = origin === 'other' && refusal(path, url.searchParams);
    if (refused) return stop(403, `${refused}\n`);
    const file = await fileAt(mounts, path.replace(/^\/at\/[^/]+\//, '/'));
    if (!file) return stop(404);
    const type = TYPES[extname(file.path)] ?? 'application/octet-stream';
    const made = answer(headers, { bytes: await readFile(file.path), type }, how);
    head(made.status, made.headers);
    if (request.method === 'HEAD' || made.body.length === 0) return response.end();
    await sendBody(response, made, how, gone.signal, entry);
  };

  const [main, other] = await Promise.all([listen(serve('main')), listen(serve('other'))]);
  const servers = [main.server, other.server];
  for (const server of servers) server.on('connection', (socket) => isDown && socket.destroy());
  const asked = (pattern) => requests.filter(({ path, method }) => method !== 'OPTIONS' && matcher(pattern)(path));
  return {
    url: main.url,
    other: other.url,
    settings,
    requests,
    plan: (pattern, fault, when) => plans.add(pattern, fault, when),
    bytes: (pattern = '') => asked(pattern).reduce((sum, { bytes }) => sum + bytes, 0),
    count: (pattern = '') => asked(pattern).length,
    /** Forgets plans, settings and the log. */
    reset: () => {
      plans.clear();
      Object.assign(settings, SETTINGS);
      for (const name of Object.keys(settings)) if (!(name in SETTINGS)) delete settings[name];
      requests.length = 0;
      isDown = false;
    },
    down: () => {
      isDown = true;
      for (const server of servers) server.closeAllConnections();
    },
    up: () => {
      isDown = false;
    },
    close: () => {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/** What a store on another origin says so that scripts may read it. */
function allowScripts(response, { allowHeaders }) {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-methods', 'GET, HEAD');
  response.setHeader('access-control-allow-headers', allowHeaders);
  response.setHeader('access-control-expose-headers', 'etag, content-length, content-range, accept-ranges');
}
