// What is measured: groups of engines that run the same cases, each engine in its own browser.

/** What the site serves at `/models/` besides the models given; the demo's own. */
export const DEFAULT_MODEL = 'luke-mini-en';
const WORDS = [10, 100, 1000];
const DOCUMENTS = [500, 1000, 2000, 5000, 10_000];
const LONG_DOCUMENTS = [20_000, 50_000];
const ONCE = 2000; // words from which on a document is read only once: that is long enough to say how long it takes

/**
 * The groups to run. `models` are our folders: `{ name, dtype, tasks, layers }`; `shapes` is inputs.json; `only` are words, one of
 * which a case's name must have.
 */
export function plan({ models, shapes, threads, webgpu, long, only, rounds }) {
  const few = Math.min(rounds, 3);
  const ours = (device, extra) => (model) => ({
    name: `luke ${model.name}`, kind: 'luke', dtype: model.dtype, layers: model.layers, url: `/models/${model.name}/`, device, threads: 1, ...extra,
  });
  // With several threads beside itself with one.
  const onCpu = (model) => (threads > 1 ? [1, threads] : [1]).map((count) => ours('wasm', count > 1 && { name: `luke ${model.name}, ${count} threads`, threads: count })(model));
  const ort = (device, head) => (dtype) => ({ name: `ort ${dtype}`, kind: 'ort', dtype, url: `/onnx/${head}-${dtype}.onnx`, device, threads: device === 'wasm' ? threads : 1 });
  const has = (head) => models.filter(({ tasks }) => tasks.includes(head));
  const both = (head) => [...has(head).flatMap(onCpu), ...['fp32', 'int8'].map(ort('wasm', head))];
  const arrays = (names) => names.map((name) => ({ name, input: shapes[name], expected: shapes[name].outputs }));
  const texts = (kind, lengths) => lengths.map((words) => ({ name: `${kind} ${words} words`, words, times: Math.ceil(100 / words), once: words >= ONCE }));
  const minis = onCpu({ name: DEFAULT_MODEL, dtype: 'q4' });
  const roberta = { name: 'transformers.js int8', kind: 'transformers', dtype: 'int8', root: '/peers/', model: 'roberta', threads };

  const control = ort('wasm', 'ner')('int8');
  const groups = [
    { title: 'control', engines: [control, { ...control, name: 'ort int8 again' }], cases: arrays(['128+32']).map(named('A/A 128+32')), rounds },
    { title: 'ner', engines: both('ner'), cases: arrays(['128+32', '512+128', '8x(128+32)']), rounds },
    { title: 'qa', engines: both('qa'), cases: arrays(['qa 384+32']), rounds },
    { title: 'text', engines: [...minis, roberta], cases: texts('text', WORDS), rounds },
    { title: 'documents', engines: minis.slice(0, 1), cases: texts('document', [...DOCUMENTS, ...(long ? LONG_DOCUMENTS : [])]), rounds: few },
    { title: 'start', starts: true, engines: [...both('ner'), ...minis, roberta], cases: [{ name: 'start', input: shapes['128+32'], words: WORDS[1] }], rounds: few },
    ...(webgpu ? [webgpuGroup()] : []),
  ];
  return groups
    .map((group) => ({ ...group, cases: group.cases.filter(({ name }) => !only.length || only.some((word) => `${group.title} ${name}`.includes(word))) }))
    .filter(({ cases }) => cases.length);

  // The peer's int8 operators are CPU code, so it is fp32 that runs there.
  function webgpuGroup() {
    const cases = arrays(['16+4', '128+32']).map((item) => ({ ...item, name: `webgpu ${item.name}` }));
    return { title: 'webgpu', engines: [...has('ner').map(ours('webgpu', { counting: true })), ort('webgpu', 'ner')('fp32')], cases, rounds: Math.min(rounds, 2) };
  }
}

/** Which of ours is set against which peer: f32 against fp32, fewer bits against int8, with as many threads; and one engine against itself. */
export function pairs(engines) {
  const [mine, peers] = [engines.filter(({ kind }) => kind === 'luke'), engines.filter(({ kind }) => kind !== 'luke')];
  if (!mine.length) return [[peers[0], peers[1]]];
  const alike = (a, b) => a.threads === b.threads && (peers.length === 1 || (a.dtype === 'f32') === (b.dtype === 'fp32'));
  const against = mine.flatMap((a) => peers.filter((b) => alike(a, b)).map((b) => [a, b]));
  // One model with more threads against itself with fewer.
  return [...against, ...mine.flatMap((a) => mine.filter((b) => a.url === b.url && a.threads > b.threads).map((b) => [a, b]))];
}

function named(name) {
  return (item) => ({ ...item, name });
}
