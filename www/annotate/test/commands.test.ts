import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withKeys } from '../model/labels.js';
import { KeyHandler, type Where } from '../view/commands.js';
import type { Screen } from '../view/screen.js';
import { document, notes, SETS, span } from './scenes.js';
import { opened, piece, screenOf, TEXT } from './session-scenes.js';

interface Pressing {
  readonly screen: Screen;
  press(key: string, where?: Where, shiftKey?: boolean): Promise<boolean>;
}

async function pressing(): Promise<Pressing> {
  const spans = [span('p', ...piece('Ada Byron')), span('o', ...piece('Acme'), 'ORG')];
  const all = await opened([document('a', TEXT, notes(spans)), document('b', 'Ada.')], withKeys(SETS));
  const screen = screenOf(all);
  const handler = new KeyHandler(screen);
  return {
    screen,
    press: async (name, where = 'text', shiftKey = false) => {
      const [ctrlKey, key] = name.startsWith('Ctrl+') ? [true, name.slice(5)] : [false, name];
      const isUsed = handler.handle({ key, code: '', ctrlKey, metaKey: false, altKey: false, shiftKey }, where);
      await all.session.settled();
      return isUsed;
    },
  };
}

test('keys of spans act in the text and in the list, letters outside fields, the palette everywhere', async () => {
  const { screen, press } = await pressing();
  assert.deepEqual([await press('Tab', 'elsewhere'), await press('Tab', 'spans'), await press('Tab')], [false, false, true]);
  assert.equal(screen.session.focus.value, 'p');
  assert.deepEqual([await press('Backspace', 'elsewhere'), await press('h', 'field'), await press('1', 'field')], [false, false, false]);
  assert.ok(await press('h', 'elsewhere'));
  assert.equal(screen.session.suggestionsHidden.value, true);
  assert.ok(await press('Ctrl+k', 'field'));
  assert.equal(screen.dialog.value, 'palette');
  assert.equal(await press('h'), false, 'a dialog has its own keys');
});

test('a label key labels; undo by its key', async () => {
  const { screen, press } = await pressing();
  screen.session.selection.value = piece('London');
  assert.ok(await press('3'));
  assert.deepEqual(screen.session.spans.value.map(({ label }) => label), ['span:PER', 'span:ORG', 'span:LOC']);
  assert.ok(await press('Ctrl+z'));
  assert.equal(screen.session.spans.value.length, 2);
  assert.equal(await press('9'), false);
});

test('a relation by keys: Tab, R, Tab, label; Escape steps out of it first, then Tab leaves the text', async () => {
  const { screen, press } = await pressing();
  for (const key of ['Tab', 'r', 'Tab', '1']) assert.ok(await press(key), key);
  assert.deepEqual(screen.session.relations.value.map(({ head, tail }) => [head, tail]), [['p', 'o']]);
  await press('r');
  assert.equal(await press('Escape'), true);
  assert.equal(screen.editing.mode.value, 'span');
  assert.equal(await press('Escape'), false);
  assert.equal(await press('Tab'), false);
  assert.equal(await press('Tab', 'text', true), false);
});

test('another key is kept for the next visit; a conflict with a label is refused', async () => {
  const { screen, press } = await pressing();
  assert.deepEqual(await screen.setKey('help', '1'), { conflict: '1 is the key of the label person.' });
  assert.equal(await screen.setKey('help', 'x'), undefined);
  assert.ok(await press('x'));
  assert.equal(screen.dialog.value, 'help');
  const again = screenOf({ session: screen.session });
  await again.readKeys();
  assert.equal(again.keys.value.commandOf('x'), 'help');
  await again.resetKeys();
  assert.equal(again.keys.value.commandOf('?'), 'help');
});
