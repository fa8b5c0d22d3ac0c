// The pages of the documentation: what every page must have, their links, and how Markdown becomes HTML.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Window } from 'happy-dom';
import { buildDocs, linksOf } from './build.mjs';
import { renderMarkdown, slug } from './markdown.mjs';
import { PAGES } from './pages.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'luke-web-docs-'));
after(() => rmSync(folder, { recursive: true, force: true }));

buildDocs(folder);
const names = readdirSync(folder).filter((name) => name.endsWith('.html'));
const pages = new Map(names.map((name) => [name, parse(readFileSync(join(folder, name), 'utf8'))]));

function parse(html) {
  const { document } = new Window({ settings: { disableCSSFileLoading: true } });
  document.write(html);
  return document;
}

const links = linksOf(() => undefined);
const render = (text, file = 'docs/A.md', to = links) => renderMarkdown(`# A title\n\n${text}`, file, to);

test('there is a page for each document, and the first page', () => {
  assert.deepEqual([...pages.keys()].sort(), ['index.html', ...PAGES.map(({ name }) => `${name}.html`)].sort());
});

for (const [name, document] of pages) {
  test(`${name}: title, headings, policy, landmarks`, () => {
    assert.ok(document.title.length > 5);
    assert.equal(document.documentElement.lang, 'en');
    assert.equal(document.querySelectorAll('h1').length, 1);
    assert.match(document.querySelector('meta[http-equiv]').content, /default-src 'none'; style-src 'self'/);
    assert.equal(document.querySelectorAll('script, style, [style], iframe').length, 0);
    for (const element of document.querySelectorAll('*')) for (const { name } of element.attributes) assert.ok(!name.startsWith('on'), name);
    for (const landmark of ['header', 'main', 'nav']) assert.ok(document.querySelector(landmark), landmark);
    for (const nav of document.querySelectorAll('nav')) assert.ok(nav.getAttribute('aria-label') || nav.getAttribute('aria-labelledby'));
    assert.equal(document.querySelector('a').getAttribute('href'), '#content', 'the first link skips to the content');
    const levels = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(({ tagName }) => Number(tagName[1]));
    levels.reduce((before, level) => (assert.ok(level <= before + 1, `a heading of level ${level} follows one of level ${before}`), level), 0);
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, 'no id is there twice');
    for (const image of document.querySelectorAll('img')) assert.ok(image.alt.length > 10, 'an image has a description');
    for (const block of document.querySelectorAll('pre, .scroll')) assert.equal(block.getAttribute('tabindex'), '0', 'what scrolls can be reached by keys');
    for (const cell of document.querySelectorAll('th')) assert.ok(cell.textContent.trim(), 'a head cell has words');
  });

  test(`${name}: its links lead somewhere`, () => {
    for (const link of document.querySelectorAll('a, link, img')) {
      const target = link.getAttribute('href') ?? link.getAttribute('src');
      if (/^https?:/.test(target) || ['../', '../annotate/', '../measure/'].includes(target)) continue; // another site, or the pages beside the documentation
      const [file, anchor] = target.split('#');
      if (/\.(css|svg|png)$/.test(file)) readFileSync(join(folder, file));
      else {
        const page = file === '' ? document : pages.get(file.replace(/^\.\/$/, 'index.html'));
        assert.ok(page, `${target}: no such page`);
        if (anchor) assert.ok(page.getElementById(anchor), `${target}: no such heading`);
      }
    }
  });
}

test('the table of contents has the headings of the page', () => {
  const contents = [...pages.get('offline.html').querySelectorAll('.contents a')].map(({ textContent }) => textContent);
  assert.ok(contents.includes('Where it is stored') && contents.includes('Quota and persistence'));
});

test('ids of headings are those of GitHub, and differ', () => {
  assert.equal(slug('7. Node.js, Deno and Bun'), '7-nodejs-deno-and-bun');
  assert.deepEqual(render('## Same `code`!\n\n## Same code').headings, [
    { level: 2, id: 'same-code', text: 'Same code!' }, { level: 2, id: 'same-code-1', text: 'Same code' },
  ]);
});

test('links between files become links between pages', () => {
  const { html } = render('[a](OFFLINE.md) [b](../pkg/README.md#setup) [c](#here) [d](https://example.org/x.md) [e](../docs)');
  const addresses = [...html.matchAll(/href="([^"]*)"/g)].map(([, address]) => address);
  assert.deepEqual(addresses, ['offline.html', 'package.html#setup', '#here', 'https://example.org/x.md', './']);
});

