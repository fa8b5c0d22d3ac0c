// Unmodified transformers.js in a worker. An input is a text, which runs in parts that are short enough not to be truncated.
import { connect } from './rpc.js';

export async function load(config) {
  const call = connect('/transformers-worker.js');
  await call('load', config);
  return {
    async prepare(text) {
      const { parts, tokens } = await call('split', text);
      return { value: parts, info: { tokens } };
    },
    run: (parts) => call('run', parts),
  };
}
