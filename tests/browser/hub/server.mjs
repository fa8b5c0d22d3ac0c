// A hub as the ones on the web answer: repositories with revisions, small files from the hub itself, large ones by a redirect to a signed
// URL on another origin, and errors with codes. Faults are planned as in ../faults/server.mjs.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileAt, listen } from '../../../www/serve.mjs';
import { answer } from '../faults/answer.mjs';
import { pause, sendBody } from '../faults/body.mjs';
import { Plans } from '../faults/plans.mjs';
import { refusal, sign } from '../faults/signed.mjs';

/** A token that opens private and gated repositories, and one of an account that has not accepted the terms. */
export const TOKEN = 'hf_good';
export const STRANGER = 'hf_stranger';

const TYPES = { '.json': 'application/json', '.txt': 'text/plain; charset=utf-8', '.md': 'text/plain; charset=utf-8' };
/** What a hub tells to scripts of other origins. */
const EXPOSED = 'X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,ETag,Link,Accept-Ranges,Content-Range,X-Linked-Size,X-Linked-ETag';
const SETTINGS = {
  /** Whether scripts of other origins may read the answers of the hub, and of the store. */
  hubCors: true, storeCors: true,
  /** What the store tells to scripts; `''` is nothing. */
  storeExposes: 'ETag, Content-Range, Accept-Ranges',
  ranges: true,
  /** Whether validators of the hub are weak. */
  weak: false,
  /** Whether small files are redirected to another path of the hub. */
  cached: false,
  signedMs: 60_000,
  /** What comes for a file that is not there: `text`, `json`, `html` with status 404, or `app`: a page with status 200. */
  missing: 'text',
};

/**
 * Starts a hub: `repositories` has for each `org/name` its folders by revision, and perhaps `access: 'gated'` or `'private'`. Resolves to
 * `{ url, store, settings, requests, plan, commit, reset, close }`: `requests` are `{ on, method, path, range, authorization, status, bytes }`.
 */
