import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPlace, writePlace } from '../view/address.js';
import { COMMANDS } from '../view/keys.js';
import { paletteItems } from '../view/palette-items.js';

test('the palette finds commands and documents by words in any order; beginnings come first', () => {
  const heads = [{ id: '1', name: 'Old news' }, { id: '2', name: 'News of today' }, { id: '3', name: 'Other' }];
  assert.deepEqual(paletteItems('news', heads).map(({ id }) => id), ['2', '1']);
  assert.deepEqual(paletteItems('today NEWS', heads).map(({ id }) => id), ['2']);
  assert.deepEqual(paletteItems('span next', heads).map(({ id }) => id), ['next-span']);
  assert.equal(paletteItems('', heads).length, COMMANDS.length - 1 + heads.length);
});

test('the address names what is open, whatever the ids are', () => {
  for (const place of [{}, { project: 'p' }, { project: 'a b&c=1', document: 'd#é/%20' }]) assert.deepEqual(readPlace(writePlace(place)), place);
  assert.deepEqual([readPlace(''), readPlace('#doc=d'), readPlace('#%E0%A4%A')], [{}, {}, {}]);
});