test('a link to a source file becomes its path, or an address of the public repository', () => {
  const text = '[the *sum*](../src/model/encoder.rs#L3)';
  assert.match(render(text).html, /<p>the <em>sum<\/em> \(<code>src\/model\/encoder\.rs<\/code>\)<\/p>/);
  const there = { ...links, source: (path) => `https://example.org/blob/${path}` };
  assert.match(render(text, 'docs/A.md', there).html, /<a href="https:\/\/example\.org\/blob\/src\/model\/encoder\.rs">the/);
});

test('images are named by their paths, and are listed', () => {
  const { html, images } = render('![A plot of times](bench/ner.svg)');
  assert.deepEqual(images, ['docs/bench/ner.svg']);
  assert.match(html, /<img src="images\/docs-bench-ner\.svg" alt="A plot of times"/);
});

test('tables have no inline style, no empty head, and scroll', () => {
  const { html } = render('| a | n |\n|---|--:|\n| x | 1 |\n\n| | |\n|---|---|\n| y | z |\n\n| | b |\n|---|---|\n| v | w |');
  const document = parse(html);
  assert.equal(document.querySelectorAll('[style]').length, 0);
  assert.deepEqual([...document.querySelectorAll('.right')].map(({ textContent }) => textContent), ['n', '1']);
  assert.deepEqual([...document.querySelectorAll('table')].map((table) => table.querySelectorAll('thead').length), [1, 0, 1]);
  assert.deepEqual([...document.querySelectorAll('table:last-of-type th[scope=col]')].map(({ textContent }) => textContent).at(-1), 'b');
});

test('HTML, code and addresses of documents cannot run', () => {
  assert.throws(() => render('<script>alert(1)</script>'), /docs\/A\.md: HTML is not allowed/);
  assert.throws(() => render('a <b onclick="x">b</b>'), /HTML is not allowed/);
  assert.ok(!render('[a](javascript:alert(1))').html.includes('href'));
  assert.match(render('```html\n<script>1</script>\n```').html, /<pre tabindex="0"><code>&lt;script&gt;1&lt;\/script&gt;\n<\/code><\/pre>/);
  assert.throws(() => renderMarkdown('no title', 'docs/A.md', links), /docs\/A\.md: a document begins with its title/);
});

test('the summary is the first sentence', () => {
  assert.equal(render('From `a` to\nb.js in 1.5 s. More.').summary, 'From a to b.js in 1.5 s.');
  assert.equal(render('## Only headings').summary, '');
});

test('the API reference has the entries of the package, their members and their links', () => {
  const api = pages.get('api.html');
  for (const id of ['luke', 'loadoptions', 'lukeerror', 'pipeline']) assert.ok(api.getElementById(id), id);
  assert.ok([...api.querySelectorAll('.contents a')].some(({ textContent }) => textContent === 'LoadOptions'));
  assert.ok(pages.get('api-react.html').querySelector('a[href^="api.html#"]'), 'entries link to each other');
});

test('the guide of the annotation workspace has every format and every key', () => {
  const guide = readFileSync(at('../../docs/ANNOTATE.md'), 'utf8');
  const index = readFileSync(at('../annotate/formats/index.ts'), 'utf8');
  const list = /FORMATS[^=]*= \[([^\]]*)\]/.exec(index)[1].match(/\w+/g);
  const sources = readdirSync(at('../annotate/formats')).map((name) => readFileSync(at(`../annotate/formats/${name}`), 'utf8'));
  const names = sources.flatMap((source) => [.../: Format = \{\s*id: '[^']*',\s*name: '([^']*)'/g[Symbol.matchAll](source)].map(([, name]) => name));
  assert.equal(names.length, list.length);
  for (const name of names) assert.ok(guide.includes(`\n| ${name} |`), `the format "${name}" is missing`);

  const keys = [...readFileSync(at('../annotate/view/keys.ts'), 'utf8').matchAll(/\{ id: '[^']*', name: '([^']*)', key: '([^']+)'/g)];
  assert.ok(keys.length > 20);
  const shown = (key) => key.split('+').map((part) => (part.length === 1 ? part.toUpperCase() : part)).join('+');
  for (const [, name, key] of keys) assert.ok(guide.includes(`\n| \`${shown(key)}\` | ${name} |`), `the key ${key}, "${name}", is missing`);
});
