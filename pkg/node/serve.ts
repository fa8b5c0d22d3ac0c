// The engine for Node.js, in a worker or on the thread that asks for it.
import { setFlagsFromString } from 'node:v8';

// Node.js 20 has relaxed SIMD behind a flag, which the engine reads whenever it compiles. Later versions have it without.
if (process.versions.v8?.startsWith('11.3.')) setFlagsFromString('--experimental-wasm-relaxed-simd');

export { serve } from '../src/serve.js';
