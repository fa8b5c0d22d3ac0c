import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snippet } from '../snippet.js';

test('the code makes the call with these arguments, whatever is in the text', async () => {
  const args = ['a "quote", `${x}`, </script>, \u2028 and\na line', [0, 3], { topK: 5 }];
  const code = snippet('https://page.example/models/mini/', 'typing', args);
  const calls: unknown[] = [];
  const luke = { typing: async (...given: unknown[]) => void calls.push(given), dispose: async () => void calls.push('disposed') };
  const load = async (model: string) => (calls.push(model), luke);
  const body = code.replace(/^import .*$/m, '');
  const run: unknown = await new Function('Luke', 'console', `return (async () => {${body}})();`)({ load }, { log: () => {} });
  assert.equal(run, undefined);
  assert.deepEqual(calls, ['https://page.example/models/mini/', args, 'disposed']);
});
