// Makes the report of a GPU day from its lines.

/** The name of the device, and whether it is a processor that acts as a GPU. */
export function labelOf({ adapter }) {
  return { adapter: adapter.name, software: adapter.isSoftware };
}

/** The counts of a test run, and the names of the tests that failed, from what it printed. */
export function parseTests(printed) {
  const counts = printed.map((line) => /^(\d+) passed, (\d+) failed/.exec(line)).findLast(Boolean);
  return {
    passed: Number(counts?.[1] ?? printed.filter((line) => line.startsWith('ok ')).length),
    failed: Number(counts?.[2] ?? printed.filter((line) => line.startsWith('FAILED ')).length),
    ended: Boolean(counts),
    failures: printed.map((line) => /^FAILED (.*) \(\d+ ms\)/.exec(line)?.[1]).filter(Boolean),
  };
}

/** A table in Markdown. Columns are `[title, function of a row]`; numbers are on the right. */
export function table(rows, columns) {
  const cells = rows.map((row) => columns.map(([, value]) => value(row) ?? ''));
  const right = columns.map((_, i) => cells.every((row) => row[i] === '' || typeof row[i] === 'number' || /^[\d.]+( .*)?$/.test(row[i])));
  const written = (list) => `| ${list.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [written(columns.map(([title]) => title)), `|${right.map((is) => (is ? '--:' : '--')).join('|')}|`, ...cells.map(written)].join('\n');
}

/** A number with three digits that count, or nothing. */
export function digits(value) {
  if (value === undefined || value === null || Number.isNaN(value)) return '';
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 0.001) return value.toExponential(1);
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size >= 1 ? value.toFixed(2) : value.toFixed(3);
}

/** The whole report. */
export function markdown(all, { quick = false } = {}) {
  const environment = all.findLast(({ kind }) => kind === 'environment');
  // An earlier run into the same folder may have been on another device.
  const lines = all.filter((line) => line === environment || line.adapter === undefined || line.adapter === environment?.adapter.name);
  const of = (kind) => lines.filter((line) => line.kind === kind);
  const label = environment ? `${environment.adapter.name}${environment.adapter.isSoftware ? ' (software adapter)' : ''}` : 'unknown device';
  const section = (title, ...parts) => (parts.some(Boolean) ? [`## ${title}\n\nMeasured on: ${label}.`, ...parts.filter(Boolean)] : []);
  const rows = (list, columns) => (list.length > 0 ? table(list, columns) : '');
  const parts = [
    `# A day with ${label}`,
    environment?.adapter.isSoftware ? 'The adapter is software: a processor acts as the GPU. The times say nothing about a real GPU.' : '',
    quick ? 'A short run (`--quick`): small shapes and small models.' : '',
    ...section('Machine', machine(environment, of('nvidia')[0]), drivers(of('drivers')[0])),
    ...section('Steps', rows(of('end'), [['step', (l) => l.step], ['seconds', (l) => digits(l.seconds)], ['result', (l) => (l.ok ? 'ok' : `FAILED: ${l.reason}`)]]), problems(lines)),
    ...section('Correctness', rows(of('kernel'), KERNEL), fixtures(of('fixture')), rows(of('tests'), TESTS)),
    ...section('Linear layer', of('linear').some(({ gflops }) => gflops) ? 'GFLOP/s by the clock of the GPU, and by wall time where the device has no such clock.' : '', rows(of('linear').filter(isChosen), linear(of('cublas'))), skipped(of('skipped'))),
    ...section('Tiles of the linear layer', rows(tiles(of('linear')), TILES)),
    ...section('Whole passes', rows(of('pass'), PASS)),
    ...section('Longest submit', rows(of('pass').filter(({ work }) => work), SLICES)),
    ...section('Loads', rows(of('load'), LOAD)),
    ...section('Pipelines', rows(of('pipelines'), PIPELINES), rows(of('compile'), COMPILE), rows(of('compileAll'), COMPILE_ALL)),
    ...section('Memory over reloads', rows(of('memory'), MEMORY)),
    ...section('Entities in a text', rows(of('ner'), NER)),
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

const KERNEL = [
  ['kernel', (l) => l.kernel], ['cases', (l) => l.cases], ['largest difference from f64', (l) => digits(l.maxError)], ['allowed', (l) => digits(l.tolerance)],
  ['repeats', (l) => `${l.repeats}, ${l.same ? 'the same' : 'DIFFERENT'} each time`], ['result', (l) => (l.ok ? 'ok' : 'WRONG')],
];
const TESTS = [['tests', (l) => l.step], ['passed', (l) => l.passed], ['failed', (l) => l.failed], ['failures', (l) => l.failures.join('; ')], ['ended', (l) => (l.ended ? 'yes' : 'NO')]];
const PASS = [
  ['model', (l) => l.model], ['words + entities', (l) => shape(l)], ['wall ms', (l) => digits(l.wallMs?.median) || l.skipped], ['fastest', (l) => digits(l.wallMs?.min)], ['rounds', (l) => l.wallMs?.count],
  ['first ms', (l) => digits(l.firstMs)], ['GPU ms', (l) => digits(l.work?.gpuMs)], ['rows a second', (l) => l.rowsPerSecond], ['dispatches', (l) => l.work?.dispatches], ['submits', (l) => l.work?.submits],
];
const SLICES = [
  ['model', (l) => l.model], ['words + entities', (l) => shape(l)], ['submits', (l) => l.work.submits], ['longest submit, ms', (l) => digits(l.work.submitMs.max)],
  ['longest pass by the clock of the GPU, ms', (l) => digits(l.work.longestPassMs)], ['passes without a time', (l) => l.work.untimedPasses],
];
const LOAD = [
  ['model', (l) => l.model], ['weights', (l) => l.weights], ['million weights', (l) => digits(l.parameters / 1e6)], ['ms', (l) => digits(l.loadMs)], ['buffers, MB', (l) => megabytes(l.memory.aliveBytes)],
  ['self-test', (l) => (l.selfTest ? `off by ${digits(l.selfTest.maxError)}, allowed ${digits(l.selfTest.tolerance)}` : '')],
];
const PIPELINES = [['model', (l) => l.model], ['pipelines', (l) => l.count], ['built in, ms', (l) => digits(l.totalMs)], ['slowest, ms', (l) => digits(l.builtMs.max)]];
const COMPILE = [['pipeline', (l) => [l.label, l.about].filter(Boolean).join(': ')], ['length of its WGSL', (l) => l.codeLength], ['call that waits, ms', (l) => digits(l.syncMs)], ['again, ms', (l) => digits(l.warmMs)], ['asynchronous, ms', (l) => digits(l.asyncMs)]];
const COMPILE_ALL = [['pipelines', (l) => l.pipelines], ['one after the other, ms', (l) => digits(l.sequentialMs)], ['all at once, ms', (l) => digits(l.parallelMs)]];
const MEMORY = [
  ['reload', (l) => l.reload], ['phase', (l) => l.phase], ['buffers alive, MB', (l) => megabytes(l.aliveBytes)], ['buffers', (l) => l.aliveBuffers], ['process, MiB', (l) => digits(l.rssMiB)], ['GPU by nvidia-smi, MiB', (l) => l.gpuUsedMiB],
];
const NER = [['model', (l) => l.model], ['device', (l) => (l.device === 'wasm' ? 'CPU module, one thread' : 'WebGPU')], ['words', (l) => l.words], ['ms', (l) => digits(l.ms)], ['words a second', (l) => digits(l.wordsPerSecond)], ['submits', (l) => l.work?.submits]];

const LAYER = [['rows', (l) => l.rows], ['in', (l) => l.in], ['out', (l) => l.out], ['weight', (l) => l.dtype]];
const rate = (l) => l?.gflops ?? l?.gflopsByWall;
const TILE_NAMES = ['low', 'middle', 'high'];
/** GFLOP/s of each tile. */
const TILES = [
  ...LAYER, ['the tile that the module takes', (l) => digits(rate(l.by.gpu ?? l.by.own))], ...TILE_NAMES.map((tile) => [tile, (l) => (l.by[tile]?.problem ? 'failed' : digits(rate(l.by[tile])))]),
  ['fastest', (l) => TILE_NAMES.filter((name) => rate(l.by[name])).sort((a, b) => rate(l.by[b]) - rate(l.by[a]))[0]],
];

/** Whether a line is of the shader that the device or a GPU takes, and not of a tile that was chosen. */
function isChosen({ shader }) {
  return shader === 'own' || shader === 'gpu';
}

/** The lines of each layer whose tiles were measured, together: `by` has them by shader. */
function tiles(lines) {
  const layers = new Map();
  for (const line of lines) {
    const key = [line.rows, line.in, line.out, line.dtype].join();
    if (!layers.has(key)) layers.set(key, { ...line, by: {} });
    layers.get(key).by[line.shader] = line;
  }
  return [...layers.values()].filter(({ by }) => Object.keys(by).some((shader) => !isChosen({ shader })));
}

/** The columns of the linear layer, beside those of cuBLAS where it was measured. */
function linear(cublas) {
  const peer = (l, dtype) => cublas.find((c) => c.rows === l.rows && c.in === l.in && c.out === l.out && c.dtype === dtype)?.gflops;
  const share = (l) => {
    const best = peer(l, l.dtype === 'f32' ? 'f32' : 'f16');
    return best && l.gflops ? `${digits((100 * l.gflops) / best)} %` : undefined;
  };
  const columns = [
    ...LAYER, ['shader', (l) => (l.shader === 'gpu' ? 'that of a GPU' : 'by itself')],
    ['GPU ms', (l) => (l.problem ? `failed: ${l.problem}` : digits(l.gpuMs))], ['wall ms', (l) => digits(l.wallMs)], ['GFLOP/s', (l) => digits(rate(l))],
  ];
  if (cublas.length === 0) return columns;
  return [...columns, ['cuBLAS f32', (l) => digits(peer(l, 'f32'))], ['TF32', (l) => digits(peer(l, 'tf32'))], ['f16', (l) => digits(peer(l, 'f16'))], ['share of cuBLAS f32 (of f16 for other weights)', share]];
}

function machine(environment, nvidia) {
  if (!environment) return '';
  const { cpu, cores, memoryGiB, system, node, driver, date, load, adapter } = environment;
  const facts = {
    date, adapter: adapter.name, system, processor: cpu, cores, 'memory, GiB': memoryGiB, 'load before': load, 'Node.js': node, 'Vulkan driver': driver,
    features: adapter.features.join(', '), ...(nvidia?.found ? Object.fromEntries(Object.entries(nvidia).filter(([key]) => !['kind', 'found', 'all', 'step', 'adapter', 'software'].includes(key))) : {}),
  };
  return table(Object.entries(facts).filter(([, value]) => value !== undefined), [['fact', ([key]) => key], ['', ([, value]) => value]]);
}

/** Which drivers were tried. */
function drivers(line) {
  return (line?.tried ?? []).map(({ driver, name, problem }) => `- driver ${driver}: ${name ?? problem}`).join('\n');
}

/** What went wrong inside of steps. */
function problems(lines) {
  return lines.filter(({ kind }) => kind === 'error').map(({ step, message }) => `- ${step}: ${message.replaceAll('\n', ' ')}`).join('\n');
}

function fixtures(list) {
  if (list.length === 0) return '';
  const wrong = list.filter(({ ok }) => !ok);
  return `Hugging Face's outputs: ${list.length - wrong.length} of ${list.length} checkpoints agree within ${list[0].tolerance}.${wrong.map(({ checkpoint, problem }) => `\n- ${checkpoint}: ${problem}`).join('')}`;
}

function skipped(list) {
  return list.map(({ step, reason }) => `No figures of ${step}: ${reason}.`).join('\n');
}

function shape({ words, entities, batch }) {
  return `${batch > 1 ? `${batch} × ` : ''}${words} + ${entities}`;
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(1);
}
