// What the browser says of itself and of its GPU.

export interface Adapter {
  name: string;
  isSoftware: boolean;
  info: Record<string, unknown>;
  features: string[];
  limits: Record<string, number>;
}

export interface Environment {
  userAgent: string;
  cores: number;
  /** GiB, rounded by the browser. Only Chromium says it. */
  deviceMemory?: number;
  crossOriginIsolated: boolean;
  hasWebGpu: boolean;
  languageFeatures: string[];
  /** Absent where there is none; `adapterProblem` says why. */
  adapter?: Adapter;
  adapterProblem?: string;
}

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render|software/i;

export async function environment(): Promise<Environment> {
  const { userAgent = '', hardwareConcurrency = 0, deviceMemory, gpu } = navigator as Navigator & { deviceMemory?: number; gpu?: GPU };
  const found: Environment = {
    userAgent,
    cores: hardwareConcurrency,
    ...(deviceMemory && { deviceMemory }),
    crossOriginIsolated: globalThis.crossOriginIsolated ?? false,
    hasWebGpu: Boolean(gpu),
    languageFeatures: [...(gpu?.wgslLanguageFeatures ?? [])].sort(),
  };
  if (!gpu) return { ...found, adapterProblem: 'this browser has no WebGPU' };
  try {
    const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
    return adapter ? { ...found, adapter: describe(adapter) } : { ...found, adapterProblem: 'the browser found no WebGPU adapter' };
  } catch (error) {
    return { ...found, adapterProblem: String(error) };
  }
}

/** All that an adapter says. */
export function describe(adapter: GPUAdapter): Adapter {
  const info = numbersAndTexts(adapter.info);
  const name = adapterName(info);
  return {
    name,
    isSoftware: Boolean(info.isFallbackAdapter) || SOFTWARE.test(name),
    info,
    features: [...adapter.features].sort(),
    limits: numbersAndTexts(adapter.limits) as Record<string, number>,
  };
}

/** The parts of the name that are there, each once. */
export function adapterName(info: Record<string, unknown>): string {
  const parts = ['vendor', 'architecture', 'device', 'description'].map((key) => info[key]).filter(Boolean);
  return [...new Set(parts)].join(' ') || 'unnamed';
}

/** The attributes of an object of the browser. They are on its prototype, or in Node.js on the object. */
function numbersAndTexts(object: object | undefined): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name in object) {
    const value = object[name as keyof typeof object] as unknown;
    if (['number', 'string', 'boolean'].includes(typeof value)) found[name] = value;
  }
  return found;
}
