import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseFragment, toFragment } from '../share.js';

test('a fragment with a task only', () => {
  for (const fragment of ['#qa', 'qa', '#qa?']) assert.deepEqual(parseFragment(fragment), { task: 'qa', values: new Map() });
  assert.deepEqual(parseFragment(''), { task: '', values: new Map() });
});

test('any values are the same after the way through an address', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 });
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('text', 'question', 'context'), text), (values) => {
      const { hash } = new URL(toFragment('qa', Object.entries(values)), 'https://page.example/');
      assert.deepEqual(parseFragment(hash), { task: 'qa', values: new Map(Object.entries(values)) });
    }),
  );
});

test('what is no fragment of ours does not throw', () => {
  for (const fragment of ['#%', '#a?%zz=%', '#?text=x', '#__proto__?constructor=1', '#a\nb?c=d']) assert.equal(typeof parseFragment(fragment).task, 'string');
});
