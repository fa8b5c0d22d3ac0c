// Makes the scripts in dist/, after tsc has put the declarations there. Each is complete: a browser that had to find scripts through the
// imports of others would wait once for each level of imports.
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const options = { bundle: true, format: 'esm', target: 'es2022', minify: true, sourcemap: true, outdir: 'dist', logLevel: 'warning' };
const wasm = '../wasm/*';
/** Takes NAME-static.ts in place of NAME.ts: what has neither workers nor `import()`. */
const withoutImports = {
  name: 'static',
  setup: ({ onResolve, resolve }) => onResolve({ filter: /^\.\/(place|modules)\.js$/ }, ({ path, ...from }) => resolve(path.replace('.js', '-static.js'), from)),
};
/** Takes node/NAME.ts in place of src/NAME.ts: what Node.js has in another form. The engine is a script of its own, dist/node-serve.js. */
const forNode = (withEngine) => ({
  name: 'node',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\/(place|host)\.js$/ }, ({ path }) => ({ path: fileURLToPath(new URL(`node/${path.replace('.js', '.ts')}`, import.meta.url)) }));
    if (!withEngine) onResolve({ filter: /^\.\/serve\.js$/ }, () => ({ path: './node-serve.js', external: true }));
  },
});
/** Node.js prints the line of an uncaught error, so that lines stay lines. */
const node = { ...options, minify: false, platform: 'node', target: 'node20', external: [wasm] };
await Promise.all([
  build({ ...options, entryPoints: ['worker', 'serve', 'thread', 'service-worker'].map((name) => `src/${name}.ts`), external: [wasm] }),
  // The page needs the engine only with `worker: false`.
  build({ ...options, entryPoints: ['src/index.ts'], external: [wasm, './serve.js'] }),
  build({ ...options, entryPoints: ['src/static.ts'], external: [wasm], plugins: [withoutImports] }),
  build({ ...node, entryPoints: { node: 'src/index.ts', 'node-worker': 'node/worker.ts', 'node-thread': 'node/thread.ts' }, plugins: [forNode(false)] }),
  build({ ...node, entryPoints: { 'node-serve': 'node/serve.ts' }, plugins: [forNode(true)] }),
  // The command `luke-web` for Node.js.
  build({ ...options, entryPoints: { cli: 'cli/main.ts' }, platform: 'node', target: 'node20', sourcemap: false, plugins: [forNode(true)], banner: { js: '#!/usr/bin/env node' } }),
  // The hooks take everything else from index.js: a page has one copy of it. React's server components need the directive.
  build({ ...options, entryPoints: ['src/react.ts'], external: ['react'], plugins: [besideIndex()], banner: { js: "'use client';" } }),
]);

/** Leaves imports of the package's main module as they are; dist/react.js is beside it. */
function besideIndex() {
  return { name: 'beside-index', setup: ({ onResolve }) => onResolve({ filter: /\/index\.js$/ }, () => ({ path: './index.js', external: true })) };
}
