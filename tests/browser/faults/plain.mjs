// Browsers that are started by their plain command line, without developer tools: Firefox, WebKitGTK and Chromium of the system. The page
// asks a server here for its work and posts the results (page/drive.js), which works in every browser.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen } from '../../../www/serve.mjs';

const START_MS = 60_000;
const POLL_MS = 20_000;
const END_MS = 5_000;
const LIBRARIES = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/libexec', '/usr/lib'];
const PREFERENCES = {
  'browser.shell.checkDefaultBrowser': false, 'browser.startup.homepage_override.mstone': 'ignore', 'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false, 'browser.aboutwelcome.enabled': false, 'app.update.enabled': false, 'app.normandy.enabled': false,
  'browser.safebrowsing.downloads.remote.enabled': false, 'network.captive-portal-service.enabled': false, 'network.connectivity-service.enabled': false,
};

/** Switches on `navigator.storage` and OPFS in WebKitGTK, whose OPFS then refuses to open a file for writing. */
const BROKEN_OPFS = '--features=FileSystem,AccessHandle,FileSystemWritableStream,StorageAPI,StorageAPIEstimate';

const webkit = (...flags) => ({
  packages: ['libwebkit2gtk-4.1-0', 'xvfb'],
  missing: "no WebKitGTK's MiniBrowser (Debian: libwebkit2gtk-4.1-0; WEBKIT is the path of another one), or no Xvfb (Debian: xvfb)",
  find: () => existsSync('/usr/bin/Xvfb') && found(process.env.WEBKIT, ...LIBRARIES.flatMap((folder) => ['4.1', '6.0'].map((version) => `${folder}/webkit2gtk-${version}/MiniBrowser`))),
  start: async (program, folder, url) => {
    const screen = spawn('/usr/bin/Xvfb', ['-displayfd', '1', '-screen', '0', '800x600x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [display] = await once(screen.stdout, 'data');
    return [run(program, [...flags, url], folder, { DISPLAY: `:${String(display).trim()}`, WEBKIT_DISABLE_COMPOSITING_MODE: '1', NO_AT_BRIDGE: '1' }), screen];
  },
});

const CHROMIUM_FLAGS = [
  '--headless=new', '--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** Chromium without developer tools, which keep what a page fetches in its memory. `CHROMIUM` is the path of a program. */
export const CHROMIUM = {
  missing: 'no chromium in /usr/bin (CHROMIUM is the path of another one)',
  find: () => found(process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'),
  start: async (program, folder, url) => [run(program, [...CHROMIUM_FLAGS, `--user-data-dir=${folder}`, url], folder)],
};

/**
 * How each browser is started on a page, with a folder for all that it writes. `FIREFOX` and `WEBKIT` are paths of programs, and `packages`
 * are those of Debian.
 */
export const BROWSERS = {
  firefox: {
    packages: ['firefox-esr'],
    missing: 'no firefox-esr or firefox in /usr/bin (FIREFOX is the path of another one)',
    find: () => found(process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'),
    start: async (program, folder, url) => {
      const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`);
      writeFileSync(join(folder, 'user.js'), lines.join('\n'));
      return [run(program, ['--headless', '--no-remote', '--profile', folder, url], folder)];
    },
  },
  webkit: webkit(),
  'webkit with an OPFS that refuses': webkit(BROKEN_OPFS),
};

/**
 * Starts a browser on `url`, a page that has page/drive.js. Returns `{ evaluate(function, argument), goto(url), close() }`, as of a page of
 * Playwright: the function runs in the page, and its result is plain data. `profile` is a folder that stays when the browser is closed.
 */
export async function openPlain({ find, start }, url, { profile } = {}) {
  const folder = profile ?? mkdtempSync(join(tmpdir(), 'luke-plain-'));
  let office = await openOffice();
  const processes = await start(find(), folder, office.invite(url));
  const close = async () => {
    office.close();
    for (const child of processes) await end(child);
    if (!profile) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  };
  const ended = once(processes[0], 'exit').then(([code]) => Promise.reject(new Error(`the browser has ended with ${code}`)));
  ended.catch(() => {});
  const evaluate = (work, argument) => Promise.race([office.ask(String(work), argument), ended]);
  const started = async () => {
    let timer;
    const late = new Promise((_, reject) => (timer = setTimeout(reject, START_MS, new Error(`the page has not started in ${START_MS} ms`))));
    try {
      await Promise.race([evaluate(() => 1), late]);
    } catch (error) {
      await close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
  const goto = async (url) => {
    const last = office;
    office = await openOffice(); // the page that is left may still fetch work from the last one
    void last.ask(String((href) => location.replace(href)), office.invite(url)).catch(() => {});
    await started();
    last.close();
  };
  await started();
  return { evaluate, goto, close };
}

/** Where a page fetches its work, and leaves the results. */
async function openOffice() {
  const jobs = [];
  const results = new Map();
  let waiting; // a page that is waiting for a job
  let lastId = 0;
  const give = () => {
    if (!waiting || jobs.length === 0) return;
    const { response, timer } = waiting;
    waiting = undefined;
    clearTimeout(timer);
    response.end(JSON.stringify(jobs.shift()));
  };
  const { server, url } = await listen(async (request, response) => {
    response.setHeader('access-control-allow-origin', '*');
    response.setHeader('cache-control', 'no-store');
    if (request.method === 'POST') {
      let text = '';
      for await (const piece of request.setEncoding('utf8')) text += piece;
      response.end();
      const { id, value, error } = JSON.parse(text);
      const { resolve, reject } = results.get(id);
      results.delete(id);
      if (error === undefined) resolve(value);
      else reject(new Error(error));
      return;
    }
    waiting = { response, timer: setTimeout(() => ((waiting = undefined), response.end('{}')), POLL_MS) };
    give();
  });
  return {
    /** The URL of a page, with that of this office. */
    invite: (page) => {
      const address = new URL(page);
      address.searchParams.set('office', url);
      return address.href;
    },
    ask: (source, argument) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        results.set(id, { resolve, reject });
        jobs.push({ id, source, argument });
        give();
      }),
    close: () => {
      clearTimeout(waiting?.timer);
      server.close();
      server.closeAllConnections();
    },
  };
}

function found(...paths) {
  return paths.find((path) => path && existsSync(path));
}

/** Starts a program in a process group of its own, which writes into `folder` only. */
function run(program, args, folder, env = {}) {
  const homes = { HOME: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(program, args, { stdio: 'ignore', detached: true, env: { ...process.env, ...homes, ...env } });
  running.add(child);
  return child;
}

/** What runs ends with this process, also when a test ends it by an error. */
const running = new Set();
process.once('exit', () => running.forEach(killGroup));

/** Ends a program, which may first write what it has not written, and all that it has started. */
async function end(child) {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill();
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await exit;
    clearTimeout(timer);
  }
  killGroup(child);
  running.delete(child);
}

function killGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has no group of its own, or all of it has ended
  }
}
