// Formats the results as tables.
import { pairs } from './plan.mjs';
import { median, medianInterval, pairedRatio } from './statistics.mjs';

/** The whole report, in Markdown. */
export function markdown({ machine, options, groups }) {
  const sections = groups.map((group) => (group.starts ? startTable(group) : group.title === 'documents' ? documentTable(group) : caseTables(group)));
  return `# Figures

${machineLines(machine, options).join('\n')}

CPU time is that of the browser's renderer (and GPU process). Other programs on the machine change it less than wall time. Times are
medians over the rounds. A ratio is the median of the ratios of the rounds, with a confidence interval of this median. ${HOW}

${sections.join('\n')}`;
}

const HOW = '`tools/bench/README.md` describes the measurements.';

function machineLines(machine, { rounds, threads }) {
  return [
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${machine.system}; headless Chromium ${machine.chromium}; ${machine.date}`,
    `- load average ${number(machine.loadBefore)} before, ${number(machine.loadAfter ?? NaN)} after`,
    `- luke-web at ${machine.commit} (wasm ${megabytes(machine.wasmBytes.cpu)} CPU, ${megabytes(machine.wasmBytes.webgpu)} WebGPU), onnxruntime-web ${machine.onnxruntimeWeb}, transformers.js ${machine.transformersJs}`,
    `- at most ${rounds} rounds, ${threads} thread${threads > 1 ? 's' : ''}`,
  ];
}

const TITLES = {
  control: 'Control: the same engine twice',
  ner: 'Span classification, luke-base',
  qa: 'Question answering, luke-base',
  text: 'Text in, entities out: the default model against RoBERTa-base in transformers.js',
  documents: 'Long documents, the default model',
  start: 'Session starts',
  webgpu: 'WebGPU on a software adapter',
};

/** CPU and wall time of each engine, the ratios, and the errors of the outputs. */
function caseTables({ title, engines, cases, memoryMiB }) {
  const names = engines.map(({ name }) => name);
  const compared = pairs(engines);
  const perToken = cases.every((item) => names.every((name) => item.engines[name].tokens));
  const scale = (item, name) => (perToken ? 1000 / item.engines[name].tokens : 1);
  const times = (item, name, key) => item.engines[name][key].map((ms) => ms * scale(item, name));
  const ratio = (item, [a, b], key) => interval(pairedRatio(times(item, a.name, key), times(item, b.name, key)));
  const unit = perToken ? 'µs per token' : 'ms';
  const ratioOf = ([a, b]) => `${a.name} / ${b.name}`;
  const { confidence } = medianInterval(cases[0].engines[names[0]].cpuMs);
  const lines = [
    `## ${TITLES[title]}`, '',
    ...table(['CPU time, ' + unit, ...names, ...compared.map(ratioOf)], cases.map((item) => [item.name, ...names.map((name) => number(median(times(item, name, 'cpuMs')))), ...compared.map((pair) => ratio(item, pair, 'cpuMs'))])), '',
    ...table(['wall time, ' + unit, ...names, ...compared.map(ratioOf)], cases.map((item) => [item.name, ...names.map((name) => number(median(times(item, name, 'wallMs')))), ...compared.map((pair) => ratio(item, pair, 'wallMs'))])), '',
    `${cases[0].engines[names[0]].cpuMs.length} rounds; confidence of the intervals: ${Math.floor(100 * confidence)} %.`, '',
  ];
  if (perToken) lines.push(...table(['tokens', ...names], cases.map((item) => [item.name, ...names.map((name) => item.engines[name].tokens)])), '');
  if (cases.some((item) => item.engines[names[0]].maxError !== undefined)) {
    lines.push(...table(['largest difference from PyTorch', ...names], cases.map((item) => [item.name, ...names.map((name) => item.engines[name].maxError.toPrecision(2))])), '');
  }
  for (const { name, layers } of engines.filter(({ name }) => cases[0].engines[name].calls)) {
    const head = [`${name}, first call`, 'dispatches', 'per layer', 'submits', 'readbacks', 'pipelines made', 'ms'];
    const row = ({ name: title, engines: { [name]: { calls, firstMs } } }) =>
      [title, calls.dispatches, number(calls.dispatches / layers), calls.submits, calls.readbacks, calls.pipelines, number(firstMs)];
    lines.push(...table(head, cases.map(row)), '');
  }
  return lines.concat(...table(['renderer, MiB', 'empty page', 'peak while loading', 'peak'], names.map((name) => [name, ...['empty', 'loaded', 'peak'].map((key) => Math.round(memoryMiB[name][key]))])), '').join('\n');
}

function documentTable({ engines: [{ name }], cases }) {
  const rows = cases.map((item) => {
    const { tokens, cpuMs, wallMs } = item.engines[name];
    return [item.words, tokens, number(median(cpuMs)), number((1000 * median(cpuMs)) / tokens), number((1000 * median(wallMs)) / tokens)];
  });
  const each = rows.map(([, , , microseconds]) => Number(microseconds));
  const spread = Math.max(...each) / Math.min(...each) - 1;
  return [`## ${TITLES.documents}`, '', ...table(['words', 'tokens', 'CPU, ms', 'CPU, µs per token', 'wall, µs per token'], rows), '', `The slowest length takes ${Math.round(100 * spread)} % more time per token than the fastest.`, ''].join('\n');
}

function startTable({ engines, starts }) {
  const ms = (times) => number(median(times));
  const mebibytes = (values) => Math.round(median(values));
  const above = (peaks, empty) => peaks.map((peak, round) => peak - empty[round]);
  const times = engines.map(({ name }) => {
    const { coldMs, coldCpuMs, warmMs, warmCpuMs, readMs, readCpuMs, firstMs } = starts[name];
    const loading = warmMs.map((warm, round) => warm - readMs[round]);
    return [name, ms(coldMs), ms(coldCpuMs), ms(warmMs), ms(warmCpuMs), ms(readMs), ms(readCpuMs), ms(loading), ms(firstMs)];
  });
  const sizes = engines.map(({ name }) => {
    const { coldBytes, warmBytes, emptyMiB, loadedMiB, peakMiB, emptyResidentMiB, residentMiB } = starts[name];
    return [
      name, megabytes(coldBytes), megabytes(warmBytes), mebibytes(emptyMiB), mebibytes(loadedMiB), mebibytes(peakMiB),
      `**${mebibytes(above(peakMiB, emptyMiB))}**`, mebibytes(above(residentMiB, emptyResidentMiB)),
    ];
  });
  return [
    `## ${TITLES.start}`, '',
    ...table(['', 'cold, ms', 'CPU', 'warm, ms', 'CPU', 'only reading, ms', 'CPU', 'warm minus reading, ms', 'first call, ms'], times), '',
    ...table(['renderer, MiB', 'bytes cold', 'bytes warm', 'empty page', 'peak while loading', 'peak with one call', 'above empty', 'resident, above empty'], sizes), '',
  ].join('\n');
}

function table(head, rows) {
  return [head, head.map((_, i) => (i ? '--:' : '---')), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

function interval({ median: middle, low, high }) {
  return `**${middle.toFixed(2)}** (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

function number(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
