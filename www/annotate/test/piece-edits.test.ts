// Spans of several pieces: what is added, taken out and split, and whose edges move.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Boundaries } from '../model/boundaries.js';
import { withoutPart, withPiece } from '../model/piece-edits.js';
import type { Pieces } from '../model/pieces.js';
import { KeyHandler } from '../view/commands.js';
import type { Screen } from '../view/screen.js';
import { document, notes, span } from './scenes.js';
import { opened, piece, screenOf, TEXT } from './session-scenes.js';

const bounds = new Boundaries(TEXT);
const words = (pieces: Pieces, text = TEXT): string[] => pieces.map(([start, end]) => text.slice(start, end));

test('a piece is trimmed, in order, and joins a neighbor with only white space between', () => {
  assert.deepEqual(words(withPiece(bounds, [piece('met')], [0, 4])), ['Ada', 'met']);
  assert.deepEqual(words(withPiece(bounds, [piece('Ada')], piece('Byron'))), ['Ada Byron']);
  assert.deepEqual(words(withPiece(bounds, [piece('Ada Byron')], piece('Ada'))), ['Ada Byron']);
  assert.deepEqual(withPiece(bounds, [piece('Ada')], [3, 4]), [piece('Ada')], 'white space is no piece');
});

test('a part is taken out: at an edge, in the middle, a whole piece, or everything', () => {
  assert.deepEqual(words(withoutPart(bounds, [piece('Ada Byron met')], piece('Byron'))), ['Ada', 'met']);
  assert.deepEqual(words(withoutPart(bounds, [piece('Ada Byron')], piece('Ada'))), ['Byron']);
  assert.deepEqual(words(withoutPart(bounds, [piece('Ada'), piece('met')], piece('met'))), ['Ada']);
  assert.deepEqual(withoutPart(bounds, [piece('Ada')], piece('Ada Byron')), []);
  const cluster = '👩‍👩‍👧 Ada';
  assert.deepEqual(words(withoutPart(new Boundaries(cluster), [[0, cluster.length]], [0, 2]), cluster), ['Ada'], 'a character is never cut');
});

test('edges that stay are not touched', () => {
  assert.deepEqual(withoutPart(new Boundaries(' Ada met Bob'), [[0, 4], [5, 12]], [8, 12]), [[0, 4], [5, 8]]);
});

interface Typing {
  readonly screen: Screen;
  readonly press: (...keys: readonly string[]) => Promise<void>;
  readonly shown: () => string[];
}

/** The span "Ada Byron" has the focus. The caret is where a test puts it. */
async function typing(caret = 0): Promise<Typing> {
  const content = notes([span('p', ...piece('Ada Byron'))]);
  const all = await opened([document('a', TEXT, content), document('b', TEXT, content)]);
  const screen = screenOf(all);
  screen.text = { focusText: () => undefined, openSearch: () => undefined, caret };
  const handler = new KeyHandler(screen);
  screen.session.focus.value = 'p';
  return {
    screen,
    press: async (...keys) => {
      for (const key of keys) handler.handle({ key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false }, 'text');
      await all.session.settled();
    },
    shown: () => words(screen.session.focused.value?.pieces ?? []),
  };
}

test('what is selected is added by its key, as one step of undo', async () => {
  const { screen: { session }, press, shown } = await typing();
  session.selection.value = piece('Babbage');
  await press('+');
  assert.deepEqual([shown(), session.selection.value, session.message.value?.text], [['Ada Byron', 'Babbage'], undefined, 'The span is now "Ada Byron … Babbage".']);
  await session.undo();
  assert.deepEqual(shown(), ['Ada Byron']);
});

test('by keyboard the caret may leave the span: the key asks for a selection, and the next one adds it; Escape ends', async () => {
  const { screen, press, shown } = await typing();
  await press('+');
  screen.session.focus.value = undefined; // the caret goes to another place
  assert.equal(screen.pieces.growing.value?.id, 'p');
  screen.session.selection.value = piece('met');
  await press('+');
  assert.deepEqual([shown(), screen.pieces.growing.value], [['Ada Byron met'], undefined]);
  await press('+', 'Escape');
  assert.equal(screen.pieces.growing.value, undefined);
});

test('a piece that is looked for or chosen is one of its document: another has spans with the same ids', async () => {
  const { screen: { session, pieces }, press } = await typing(3);
  await press('_');
  await press('.', '+');
  assert.deepEqual([pieces.chosen.value, pieces.growing.value?.id], [0, 'p']);
  await session.openDocument('b');
  session.focus.value = 'p';
  assert.deepEqual([pieces.chosen.value, pieces.growing.value], [undefined, undefined]);
});

test('what is selected is taken out; nothing may be left over; a chosen piece goes too', async () => {
  const { screen: { session, pieces }, press, shown } = await typing();
  session.selection.value = piece('Ada Byron');
  await press('-');
  assert.deepEqual([shown(), session.message.value?.kind], [['Ada Byron'], 'warning']);
  session.selection.value = [2, 5];
  await press('-');
  assert.deepEqual(shown(), ['Ad', 'yron']);
  await press('-');
  assert.equal(session.message.value?.kind, 'warning', 'nothing is selected or chosen');
  await press('.', '.');
  assert.equal(pieces.chosen.value, 1);
  await press('-');
  assert.deepEqual(shown(), ['Ad']);
});

test('a span is split at the caret, and the edges of each piece move', async () => {
  const { screen: { session, pieces }, press, shown } = await typing(3);
  await press('_');
  assert.deepEqual(session.focused.value?.pieces, [piece('Ada'), piece('Byron')]);
  await press('.', '{');
  assert.deepEqual(shown(), ['Ada', 'Byron'], 'a piece is never empty');
  await press('.', ']');
  assert.deepEqual(shown(), ['Ada', 'Byron']);
  await press('}');
  assert.deepEqual(shown(), ['Ada', 'Byron met'], 'the second piece is chosen');
  await press('.');
  assert.equal(pieces.chosen.value, undefined, 'behind the last piece: the outer edges');
  await press('_');
  assert.equal(session.message.value?.kind, 'warning', 'there is no piece around the caret');
});
