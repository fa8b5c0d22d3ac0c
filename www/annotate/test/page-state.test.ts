import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageState, type Battery } from '../view/page-state.js';
import { settle } from './store-fakes.js';

class FakeBattery extends EventTarget implements Battery {
  charging = false;
  level = 0.9;
}

class FakePage extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible';
}

test('a battery that is low and not being charged is told, and each change; nothing after the end', async () => {
  const [page, battery] = [new FakePage(), new FakeBattery()];
  const state = pageState(page, { getBattery: async () => battery });
  let changes = 0;
  const end = state.subscribe(() => changes++);
  await settle();
  assert.deepEqual([changes, state.isLow?.(), state.isHidden()], [1, false, false]);
  battery.level = 0.2;
  battery.dispatchEvent(new Event('levelchange'));
  assert.deepEqual([changes, state.isLow?.()], [2, true]);
  battery.charging = true;
  battery.dispatchEvent(new Event('chargingchange'));
  page.visibilityState = 'hidden';
  page.dispatchEvent(new Event('visibilitychange'));
  assert.deepEqual([changes, state.isLow?.(), state.isHidden()], [4, false, true]);
  end();
  battery.dispatchEvent(new Event('levelchange'));
  page.dispatchEvent(new Event('visibilitychange'));
  assert.equal(changes, 4);
});

test('without a battery that can be asked, it is not low', async () => {
  for (const getBattery of [undefined, () => Promise.reject(new Error('not allowed'))]) {
    const state = pageState(new FakePage(), { getBattery });
    state.subscribe(() => undefined)();
    await settle();
    assert.equal(state.isLow?.(), false);
  }
});
