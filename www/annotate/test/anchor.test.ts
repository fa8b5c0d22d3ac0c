import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { reanchor } from '../model/anchor.js';
import { textOf } from '../model/spans.js';
import type { Notes, Span } from '../model/types.js';
import { notes, relation, span } from './scenes.js';
import { PROPERTY, texts } from './testing.js';

function quotes(text: string, { spans }: Notes): string[] {
  return spans.map((item) => `${item.id} ${textOf(item, text)}`);
}

test('spans before and behind the change move with the text', () => {
  const before = 'Ada Byron met Charles.';
  const after = 'Ada Byron often met Charles.';
  const { notes: moved, losses } = reanchor(before, after, notes([span('a', 0, 9), span('b', 14, 21)], [relation('r', 'a', 'b')]));
  assert.deepEqual([quotes(after, moved), losses, moved.relations.length], [['a Ada Byron', 'b Charles'], [], 1]);
});

test('an equal text keeps everything as it is', () => {
  const content = notes([span('a', 0, 9, 'PER', { was: { label: 'span:ORG', pieces: [[0, 3]] }, note: 'x' })]);
  assert.deepEqual(reanchor('Ada Byron', 'Ada Byron', content), { notes: content, losses: [] });
});

test('a span that is gone is lost with its relations, and both are listed', () => {
  const content = notes([span('a', 0, 3), span('b', 10, 13)], [relation('r', 'a', 'b')]);
  const { notes: moved, losses } = reanchor('Ada hired Bob, it is said here.', 'Ada hired nobody, it is said here.', content);
  assert.deepEqual(moved.spans.map(({ id }) => id), ['a']);
  assert.deepEqual(losses.map(({ kind, id, quote }) => [kind, id, quote]), [['span', 'b', 'Bob'], ['relation', 'r', undefined]]);
});

test('of the same words in several places, the surroundings decide which is gone', () => {
  const before = 'First Ada wrote a letter. Then Ada slept. At last Ada left for London.';
  const after = 'First Ada wrote a letter. At last Ada left for London.';
  const [one, two, three] = [6, 31, 50];
  const { notes: moved, losses } = reanchor(before, after, notes([span('a', one, one + 3), span('b', two, two + 3), span('c', three, three + 3)]));
  assert.deepEqual(moved.spans.map(({ id, pieces }) => [id, pieces]), [['a', [[6, 9]]], ['c', [[34, 37]]]]);
  assert.deepEqual(losses.map(({ kind, id }) => [kind, id]), [['span', 'b']]);
});

test('a moved paragraph takes its spans along', () => {
  const [one, two] = ['Ada Byron was born in London in the year 1815.', 'Charles Babbage was born in London too, as they say.'];
  const before = `${one}\n\n${two}`;
  const after = `${two}\n\n${one}`;
  const place = before.indexOf('London', one.length);
  const { notes: moved, losses } = reanchor(before, after, notes([span('a', 22, 28, 'LOC'), span('b', place, place + 6, 'LOC')]));
  assert.deepEqual(losses, []);
  assert.deepEqual(moved.spans.map(({ pieces }) => pieces[0]![0]), [after.lastIndexOf('London'), after.indexOf('London')]);
});

test('other line ends and line breaks lose nothing', () => {
  const before = 'Ada Byron\r\nmet Charles\r\nBabbage in New\r\nYork.';
  const after = 'Ada Byron met\nCharles Babbage in\n\nNew York.';
  const content = notes([span('a', 0, 9), { ...span('b', 0, 0), pieces: [[15, 22], [24, 31]] }, span('c', 35, 44, 'LOC')]);
  assert.deepEqual(content.spans.map((item) => textOf(item, before)), ['Ada Byron', 'Charles Babbage', 'New\r\nYork']);
  const { notes: moved, losses } = reanchor(before, after, content);
  assert.deepEqual([quotes(after, moved), losses], [['a Ada Byron', 'b Charles Babbage', 'c New York'], []]);
});

test('a short word in a rewritten text is not put anywhere: it is lost', () => {
  const content = notes([span('a', 6, 8)]);
  const { notes: moved, losses } = reanchor('There he goes again and again.', 'The other author of these theses is not the same.', content);
  assert.deepEqual([moved.spans, losses.length], [[], 1]);
});

test('answers move, and lost ones are listed with their question', () => {
  const content: Notes = { ...notes(), questions: [{ id: 'q', question: 'Who?', answers: [[0, 3], [8, 11]], by: 'human', state: 'accepted' }] };
  const { notes: moved, losses } = reanchor('Ada and Bob', 'Ada and her horse', content);
  assert.deepEqual([moved.questions[0]!.answers, losses.map(({ kind, id, quote }) => [kind, id, quote])], [[[0, 3]], [['answer', 'q', 'Bob']]]);
});

const PLACES = fc.array(fc.tuple(fc.nat(100), fc.integer({ min: 1, max: 9 })), { maxLength: 6 });

test('property: every span is found with its words, or listed; an insertion loses nothing', () => {
  fc.assert(
    fc.property(texts(), texts(), PLACES, fc.nat(100), (text, added, places, at) => {
      const squeeze = (quote: string): string => quote.replace(/[\s\x1c-\x1f\x85]+/g, ' ');
      const spans = places.flatMap<Span>(
        ([start, length], index) => (start + length <= text.length ? [span(`s${index}`, start, start + length)] : []),
      );
      for (const after of [text.slice(0, at) + added + text.slice(at), added, `${added}${text}`]) {
        const { notes: moved, losses } = reanchor(text, after, notes(spans));
        const all = [...moved.spans.map(({ id }) => id), ...losses.map(({ id }) => id)].sort();
        assert.deepEqual(all, spans.map(({ id }) => id).sort());
        for (const item of moved.spans) assert.equal(squeeze(textOf(item, after)), squeeze(textOf(spans.find(({ id }) => id === item.id)!, text)));
      }
      const prefix = reanchor(text, `x ${text}`, notes(spans));
      assert.deepEqual(prefix.losses, []);
    }),
    PROPERTY,
  );
});
