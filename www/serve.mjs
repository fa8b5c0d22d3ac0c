// A static file server for the demo and for the tests, on this machine only. It answers as hosts do: validators, ranges, compression.
//   node www/serve.mjs [--port N] [FOLDER]     (PORT in the environment works too; 0 takes any free one)
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Headers of every file that make a page cross-origin isolated: only then may the model have threads. */
export const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/**
 * A request handler for the files under `mounts`: `{ '/prefix/': folder }`, the longest matching prefix wins. `headers` are those of
 * every answer. `compress: false` sends files as they are, for measurements that compression would disturb.
 */
export function staticFiles(mounts, headers = {}, { compress = true } = {}) {
  return async (request, response) => {
    setHeaders(response, { 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff', ...headers });
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, { allow: 'GET, HEAD' });
    const path = pathOf(request.url);
    if (path === undefined) return end(response, 400);
    const file = await fileAt(mounts, path);
    if (!file) return end(response, 404);
    if (file.isIndex && !path.endsWith('/')) return end(response, 301, { location: `./${encodeURIComponent(basename(path))}/` });
    const { send, compression, onHeaders } = await packages();
    // A weak validator says nothing about bytes, so a part of a file must not be appended to what came with it.
    if (request.headers['if-range']?.startsWith('W/')) delete request.headers.range;
    if (compress) compressed(request, response, compression, onHeaders);
    send(request, encodeURIComponent(relative(file.root, file.path).replaceAll(sep, '/')), { root: file.root, index: false, cacheControl: false })
      .on('headers', (_, __, info) => response.setHeader('etag', etag(info)))
      .on('error', ({ status, headers: more }) => end(response, status, more))
      .pipe(response);
  };
}

/** Listens on localhost; resolves to the server and its URL. */
export function listen(handler, port = 0) {
  const server = createServer(handler);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve({ server, url: `http://localhost:${server.address().port}/` }));
  });
}

/**
 * The file for the path of a URL, or the index.html of a folder: `{ root, path, isIndex }`. Nothing for what is not in the folder of
 * its prefix, links followed.
 */
export async function fileAt(mounts, path) {
  const prefix = Object.keys(mounts).sort((a, b) => b.length - a.length).find((start) => path.startsWith(start));
  if (!prefix) return undefined;
  try {
    const root = await realpath(mounts[prefix]);
    const isInside = (file) => file.startsWith(root + sep);
    const found = await realpath(join(root, path.slice(prefix.length)));
    if (found !== root && !isInside(found)) return undefined;
    const isIndex = (await stat(found)).isDirectory();
    const file = isIndex ? await realpath(join(found, 'index.html')) : found;
    return isInside(file) && (await stat(file)).isFile() ? { root, path: file, isIndex } : undefined;
  } catch {
    return undefined;
  }
}

/** npm packages, which are imported with the first file: `build.sh run` imports this module before it has installed them. */
async function packages() {
  const [send, compression, onHeaders] = await Promise.all([import('send'), import('compression'), import('on-headers')]);
  return { send: send.default, compression: compression.default, onHeaders: onHeaders.default };
}

/**
 * Compresses the response if its type is worth it. Ranges count bytes of the file, so they are sent as they are. So is what has no
 * type of its own: hosts do not compress weights, and weights do not become smaller.
 */
function compressed(request, response, compression, onHeaders) {
  // Runs after the listener of `compression`: the last that was added is the first that runs.
  onHeaders(response, () => {
    const tag = response.getHeader('etag');
    if (tag && response.hasHeader('content-encoding')) response.setHeader('etag', `W/${tag}`); // other bytes than those of the file
    if (response.statusCode === 304) response.setHeader('vary', 'Accept-Encoding'); // as the response that it renews
  });
  const filter = () => response.statusCode !== 206 && response.getHeader('content-type') !== 'application/octet-stream' && compression.filter(request, response);
  compression({ filter })(request, response, () => {});
}

/** A strong validator, as servers make it: a file with the same length and time of change has the same bytes. */
function etag({ size, mtimeMs }) {
  return `"${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}"`;
}

function pathOf(url) {
  try {
    const path = decodeURIComponent(new URL(`http://localhost${url}`).pathname);
    return path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}

/** Ends a response without a file. */
function end(response, status, headers = {}) {
  if (response.headersSent) return response.destroy(); // the file could not be read to its end
  for (const name of ['etag', 'last-modified', 'content-length', 'content-encoding', 'accept-ranges']) response.removeHeader(name);
  setHeaders(response, { ...headers, 'content-type': 'text/plain' });
  response.writeHead(status);
  return response.end(`${status}\n`);
}

function setHeaders(response, headers) {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === (await realpath(process.argv[1]))) {
  const { values, positionals } = parseArgs({ options: { port: { type: 'string', short: 'p' } }, allowPositionals: true });
  const folder = positionals[0] ?? fileURLToPath(new URL('dist', import.meta.url));
  const port = Number(values.port ?? process.env.PORT ?? 8000);
  try {
    await packages();
    const { url } = await listen(staticFiles({ '/': folder }, ISOLATION), port);
    console.log(`luke-web demo: ${url}`);
  } catch (error) {
    const reasons = { EADDRINUSE: `port ${port} is taken: try --port 0`, ERR_MODULE_NOT_FOUND: `${error.message}\nRun this first: npm ci` };
    console.error(reasons[error.code] ?? error.message);
    process.exit(1);
  }
}
