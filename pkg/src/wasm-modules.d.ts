// Types of the wasm modules. wasm-bindgen writes none: those of an earlier build would be wrong for the sources of today.
declare module '*/luke_web.js' {
  const init: import('./wasm.js').WasmModule['default'];
  export default init;
  export const loadModel: import('./wasm.js').WasmModule['loadModel'];
  export const readCheckpoint: import('./wasm.js').WasmModule['readCheckpoint'];
  export const loadCheckpoint: import('./wasm.js').WasmModule['loadCheckpoint'];
  export const checkpointHeaderBytes: import('./wasm.js').WasmModule['checkpointHeaderBytes'];
  export const checkpointShards: import('./wasm.js').WasmModule['checkpointShards'];
  export const WASM_BYTES: number;
  export const threadStart: NonNullable<import('./wasm.js').WasmModule['threadStart']>;
  export const initSync: (start: Pick<import('./wasm.js').ThreadStart, 'module' | 'memory'>) => unknown;
  export const threadRun: () => void;
  export const __wbg_reset_state: NonNullable<import('./wasm.js').WasmModule['__wbg_reset_state']>;
}
