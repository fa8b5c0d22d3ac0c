// Controls headless Chromium over a pipe, and enables only the developer tools that `evaluate` needs. Playwright also enables network
// events. For them the renderer keeps up to 100 MB of fetched data per thread, which is not a cost of the engines.
import { spawn } from 'node:child_process';

/** Starts Chromium with one page. Returns `{ open(url), evaluate(expression), close() }`. Calls `onProblem` for each error of the page. */
export async function startChromium(executable, profile, flags, onProblem) {
  const args = ['--headless', '--remote-debugging-pipe', `--user-data-dir=${profile}`, ...flags, 'about:blank'];
  const child = spawn(executable, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const [, , , input, output] = child.stdio;
  const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
  const pending = new Map();
  let lastId = 0;
  let rest = '';
  output.setEncoding('utf8').on('data', (text) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop();
    messages.map((message) => JSON.parse(message)).forEach(receive);
  });
  input.on('error', () => {}); // the browser has ended, which `ended` reports
  ended.then(() => pending.forEach(({ reject }) => reject(new Error('the browser has ended'))));

  function receive({ id, result, error, method, params }) {
    const { resolve, reject } = pending.get(id) ?? {};
    pending.delete(id);
    if (error) reject?.(new Error(error.message));
    else resolve?.(result);
    if (method === 'Runtime.exceptionThrown') onProblem(textOf(params.exceptionDetails));
    if (method === 'Runtime.consoleAPICalled' && params.type === 'error') onProblem(params.args.map(({ value, description }) => value ?? description).join(' '));
  }
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      pending.set(id, { resolve, reject });
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });

  const { targetInfos } = await send('Target.getTargets');
  const { targetId } = targetInfos.find(({ type }) => type === 'page');
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  await send('Runtime.enable', {}, sessionId);

  return {
    open: (url) => send('Page.navigate', { url }, sessionId),
    /** Evaluates an expression, awaits it and returns its value. */
    evaluate: async (expression) => {
      const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId);
      if (exceptionDetails) throw new Error(textOf(exceptionDetails));
      return result.value;
    },
    close: async () => {
      await send('Browser.close').catch(() => {});
      await ended;
    },
  };
}

function textOf({ text, exception }) {
  return exception?.description ?? text;
}
