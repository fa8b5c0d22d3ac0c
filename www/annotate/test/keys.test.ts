import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMAND_KEYS } from '../model/labels.js';
import { COMMANDS, KeyMap, keyOf, showKey, type KeyEvent } from '../view/keys.js';

function event(key: string, more: Partial<KeyEvent> = {}): KeyEvent {
  return { key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more };
}

test('no two commands have the same key, and each key finds its command', () => {
  const keys = COMMANDS.map(({ key }) => key).filter((key) => key !== '');
  assert.equal(new Set(keys).size, keys.length);
  for (const { id, key } of COMMANDS) assert.equal(KeyMap.standard.commandOf(key), key ? id : undefined);
});

test('labels never get the letter of a command by themselves', () => {
  for (const { key } of COMMANDS) if (/^[a-z]$/.test(key)) assert.ok(COMMAND_KEYS.has(key), key);
});

test('keys of events: letters without case, signs as typed, modifiers in one order', () => {
  const cases: [KeyEvent, string][] = [
    [event('j'), 'j'], [event('J', { shiftKey: true }), 'Shift+j'], [event('?', { shiftKey: true }), '?'], [event('{', { shiftKey: true }), '{'],
    [event('Z', { ctrlKey: true, shiftKey: true }), 'Ctrl+Shift+z'], [event('z', { metaKey: true }), 'Ctrl+z'],
    [event('Tab', { shiftKey: true }), 'Shift+Tab'],
    [event('“', { altKey: true, code: 'BracketLeft' }), 'Alt+['], [event('”', { altKey: true, shiftKey: true, code: 'BracketLeft' }), 'Alt+{'],
    [event('[', { ctrlKey: true, altKey: true, code: 'Digit8' }), '['], [event(' '), 'Space'],
    [event('Shift', { shiftKey: true }), ''], [event('+'), '+'],
  ];
  for (const [pressed, key] of cases) assert.equal(keyOf(pressed), key);
  assert.deepEqual(['Ctrl+Shift+z', '+', 'Ctrl++', 'Tab'].map(showKey), ['Ctrl+Shift+Z', '+', 'Ctrl++', 'Tab']);
});

test('another key for a command: conflicts are refused with a reason, and the old key is free', () => {
  const map = KeyMap.standard.with('skip', 'x');
  assert.ok(map instanceof KeyMap);
  assert.deepEqual([map.commandOf('x'), map.commandOf('s'), map.keyOf('skip'), map.toJson()], ['skip', undefined, 'x', { skip: 'x' }]);
  assert.deepEqual(map.with('flag', 'x'), { conflict: 'X is the key of "Skip the document".' });
  assert.deepEqual(map.with('flag', 'Escape'), { conflict: 'Escape has a fixed meaning.' });
  assert.deepEqual(map.with('flag', '1', new Map([['1', 'PER']])), { conflict: '1 is the key of the label PER.' });
  assert.deepEqual(map.with('flag', ''), { conflict: 'This is no key that can be used.' });
  const back = map.with('skip', 's');
  assert.ok(back instanceof KeyMap);
  assert.deepEqual(back.toJson(), {});
});

test('stored keys are checked: what does not fit is left out', () => {
  const stored = { skip: 'x', flag: 'x', unknown: 'y', note: 7, find: 'Escape', undo: 'no key', redo: 'Ctrl+y' };
  assert.deepEqual(KeyMap.read(stored).toJson(), { skip: 'x', redo: 'Ctrl+y' });
  for (const broken of [undefined, null, 'x', [], 3]) assert.deepEqual(KeyMap.read(broken).toJson(), {});
  assert.deepEqual(KeyMap.read(KeyMap.read(stored).toJson()).toJson(), { skip: 'x', redo: 'Ctrl+y' });
});
