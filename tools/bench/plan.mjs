// The plan of the measurements: groups of engines that run the same cases. Each engine runs in its own browser.

/** The default model of the demo, which the site also serves at `/models/`. */
export const DEFAULT_MODEL = 'luke-mini-en';
const WORDS = [10, 100, 1000];
const DOCUMENTS = [500, 1000, 2000, 5000, 10_000];
const LONG_DOCUMENTS = [20_000, 50_000];
const ONCE = 2000; // documents with this many words or more run only once, which is long enough for a measurement

/**
 * The groups to run. `models` are our folders (`{ name, dtype, tasks, layers }`), and `shapes` is inputs.json. `only` is a list of words:
 * the name of a case must contain one of them.
 */
export function plan({ models, shapes, threads, webgpu, long, only, rounds }) {
  const fewRounds = Math.min(rounds, 3);
  const ours = (device, extra) => (model) => ({
    name: `luke ${model.name}`, kind: 'luke', dtype: model.dtype, layers: model.layers, url: `/models/${model.name}/`, device, threads: 1, ...extra,
  });
  // With several threads, each model also runs with one.
  const onCpu = (model) => (threads > 1 ? [1, threads] : [1]).map((count) => ours('wasm', count > 1 && { name: `luke ${model.name}, ${count} threads`, threads: count })(model));
  const ort = (device, head) => (dtype) => ({ name: `ort ${dtype}`, kind: 'ort', dtype, url: `/onnx/${head}-${dtype}.onnx`, device, threads: device === 'wasm' ? threads : 1 });
  const modelsWith = (head) => models.filter(({ tasks }) => tasks.includes(head));
  const enginesFor = (head) => [...modelsWith(head).flatMap(onCpu), ...['fp32', 'int8'].map(ort('wasm', head))];
  const arrays = (names) => names.map((name) => ({ name, input: shapes[name], expected: shapes[name].outputs }));
  const texts = (kind, lengths) => lengths.map((words) => ({ name: `${kind} ${words} words`, words, times: Math.ceil(100 / words), once: words >= ONCE }));
  const minis = onCpu({ name: DEFAULT_MODEL, dtype: 'q4' });
  const roberta = { name: 'transformers.js int8', kind: 'transformers', dtype: 'int8', root: '/peers/', model: 'roberta', threads };

  const control = ort('wasm', 'ner')('int8');
  const groups = [
    { title: 'control', engines: [control, { ...control, name: 'ort int8 again' }], cases: arrays(['128+32']).map(named('A/A 128+32')), rounds },
    { title: 'ner', engines: enginesFor('ner'), cases: arrays(['128+32', '512+128', '8x(128+32)']), rounds },
    { title: 'qa', engines: enginesFor('qa'), cases: arrays(['qa 384+32']), rounds },
    { title: 'text', engines: [...minis, roberta], cases: texts('text', WORDS), rounds },
    { title: 'documents', engines: minis.slice(0, 1), cases: texts('document', [...DOCUMENTS, ...(long ? LONG_DOCUMENTS : [])]), rounds: fewRounds },
    { title: 'start', starts: true, engines: [...enginesFor('ner'), ...minis, roberta], cases: [{ name: 'start', input: shapes['128+32'], words: WORDS[1] }], rounds: fewRounds },
    ...(webgpu ? [webgpuGroup()] : []),
  ];
  return groups
    .map((group) => ({ ...group, cases: group.cases.filter(({ name }) => !only.length || only.some((word) => `${group.title} ${name}`.includes(word))) }))
    .filter(({ cases }) => cases.length);

  // The peer has int8 operators only for the CPU, so its fp32 model runs here.
  function webgpuGroup() {
    const cases = arrays(['16+4', '128+32']).map((item) => ({ ...item, name: `webgpu ${item.name}` }));
    return { title: 'webgpu', engines: [...modelsWith('ner').map(ours('webgpu', { counting: true })), ort('webgpu', 'ner')('fp32')], cases, rounds: Math.min(rounds, 2) };
  }
}

/** The pairs to compare: our f32 with fp32, fewer bits with int8, with the same number of threads; also the control, and threads with one thread. */
export function pairs(engines) {
  const [ours, peers] = [engines.filter(({ kind }) => kind === 'luke'), engines.filter(({ kind }) => kind !== 'luke')];
  if (!ours.length) return [[peers[0], peers[1]]];
  const comparable = (a, b) => a.threads === b.threads && (peers.length === 1 || (a.dtype === 'f32') === (b.dtype === 'fp32'));
  const withPeers = ours.flatMap((a) => peers.filter((b) => comparable(a, b)).map((b) => [a, b]));
  // A model with several threads against the same model with one.
  return [...withPeers, ...ours.flatMap((a) => ours.filter((b) => a.url === b.url && a.threads > b.threads).map((b) => [a, b]))];
}

function named(name) {
  return (item) => ({ ...item, name });
}
