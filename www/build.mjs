// Assembles the demo in www/dist, after tsc has put the page's script there: plain files for any static host, at any path.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const www = new URL('./', import.meta.url);
const at = (path) => fileURLToPath(new URL(path, www));

function copy(from, to) {
  rmSync(at(to), { recursive: true, force: true });
  cpSync(at(from), at(to), { recursive: true, dereference: true, filter: (path) => !/\.(d\.ts|map|gitignore)$/.test(path) });
}

for (const file of ['style.css', 'icon.svg', 'gpu-check.html']) copy(file, `dist/${file}`);
copy('../pkg/dist', 'dist/luke-web/dist');
for (const device of ['cpu', 'relaxed', 'threads', 'webgpu']) {
  if (existsSync(at(`../pkg/wasm/${device}`))) copy(`../pkg/wasm/${device}`, `dist/luke-web/wasm/${device}`);
  else console.warn(`www: pkg/wasm/${device} is not built: www/dist goes without it`);
}
if (existsSync(at('models'))) copy('models', 'dist/models');
else console.warn('www: there is no www/models; the demo needs ?model=URL');

// An inline import map needs its hash in the page's content security policy.
const html = readFileSync(at('index.html'), 'utf8');
const importMap = /<script type="importmap">([\s\S]*?)<\/script>/.exec(html)[1];
const hash = createHash('sha256').update(importMap).digest('base64');
writeFileSync(at('dist/index.html'), html.replace('{{IMPORT_MAP_HASH}}', `sha256-${hash}`));

// The service worker as a classic script, which every browser runs. It keeps the page; the runtime is kept when a model has used it.
// The check of the GPU is not kept: few people open it.
const dist = at('dist');
const page = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(dist, `${entry.parentPath}/${entry.name}`).replaceAll('\\', '/'))
  .filter((path) => !/^(luke-web\/wasm|models|check)\/|^gpu-check|^sw\.js$|^index\.html$/.test(path))
  .sort();
const version = createHash('sha256');
for (const path of ['index.html', ...page]) version.update(path).update(readFileSync(at(`dist/${path}`)));
const options = `{
  version: '${version.digest('hex').slice(0, 16)}',
  precache: ${JSON.stringify(['./', ...page])},
  handles: ({ url }) => !/\\/models\\/[^?]*\\.(bin|safetensors)$|\\/build\\.json$/.test(url),
}`;
const contents = `import { serveOffline } from 'luke-web/service-worker';\nserveOffline(${options});`;
await build({ stdin: { contents, resolveDir: at('.') }, bundle: true, format: 'iife', target: 'es2022', outfile: at('dist/sw.js'), logLevel: 'warning' });
