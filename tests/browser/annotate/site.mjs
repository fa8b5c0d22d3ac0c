// Builds the page of the text view into a temporary folder, and serves it with the policy of the demo.
import { mkdtempSync, rmSync, writeFileSync, copyFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { listen, staticFiles } from '../../../www/serve.mjs';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self' https:; object-src 'none'; " +
  "base-uri 'none'; form-action 'none'";

const HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>The text view</title>
    <link rel="stylesheet" href="colors.css">
    <link rel="stylesheet" href="page.css">
    <script type="module" src="page.js"></script>
  </head>
  <body>
    <main>
      <h1>The text view</h1>
      <div id="text"></div>
      <button id="after">After the text</button>
    </main>
  </body>
</html>`;

const CSS = `:root { color-scheme: light dark; }
body { margin: 0 auto; max-width: 60rem; background: #fbfaf8; color: #1d1c1a; font: 1rem/1.55 system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { body { background: #171614; color: #eceae5; } }
h1 { margin: 0; font-size: 1rem; }
#text { height: 600px; }`;

/** Resolves to the URL of the page and a function that ends the site. */
export async function startTextSite() {
  const folder = mkdtempSync(join(tmpdir(), 'luke-text-view-'));
  await build({ entryPoints: [at('page.ts')], bundle: true, format: 'esm', target: 'es2022', outfile: join(folder, 'page.js'), logLevel: 'warning' });
  writeFileSync(join(folder, 'index.html'), HTML);
  writeFileSync(join(folder, 'page.css'), CSS);
  copyFileSync(at('../../../www/annotate/view/colors.css'), join(folder, 'colors.css'));
  const { server, url } = await listen(staticFiles({ '/': folder }, { 'content-security-policy': POLICY }));
  return {
    url,
    close() {
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}
