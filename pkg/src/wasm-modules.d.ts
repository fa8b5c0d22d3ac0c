// Lets the TypeScript compile before the wasm is built; then wasm-bindgen's own declarations take over.
declare module '*/luke_web.js' {
  const init: import('./wasm.js').WasmModule['default'];
  export default init;
  export const loadModel: import('./wasm.js').WasmModule['loadModel'];
  export const readCheckpoint: import('./wasm.js').WasmModule['readCheckpoint'];
  export const headerBytes: import('./wasm.js').WasmModule['headerBytes'];
  export const shards: import('./wasm.js').WasmModule['shards'];
  export const __wbg_reset_state: NonNullable<import('./wasm.js').WasmModule['__wbg_reset_state']>;
}
