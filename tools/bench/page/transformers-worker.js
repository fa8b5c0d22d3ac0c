import { env, pipeline } from '/npm/@huggingface/transformers/dist/transformers.min.js';
import { serve } from './rpc.js';

const MAX_TOKENS = 512; // longer texts are truncated silently
let classify;

const tokensOf = (text) => classify.tokenizer(text).input_ids.dims[1];

serve({
  async load({ root, model, threads }) {
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = root;
    env.backends.onnx.wasm.wasmPaths = '/npm/@huggingface/transformers/node_modules/onnxruntime-web/dist/';
    env.backends.onnx.wasm.numThreads = threads;
    classify = await pipeline('token-classification', model, { dtype: 'q8', device: 'wasm' });
  },
  /** Splits a text between words into the longest parts that fit. */
  split(text) {
    const parts = [];
    let part = '';
    for (const word of text.split(' ')) {
      const longer = part && `${part} ${word}`;
      if (longer && tokensOf(longer) <= MAX_TOKENS) part = longer;
      else {
        if (part) parts.push(part);
        part = word;
      }
    }
    parts.push(part);
    return { parts, tokens: parts.reduce((sum, text) => sum + tokensOf(text), 0) };
  },
  async run(parts) {
    const results = [];
    for (const text of parts) results.push(await classify(text));
    return results.length;
  },
});
