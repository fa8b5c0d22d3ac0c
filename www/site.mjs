// What the build of the site does beside Vite's own work: the hash of each import map, the package, the models, the service worker.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The pages of the site. One that is not there is left out. */
export const PAGES = ['index.html', 'annotate/index.html', 'measure/index.html', 'gpu-check.html'];

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The inline import map of a page: its hash for the content security policy, and links with which its scripts come beside the page's own. */
export function importMap() {
  const handler = (html) => {
    const text = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html)?.[1];
    if (text === undefined) return html;
    const links = Object.values(JSON.parse(text).imports).map((path) => `    <link rel="modulepreload" href="${path}">\n`);
    return html.replace('{{IMPORT_MAP_HASH}}', `sha256-${createHash('sha256').update(text).digest('base64')}`).replace('  </head>', `${links.join('')}  </head>`);
  };
  return { name: 'import-map', transformIndexHtml: { order: 'post', handler } };
}

/** Puts into dist/ what Vite does not bundle, and writes the service worker last. */
export function site() {
  return {
    name: 'site',
    generateBundle: () => rmSync(at('dist/assets'), { recursive: true, force: true }), // the names of an earlier build have other hashes
    closeBundle: {
      sequential: true,
      async handler(error) {
        if (error) return;
        copyAll();
        await writeServiceWorker();
      },
    },
  };
}

function copyAll() {
  // Node.js has scripts of its own, and no page imports luke-web/static or luke-web/react.
  copy('../pkg/dist', 'dist/luke-web/dist', /(^|\/)(node[^/]*|cli|static|react)\.js$/);
  for (const module of ['cpu', 'relaxed', 'threads', 'webgpu']) {
    if (existsSync(at(`../pkg/wasm/${module}`))) copy(`../pkg/wasm/${module}`, `dist/luke-web/wasm/${module}`);
    else console.warn(`www: pkg/wasm/${module} is not built: www/dist goes without it`);
  }
  if (existsSync(at('models'))) copy('models', 'dist/models');
  else console.warn('www: there is no www/models; the page needs ?model=URL');
}

function copy(from, to, without = /^$/) {
  rmSync(at(to), { recursive: true, force: true });
  cpSync(at(from), at(to), { recursive: true, dereference: true, filter: (path) => !/\.(d\.ts|map|gitignore)$/.test(path) && !without.test(path) });
}

/**
 * The service worker as a classic script, which every browser runs. It keeps all pages; the runtime is kept when a model has used it, and
 * models are in the store of the package. A page of the documentation is kept when it is read.
 */
async function writeServiceWorker() {
  const files = readdirSync(at('dist'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(at('dist'), `${entry.parentPath}/${entry.name}`).replaceAll('\\', '/'))
    .filter((path) => !/^(luke-web\/wasm|models|docs)\/|^sw\.js$/.test(path))
    .sort();
  const version = createHash('sha256');
  for (const path of files) version.update(path).update(readFileSync(at(`dist/${path}`)));
  const options = `{
  version: '${version.digest('hex').slice(0, 16)}',
  precache: ${JSON.stringify(files.map((path) => path.replace(/(^|\/)index\.html$/, '$1') || './'))},
  handles: ({ url }) => !/\\/models\\/[^?]*\\.(bin|safetensors)$|\\/build\\.json$/.test(url),
  isolate: true,
}`;
  const contents = `import { serveOffline } from 'luke-web/service-worker';\nserveOffline(${options});`;
  await build({ stdin: { contents, resolveDir: at('.') }, bundle: true, format: 'iife', target: 'es2022', outfile: at('dist/sw.js'), logLevel: 'warning' });
}
