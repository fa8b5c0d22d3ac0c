// transformers.js, stock, in a worker of its own. An input is a text, run in parts that it does not cut.
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
