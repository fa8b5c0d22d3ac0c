import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../view/commands.js';
import { arcsOf } from '../view/marks.js';
import { ViewOptions } from '../view/view-options.js';
import { document, notes, relation, span } from './scenes.js';
import { opened, piece, screenOf, TEXT } from './session-scenes.js';

test('arcs are those of the focused span; with the option, all; it is kept for the next visit', async () => {
  const spans = [span('p', ...piece('Ada Byron')), span('o', ...piece('Acme'), 'ORG'), span('l', ...piece('London'), 'LOC')];
  const all = await opened([document('a', TEXT, notes(spans, [relation('r', 'p', 'o'), relation('q', 'o', 'l')]))]);
  const screen = screenOf(all);
  const ends = (): string[] => arcsOf(screen).map(({ from, to }) => `${from}${to}`);
  assert.deepEqual(ends(), []);
  all.session.focus.value = 'p';
  assert.deepEqual(ends(), ['po']);
  run(screen, 'all-arcs');
  assert.deepEqual([ends(), all.session.message.value?.text], [['po', 'ol'], 'Arcs: those of all relations.']);
  const later = screenOf(all);
  await later.readOptions();
  assert.deepEqual([later.options.allArcs.value, later.options.wholeWords.value], [true, false]);
});

test('settings that another version wrote are not trusted', () => {
  const options = new ViewOptions();
  for (const stored of [undefined, 'x', [1], { allArcs: 'yes', wholeWords: 1 }]) options.read(stored);
  assert.deepEqual(options.toJson(), { allArcs: false, wholeWords: false });
});
