// A static file server for the demo and for the tests: Node only, this machine only, nothing cached.
//   node www/serve.mjs [--port N] [FOLDER]     (PORT in the environment works too; 0 takes any free one)
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.md': 'text/markdown; charset=utf-8',
  '.wasm': 'application/wasm',
};

/** Headers of every file that make a page cross-origin isolated: only then may the model have threads. */
export const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };

/** A request handler for the files under `mounts`: `{ '/prefix/': folder }`, the longest matching prefix wins. */
export function staticFiles(mounts, headers = {}) {
  const prefixes = Object.keys(mounts).sort((a, b) => b.length - a.length);
  return async (request, response) => {
    try {
      if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405);
      const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
      const prefix = prefixes.find((start) => path.startsWith(start));
      const file = prefix && (await fileIn(mounts[prefix], path.slice(prefix.length)));
      if (!file) return end(response, 404);
      const part = partOf(request.headers.range, file.size);
      const { start, end: last } = part ?? { start: 0, end: file.size - 1 };
      response.writeHead(part ? 206 : 200, {
        'content-type': TYPES[extname(file.path)] ?? 'application/octet-stream',
        'content-length': last - start + 1,
        ...(part && { 'content-range': `bytes ${start}-${last}/${file.size}` }),
        'accept-ranges': 'bytes',
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        ...headers,
      });
      if (request.method === 'HEAD') return response.end();
      createReadStream(file.path, part).on('error', () => response.destroy()).pipe(response);
    } catch {
      end(response, 400);
    }
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

/** The file at `path` in `folder`, or its index.html; nothing for what lies outside, links followed. */
async function fileIn(folder, path) {
  if (path.includes('\0')) return undefined;
  try {
    const root = await realpath(folder);
    let found = await realpath(join(root, path));
    if (found !== root && !found.startsWith(root + sep)) return undefined;
    let info = await stat(found);
    if (info.isDirectory()) {
      found = await realpath(join(found, 'index.html'));
      info = await stat(found);
    }
    return info.isFile() && found.startsWith(root + sep) ? { path: found, size: info.size } : undefined;
  } catch {
    return undefined;
  }
}

/** The part of a file that a `range` header asks for; nothing for what is not one part, which then comes whole. */
function partOf(range, size) {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const part = { start: Number(first), end: last ? Math.min(Number(last), size - 1) : size - 1 };
  return first !== undefined && part.start <= part.end ? part : undefined;
}

function end(response, status) {
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(`${status}\n`);
}

if (process.argv[1] && fileURLToPath(import.meta.url) === (await realpath(process.argv[1]))) {
  const { values, positionals } = parseArgs({ options: { port: { type: 'string', short: 'p' } }, allowPositionals: true });
  const folder = positionals[0] ?? fileURLToPath(new URL('dist', import.meta.url));
  const port = Number(values.port ?? process.env.PORT ?? 8000);
  try {
    const { url } = await listen(staticFiles({ '/': folder }, ISOLATION), port);
    console.log(`luke-web demo: ${url}`);
  } catch (error) {
    console.error(error.code === 'EADDRINUSE' ? `port ${port} is taken: try --port 0` : error.message);
    process.exit(1);
  }
}
