// Makes HTML of the repository's Markdown: safe under a policy without inline styles, with links between pages in place of links between files.
import { posix } from 'node:path';
import MarkdownIt from 'markdown-it';

const LEVELS = { h2: 2, h3: 3 };

/**
 * The HTML of a document, and what pages need: the title, the first sentence (`summary`), the headings `{ level, id, text }`, and the images
 * as paths in the repository.
 * `links.page(path)` gives the page for a file of the repository, `links.image(path)` the URL of an image, and `links.source(path)` an
 * address outside of the site; what is `undefined` becomes plain text.
 */
export function renderMarkdown(text, file, links) {
  const images = new Set();
  const markdown = new MarkdownIt({ html: true });
  markdown.core.ruler.push('page', ({ tokens }) => {
    addIds(tokens);
    plainTables(tokens);
    for (const token of tokens) {
      if (token.type === 'html_block') refuseHtml(token.content, file);
      if (token.type === 'inline') token.children = inline(token.children, file, links, images);
    }
  });
  Object.assign(markdown.renderer.rules, {
    table_open: () => '<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>\n',
    table_close: () => '</table></div>\n',
    fence: (tokens, at) => `<pre tabindex="0"><code>${markdown.utils.escapeHtml(tokens[at].content)}</code></pre>\n`,
  });
  const environment = {};
  const tokens = markdown.parse(text, environment);
  const first = tokens.findIndex(({ type, tag }) => type === 'heading_open' && tag === 'h1');
  if (first !== 0) throw new Error(`${file}: a document begins with its title ("# ")`);
  const headings = tokens.flatMap((token, at) => {
    const level = token.type === 'heading_open' && LEVELS[token.tag];
    return level ? [{ level, id: token.attrGet('id'), text: textOf(tokens[at + 1]) }] : [];
  });
  const paragraph = tokens.findIndex(({ type }) => type === 'paragraph_open');
  const summary = paragraph < 0 ? '' : firstSentence(textOf(tokens[paragraph + 1]));
  const html = markdown.renderer.render(tokens.slice(3), markdown.options, environment);
  return { title: textOf(tokens[1]), summary, html, headings, images: [...images] };
}

/** The id of a heading, as GitHub makes it, so that links work in both places. */
export function slug(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '').replaceAll(' ', '-');
}

function addIds(tokens) {
  const used = new Map();
  for (const [at, token] of tokens.entries()) {
    if (token.type !== 'heading_open') continue;
    const name = slug(textOf(tokens[at + 1]));
    const count = used.get(name) ?? 0;
    used.set(name, count + 1);
    token.attrSet('id', count === 0 ? name : `${name}-${count}`);
  }
}

/** Alignment becomes a class. A head without words is left out, and a head cell without words is no heading. */
function plainTables(tokens) {
  const isEmpty = (at) => tokens[at + 1].content === '';
  for (const [at, token] of tokens.entries()) {
    if (token.type !== 'th_open' && token.type !== 'td_open') continue;
    const style = token.attrGet('style');
    token.attrs = token.attrs?.filter(([name]) => name !== 'style') ?? null;
    if (style === 'text-align:right') token.attrJoin('class', 'right');
    if (token.type === 'th_open' && isEmpty(at)) token.tag = tokens[at + 2].tag = 'td';
    else if (token.type === 'th_open') token.attrSet('scope', 'col');
  }
  for (let at = tokens.length - 1; at >= 0; at--) {
    if (tokens[at].type !== 'thead_open') continue;
    const end = tokens.findIndex(({ type }, i) => i > at && type === 'thead_close');
    const cells = tokens.slice(at, end).filter(({ type }) => type === 'inline');
    if (cells.every(({ content }) => content === '')) tokens.splice(at, end + 1 - at);
  }
}

/** The tokens of a line with their links and images rewritten. */
function inline(tokens, file, links, images) {
  const open = []; // what to write where a link ends
  return tokens.flatMap((token) => {
    if (token.type === 'html_inline') refuseHtml(token.content, file);
    if (token.type === 'image') {
      const path = pathIn(file, token.attrGet('src'));
      images.add(path);
      token.attrSet('src', links.image(path));
      return [token];
    }
    if (token.type === 'link_close') return open.pop() ?? [token];
    if (token.type !== 'link_open') return [token];
    const target = token.attrGet('href');
    const address = addressOf(target, file, links);
    open.push(address === undefined ? pathTokens(token, pathIn(file, target)) : undefined);
    if (address === undefined) return [];
    token.attrSet('href', address);
    return [token];
  });
}

/** Where a link leads; `undefined` if the site has no such page. */
function addressOf(target, file, links) {
  if (/^(https?:|mailto:|#)/.test(target)) return target;
  const [, anchor = ''] = /(#.*)$/.exec(target) ?? [];
  const path = pathIn(file, target);
  const page = links.page(path);
  return page === undefined ? links.source(path) : page + anchor;
}

/** The path in the repository of what a file links to. */
function pathIn(file, target) {
  return posix.normalize(posix.join(posix.dirname(file), decodeURI(target.replace(/#.*$/, ''))));
}

/** What follows the words of a link that leads nowhere here: the path in the repository. */
function pathTokens(like, path) {
  const make = (type, content) => Object.assign(new like.constructor(type, type === 'code_inline' ? 'code' : '', 0), { content });
  return [make('text', ' ('), make('code_inline', path), make('text', ')')];
}

function textOf({ children }) {
  return children.map(({ type, content }) => (type === 'softbreak' ? ' ' : content)).join('');
}

function firstSentence(text) {
  return /^.*?[.:](?=\s|$)/.exec(text)?.[0].replace(/:$/, '.') ?? text;
}

function refuseHtml(html, file) {
  throw new Error(`${file}: HTML is not allowed in documents: ${html.trim().slice(0, 60)}`);
}
