// Builds the documentation of the site from the repository's Markdown, and the API reference from the package's sources.
//   node www/docs/build.mjs [FOLDER]     (default: www/dist/docs)
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiMarkdown } from './api.mjs';
import { renderMarkdown } from './markdown.mjs';
import { indexHtml, pageHtml } from './page.mjs';
import { PAGES } from './pages.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const at = (path) => join(ROOT, path);
const read = (path) => readFileSync(at(path), 'utf8');

/** Writes all pages into a folder, which is emptied first. After a change of the package's sources this takes several seconds. */
export function buildDocs(outDir) {
  const api = apiMarkdown();
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(join(outDir, 'images'), { recursive: true });
  writeFileSync(join(outDir, 'docs.css'), `${read('www/style.css')}\n${read('www/docs/docs.css')}`);
  copyFileSync(at('www/public/icon.svg'), join(outDir, 'icon.svg'));

  const links = linksOf(sourceAddress());
  const pages = PAGES.map(({ file, name, title }) => {
    const page = renderMarkdown(file.startsWith('api/') ? api(posix.basename(file)) : read(file), file, links);
    return { ...page, name, title: title ?? page.title };
  });
  for (const image of new Set(pages.flatMap(({ images }) => images))) copyFileSync(at(image), join(outDir, links.image(image)));
  const index = { name: 'index', title: 'Documentation of luke-web', html: indexHtml(pages), headings: [] };
  const titles = new Map(pages.map(({ name, title }) => [name, title]));
  for (const page of [index, ...pages]) writeFileSync(join(outDir, `${page.name}.html`), pageHtml(page, titles));
}

/** How links of documents become links of pages; `source` gives the address of a file that is no page, if there is one. */
export function linksOf(source) {
  const names = new Map(PAGES.map(({ file, name }) => [file, `${name}.html`]));
  return {
    page: (path) => names.get(path) ?? (path === 'docs' ? './' : undefined),
    image: (path) => `images/${path.replaceAll('/', '-')}`,
    source,
  };
}

/** Gives the address of a file in the public repository, which `package.json` may name. */
function sourceAddress() {
  const { repository } = JSON.parse(read('pkg/package.json'));
  const address = (typeof repository === 'string' ? repository : repository?.url)?.replace(/^git\+/, '').replace(/\.git$/, '');
  return (path) => (address?.startsWith('https://') ? `${address}/blob/HEAD/${path}` : undefined);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? at('www/dist/docs');
  buildDocs(folder);
  console.log(`documentation: ${folder}`);
}
