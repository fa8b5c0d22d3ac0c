// Why the model should wait: the page is hidden, or the battery of the device is low.
import type { Visibility } from '../assistant/queue.js';

/** From this level on, from 0 to 1, a battery that is not being charged is low. */
const LOW = 0.2;

/** `BatteryManager`, which TypeScript does not know: only some browsers have it. */
export interface Battery extends EventTarget {
  readonly charging: boolean;
  readonly level: number;
}

declare global {
  interface Navigator {
    readonly getBattery?: (() => Promise<Battery>) | undefined;
  }
}

export type Device = Pick<Navigator, 'getBattery'>;
export type Page = EventTarget & Pick<Document, 'visibilityState'>;

/** The state of a page and its device. A browser that does not tell about the battery has one that is not low. */
export function pageState(page: Page, device: Device): Visibility {
  let battery: Battery | undefined;
  return {
    isHidden: () => page.visibilityState === 'hidden',
    isLow: () => battery !== undefined && !battery.charging && battery.level <= LOW,
    subscribe(changed) {
      const ended = new AbortController();
      const listen = (target: EventTarget, ...types: readonly string[]): void => {
        for (const type of types) target.addEventListener(type, changed, { signal: ended.signal });
      };
      listen(page, 'visibilitychange');
      const found = (known: Battery): void => {
        if (ended.signal.aborted) return;
        battery = known;
        listen(known, 'chargingchange', 'levelchange');
        changed();
      };
      device.getBattery?.().then(found, () => undefined); // the page may not be allowed to ask
      return () => ended.abort();
    },
  };
}
