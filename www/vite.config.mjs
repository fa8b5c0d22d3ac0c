// The site: plain files in dist/ for any static host, at any path. The package is not bundled: each page finds it by its import map, so
// that all pages share one copy in dist/luke-web.
import { existsSync } from 'node:fs';
import { defineConfig } from 'vite';
import { importMap, PAGES, site } from './site.mjs';

export default defineConfig({
  base: './',
  appType: 'mpa',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    emptyOutDir: false, // `tsc -p check` has put files there
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the pages' policy allows no data: URLs
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000, // budget.json has the limits, with brotli
    rolldownOptions: {
      input: PAGES.filter((page) => existsSync(new URL(page, import.meta.url))), external: ['luke-web'],
      // What the workspace loads when it is opened is one file: in one for each set of its lazy parts, brotli finds less that repeats.
      output: { codeSplitting: { groups: [
        { name: 'shared', test: /browser-fs-access|www[\\/](?:handover|offline)|preload-helper/, priority: 1 }, // the first page has it too
        { name: 'workspace', test: /[\\/]www[\\/]annotate[\\/]/, tags: ['$initial'] },
      ] } },
    },
  },
  worker: { format: 'es' },
  plugins: [importMap(), site()],
});
