// Unmodified onnxruntime-web in a worker. An input is the arrays of a batch, which runs in one pass.
import { connect } from './rpc.js';

export async function load(config) {
  const call = connect('/ort-worker.js');
  await call('load', config);
  let inputs = 0;
  return {
    async prepare({ inputs: arrays }) {
      const key = inputs++;
      await call('prepare', key, arrays);
      return { value: key };
    },
    run: (key) => call('run', key),
    outputs: (results) => results,
  };
}
