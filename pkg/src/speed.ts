// Whether the CPU module would be faster than a GPU that was measured.

/** What was measured on the GPU while the model was loaded. */
export interface GpuInfo {
  /** Thousand millions of floating-point operations a second. A very fast GPU has more. */
  gflops: number;
  /** Milliseconds from a submit without work until its completion was reported. */
  roundTripMs: number;
  /** The kernels that were compared with plain loops on this GPU, and the largest difference, as a share of `1 + |value|`. */
  kernels: { checked: number; maxError: number };
}

/** What the wasm measured on an adapter, and what it needs to know of the model. */
export interface Measured {
  /** FLOP/s of the GPU. */
  flops: number;
  /** From a submit to the report of its completion. Firefox looks every 100 ms only. */
  roundTripMs: number;
  /** FLOP of a row, which is a word or an entity. */
  flopPerRow: number;
  /** Whether its weights are int8, with which the CPU computes faster. */
  quantized: boolean;
}

/** Rows of a short text with its entities: what a page computes most often. */
const ROWS = 160;

/** FLOP/s of one thread of our CPU module on a laptop: of its int8 kernels, and of f32. tools/bench measures them. */
const CPU_FLOPS = { int8: 110e9, f32: 53e9 };

/** A GPU must be so many times faster: the estimate is no better than that, and it takes longer to start. */
const ADVANTAGE = 1.3;

const CACHE = 'luke-web/gpu';
const KEYS = 'https://luke-web.invalid/';

/** Why the CPU should be used, or `undefined` if the GPU is faster. */
export function whyNotGpu({ flops, roundTripMs, flopPerRow, quantized }: Measured, threads: number): string | undefined {
  const cpuFlops = threads * (quantized ? CPU_FLOPS.int8 : CPU_FLOPS.f32);
  const [gpuMs, cpuMs] = [flops, cpuFlops].map((speed) => (ROWS * flopPerRow * 1e3) / speed) as [number, number];
  if (gpuMs + roundTripMs <= cpuMs / ADVANTAGE) return undefined;
  const [gpu, cpu] = [gpuMs + roundTripMs, cpuMs].map((ms) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`);
  return `the CPU is faster for this model: ${ROWS} words take about ${cpu}, on this GPU ${gpu}`;
}

/** What was measured for a model on an adapter before. The browser may have forgotten it. */
export async function recall(adapter: string, model: string): Promise<Measured | undefined> {
  try {
    const found = await (await caches.open(CACHE)).match(keyOf(adapter, model));
    const { flops, roundTripMs, flopPerRow, quantized } = (await found?.json()) as Measured;
    return [flops, roundTripMs, flopPerRow].every((number) => number > 0) ? { flops, roundTripMs, flopPerRow, quantized } : undefined;
  } catch {
    return undefined;
  }
}

/** Remembers it for the next visit. */
export async function remember(adapter: string, model: string, measured: Measured): Promise<void> {
  try {
    await (await caches.open(CACHE)).put(keyOf(adapter, model), Response.json(measured));
  } catch {
    // A page that is not served securely has no Cache API: it measures again.
  }
}

/** A new version of the browser may compute at another speed. */
function keyOf(adapter: string, model: string): string {
  return `${KEYS}?${new URLSearchParams({ adapter, model, browser: navigator.userAgent }).toString()}`;
}
