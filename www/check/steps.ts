// Runs the steps of a check one after the other. A step that fails or does not end is written down, and the next one runs.

/** How a step ended. */
export interface StepResult {
  name: string;
  ms: number;
  result?: unknown;
  error?: { name: string; message: string; code?: string };
}

export interface Step {
  name: string;
  limitMs: number;
  run: () => Promise<unknown>;
}

export async function runStep({ name, limitMs, run }: Step): Promise<StepResult> {
  const started = performance.now();
  const ms = () => Math.round(performance.now() - started);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error(`it did not end within ${limitMs / 1000} s`)), limitMs)));
  try {
    const result = await Promise.race([run(), late]);
    return { name, ms: ms(), result };
  } catch (error) {
    return { name, ms: ms(), error: describeError(error) };
  } finally {
    clearTimeout(timer);
  }
}

export function describeError(error: unknown): NonNullable<StepResult['error']> {
  const { name = 'Error', message = String(error), code } = (error ?? {}) as { name?: string; message?: string; code?: string };
  return { name, message, ...(typeof code === 'string' && { code }) };
}
