// The built site in dist/: its pages, their policy and size, what the service worker keeps, and what makes it installable.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync } from 'node:zlib';
import { PAGES } from './site.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const built = (path) => readFileSync(at(`dist/${path}`));
const pages = PAGES.filter((page) => existsSync(at(page)));
const assets = readdirSync(at('dist/assets'));
const policy = (html) => /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(html)?.[1];
const IMPORT_MAP = /<script type="importmap">([\s\S]*?)<\/script>/;

/** The scripts and styles that are loaded when a page is opened. Vite names all of them in its HTML. */
function loaded(page) {
  return [...new Set([...built(page).toString().matchAll(/[\w.-]+\.(?:js|css)\b/g)].map(([name]) => name).filter((name) => assets.includes(name)))];
}

test('no page loads more script and style than budget.json allows', () => {
  const limits = JSON.parse(readFileSync(at('../budget.json'), 'utf8')).pages;
  const sizes = pages.map((page) => [page, loaded(page).reduce((sum, name) => sum + brotliCompressSync(built(`assets/${name}`)).length, 0)]);
  for (const [page, bytes] of sizes) console.log(`${page.padEnd(20)} ${String(bytes).padStart(7)} of ${limits[page]} bytes with brotli`);
  assert.deepEqual(Object.keys(limits).sort(), [...PAGES].sort(), 'every page has a limit');
  assert.ok(sizes.every(([, bytes]) => bytes > 1000), 'every page has a script');
  assert.deepEqual(sizes.filter(([page, bytes]) => bytes > limits[page]), []);
});

for (const page of pages) {
  test(`${page}: nothing is inline but the import map, whose hash the policy has`, () => {
    const html = built(page).toString();
    const importMap = IMPORT_MAP.exec(html)?.[1];
    const hash = importMap === undefined ? '' : ` 'sha256-${createHash('sha256').update(importMap).digest('base64')}'`;
    assert.equal(
      policy(html),
      `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'${hash}; worker-src 'self'; connect-src 'self' https:; object-src 'none'; base-uri 'none'; form-action 'none'`,
    );
    assert.doesNotMatch(html.replace(IMPORT_MAP, ''), /<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/);
  });

  test(`${page}: all that it names is there, below any path`, () => {
    const html = built(page).toString();
    const names = [...html.matchAll(/\s(?:src|href)="([^"#]*)"/g)].map(([, name]) => name).filter((name) => !/^https:/.test(name));
    const importMap = IMPORT_MAP.exec(html)?.[1];
    const imports = importMap === undefined ? [] : Object.values(JSON.parse(importMap).imports);
    const isThere = (name) => {
      const file = join(at('dist'), dirname(page), name);
      return existsSync(file) || (name === 'annotate/' && !pages.includes('annotate/index.html'));
    };
    assert.ok(names.length > 2);
    assert.deepEqual([...names, ...imports].filter((name) => name.startsWith('/') || !isThere(name)), []);
  });
}

test('the package is in one copy, which all pages find by their import maps', () => {
  const scripts = assets.filter((name) => name.endsWith('.js')).map((name) => built(`assets/${name}`).toString());
  assert.ok(scripts.some((script) => /from\s*["'`]luke-web["'`]/.test(script)));
  assert.ok(!scripts.some((script) => script.includes('this Luke was disposed') || script.includes('luke-web-page-')), 'none has a part of it');
});

test('the service worker keeps all files but models, wasm and documentation, and adds the headers for threads', () => {
  const listeners = new Map();
  const kept = [];
  const scope = {
    registration: { scope: 'https://page.example/' }, location: new URL('https://page.example/sw.js'), URL, Promise,
    Request: class {
      constructor(url) {
        this.url = String(url);
      }
    },
    caches: { open: async () => ({ addAll: async (requests) => kept.push(...requests.map(({ url }) => new URL(url).pathname.slice(1))) }) },
    addEventListener: (type, listener) => listeners.set(type, listener),
  };
  scope.globalThis = scope;
  const script = built('sw.js').toString();
  assert.match(script, /isolate: (true|!0)/);
  assert.doesNotMatch(script, /^\s*(import|export)\s/m, 'a classic script');
  runInNewContext(script, scope);
  return new Promise((resolve, reject) => listeners.get('install')({ waitUntil: (work) => work.then(resolve, reject) })).then(() => {
    const files = readdirSync(at('dist'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = files.map((entry) => join(entry.parentPath, entry.name).slice(at('dist').length + 1).replaceAll('\\', '/'));
    const expected = paths.filter((path) => !/^(luke-web\/wasm|models|docs)\/|^sw\.js$/.test(path)).map((path) => path.replace(/(^|\/)index\.html$/, '$1'));
    assert.deepEqual(kept.sort(), expected.sort());
    assert.ok(kept.includes('') && kept.includes('gpu-check.html') && kept.includes('luke-web/dist/worker.js'));
    assert.ok(!pages.includes('annotate/index.html') || kept.includes('annotate/'));
  });
});

test('browsers can install it', () => {
  const manifest = JSON.parse(built('manifest.webmanifest'));
  assert.ok(manifest.name && manifest.short_name);
  assert.deepEqual([manifest.display, manifest.start_url, manifest.scope], ['standalone', './', './']);
  const icons = manifest.icons.filter(({ type }) => type === 'image/png').map(({ src, sizes }) => {
    const png = built(src);
    return [sizes, `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`];
  });
  assert.deepEqual(icons, [['192x192', '192x192'], ['512x512', '512x512']]);
  for (const page of ['index.html', 'annotate/index.html']) assert.match(built(page).toString(), /<link rel="manifest" href="[./]*manifest\.webmanifest">/);
});
