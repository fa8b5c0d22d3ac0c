import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rowsInView } from '../view/rows.js';

test('drawn rows cover what is in view, and are never more than 60', () => {
  const lists = fc.record({
    count: fc.nat(10_000), rowHeight: fc.integer({ min: 20, max: 80 }), rows: fc.integer({ min: 0, max: 45 }),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(fc.property(lists, ({ count, rowHeight, rows, at }) => {
    const height = rows * rowHeight;
    const top = at * Math.max(0, count * rowHeight - height);
    const { first, end } = rowsInView(count, rowHeight, top, height);
    assert.ok(first >= 0 && first <= end && end <= count && end - first <= 60);
    assert.ok(first <= Math.floor(top / rowHeight));
    assert.ok(end >= Math.min(count, Math.ceil((top + height) / rowHeight)));
  }));
});
