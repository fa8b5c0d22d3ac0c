// The apps of this folder: how each is served after its build, and what is checked on its page besides the entities.
import assert from 'node:assert/strict';

/**
 * - `folder` – a static server sends this folder of the app; otherwise `command` serves it at the port that is appended
 * - `build` – whether `npm run build` comes first
 * - `isHeavy` – it runs only when it is named, or with `--all`
 * - `source` – the folder of the app, if its name is another
 */
export const APPS = {
  plain: { folder: '.' },
  esbuild: { build: true, folder: 'dist' },
  webpack: { build: true, folder: 'dist' },
  vite: { build: true, folder: 'dist' },
  react: { build: true, folder: 'dist', more: react },
  'vite-dev': { source: 'vite', command: ['npm', 'run', 'dev', '--', '--port'], isHeavy: true },
  'vite-7': { build: true, folder: 'dist', isHeavy: true },
  'vite-7-dev': { source: 'vite-7', command: ['npm', 'run', 'dev', '--', '--port'], isHeavy: true },
  next: { build: true, command: ['npm', 'run', 'start', '--', '--port'], isHeavy: true },
  'next-dev': { source: 'next', command: ['npm', 'run', 'dev', '--', '--port'], isHeavy: true },
  sveltekit: { build: true, folder: 'build', isHeavy: true },
};

/** The hooks under StrictMode: another text, and components that go and come back. */
async function react(page, names) {
  assert.ok(page.workers().length > 0, 'the model runs in a worker');
  await until(async () => (await page.textContent('#answer')) === 'London', 'the answer is London');
  await page.fill('#text', 'Marie Curie came from Warsaw.');
  await until(async () => (await names()).join() === 'PER Marie Curie,LOC Warsaw', 'the entities of the new text');
  await page.click('#open');
  await until(async () => page.workers().length === 0, 'the model is disposed with its last component');
  await page.click('#open');
  await until(async () => (await names()).join() === 'PER Marie Curie,LOC Warsaw', 'the model is loaded again');
}

async function until(condition, what) {
  const started = Date.now();
  while (!(await condition())) {
    if (Date.now() - started > 30_000) throw new Error(`not within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
