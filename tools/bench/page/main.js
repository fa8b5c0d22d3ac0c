// The page contains one engine, its inputs and its last outputs. The harness calls `bench`.
let engine;
let last;
const inputs = new Map();

globalThis.bench = {
  /** Loads the engine from the module that `config.kind` names. Returns its `info`. */
  async load(config) {
    const { load } = await import(`./${config.kind}.js`);
    engine = await load(config);
    return engine.info ?? null;
  },
  /** Reads files in a worker, one after the other, and discards them. */
  async read(urls) {
    const { connect } = await import('./rpc.js');
    return connect('/read-worker.js')('read', urls);
  },
  /** Converts an input for the engine and keeps it. Returns the engine's `info` about it. */
  async prepare(name, input) {
    const { value, info = null } = await engine.prepare(input);
    inputs.set(name, value);
    return info;
  },
  /** Runs an input `times` times. */
  async run(name, times) {
    for (let i = 0; i < times; i++) last = await engine.run(inputs.get(name));
  },
  /** The outputs of the last run: `{ name: numbers }`. */
  outputs: () => engine.outputs(last),
  /** The counts of the engine, if it counts its calls. */
  count: () => engine.count(),
};
