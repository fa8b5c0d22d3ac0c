// The frame of a page: head with its policy, navigation, table of contents.
import { slug } from './markdown.mjs';
import { GROUPS } from './pages.mjs';

/** No scripts, and styles from files only. */
export const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeHtml(text) {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character]);
}

/** A page of the documentation. `titles` are those of all pages by name; `name` is its own, `index` for the first page. */
export function pageHtml({ name, title, html, headings }, titles) {
  const menu = menuHtml(name, titles);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="${POLICY}">
    <meta name="color-scheme" content="light dark">
    <title>${escapeHtml(name === 'index' ? title : `${title} · luke-web`)}</title>
    <link rel="icon" href="icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="docs.css">
  </head>
  <body class="docs">
    <a class="skip" href="#content">To the content</a>
    <header>
      <nav aria-label="Site"><a href="../">LUKE in the browser</a> <a href="../annotate/">Annotate texts</a> <a href="../measure/">Measure</a> <a href="./"${name === 'index' ? ' aria-current="page"' : ''}>Documentation</a></nav>
    </header>
    <details class="menu-narrow"><summary>All pages</summary><nav aria-label="All pages">${menu}</nav></details>
    <nav class="menu-wide" aria-label="Pages">${menu}</nav>
    <main id="content" tabindex="-1">
      <h1>${escapeHtml(title)}</h1>
${contentsHtml(headings)}      <div class="text">
${html}      </div>
    </main>
  </body>
</html>
`;
}

/** The text of the first page: all pages with their first sentence. */
export function indexHtml(pages) {
  const item = ({ name, title, summary }) => `<li><a href="${name}.html">${escapeHtml(title)}</a>${summary && `: ${escapeHtml(summary)}`}</li>\n`;
  const group = ({ title, pages: members }) => {
    const items = members.map(({ name }) => item(pages.find((page) => page.name === name)));
    return `<h2 id="${slug(title)}">${escapeHtml(title)}</h2>\n<ul>\n${items.join('')}</ul>\n`;
  };
  return GROUPS.map(group).join('');
}

function menuHtml(current, titles) {
  const link = ({ name }) => `<li><a href="${name}.html"${name === current ? ' aria-current="page"' : ''}>${escapeHtml(titles.get(name))}</a></li>`;
  return GROUPS.map(({ title, pages }) => `<p>${escapeHtml(title)}</p><ul>${pages.map(link).join('')}</ul>`).join('');
}

/** A table of contents, if there are at least two headings. */
function contentsHtml(headings) {
  if (headings.length < 2) return '';
  const items = headings.map(({ level, id, text }) => `<li class="level-${level}"><a href="#${escapeHtml(id)}">${escapeHtml(text)}</a></li>`);
  return `      <nav class="contents" aria-labelledby="contents-title"><p id="contents-title">On this page</p><ul>${items.join('')}</ul></nav>\n`;
}
