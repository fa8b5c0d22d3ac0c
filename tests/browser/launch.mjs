// Starts the browser of the tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox', '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

/** The path of Chromium: that of the variable CHROMIUM, or one that is installed; nothing, if Playwright has one. */
function chromiumPath() {
  return process.env.CHROMIUM || ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
}

/** Headless Chromium. */
export function launchChromium() {
  const executablePath = chromiumPath();
  return chromium.launch({ ...(executablePath && { executablePath }), args: FLAGS });
}

/** Headless Chromium with the profile of a folder: `{ context, kill }`. `kill` ends it at once, without any warning. */
export async function launchProfile(folder) {
  const args = [...FLAGS, '--headless', '--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank'];
  const child = spawn(chromiumPath() ?? chromium.executablePath(), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let address;
  for await (const line of createInterface({ input: child.stderr })) {
    address = /^DevTools listening on (ws:\S+)/.exec(line)?.[1];
    if (address) break;
  }
  if (!address) throw new Error('Chromium did not start');
  child.stderr.resume();
  const browser = await chromium.connectOverCDP(address);
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
    await browser.close().catch(() => undefined);
  };
  return { context: browser.contexts()[0], kill };
}
