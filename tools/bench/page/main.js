// The page: one engine, its inputs, and its last outputs. The harness calls `bench`.
let engine;
let last;
const inputs = new Map();

globalThis.bench = {
  /** Loads the engine that `config.kind` names, here a module of that name; gives what it says of itself. */
  async load(config) {
    const { load } = await import(`./${config.kind}.js`);
    engine = await load(config);
    return engine.info ?? null;
  },
  /** Reads files in a worker, one after the other, and does nothing with them. */
  async read(urls) {
    const { connect } = await import('./rpc.js');
    return connect('/read-worker.js')('read', urls);
  },
  /** Keeps an input in the form the engine takes; gives what the engine says of it. */
  async prepare(name, input) {
    const { value, info = null } = await engine.prepare(input);
    inputs.set(name, value);
    return info;
  },
  /** Runs an input so many times. */
  async run(name, times) {
    for (let i = 0; i < times; i++) last = await engine.run(inputs.get(name));
  },
  /** What the last run gave: `{ name: numbers }`. */
  outputs: () => engine.outputs(last),
  /** What an engine counts, if it does. */
  count: () => engine.count(),
};