export async function startHub(repositories) {
  const plans = new Plans();
  const requests = [];
  const settings = { ...SETTINGS };

  const handle = (on) => async (request, response) => {
    const url = new URL(`http://localhost${request.url}`);
    const path = decodeURIComponent(url.pathname);
    const entry = { on, method: request.method, path, range: request.headers.range, authorization: request.headers.authorization, status: 0, bytes: 0 };
    if (settings[`${on}Cors`]) allow(request, response, on === 'hub' ? EXPOSED : settings.storeExposes);
    if (request.method === 'OPTIONS') return response.writeHead(settings[`${on}Cors`] ? 204 : 403).end();
    requests.push(entry);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const stop = (status, headers = {}, text = '') => {
      entry.status = status;
      response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(text);
    };
    const how = { ...plans.take(path, on) };
    if (how.status) return stop(how.status, how.headers);
    if (how.stallAt === 'headers' && !(await pause(Infinity, gone.signal))) return undefined;
    const found = on === 'hub' ? await look(url.pathname, request.headers.authorization) : await inStore(path, url.searchParams);
    if (found.error) return stop(...found.error);
    const { bytes, headers, location } = found;
    if (location) return stop(302, { ...headers, location }, `Found. Redirecting to ${location}`);
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    const made = answer(request.headers, { bytes, type }, { etag: false, lastModified: false, cacheControl: 'no-cache', ranges: settings.ranges, ...how });
    entry.status = made.status;
    response.writeHead(made.status, { ...headers, ...made.headers });
    if (request.method === 'HEAD' || made.body.length === 0) return response.end();
    return sendBody(response, made, how, gone.signal, entry);
  };

  /** What the hub has at a path: `{ error }`, `{ location }` or `{ bytes }`, with headers. */
  async function look(pathname, authorization) {
    const [, api, id, revision, file] = /^(\/api\/resolve-cache\/models)?\/([^/]+\/[^/]+)\/(?:resolve\/)?([^/]+)\/(.+)$/.exec(pathname) ?? [];
    const repository = repositories[id];
    const token = authorization?.replace('Bearer ', '');
    const unknown = { error: [401, { 'content-type': 'application/json', 'x-error-code': 'RepoNotFound', 'www-authenticate': 'Bearer realm="hub"' }, '{"error":"Invalid username or password."}'] };
    if (!repository || (repository.access === 'private' && token !== TOKEN)) return unknown;
    if (repository.access === 'gated' && token !== TOKEN) return { error: [token ? 403 : 401, { 'x-error-code': 'GatedRepo' }, `Access to model ${id} is restricted.`] };
    const name = decodeURIComponent(revision);
    const branch = Object.keys(repository.revisions).find((other) => other === name || commitOf(id, other) === name);
    if (!branch) return { error: [404, { 'content-type': 'application/json', 'x-error-code': 'RevisionNotFound' }, JSON.stringify({ error: `Invalid rev id: ${name}` })] };
    const commit = { 'x-repo-commit': commitOf(id, branch) };
    const there = await fileAt({ '/': repository.revisions[branch] }, `/${decodeURIComponent(file)}`);
    if (!there) return { error: absent(commit) };
    const bytes = await readFile(there.path);
    const quote = (hash) => `${settings.weak ? 'W/' : ''}"${hash}"`;
    if (/\.(bin|safetensors|model)$/.test(file)) {
      const path = `/${id}/${commitOf(id, branch)}/${decodeURIComponent(file)}`;
      const { expired } = plans.take(path, 'signature') ?? {};
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const location = `${store.url.slice(0, -1)}${path}${sign(path, Date.now() + (expired ? -1 : settings.signedMs))}`;
      return { headers: { ...commit, 'x-linked-etag': quote(sha256), 'x-linked-size': bytes.length }, location };
    }
    const headers = { ...commit, etag: quote(createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')) };
    if (settings.cached && !api) return { headers, location: `/api/resolve-cache/models/${id}/${commitOf(id, branch)}/${file}` };
    return { bytes, headers };
  }

  async function inStore(path, query) {
    const refused = refusal(path, query);
    if (refused) return { error: [403, { 'content-type': 'application/xml' }, `<Error><Code>AccessDenied</Code><Message>${refused}</Message></Error>`] };
    const [, id, commit, file] = /^\/([^/]+\/[^/]+)\/([^/]+)\/(.+)$/.exec(path);
    const branch = Object.keys(repositories[id].revisions).find((other) => commitOf(id, other) === commit);
    const bytes = await readFile((await fileAt({ '/': repositories[id].revisions[branch] }, `/${file}`)).path);
    return { bytes, headers: { etag: `"${createHash('md5').update(bytes).digest('hex')}"` } };
  }

  function absent(commit) {
    const headers = { ...commit, 'x-error-code': 'EntryNotFound' };
    const page = '<!doctype html><title>404</title><p>Not here.';
    return {
      text: [404, headers, 'Entry not found'],
      json: [404, { ...headers, 'content-type': 'application/json' }, '{"error":"Entry not found"}'],
      html: [404, { 'content-type': 'text/html; charset=utf-8' }, page],
      app: [200, { 'content-type': 'text/html; charset=utf-8' }, page],
      // An application whose server gives its page the type that the name asks for.
      typed: [200, { 'content-type': 'application/json' }, page],
    }[settings.missing];
  }

  const [hub, store] = await Promise.all([listen(handle('hub')), listen(handle('store'))]);
  return {
    url: hub.url, store: store.url, settings, requests,
    /** Plans a fault: `on` is `hub` (default) or `store`; `signature` with `expired: true` makes the next signed URL an expired one. */
    plan: (pattern, fault, when) => plans.add(pattern, { on: 'hub', ...fault }, when),
    commit: commitOf,
    reset: () => {
      plans.clear();
      Object.assign(settings, SETTINGS);
      requests.length = 0;
    },
    close: () => {
      for (const { server } of [hub, store]) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/** The commit that a branch is at. */
function commitOf(id, branch) {
  return createHash('sha1').update(`${id} ${branch}`).digest('hex');
}

function allow(request, response, exposed) {
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-allow-methods', 'GET, HEAD');
  response.setHeader('access-control-allow-headers', 'authorization, range');
  if (exposed) response.setHeader('access-control-expose-headers', exposed);
}
