// The demo as `./build.sh run` serves it: while modules are still being built, the page finds their state in a status file that
// only this server has, and each module is served from the moment it is there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ISOLATION, staticFiles } from '../../www/serve.mjs';
import { MODULES } from './wasm.mjs';

const STATUS = '/build.json';
/** The pages that load a model, by the paths under which they are asked for. They read the status file that the tag names. */
const PAGES = { '/': 'index.html', '/index.html': 'index.html', '/annotate/': 'annotate/index.html', '/annotate/index.html': 'annotate/index.html' };
const META = `<meta name="build-status" content="${STATUS}">`;

/** The state of each module: `building`, `ready` or `failed`. */
export function newStatus() {
  return Object.fromEntries(Object.keys(MODULES).map((name) => [name, 'building']));
}

/**
 * A request handler for the demo of the repository in `root`. Before `status.cpu` is `ready` it answers with 503. Until the module
 * with relaxed SIMD is there, the plain one, which has the same functions, is served in its place: engines choose between them
 * by what they can run.
 */
export function devServer(root, status) {
  const files = staticFiles(
    {
      '/': join(root, 'www/dist'),
      '/models/': join(root, 'www/models'),
      '/luke-web/dist/': join(root, 'pkg/dist'),
      '/luke-web/wasm/': join(root, 'pkg/wasm'),
    },
    ISOLATION,
  );
  return (request, response) => {
    const path = request.url.replace(/\?.*/, '');
    const send = (code, type, body) => response.writeHead(code, { 'content-type': type, 'cache-control': 'no-cache', ...ISOLATION }).end(body);
    if (status.cpu !== 'ready') return send(503, 'text/plain', 'The demo is still being built. Reload when the terminal says that it is there.\n');
    if (path === STATUS) return send(200, 'application/json', JSON.stringify(status));
    if (Object.hasOwn(PAGES, path)) {
      const html = readFileSync(join(root, 'www/dist', PAGES[path]), 'utf8');
      return send(200, 'text/html; charset=utf-8', html.replace('</head>', `  ${META}\n  </head>`));
    }
    if (status.relaxed !== 'ready') request.url = request.url.replace('/luke-web/wasm/relaxed/', '/luke-web/wasm/cpu/');
    return files(request, response);
  };
}
