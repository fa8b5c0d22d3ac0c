// The links of the Markdown documents, and of the API reference, lead to files and headings that are there. Links to other sites are
// not followed: a test must not fail because a site is down.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { check } from 'linkinator';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REFERENCE = join(ROOT, 'docs/reference');
const scratch = mkdtempSync(join(tmpdir(), 'luke-web-links-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** The broken links of files below a folder, as `file → link`. Each file is read alone: the checker follows a link to a heading once. */
async function broken(serverRoot, paths, options = {}) {
  const found = [];
  for (const path of paths) {
    const { links } = await check({ path, serverRoot, markdown: true, checkFragments: true, directoryListing: true, linksToSkip: ['^https?://(?!localhost)', '^mailto:'], ...options });
    for (const { state, url } of links) if (state === 'BROKEN') found.push(`${path} → ${decodeURI(url.replace(/^http:\/\/localhost:\d+\//, ''))}`);
  }
  return [...new Set(found)].sort();
}

const documents = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean);

test('the links of the documents lead somewhere', async () => {
  assert.ok(documents.length > 15);
  assert.deepEqual(await broken(ROOT, documents), []);
});

test('a link to a file or a heading that is not there is found', async () => {
  mkdirSync(join(scratch, 'docs'));
  writeFileSync(join(scratch, 'docs/a.md'), '# A title\n[good](#a-title) [file](b.md) [heading](#no-title) [other](../c.md#here) [away](../c.md#there)\n');
  writeFileSync(join(scratch, 'c.md'), '## Here\n[good](docs/a.md#a-title) [wrong](docs/a.md#nothing)\n');
  assert.deepEqual(await broken(scratch, ['docs/a.md', 'c.md']), [
    'c.md → docs/a.md#nothing', 'docs/a.md → c.md#there', 'docs/a.md → docs/a.md#no-title', 'docs/a.md → docs/b.md',
  ]);
});

test('the API reference is built without a warning, and its links lead somewhere', { timeout: 300_000 }, async () => {
  execFileSync('npm', ['run', '--silent', 'build', '--workspace', 'tools/reference'], { cwd: ROOT, encoding: 'utf8' });
  assert.deepEqual(await broken(REFERENCE, ['index.html'], { recurse: true, markdown: false }), []);
});
