// The storage space that the browser gives us.

/** The part of `navigator.storage` that is used. */
export interface StorageLike {
  persist?(): Promise<boolean>;
  persisted?(): Promise<boolean>;
  estimate?(): Promise<{ usage?: number; quota?: number }>;
}

export interface Space {
  /** Whether the browser promised not to remove the data by itself; `undefined`, if it does not say. */
  readonly persisted: boolean | undefined;
  /** In bytes, roughly; `undefined`, if the browser does not say. */
  readonly used: number | undefined;
  readonly quota: number | undefined;
}

/** Asks the browser to keep the data. Some ask the person. Called at the first import. */
export async function askToPersist(storage: StorageLike | undefined = globalThis.navigator?.storage): Promise<Space> {
  if (!(await attempt(() => storage?.persisted?.()))) await attempt(() => storage?.persist?.());
  return spaceOf(storage);
}

export async function spaceOf(storage: StorageLike | undefined = globalThis.navigator?.storage): Promise<Space> {
  const [persisted, estimate] = [await attempt(() => storage?.persisted?.()), await attempt(() => storage?.estimate?.())];
  return { persisted, used: estimate?.usage, quota: estimate?.quota };
}

/** A browser that refuses the question has no answer. */
async function attempt<T>(ask: () => Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await ask();
  } catch {
    return undefined;
  }
}
